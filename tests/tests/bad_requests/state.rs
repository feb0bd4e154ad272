//! Requests that would be right at another time.

use crate::with_cart;
use daybook_tests::{on_each_store, shop::On};
use reqwest::Method;
use serde_json::json;

on_each_store!(
    a_condition_or_a_key_that_cannot_be_kept_is_refused_and_never_ignored,
    a_cart_is_not_merged_into_one_that_cannot_take_its_lines,
    a_sku_is_a_variant_of_one_product_until_that_is_archived,
    a_closed_cart_takes_no_lines_and_no_second_checkout,
    a_stale_version_is_refused_with_the_actual_one,
    a_key_stands_for_one_request_only,
    a_location_and_a_sku_do_not_come_into_being_by_a_typing_error,
);

async fn a_closed_cart_takes_no_lines_and_no_second_checkout(on: On) {
    let (shop, cart, _) = with_cart(on, &[]).await;
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

async fn a_stale_version_is_refused_with_the_actual_one(on: On) {
    let (shop, cart, _) = with_cart(on, &[]).await;
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

async fn a_key_stands_for_one_request_only(on: On) {
    let (shop, cart, _) = with_cart(on, &[]).await;
    let lines = format!("/carts/{cart}/lines");
    let key = [("idempotency-key", "one-request")];
    let body = json!({ "sku": "MUG", "quantity": 1 });
    let _ = shop.ask(Method::POST, &lines, &key, Some(&body)).await.unwrap().expect(200);
    let head = shop.head().await;
    let other = json!({ "sku": "MUG", "quantity": 2 });
    let other = shop.ask(Method::POST, &lines, &key, Some(&other)).await.unwrap();
    other.problem(422, "idempotency-key-reused");
    assert_eq!(shop.head().await, head);
    let delivery = json!({ "quantity": 1 });
    let elsewhere = shop.ask(Method::POST, "/inventory/MUG/receive", &key, Some(&delivery)).await.unwrap();
    let elsewhere = elsewhere.expect(200).json();
    assert!(elsewhere.get("repeated").is_none(), "{elsewhere}");
}

async fn a_condition_or_a_key_that_cannot_be_kept_is_refused_and_never_ignored(on: On) {
    let (shop, cart, _) = with_cart(on, &[]).await;
    let head = shop.head().await;
    let product = json!({ "state": "published", "title": "Other",
        "variants": [{ "sku": "MUG-2", "prices": [{ "minor": 100, "currency": "GBP" }] }] });
    let only_new = [("if-none-match", "*")];
    let there = shop.ask(Method::PUT, "/products/p-MUG", &only_new, Some(&product)).await.unwrap();
    there.problem(412, "version-mismatch");
    let there_already = [("if-match", "*")];
    let absent = shop.ask(Method::PUT, "/products/NEW", &there_already, Some(&product)).await.unwrap();
    absent.problem(412, "version-mismatch");
    let line = json!({ "sku": "MUG", "quantity": 1 });
    let lines = format!("/carts/{cart}/lines");
    for headers in [
        [("idempotency-key", "one"), ("idempotency-key", "two")],
        [("if-match", "\"v1\""), ("if-none-match", "*")],
    ] {
        let refused = shop.ask(Method::POST, &lines, &headers, Some(&line)).await.unwrap();
        refused.problem(400, "invalid-header");
    }
    shop.post(&format!("{lines}?dry_run=true"), line).await.problem(400, "invalid-parameter");
    assert_eq!(shop.head().await, head, "a refused request wrote something");
    let _ = shop.ask(Method::PUT, "/products/NEW", &only_new, Some(&product)).await.unwrap().expect(201);
}

async fn a_cart_is_not_merged_into_one_that_cannot_take_its_lines(on: On) {
    let (shop, cart, _) = with_cart(on, &[]).await;
    let euros = shop.post("/carts", json!({ "currency": "EUR" })).await.expect(201).json();
    let closed = shop.cart(&[("MUG", 1)]).await;
    let _ = shop.checkout(&closed, "tok_visa").await.expect(201);
    let head = shop.settled().await;
    let merge = format!("/carts/{cart}/merge");
    let foreign = shop.post(&merge, json!({ "into": euros["id"] })).await;
    assert_eq!(foreign.problem(422, "foreign-currency")["into"], euros["id"]);
    shop.post(&merge, json!({ "into": closed })).await.problem(409, "conflict");
    shop.post(&merge, json!({ "into": cart })).await.problem(422, "invalid-command");
    let nobody = "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90";
    shop.post(&merge, json!({ "into": nobody })).await.problem(404, "not-found");
    assert_eq!(shop.settled().await, head, "a refused merge wrote something");
    let kept = shop.get(&format!("/carts/{cart}")).await.expect(200).json();
    assert_eq!(kept["state"], "active", "{kept}");
}

async fn a_sku_is_a_variant_of_one_product_until_that_is_archived(on: On) {
    let (shop, _, _) = with_cart(on, &[]).await;
    let head = shop.head().await;
    let other = json!({ "state": "published", "title": "Other",
        "variants": [{ "sku": "MUG", "prices": [{ "minor": 100, "currency": "GBP" }] }] });
    let taken = shop.put("/products/OTHER", other.clone()).await;
    let problem = taken.problem(409, "conflict");
    assert_eq!((&problem["reason"], &problem["product_id"]), (&json!("SkuTaken"), &json!("p-MUG")));
    assert_eq!(shop.head().await, head, "a refused product wrote something");
    let _ = shop.post("/products/p-MUG/archive", json!({})).await.expect(200);
    let _ = shop.settled().await;
    let _ = shop.put("/products/OTHER", other).await.expect(201);
}

async fn a_location_and_a_sku_do_not_come_into_being_by_a_typing_error(on: On) {
    let (shop, _, head) = with_cart(on, &[]).await;
    let delivery = |location: &str| json!({ "location": location, "quantity": 1 });
    let receive = "/inventory/MUG/receive";
    let refused = shop.post(receive, delivery("mian")).await.problem(422, "unknown-location");
    assert_eq!(refused["nearest"], json!(["main"]), "{refused}");
    let refused = shop.post("/inventory/MUGG/receive", json!({ "quantity": 1 })).await;
    assert_eq!(refused.problem(422, "unknown-sku")["sku"], "MUGG");
    assert_eq!(shop.settled().await, head, "a refused request wrote something");
    // What was opened a moment ago is open, and what was closed is not.
    let _ = shop.put("/locations/york", json!({ "name": "York" })).await.expect(201);
    let _ = shop.post(receive, delivery("york")).await.expect(200);
    let _ = shop.post("/locations/york/close", json!({})).await.expect(200);
    shop.post(receive, delivery("york")).await.problem(409, "conflict");

    let (shop, ..) = with_cart(on, &["--unlisted-stock"]).await;
    let _ = shop.receive("MUGG", 1).await;
}
