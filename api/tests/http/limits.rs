//! The limits in the document are the server's: one more of anything is refused by name.

use crate::common::shop;
use axum::http::Method;
use serde_json::{Map, Value, json};

/// The smallest bodies that break one limit of a schema each, and the pointer to where they do.
fn oversized(document: &Value, schema: &Value) -> Vec<(Value, String)> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(&reference[1..]).expect("references lead somewhere");
        return oversized(document, schema);
    }
    let most = |keyword: &str| schema[keyword].as_u64().map(|most| usize::try_from(most).expect("it fits"));
    let mut found = Vec::new();
    if let Some(most) = most("maxLength") {
        found.push((json!("x".repeat(most + 1)), String::new()));
    }
    if let Some(most) = most("maxItems") {
        found.push((json!(vec![Value::Null; most + 1]), String::new()));
    }
    if let Some(most) = most("maxProperties") {
        let members: Map<String, Value> = (0..=most).map(|at| (format!("k{at}"), Value::Null)).collect();
        found.push((Value::Object(members), String::new()));
    }
    let object = |name: &str, value: Value| Value::Object(Map::from_iter([(name.to_owned(), value)]));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let inside = oversized(document, property).into_iter();
        found.extend(inside.map(|(value, pointer)| (object(name, value), format!("/{name}{pointer}"))));
    }
    if schema["additionalProperties"].is_object() {
        let inside = oversized(document, &schema["additionalProperties"]).into_iter();
        found.extend(inside.map(|(value, pointer)| (object("k", value), format!("/k{pointer}"))));
    }
    if let Some(most) = schema["propertyNames"]["maxLength"].as_u64() {
        let name = "x".repeat(usize::try_from(most).expect("it fits") + 1);
        found.push((object(&name, Value::Null), format!("/{name}")));
    }
    if schema["items"].is_object() {
        let inside = oversized(document, &schema["items"]).into_iter();
        found.extend(inside.map(|(value, pointer)| (json!([value]), format!("/0{pointer}"))));
    }
    for choice in ["oneOf", "anyOf"] {
        for branch in schema[choice].as_array().into_iter().flatten() {
            found.extend(oversized(document, branch));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn one_more_than_any_limit_of_the_document_is_refused_where_it_is() {
    let shop = shop().await;
    let document = shop.get("/openapi.json").await.json();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else {
                continue;
            };
            let mut address = path.clone();
            for parameter in operation["parameters"].as_array().expect("parameters") {
                if parameter["in"] == "path" {
                    let example = &parameter["example"];
                    let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                    address = address
                        .replace(&format!("{{{}}}", parameter["name"].as_str().expect("a name")), &text);
                }
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            for (body, pointer) in oversized(&document, schema) {
                let answer = shop.ask(method.clone(), &address, &[], &body.to_string()).await;
                let problem = answer.problem(422, "invalid-body");
                let errors = problem["errors"].as_array().expect("errors");
                assert!(
                    errors.iter().any(|error| error["pointer"] == pointer),
                    "{address} {pointer}: {problem}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 60, "only {tried} limits");
    assert_eq!(shop.head(), 0);
}
