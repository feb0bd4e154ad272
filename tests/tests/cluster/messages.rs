//! What NATS is really told, held against `schemas/asyncapi.json`: every message of an order, header and body.

use crate::{buy, decided, stock};
use async_nats::jetstream::{self, consumer::pull::OrderedConfig};
use daybook_tests::servers::{daybook::Node, nats::NatsServer};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_one_that_the_asyncapi_document_describes() {
    let nats = NatsServer::start().await.unwrap();
    let node = Node::start(&["--nats", &nats.url()]).await.unwrap();
    stock(&node, "A.MUG", 5).await;
    let order = buy(&[&node], 0, "A.MUG").await.unwrap();
    decided(&node, &order).await;
    let head = node.ready().await.unwrap()["position"].as_u64().unwrap();
    let document = read("asyncapi.json");
    let client = async_nats::connect(nats.url()).await.unwrap();
    let stream = jetstream::new(client).get_stream("daybook-events").await.unwrap();
    let consumer = stream.create_consumer(OrderedConfig::default()).await.unwrap();
    let mut messages = consumer.messages().await.unwrap();
    for position in 1..=head {
        let message = messages.next().await.unwrap().unwrap();
        let body: Value = serde_json::from_slice(&message.payload).unwrap();
        assert_eq!(message.info().unwrap().stream_sequence, position);
        assert_eq!(body["position"], position.to_string());
        let aggregate = body["source"].as_str().unwrap().strip_prefix("/daybook/").unwrap();
        let channel = &document["channels"][aggregate];
        let address = channel["address"].as_str().unwrap().strip_suffix("{id}").unwrap();
        assert!(message.subject.starts_with(address), "{} is not under {address}", message.subject);
        let version = body["dataschema"].as_str().unwrap().rsplit_once(".v").unwrap().1.replace(".json", "");
        let name = format!("{}.v{version}", body["type"].as_str().unwrap());
        let described = &channel["messages"][&name];
        let described = resolve(&document, described["$ref"].as_str().unwrap());
        let told = message.headers.as_ref().unwrap();
        let mut headers = json!({});
        for header in ["Nats-Msg-Id", "Daybook-Position"] {
            headers[header] = told.get(header).unwrap().as_str().into();
        }
        assert_eq!(headers["Daybook-Position"], position.to_string());
        assert_eq!(headers["Nats-Msg-Id"], body["id"]);
        conforms(&document, &described["headers"], &headers, &name);
        conforms(&document, &described["payload"], &body, &name);
    }
}

fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(path);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn resolve<'d>(document: &'d Value, reference: &str) -> &'d Value {
    document.pointer(reference.strip_prefix('#').unwrap()).unwrap()
}

/// Fails unless `value` is what `schema` says, as far as our schemas say anything: constants, types, members that
/// must be there, members that must not, and what their parts say.
fn conforms(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        match reference.strip_prefix("./") {
            Some(path) => {
                let other = read(path);
                conforms(&other, &other, value, at);
            }
            None => conforms(document, resolve(document, reference), value, at),
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        conforms(document, part, value, at);
    }
    if let Some(constant) = schema.get("const") {
        assert_eq!(value, constant, "{at}");
    }
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    assert!(types.is_empty() || types.iter().any(|kind| is(kind, value)), "{at}: {value} is no {types:?}");
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(value.get(name).is_some(), "{at} has no {name}: {value}");
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, member) in value.as_object().into_iter().flatten() {
        match properties.get(name) {
            Some(described) => conforms(document, described, member, &format!("{at}.{name}")),
            None => assert!(schema["additionalProperties"] != false, "{at} has an undescribed {name}"),
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is no type of JSON Schema"),
    }
}

#[test]
#[should_panic(expected = "has an undescribed")]
fn a_message_with_something_undescribed_would_be_noticed() {
    let document = read("asyncapi.json");
    let headers = json!({ "name": "x" });
    let strict = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    conforms(&document, &strict, &headers, "a message");
}
