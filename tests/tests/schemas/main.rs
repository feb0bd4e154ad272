//! The contracts of the events: one JSON Schema and one example per type and version, kept for ever. What was once
//! released still decodes, still is what its schema says, and is never edited. `schemas/README.md` has the rules.
//!
//! `UPDATE=1` writes schemas and examples that are missing and adds them to the list of what is released.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checker;
mod pinned;
mod sampler;

use checker::Checker;
use daybook_domain::Event;
use pinned::{Pinned, released, root};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

fn schema_text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// Writes what is not there yet; nothing that is there is changed.
fn update() {
    if std::env::var_os("UPDATE").is_none() {
        return;
    }
    for (kind, schema) in Event::schemas() {
        let pinned = Pinned::new(kind.aggregate, kind.name, kind.version);
        pinned.write_missing(pinned.schema_path(), &schema_text(schema.as_value()));
        let sample = sampler::sample(schema.as_value());
        pinned.write_missing(pinned.example_path(), &format!("{sample:#}\n"));
    }
    released::add_new();
}

#[test]
fn every_event_has_its_schema_and_an_example_and_they_have_not_drifted() {
    update();
    for (kind, schema) in Event::schemas() {
        let pinned = Pinned::new(kind.aggregate, kind.name, kind.version);
        let found = fs::read_to_string(pinned.schema_path()).unwrap_or_default();
        assert!(
            found == schema_text(schema.as_value()),
            "{} is not what the code writes: give the new shape the next version, then run with UPDATE=1",
            pinned.schema_path().display()
        );
        assert!(pinned.example_path().is_file(), "{} is missing: UPDATE=1", pinned.example_path().display());
    }
}

#[test]
fn every_example_ever_released_is_what_its_schema_says_and_still_decodes() {
    let today: Vec<_> = Event::schemas();
    let all = pinned::all();
    assert!(all.len() >= today.len(), "{} examples for {} events", all.len(), today.len());
    for pinned in all {
        let at = pinned.example_path().display().to_string();
        let bytes = fs::read(pinned.example_path()).unwrap();
        let example: Value = serde_json::from_slice(&bytes).unwrap();
        let own: Value = serde_json::from_slice(&fs::read(pinned.schema_path()).unwrap()).unwrap();
        Checker::new(&own).check(&example).unwrap_or_else(|error| panic!("{at}: {error}"));

        let event = Event::decode(&pinned.aggregate, &pinned.event_type, pinned.version, &bytes);
        let event = event.unwrap_or_else(|error| panic!("{at}: {error}"));
        let written: Value = serde_json::from_slice(&event.encode()).unwrap();
        let (kind, schema) = today
            .iter()
            .find(|(kind, _)| (kind.aggregate, kind.name) == pinned.name())
            .unwrap_or_else(|| panic!("{at} is of an event that is gone"));
        Checker::new(schema.as_value())
            .check(&written)
            .unwrap_or_else(|error| panic!("{at}, lifted: {error}"));
        if kind.version == pinned.version {
            assert_eq!(written, example, "{at} is not written as it was read");
        }
    }
}

#[test]
fn what_was_released_is_not_edited_and_nothing_is_forgotten() {
    update();
    let listed = released::read();
    let found: BTreeSet<String> = pinned::files().into_iter().collect();
    for (path, digest) in &listed {
        assert!(found.contains(path), "schemas/{path} was released and is gone");
        assert!(
            released::digest(path) == *digest,
            "schemas/{path} was released and has been edited: restore it, and give the new shape the next version"
        );
    }
    let unlisted: Vec<_> = found.iter().filter(|path| !listed.contains_key(*path)).collect();
    assert!(unlisted.is_empty(), "not in schemas/events/released.txt (UPDATE=1 adds them): {unlisted:?}");
}

#[test]
fn a_newer_version_an_unknown_event_and_a_wrong_shape_are_told_apart() {
    use daybook_domain::EventError;
    let pinned = Pinned::new("cart", "CartCreated", 1);
    let bytes = fs::read(pinned.example_path()).unwrap();
    let newer = Event::decode("cart", "CartCreated", 99, &bytes);
    assert!(matches!(newer, Err(EventError::NewerSchema { found: 99, .. })), "{newer:?}");
    let unknown = Event::decode("cart", "CartPainted", 1, &bytes);
    assert!(matches!(unknown, Err(EventError::UnknownType { .. })), "{unknown:?}");
    let stranger = Event::decode("garden", "CartCreated", 1, &bytes);
    assert!(matches!(stranger, Err(EventError::UnknownAggregate(_))), "{stranger:?}");
    let wrong = Event::decode("cart", "CartCreated", 1, b"{\"cart_id\":7}");
    assert!(matches!(wrong, Err(EventError::Malformed { .. })), "{wrong:?}");
}

#[test]
fn the_checker_refuses_what_a_schema_forbids() {
    let pinned = Pinned::new("order", "OrderPlaced", 1);
    let schema: Value = serde_json::from_slice(&fs::read(pinned.schema_path()).unwrap()).unwrap();
    let example: Value = serde_json::from_slice(&fs::read(pinned.example_path()).unwrap()).unwrap();
    let spoiled: &[(&str, Value)] = &[
        ("/order_id", "not-a-uuid".into()),
        ("/currency", "pounds".into()),
        ("/lines/0/quantity", 0.into()),
        ("/lines/0/quantity", 1_000_000.into()),
        ("/lines/0/sku", "a b".into()),
        ("/lines", "none".into()),
        ("/total", serde_json::json!({ "minor": 1, "currency": "GBP", "rate": 1.1 })),
        ("/charges/0/kind", "bribe".into()),
        ("/number", "4711".into()),
    ];
    for (path, value) in spoiled {
        let mut wrong = example.clone();
        *wrong.pointer_mut(path).unwrap() = value.clone();
        assert!(Checker::new(&schema).check(&wrong).is_err(), "{path} = {value} passed");
    }
    let mut incomplete = example;
    incomplete.as_object_mut().unwrap().remove("cart_id");
    assert!(Checker::new(&schema).check(&incomplete).is_err());
}

#[test]
fn the_description_of_the_http_interface_is_pinned_by_a_test_of_its_own() {
    let tests = fs::read_to_string(root().join("../api/tests/http/contract.rs")).unwrap();
    assert!(tests.contains("pinned(\"openapi.json\"") && tests.contains("has drifted"));
    assert!(root().join("openapi.json").is_file());
}
