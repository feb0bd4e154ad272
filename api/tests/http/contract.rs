//! The interface's description: pinned, complete, and true.

use crate::common::shop;
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// Compares with what is checked in; `UPDATE=1 cargo test -p daybook-api --test http contract` rewrites it.
fn pinned(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, text).expect("the schemas folder can be written");
    }
    let pinned = fs::read_to_string(&path).unwrap_or_default();
    assert!(pinned == text, "schemas/{name} has drifted; look at the difference, then run with UPDATE=1");
}

#[test]
fn the_pinned_openapi_document_is_what_the_code_says() {
    pinned("openapi.json", &daybook_api::openapi_text());
}

#[test]
fn the_pinned_page_of_routes_is_what_the_code_says() {
    pinned("routes.txt", &daybook_api::routes_page());
}

#[test]
fn the_document_is_openapi_and_every_reference_in_it_leads_somewhere() {
    let document: Value = serde_json::from_str(&daybook_api::openapi_text()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50, "only {} references", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("references stay within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
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

#[test]
fn every_route_is_described_with_an_example_and_its_problems() {
    let document: Value = serde_json::from_str(&daybook_api::openapi_text()).unwrap();
    let (mut ids, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            used.extend(operation["tags"].as_array().unwrap().iter().map(Value::to_string));
            assert!(operation["summary"].is_string(), "{at} has no summary");
            assert!(ids.insert(operation["operationId"].to_string()), "{at} shares its id");
            if let Some(body) = operation.get("requestBody") {
                let content = body["content"].as_object().unwrap().values().next().unwrap();
                assert!(!content["example"].is_null(), "{at} has no example of its body");
            }
            assert!(
                operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2')),
                "{at}"
            );
        }
    }
    assert!(ids.len() > 40);
    let tags = document["tags"].as_array().unwrap().iter();
    let described: BTreeSet<_> = tags.map(|tag| tag["name"].to_string()).collect();
    assert_eq!(described, used, "left: tags that are described; right: those that operations have");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_a_page_to_try_it_are_served() {
    let shop = shop().await;
    let served: Value = shop.get("/openapi.json").await.json();
    assert_eq!(served, serde_json::from_str::<Value>(&daybook_api::openapi_text()).unwrap());
    let page = shop.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(String::from_utf8_lossy(&page.body).contains("swagger"), "not a page to try it");
    let settings = shop.get("/docs/swagger-initializer.js").await;
    assert!(String::from_utf8_lossy(&settings.body).contains("/openapi.json"));
}
