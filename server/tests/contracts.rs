//! What is told over NATS, pinned and true. The events' schemas themselves are held by `tests/tests/schemas`.

use serde_json::Value;
use std::{fs, path::Path};

#[test]
fn the_pinned_asyncapi_document_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/asyncapi.json");
    let text = daybook::asyncapi_text();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let pinned = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        pinned == text,
        "schemas/asyncapi.json has drifted; look at the difference, then run with UPDATE=1"
    );
}

#[test]
fn every_reference_in_the_asyncapi_document_leads_somewhere() {
    let document: Value = serde_json::from_str(&daybook::asyncapi_text()).unwrap();
    assert_eq!(document["asyncapi"], "3.0.0");
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 100, "only {} references", references.len());
    for reference in references {
        match reference.strip_prefix('#') {
            Some(pointer) => assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere"),
            None => assert!(schemas.join(&reference).is_file(), "{reference} leads nowhere"),
        }
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "$ref" => references.push(text.clone()),
                    member => collect(member, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
