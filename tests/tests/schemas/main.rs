//! The contracts of the events: one JSON Schema and one example per type, version and revision, kept for ever. What
//! was once released still decodes, still is what its schema says, and is never edited. `schemas/README.md` has the
//! rules.
//!
//! `UPDATE=1` writes schemas and examples that are missing, the next revision of what got more fields, and adds them
//! to the list of what is released. It never writes over a file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod additive;
mod checker;
mod pinned;

use checker::Checker;
use daybook_domain::{Event, EventKind, all_samples, released_schemas};
use pinned::{Pinned, released, root};
use serde_json::Value;
use std::{collections::BTreeSet, fs, sync::Once};

fn text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The full payload of an event, as its aggregate's `samples.rs` has it.
fn sample(kind: EventKind) -> Value {
    let all = all_samples();
    let found = all.iter().flat_map(|samples| &samples.events).find(|event| event.kind() == kind);
    let event = found.unwrap_or_else(|| panic!("no sample of {}; write one in samples.rs", kind.name));
    serde_json::from_slice(&event.encode()).unwrap()
}

/// Writes what is not there yet; nothing that is there is changed. A change that needs a new version is not written.
fn update() {
    static ONCE: Once = Once::new();
    if std::env::var_os("UPDATE").is_none() {
        return;
    }
    ONCE.call_once(|| {
        for (kind, schema) in Event::schemas() {
            let next = match Pinned::newest(kind.aggregate, kind.name, kind.version) {
                None => Pinned::new(kind.aggregate, kind.name, kind.version, 1),
                Some(newest) if newest.schema() == *schema.as_value() => newest,
                Some(newest) if additive::objection(&newest.schema(), schema.as_value()).is_some() => {
                    continue;
                }
                Some(newest) => newest.next_revision(),
            };
            pinned::write_missing(&next.schema_path(), &text(schema.as_value()));
            pinned::write_missing(&next.example_path(), &text(&sample(kind)));
        }
        released::add_new();
    });
}

#[test]
fn every_event_has_its_schema_and_an_example_and_they_have_not_drifted() {
    update();
    for (kind, schema) in Event::schemas() {
        let newest = Pinned::newest(kind.aggregate, kind.name, kind.version);
        let newest =
            newest.unwrap_or_else(|| panic!("{} v{} has no schema: UPDATE=1", kind.name, kind.version));
        let path = newest.schema_path().display().to_string();
        let advice = match additive::objection(&newest.schema(), schema.as_value()) {
            None => "only fields or words were added: run with UPDATE=1 for the next revision".to_owned(),
            Some(objection) => {
                format!("{objection}: give the new shape the next version, then run with UPDATE=1")
            }
        };
        let found = fs::read_to_string(newest.schema_path()).unwrap();
        assert!(found == text(schema.as_value()), "{path} is not what the code writes; {advice}");
        assert!(newest.example_path().is_file(), "{} is missing: UPDATE=1", newest.example_path().display());
    }
}

#[test]
fn every_example_is_the_sample_of_its_day_and_has_every_field() {
    update();
    for (kind, schema) in Event::schemas() {
        let sample = sample(kind);
        let newest = Pinned::newest(kind.aggregate, kind.name, kind.version).expect("it has a schema");
        assert_eq!(
            newest.example(),
            sample,
            "{} is not what samples.rs has",
            newest.example_path().display()
        );
        for field in schema.as_value()["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
            assert!(!sample[field].is_null(), "the sample of {} lacks {field}", kind.name);
        }
    }
}

#[test]
fn every_example_ever_released_is_what_its_schema_says_and_still_decodes() {
    let today: Vec<_> = Event::schemas();
    let all = pinned::all();
    assert!(all.len() >= today.len(), "{} examples for {} events", all.len(), today.len());
    for pinned in all {
        let at = pinned.example_path().display().to_string();
        let example = pinned.example();
        Checker::new(&pinned.schema()).check(&example).unwrap_or_else(|error| panic!("{at}: {error}"));

        let bytes = fs::read(pinned.example_path()).unwrap();
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
        // Also an example of an older revision: what it does not say is not there afterwards either.
        if kind.version == pinned.version {
            assert_eq!(written, example, "{at} is not written as it was read");
        }
    }
}

