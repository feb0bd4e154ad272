//! A shop as a client of EventStoreDB sees it: the crate `eventstore`, which is not ours, reads what the shop decided and
//! follows it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use daybook::{Daybook, ServeOptions};
use daybook_esdb::Endpoint;
use eventstore::{Client, ReadStreamOptions, SubscribeToAllOptions};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt;

async fn put_product(shop: &Daybook, id: &str) {
    let body = json!({ "title": "Mug", "state": "published", "variants": [{ "sku": format!("{id}-1"), "prices": [{ "minor": 100, "currency": "GBP" }] }] });
    let request = Request::put(format!("/products/{id}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = shop.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eventstoredb_client_reads_and_follows_a_shop() {
    let dir = TempDir::new().unwrap();
    let shop = Daybook::open(ServeOptions::new(dir.path())).await.unwrap();
    let endpoint = Endpoint::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = endpoint.address();
    shop.serve_esdb(endpoint);
    put_product(&shop, "mug").await;

    let client = Client::new(format!("esdb://{address}?tls=false").parse().unwrap()).unwrap();
    let mut read = client.read_stream("product-mug", &ReadStreamOptions::default()).await.unwrap();
    let created = read.next().await.unwrap().unwrap();
    let created = created.get_original_event();
    assert_eq!((created.event_type.as_str(), created.revision), ("ProductCreated", 0));
    let payload: Value = serde_json::from_slice(&created.data).unwrap();
    assert_eq!(payload["spec"]["title"], "Mug", "{payload}");

    let mut all = client.subscribe_to_all(&SubscribeToAllOptions::default()).await;
    put_product(&shop, "pot").await;
    let mut seen = Vec::new();
    while !seen.iter().any(|(stream, _)| stream == "product-pot") {
        let event = all.next().await.unwrap();
        let event = event.get_original_event();
        seen.push((event.stream_id.clone(), event.position.commit));
    }
    assert!(seen.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1), "positions are the log's: {seen:?}");

    // The client stays connected, and the shop stops all the same.
    tokio::time::timeout(Duration::from_secs(60), shop.shutdown()).await.expect("it stops").unwrap();
}
