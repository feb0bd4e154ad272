//! Orders of which some units are sent and others cancelled, and shipments that say which location they leave.

use crate::common::{eventually, order, shop};
use serde_json::{Value, json};

fn line(quantity: u32) -> Value {
    json!([{ "line_id": 1, "quantity": quantity }])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_part_shipped_order_is_cancelled_its_stock_sold_again_and_its_money_let_go() {
    let shop = shop().await;
    shop.stock("MUG", 1000, 5).await;
    let id = order(&shop, 5).await;
    let (ship, cancel) = (format!("/orders/{id}/ship"), format!("/orders/{id}/cancel"));
    assert_eq!(shop.post(&ship, json!({ "lines": line(2) })).await.status, 201);
    shop.post(&cancel, json!({ "reason": "too slow" })).await.problem(409, "conflict");
    let too_many = json!({ "reason": "too slow", "lines": line(4) });
    let problem = shop.post(&cancel, too_many).await.problem(409, "conflict");
    assert_eq!((&problem["reason"], &problem["possible"]), (&json!("TooManyUnits"), &json!(3)));
    let both = json!({ "reason": "too slow", "lines": line(1), "rest": true });
    let problem = shop.post(&cancel, both).await.problem(422, "invalid-body");
    assert_eq!(problem["errors"][0]["pointer"], "/rest");

    let cancelled = shop.post(&cancel, json!({ "reason": "too slow", "lines": line(1) })).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.json());
    let rest = shop.post(&cancel, json!({ "reason": "found another", "rest": true })).await;
    assert_eq!(rest.status, 200, "{}", rest.json());
    let stock = |view: &Value| (view["on_hand"].clone(), view["reserved"].clone());
    eventually(&shop, "/inventory/MUG", |view| stock(view) == (json!(3), json!(0))).await;
    assert_eq!(order(&shop, 3).await.len(), 36, "others can have them");

    let path = format!("/orders/{id}");
    let gone = |view: &Value| view["payment"]["voided"]["minor"] == json!(3000);
    let view = eventually(&shop, &path, gone).await;
    assert_eq!(view["payment"]["captured"]["minor"], 2000, "{view}");
    let part = &view["lines"][0];
    assert_eq!((&part["shipped"], &part["cancelled"], &part["allocated"]), (&json!(2), &json!(3), &json!(0)));
    let reasons: Vec<_> =
        view["cancellations"].as_array().unwrap().iter().map(|part| part["reason"].clone()).collect();
    assert_eq!(reasons, ["too slow", "found another"]);
    assert!(view["needs"].is_null(), "{view}");
    let delivered = shop.post(&format!("/orders/{id}/deliver"), json!({})).await;
    assert_eq!(delivered.status, 200, "{}", delivered.json());
    eventually(&shop, &path, |view| view["state"] == "completed" && view["fulfilment"] == "delivered").await;
    shop.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shipment_says_which_location_it_leaves_where_there_are_several() {
    let shop = shop().await;
    shop.stock("MUG", 1000, 2).await;
    shop.open_location("york").await;
    shop.post("/inventory/MUG/receive", json!({ "location": "york", "quantity": 2 })).await;
    let id = order(&shop, 3).await;
    let ship = format!("/orders/{id}/ship");
    let problem = shop.post(&ship, json!({})).await.problem(409, "choose-location");
    assert_eq!(problem["choices"], json!(["main", "york"]));
    let sent = shop.post(&ship, json!({ "location": "york", "lines": line(2) })).await;
    assert_eq!(sent.status, 201, "{}", sent.json());
    // Two left York, where one or two were set aside: what is set aside elsewhere is used for the other.
    let of = |view: &Value, at: &str| {
        let locations = view["locations"].as_array().unwrap();
        locations.iter().find(|stock| stock["location"] == at).map(|stock| stock["on_hand"].clone())
    };
    let left = |view: &Value| (of(view, "main"), of(view, "york"));
    eventually(&shop, "/inventory/MUG", |view| left(view) == (Some(json!(2)), Some(json!(0)))).await;
    let view = shop.get(&format!("/orders/{id}?min_position={}", shop.head())).await.json();
    assert_eq!(view["shipments"][0]["location"], "york", "{view}");
    let last = shop.post(&ship, json!({})).await;
    assert_eq!(last.status, 201, "the rest is at one location: {}", last.json());
    eventually(&shop, "/inventory/MUG", |view| left(view) == (Some(json!(1)), Some(json!(0)))).await;
    shop.stopped().await;
}
