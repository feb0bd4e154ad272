//! An event that the read models of a running node cannot apply: what an operator sees of it, and does about it.

use crate::{key, stock};
use daybook_domain::{
    Event,
    product::{ProductEvent, ProductUnpublished},
};
use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EventLog as _, ExpectedVersion, Metadata, NewEvent, StreamId,
};
use daybook_tests::servers::daybook::Node;
use serde_json::{Value, json};
use uuid::Uuid;

const STREAM: &str = "product-p-MUG";

/// Appends to the log of a node that does not run; answers the position.
async fn append_behind_its_back(node: &Node, event_type: &str, payload: Vec<u8>) -> u64 {
    let log = EmbeddedLog::open(node.data().join("log"), EmbeddedOptions::default()).unwrap();
    let event = NewEvent {
        event_id: Uuid::new_v4(),
        event_type: event_type.to_owned().into(),
        schema_version: 1,
        metadata: Metadata::default(),
        payload: payload.into(),
    };
    let stream = StreamId::parse(STREAM).unwrap();
    let append = Append { stream, expected: ExpectedVersion::Any, events: vec![event] };
    let outcome = log.append(vec![append]).await.unwrap().remove(0).unwrap();
    log.close().await.unwrap();
    outcome.first_position.get()
}

async fn ask(node: &Node, what: &str, body: Value) -> Value {
    let path = format!("/admin/projections/{what}");
    let (status, answer) = node.post(&path, &key(), &body).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn waiting(node: &Node, name: &str) -> Vec<(u64, Option<String>)> {
    let (status, letters) = node.get(&format!("/admin/projections/{name}/dead-letters")).await.unwrap();
    assert_eq!(status, 200, "{letters}");
    let letters = letters["waiting"].as_array().unwrap().iter();
    letters
        .map(|letter| (letter["position"].as_u64().unwrap(), letter["error"].as_str().map(str::to_owned)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_applied_is_seen_retried_and_skipped_over_http() {
    let node = Node::start(&[]).await.unwrap();
    stock(&node, "MUG", 5).await;
    stock(&node, "CUP", 5).await;
    node.stop().await.unwrap();
    let poison = append_behind_its_back(&node, "ProductRevised", b"{\"spec\":7}".to_vec()).await;
    let product_id = "p-MUG".parse().unwrap();
    let behind = Event::from(ProductEvent::ProductUnpublished(ProductUnpublished { product_id }));
    append_behind_its_back(&node, behind.type_name(), behind.encode()).await;
    node.start_again().unwrap();

    // It is ready: only one stream stands still. But it says so.
    node.ready().await.unwrap();
    let shown = node.shows(|shown| shown["dead_letters"]["projections"] == 4).await.unwrap();
    assert_eq!(shown["status"], "ready", "{shown}");
    for name in ["catalog", "search"] {
        assert_eq!(shown["projections"][name]["dead_letters"], 2, "{shown}");
        assert_eq!(shown["projections"][name]["status"], "running", "{shown}");
        let (_, metrics) = node.text("/metrics").await.unwrap();
        let gauge = format!("daybook_projection_dead_letters{{projection=\"{name}\"}} 2");
        assert!(metrics.contains(&gauge), "{metrics}");
    }
    let letters = waiting(&node, "catalog").await;
    assert_eq!(letters.iter().map(|letter| letter.0).collect::<Vec<_>>(), [poison, poison + 1]);
    assert!(letters[0].1.as_ref().unwrap().contains("ProductRevised"), "{letters:?}");
    assert_eq!(letters[1].1, None, "it only waits");
    stock(&node, "JUG", 5).await;
    let position = node.ready().await.unwrap()["position"].clone();
    let path = format!("/products/p-JUG?min_position={position}&wait_ms=20000");
    let (status, jug) = node.get(&path).await.unwrap();
    assert_eq!((status, &jug["state"]), (200, &json!("published")), "other streams go on: {jug}");

    let retried = ask(&node, "catalog/dead-letters/retry", json!({ "stream": STREAM })).await;
    assert_eq!((&retried["applied"], &retried["still_parked"]["position"]), (&json!(0), &json!(poison)));
    assert_eq!(waiting(&node, "catalog").await.len(), 2);
    for name in ["catalog", "search"] {
        let skip = json!({ "position": poison, "reason": "written by a faulty program" });
        let skipped = ask(&node, &format!("{name}/dead-letters/skip"), skip).await;
        assert_eq!((&skipped["applied"], &skipped["still_parked"]), (&json!(1), &Value::Null), "{skipped}");
        assert!(waiting(&node, name).await.is_empty());
    }
    let (_, mug) = node.get("/products/p-MUG").await.unwrap();
    assert_eq!(mug["state"], "draft", "what waited behind it is applied: {mug}");
    let shown = node.shows(|shown| shown["dead_letters"]["projections"] == 0).await.unwrap();
    assert_eq!(shown["projections"]["catalog"]["dead_letters"], 0, "{shown}");
    let (_, letters) = node.get("/admin/projections/catalog/dead-letters").await.unwrap();
    assert_eq!(letters["skipped"][0]["reason"], "written by a faulty program", "{letters}");
}
