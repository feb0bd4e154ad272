//! The event feed, bulk commands, and what operators see.

use crate::common::shop;
use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};

fn lines(body: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(body)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_tells_everything_in_order_from_any_position_and_filters() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    shop.stock("POT", 3999, 10).await;
    let all = lines(&shop.get("/events").await.body);
    let positions: Vec<_> = all.iter().map(|event| event["position"].as_str().unwrap().to_owned()).collect();
    assert_eq!(positions, ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(all[0]["specversion"], "1.0");
    assert_eq!(lines(&shop.get("/events?from=3&limit=1").await.body)[0]["position"], "3");
    let received = lines(&shop.get("/events?type=StockReceived").await.body);
    assert_eq!(received.len(), 2);
    let pot = lines(&shop.get("/events?stream=inventory-POT").await.body);
    assert_eq!(pot[0]["data"]["sku"], "POT");
    assert!(shop.get("/events?from=100").await.body.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn server_sent_events_resume_behind_the_last_id() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let headers = [("accept", "text/event-stream"), ("last-event-id", "2")];
    let answer = shop.ask(Method::GET, "/events?follow=false", &headers, "").await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.starts_with("id: 3\nevent: StockReceived\ndata: {"), "{text}");
    assert!(text.ends_with("}\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_lines_are_commands_of_their_own_with_an_outcome_each() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let body = [
        json!({ "path": "/inventory/MUG/receive", "idempotency_key": "b-1", "body": { "quantity": 5 } })
            .to_string(),
        json!({ "path": "/inventory/MUG/adjust", "body": { "delta": -15, "reason": "counted again" } })
            .to_string(),
        "{ not json".to_owned(),
        json!({ "path": "/inventory/MUG/receive", "idempotency_key": "b-1", "body": { "quantity": 5 } })
            .to_string(),
        json!({ "path": "/commands" }).to_string(),
        json!({ "method": "DELETE", "path": "/carts/42" }).to_string(),
    ];
    let request = Request::post("/commands").header("content-type", "application/jsonl");
    let answer = shop.send(request.body(Body::from(body.join("\n"))).unwrap()).await;
    let outcomes = lines(&answer.body);
    let statuses: Vec<_> = outcomes.iter().map(|outcome| outcome["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 400, 200, 422, 400], "{outcomes:?}");
    assert_eq!(outcomes.iter().map(|o| o["line"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(outcomes[3]["body"]["repeated"], true);
    let position = outcomes[1]["body"]["position"].as_u64().unwrap();
    assert_eq!(shop.get(&format!("/inventory/MUG?min_position={position}")).await.json()["on_hand"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_health_metrics_and_read_models_and_can_rebuild_one() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    assert_eq!(shop.get("/livez").await.status, 200);
    assert_eq!(shop.get("/readyz").await.json()["status"], "ready");
    let metrics = String::from_utf8(shop.get("/metrics").await.body).unwrap();
    assert!(metrics.contains("daybook_http_request_seconds_bucket"), "{metrics}");
    let models = shop.get("/admin/projections").await.json();
    assert!(models["projections"].as_array().unwrap().len() >= 5, "{models}");
    let rebuild = shop.ask(Method::POST, "/admin/projections/stock/rebuild", &[], "").await;
    assert_eq!(rebuild.status, 202, "{}", rebuild.json());
    assert_eq!(shop.get("/inventory/MUG").await.json()["on_hand"], 10);
    shop.ask(Method::POST, "/admin/projections/nothing/rebuild", &[], "").await.problem(404, "not-found");
    assert_eq!(shop.get("/admin/projections/stock/dead-letters").await.json()["waiting"], json!([]));
}
