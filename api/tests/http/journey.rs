//! A shop's day through the router: what is sold, shipped, returned and refused.

use crate::common::shop;
use axum::http::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_put_stocked_ordered_shipped_delivered_and_returned() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    shop.stock("POT", 3999, 5).await;
    let cart = shop.cart(&[("MUG", 2), ("POT", 1)]).await;

    let placed = shop.checkout(&cart, "tok_visa").await;
    assert_eq!(placed.status, 201, "{}", placed.json());
    let order = placed.json();
    assert_eq!(order["state"], "confirmed");
    assert_eq!(order["order"]["state"], "confirmed", "{order}");
    assert_eq!(order["order"]["total"]["minor"], 6597);
    assert_eq!(placed.header("location"), format!("/orders/{}", order["id"].as_str().unwrap()));
    let id = order["id"].as_str().unwrap();

    let by_number = shop.get(&format!("/orders?number={}", order["number"].as_str().unwrap())).await.json();
    assert_eq!(by_number["items"][0]["id"], order["id"]);

    let shipped = shop.post(&format!("/orders/{id}/ship"), json!({ "carrier": "Royal Mail" })).await;
    assert_eq!(shipped.status, 201, "{}", shipped.json());
    assert!(shipped.json()["shipment_id"].is_string());
    let delivered = shop.ask(Method::POST, &format!("/orders/{id}/deliver"), &[], "").await;
    assert_eq!(delivered.status, 200, "{}", delivered.json());
    let back = json!({ "lines": [{ "line_id": 1, "quantity": 1 }], "reason": "chipped" });
    let returned = shop.post(&format!("/orders/{id}/return"), back).await;
    assert_eq!(returned.status, 201, "{}", returned.json());

    let position = returned.json()["position"].as_u64().unwrap();
    let view = shop.get(&format!("/orders/{id}?min_position={position}")).await.json();
    assert_eq!(view["fulfilment"], "partially_returned", "{view}");
    assert_eq!(view["state"], "completed");
    shop.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_beyond_the_stock_is_refused_with_what_can_be_had() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 3).await;
    let cart = shop.cart(&[("MUG", 5)]).await;
    let problem = shop.checkout(&cart, "tok_visa").await.problem(409, "out-of-stock");
    assert_eq!((&problem["requested"], &problem["available"]), (&json!(5), &json!(3)));
    assert!(problem["order_id"].is_string());

    let copy = shop.ask(Method::POST, &format!("/carts/{cart}/copy"), &[], "").await;
    assert_eq!(copy.status, 201);
    assert_eq!(copy.json()["lines"][0]["quantity"], 5);
    assert_ne!(copy.json()["id"], json!(cart));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_payment_is_402_with_its_code() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 3).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let problem = shop.checkout(&cart, "tok_insufficient_funds").await.problem(402, "payment-declined");
    assert_eq!(problem["code"], "insufficient_funds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_needs_action_is_202_until_the_customer_confirms() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 3).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let path = format!("/carts/{cart}/checkout");
    let body = json!({ "payment_token": "tok_action_required" }).to_string();
    let placed = shop.ask(Method::POST, &path, &[("prefer", "wait=0")], &body).await;
    assert_eq!(placed.status, 202, "{}", placed.json());
    let order = placed.json()["id"].as_str().unwrap().to_owned();

    let mut payment = String::new();
    for _ in 0..500 {
        let view = shop.get(&format!("/orders/{order}")).await;
        if view.status == 200 && view.json()["payment"]["state"] == "action_required" {
            payment = view.json()["payment_id"].as_str().unwrap().to_owned();
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(!payment.is_empty(), "the payment never asked for the customer");
    let confirmed = shop.ask(Method::POST, &format!("/payments/{payment}/confirm"), &[], "").await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.json());
    let mut state = json!(null);
    for _ in 0..500 {
        state = shop.get(&format!("/orders/{order}")).await.json()["state"].clone();
        if state == "confirmed" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the order is {state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_tells_what_blocks_its_checkout_and_today_s_prices_can_be_accepted() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 1).await;
    let cart = shop.cart(&[("MUG", 2)]).await;
    let prices = json!({ "variants": [{ "sku": "MUG", "prices": [{ "minor": 1499, "currency": "GBP" }] }] });
    let changed = shop.put("/products/p-MUG/prices", prices).await.json();
    let path = format!("/carts/{cart}?min_position={}", changed["position"]);
    let view = shop.get(&path).await.json();
    let blockers: Vec<_> =
        view["blockers"].as_array().unwrap().iter().map(|b| b["blocker"].clone()).collect();
    assert_eq!(blockers, [json!("price_changed"), json!("out_of_stock")], "{view}");
    let problem = shop.checkout(&cart, "tok_visa").await.problem(409, "checkout-blocked");
    assert_eq!(problem["blockers"][0]["blocker"], "price_changed", "{problem}");

    let repriced = shop.ask(Method::POST, &format!("/carts/{cart}/reprice"), &[], "").await;
    assert_eq!(repriced.status, 200, "{}", repriced.json());
    shop.stock("MUG", 1499, 5).await;
    assert_eq!(shop.checkout(&cart, "tok_visa").await.status, 201);
}
