//! Stock as a warehouse meets it: counts that are true, losses, transfers, and the orders that wait for what is not there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::common::{eventually, order, shop};
use serde_json::{Value, json};

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_true_count_is_recorded_and_people_see_which_orders_wait() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 6).await;
    let (first, second) = (order(&shop, 3).await, order(&shop, 2).await);
    let both = eventually(&shop, "/orders?needs=shipping", |list| ids(list).len() == 2).await;
    assert_eq!(ids(&both), [first.as_str(), &second], "the oldest first");

    let counted = shop.post("/inventory/MUG/count", json!({ "counted": 3 })).await;
    assert_eq!(counted.status, 200, "{}", counted.json());
    let waiting = eventually(&shop, "/orders?needs=stock", |list| ids(list).len() == 1).await;
    assert_eq!(ids(&waiting), [second.as_str()], "the newest gives way");
    assert_eq!(waiting["items"][0]["shortages"], json!([{ "sku": "MUG", "quantity": 2 }]));
    assert_eq!(ids(&shop.get("/orders?needs=shipping").await.json()), [first.as_str()]);
    let short = eventually(&shop, "/inventory/shortages", |list| !list["items"][0].is_null()).await;
    assert_eq!((&short["items"][0]["sku"], &short["items"][0]["short"]), (&json!("MUG"), &json!(2)));

    let cart = shop.cart(&[("MUG", 1)]).await;
    shop.checkout(&cart, "tok_visa").await.problem(409, "out-of-stock");

    shop.post("/inventory/MUG/receive", json!({ "quantity": 2 })).await;
    eventually(&shop, "/orders?needs=stock", |list| ids(list).is_empty()).await;
    eventually(&shop, "/orders?needs=shipping", |list| ids(list).len() == 2).await;
    eventually(&shop, "/inventory/shortages", |list| list["items"].as_array().unwrap().is_empty()).await;
    for id in [&first, &second] {
        let shipped = shop.post(&format!("/orders/{id}/ship"), json!({})).await;
        assert_eq!(shipped.status, 201, "{}", shipped.json());
    }
    eventually(&shop, "/orders?needs=shipping", |list| ids(list).is_empty()).await;
    let problem = shop.get("/orders?needs=sleep").await.problem(400, "invalid-parameter");
    assert!(problem["detail"].as_str().unwrap().contains("shipping or stock"), "{problem}");
    shop.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_move_to_the_location_that_has_the_units() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 2).await;
    let id = order(&shop, 2).await;
    shop.open_location("york").await;
    shop.post("/inventory/MUG/receive", json!({ "location": "york", "quantity": 1 })).await;
    shop.post("/inventory/MUG/adjust", json!({ "delta": -1, "reason": "broken" })).await;
    let at = |view: &Value, location: &str| {
        let allocations = view["allocations"].as_array().unwrap();
        allocations.iter().find(|part| part["location"] == location).map(|part| part["quantity"].clone())
    };
    let path = format!("/orders/{id}");
    let view = eventually(&shop, &path, |view| at(view, "york") == Some(json!(1))).await;
    assert_eq!(at(&view, "main"), Some(json!(1)));
    assert!(view["shortages"].is_null(), "{view}");
    let movements = shop.get("/inventory/MUG/movements").await.json();
    let kinds: Vec<&str> =
        movements["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"reservation_moved_in") && kinds.contains(&"reservation_moved_out"), "{kinds:?}");
    shop.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_aside_for_orders_stays_and_what_is_not_there_cannot_be_lost() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 5).await;
    shop.open_location("york").await;
    order(&shop, 3).await;
    let transfer = |quantity: u32| json!({ "from": "main", "to": "york", "quantity": quantity });
    let problem = shop.post("/inventory/MUG/transfer", transfer(3)).await.problem(409, "reserved-units");
    assert_eq!((&problem["unreserved"], &problem["on_hand"]), (&json!(2), &json!(5)));
    let problem = shop.post("/inventory/MUG/transfer", transfer(6)).await.problem(409, "not-there");
    assert_eq!((&problem["requested"], &problem["on_hand"]), (&json!(6), &json!(5)));
    let lost = json!({ "delta": -6, "reason": "stolen" });
    shop.post("/inventory/MUG/adjust", lost).await.problem(409, "not-there");
    assert_eq!(shop.post("/inventory/MUG/transfer", transfer(2)).await.status, 200);
    let policy = json!({ "safety_stock": 3, "backorder_limit": 0 });
    assert_eq!(shop.post("/inventory/MUG/policy", policy).await.status, 200, "it bounds selling alone");
    shop.stopped().await;
}
