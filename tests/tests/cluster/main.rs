//! Whole nodes on real servers: the daybook binary with PostgreSQL and NATS, killed and cut off.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod day;
mod dead_letters;
mod keys;
mod lease;
mod lost_tail;
mod messages;
mod moving;
mod once;
mod read_store;
mod readiness;
mod roles;
mod secure;
mod shopping;
mod surroundings;
mod trouble;

use daybook_tests::servers::daybook::{Node, run};
use serde_json::json;
use uuid::Uuid;

fn key() -> String {
    Uuid::new_v4().to_string()
}

/// How a start with these options ended that was not to go on, and what it said.
fn serve(options: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let output = run(&[&["serve", "--listen", "127.0.0.1:0", "--data", &data], options].concat()).unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A product that is for sale, with so many units in stock.
async fn stock(node: &Node, sku: &str, units: u32) {
    // A product's id has fewer characters to choose from than a SKU.
    let id: String = sku.chars().filter(char::is_ascii_alphanumeric).collect();
    let encoded: String = sku.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let product = json!({ "state": "published", "title": format!("Product {sku}"),
        "variants": [{ "sku": sku, "prices": [{ "minor": 1299, "currency": "GBP" }] }] });
    let (status, body) = node.put(&format!("/products/p-{id}"), &key(), &product).await.unwrap();
    assert!(matches!(status, 200 | 201), "{status}: {body}");
    let receive = json!({ "quantity": units });
    let (status, body) = node.post(&format!("/inventory/{encoded}/receive"), &key(), &receive).await.unwrap();
    assert_eq!(status, 200, "{body}");
}

/// Buys one unit; sends each step again until it is answered, as a client does whose server went away. Answers
/// the order's id, or none if there is nothing left.
async fn buy(nodes: &[&Node], first: usize, sku: &str) -> Option<String> {
    let cart = json!({ "currency": "GBP", "lines": [{ "sku": sku, "quantity": 1 }] });
    let (status, made) = insist(nodes, first, "/carts", &cart).await;
    assert_eq!(status, 201, "{made}");
    let checkout = format!("/carts/{}/checkout", made["id"].as_str().unwrap());
    let (status, placed) = insist(nodes, first, &checkout, &json!({ "payment_token": "tok_visa" })).await;
    match status {
        200..=202 => Some(placed["id"].as_str().unwrap_or_else(|| panic!("no id: {placed}")).to_owned()),
        409 => None,
        other => panic!("{other}: {placed}"),
    }
}

/// Sends a command under one key, to one node after the other, until one answers.
async fn insist(
    nodes: &[&Node],
    first: usize,
    path: &str,
    body: &serde_json::Value,
) -> (u16, serde_json::Value) {
    let key = key();
    for attempt in 0..600 {
        match nodes[(first + attempt) % nodes.len()].post(path, &key, body).await {
            // The catalog of this node may not show the product yet.
            Ok((422, problem)) if problem["type"] == "/problems/unknown-sku" => {}
            Ok((status, answer)) if status < 500 => return (status, answer),
            Ok(_) | Err(_) => {}
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("nobody answered {path}")
}

/// The order once it is decided, wherever its read model is.
async fn decided(node: &Node, order: &str) -> serde_json::Value {
    let mut last = serde_json::Value::Null;
    for _ in 0..600 {
        if let Ok((200, shown)) = node.get(&format!("/orders/{order}")).await {
            if shown["state"] != "placed" {
                return shown;
            }
            last = shown;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("order {order} is not decided: {last}")
}