#[test]
fn a_further_revision_only_adds_to_the_one_before() {
    for newer in pinned::all().into_iter().filter(|pinned| pinned.revision > 1) {
        let older = newer.revision_before();
        assert!(older.schema_path().is_file(), "{} has no revision before it", newer.schema_path().display());
        let (old, new) = (older.schema(), newer.schema());
        let objection = additive::objection(&old, &new);
        assert_eq!(objection, None, "{} needs a new version", newer.schema_path().display());
        // Each program's events are what the other one expects.
        Checker::new(&old).check(&newer.example()).unwrap();
        Checker::new(&new).check(&older.example()).unwrap();
    }
}

#[test]
fn a_field_that_is_added_to_an_event_is_a_further_revision() {
    let kind = Event::kinds().next().expect("there are events");
    let pinned = Pinned::newest(kind.aggregate, kind.name, kind.version).expect("it has a schema");
    let (old, example) = (pinned.schema(), pinned.example());
    let mut new = old.clone();
    new["properties"]["gift_note"] = serde_json::json!({ "type": ["string", "null"] });
    assert_eq!(additive::objection(&old, &new), None);
    Checker::new(&new).check(&example).expect("an older event is as good as ever");
    let mut with_note = example;
    with_note["gift_note"] = "For Ada".into();
    Checker::new(&old).check(&with_note).expect("an older reader takes the newer event");
    let bytes = serde_json::to_vec(&with_note).unwrap();
    Event::decode(kind.aggregate, kind.name, kind.version, &bytes).expect("an older program reads it");
    new["required"].as_array_mut().unwrap().push("gift_note".into());
    assert!(additive::objection(&old, &new).is_some(), "a field that must be there needs a new version");
}

#[test]
fn programs_carry_every_released_schema() {
    let files: BTreeSet<String> =
        pinned::files().into_iter().filter(|file| !file.ends_with(".example.json")).collect();
    let carried: BTreeSet<String> = released_schemas().iter().map(|schema| schema.path()).collect();
    assert_eq!(carried, files, "build once more after UPDATE=1");
    for schema in released_schemas() {
        assert_eq!(schema.text, fs::read_to_string(root().join(schema.path())).unwrap(), "{}", schema.path());
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
            "schemas/{path} was released and has been edited: restore it, then run with UPDATE=1"
        );
    }
    let unlisted: Vec<_> = found.iter().filter(|path| !listed.contains_key(*path)).collect();
    assert!(unlisted.is_empty(), "not in schemas/events/released.txt (UPDATE=1 adds them): {unlisted:?}");
}

#[test]
fn an_update_leaves_what_is_there() {
    let folder = std::env::temp_dir().join(format!("daybook-schemas-{}", std::process::id()));
    let file = folder.join("A.v1.json");
    pinned::write_missing(&file, "released\n");
    pinned::write_missing(&file, "edited\n");
    let kept = fs::read_to_string(&file).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(kept, "released\n");
}

#[test]
fn a_newer_version_an_unknown_event_and_a_wrong_shape_are_told_apart() {
    use daybook_domain::EventError;
    let pinned = Pinned::new("cart", "CartCreated", 1, 1);
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
    let pinned = Pinned::new("order", "OrderPlaced", 1, 1);
    let (schema, example) = (pinned.schema(), pinned.example());
    let spoiled: &[(&str, Value)] = &[
        ("/order_id", "not-a-uuid".into()),
        ("/currency", "pounds".into()),
        ("/lines/0/quantity", 0.into()),
        ("/lines/0/quantity", 1_000_000.into()),
        ("/lines/0/sku", " a".into()),
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
