//! Requests that are wrong in themselves.

use crate::with_cart;
use daybook_tests::{
    on_each_store,
    shop::{Answer, On, TestShop},
};
use reqwest::Method;
use serde_json::{Value, json};

on_each_store!(
    bodies_that_cannot_be_understood_are_refused_with_the_place,
    absurd_quantities_unknown_articles_and_foreign_money_are_refused,
    unknown_addresses_and_wrong_methods_are_problems_too,
);

async fn raw(shop: &TestShop, path: &str, media_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = shop.http.post(shop.address() + path).header("content-type", media_type).body(body);
    Answer::read(request.send().await.unwrap()).await.unwrap()
}

async fn bodies_that_cannot_be_understood_are_refused_with_the_place(on: On) {
    let (shop, cart, head) = with_cart(on, &[]).await;
    let lines = format!("/carts/{cart}/lines");
    let json = "application/json";
    let malformed = raw(&shop, &lines, json, "{\"sku\":\"MUG\",").await.problem(400, "malformed-json");
    assert!(malformed["line"].is_u64() && malformed["column"].is_u64(), "{malformed}");
    raw(&shop, &lines, json, vec![b'{', b'"', 0xff, 0xfe, b'"', b':', b'1', b'}'])
        .await
        .problem(400, "malformed-json");
    raw(&shop, &lines, json, "[".repeat(200_000)).await.problem(400, "malformed-json");
    let deep = format!("{{\"sku\":{}", "[".repeat(200_000));
    let deep = raw(&shop, &lines, json, deep).await;
    assert!((400..500).contains(&deep.status), "{}", deep.text());
    let twice = raw(&shop, &lines, json, "{\"sku\":\"MUG\",\"quantity\":1,\"quantity\":2}").await;
    twice.problem(422, "invalid-body");
    raw(&shop, &lines, json, "{\"sku\":\"MUG\",\"quantity\":1e999}").await.problem(400, "malformed-json");
    raw(&shop, &lines, json, "{\"sku\":\"MUG\",\"quantity\":1} {}").await.problem(400, "malformed-json");
    raw(&shop, &lines, "text/csv", "MUG;1").await.problem(415, "unsupported-media-type");
    let cases = [
        (json!({ "sku": "MUG", "quantity": 1, "colour": "red" }), "/colour"),
        (json!({ "sku": "MUG", "quantity": "two" }), "/quantity"),
        (json!({ "sku": 7, "quantity": 1 }), "/sku"),
        (json!({ "sku": "MUG", "quantity": null }), "/quantity"),
    ];
    for (body, pointer) in cases {
        let problem = shop.post(&lines, body).await.problem(422, "invalid-body");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    assert_eq!(shop.head().await, head, "a refused request wrote something");
}

async fn absurd_quantities_unknown_articles_and_foreign_money_are_refused(on: On) {
    let (shop, cart, head) = with_cart(on, &[]).await;
    let lines = format!("/carts/{cart}/lines");
    let huge: Value = serde_json::from_str("1e300").unwrap();
    for quantity in [json!(0), json!(-1), json!(1.5), json!(4_294_967_296_u64), json!(u64::MAX), huge] {
        let problem = shop.post(&lines, json!({ "sku": "MUG", "quantity": quantity })).await;
        assert_eq!(problem.problem(422, "invalid-body")["errors"][0]["pointer"], "/quantity");
    }
    let unknown = shop.post(&lines, json!({ "sku": "NOPE", "quantity": 1 })).await;
    assert_eq!(unknown.problem(422, "unknown-sku")["sku"], "NOPE");
    let foreign = json!({ "currency": "EUR", "lines": [{ "sku": "MUG", "quantity": 1 }] });
    shop.post("/carts", foreign).await.problem(422, "unknown-sku");
    shop.post("/carts", json!({ "currency": "QQQQ" })).await.problem(422, "invalid-body");
    let euros = json!({ "payment_token": "tok_visa", "charges": [
        { "kind": "shipping", "label": "post", "amount": { "minor": 395, "currency": "EUR" } }] });
    let euros = shop.post(&format!("/carts/{cart}/checkout"), euros).await;
    assert_eq!(euros.status, 422, "{}", euros.text());
    assert_eq!(shop.head().await, head, "a refused request wrote something");
}

async fn unknown_addresses_and_wrong_methods_are_problems_too(on: On) {
    let (shop, cart, head) = with_cart(on, &[]).await;
    shop.get("/cart").await.problem(404, "not-found");
    shop.get("/carts/42").await.problem(400, "invalid-parameter");
    let nobody = "/carts/0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90";
    shop.get(nobody).await.problem(404, "not-found");
    shop.post(&format!("{nobody}/lines"), json!({ "sku": "MUG", "quantity": 1 }))
        .await
        .problem(404, "not-found");
    let wrong = shop.put(&format!("/carts/{cart}"), json!({})).await;
    wrong.problem(405, "method-not-allowed");
    assert!(wrong.header("allow").contains("GET"), "{:?}", wrong.headers);
    let trace = shop.ask(Method::TRACE, "/carts", &[], None).await.unwrap();
    trace.problem(405, "method-not-allowed");
    assert_eq!(shop.head().await, head);
}
