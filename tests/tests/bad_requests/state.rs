//! Requests that would be right at another time.

use crate::with_cart;
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_cart_takes_no_lines_and_no_second_checkout() {
    let (shop, cart, _) = with_cart(&[]).await;
    let order = shop.checkout(&cart, "tok_visa").await.expect(201).json();
    let head = shop.settled().await;
    let again = shop.checkout(&cart, "tok_visa").await.problem(409, "conflict");
    assert_eq!(again["order_id"], order["id"], "{again}");
    let late = shop.post(&format!("/carts/{cart}/lines"), json!({ "sku": "MUG", "quantity": 1 })).await;
    late.problem(409, "conflict");
    let gone = shop.ask(Method::DELETE, &format!("/carts/{cart}"), &[], None).await.unwrap();
    gone.problem(409, "conflict");
    assert_eq!(shop.settled().await, head, "a refused request wrote something");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_version_is_refused_with_the_actual_one() {
    let (shop, cart, _) = with_cart(&[]).await;
    let line = format!("/carts/{cart}/lines/1");
    let seen = shop.get(&format!("/carts/{cart}")).await.expect(200);
    let tag = seen.header("etag").to_owned();
    let change = |quantity: u32| json!({ "quantity": quantity });
    let headers = [("if-match", tag.as_str())];
    let first = shop.ask(Method::PATCH, &line, &headers, Some(&change(3))).await.unwrap().expect(200);
    let head = shop.head().await;
    let second = shop.ask(Method::PATCH, &line, &headers, Some(&change(4))).await.unwrap();
    let problem = second.problem(412, "version-mismatch");
    assert_eq!(problem["actual_version"], first.json()["version"], "{problem}");
    assert_eq!(second.header("etag"), first.header("etag"));
    assert_eq!(shop.head().await, head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_request_only() {
    let (shop, cart, _) = with_cart(&[]).await;
    let lines = format!("/carts/{cart}/lines");
    let key = [("idempotency-key", "one-request")];
    let body = json!({ "sku": "MUG", "quantity": 1 });
    let _ = shop.ask(Method::POST, &lines, &key, Some(&body)).await.unwrap().expect(200);
    let head = shop.head().await;
    let other = json!({ "sku": "MUG", "quantity": 2 });
    let other = shop.ask(Method::POST, &lines, &key, Some(&other)).await.unwrap();
    other.problem(422, "idempotency-key-reused");
    let delivery = json!({ "quantity": 1 });
    let elsewhere = shop.ask(Method::POST, "/inventory/MUG/receive", &key, Some(&delivery)).await.unwrap();
    elsewhere.problem(422, "idempotency-key-reused");
    assert_eq!(shop.head().await, head);
}
