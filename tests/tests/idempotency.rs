//! A command is executed once, however often and from however many sides it is asked; and many buyers after the
//! same stock get exactly what is there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_tests::{
    on_each_store,
    shop::{Answer, On, TestShop, cart_body, text},
};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_each_store!(
    the_same_key_gives_the_same_answer_and_one_event_also_after_restarts,
    the_same_key_from_many_sides_at_once_is_one_event,
    checkouts_racing_on_one_cart_give_one_order,
    many_buyers_after_the_same_stock_get_exactly_what_is_there,
);

const TOKEN: &str = r#"{"payment_token":"tok_visa"}"#;

fn token() -> Value {
    serde_json::from_str(TOKEN).unwrap()
}

async fn with_key(shop: &TestShop, path: &str, key: &str, body: &Value) -> Answer {
    shop.ask(Method::POST, path, &[("idempotency-key", key)], Some(body)).await.unwrap()
}

fn same(first: &Answer, second: &Answer) {
    assert_eq!(first.status, second.status, "{}", second.text());
    let (first, second) = (first.json(), second.json());
    for member in ["id", "position", "version", "number", "lines"] {
        assert_eq!(first[member], second[member], "{member}: {first} {second}");
    }
}

async fn the_same_key_gives_the_same_answer_and_one_event_also_after_restarts(on: On) {
    let mut shop = TestShop::start_on(on).await;
    let _ = shop.put_product("MUG", 1299).await;
    let delivery = json!({ "quantity": 5, "reference": "delivery note 7" });
    let received = with_key(&shop, "/inventory/MUG/receive", "k-1", &delivery).await.expect(200);
    let cart = with_key(&shop, "/carts", "k-2", &cart_body(&[("MUG", 2)])).await.expect(201);
    let checkout = format!("/carts/{}/checkout", text(&cart.json()["id"]));
    let order = with_key(&shop, &checkout, "k-3", &token()).await.expect(201);
    let head = shop.settled().await;

    for round in 0..3 {
        same(&received, &with_key(&shop, "/inventory/MUG/receive", "k-1", &delivery).await);
        same(&cart, &with_key(&shop, "/carts", "k-2", &cart_body(&[("MUG", 2)])).await);
        same(&order, &with_key(&shop, &checkout, "k-3", &token()).await);
        let other = with_key(&shop, "/inventory/MUG/receive", "k-1", &json!({ "quantity": 6 })).await;
        other.problem(422, "idempotency-key-reused");
        assert_eq!(shop.settled().await, head, "a retry wrote something");
        match round {
            0 => shop.kill(),
            _ => shop.stop().await,
        }
        shop.restart().await;
    }
    assert_eq!(shop.stock("MUG").await["on_hand"], 5);
}

async fn the_same_key_from_many_sides_at_once_is_one_event(on: On) {
    let shop = TestShop::start_on(on).await;
    let _ = shop.put_product("POT", 3999).await;
    for round in 0..10 {
        let (key, body) = (format!("at-once-{round}"), json!({ "quantity": 3 }));
        let before = shop.head().await;
        let asked = (0..8).map(|_| with_key(&shop, "/inventory/POT/receive", &key, &body));
        let answers = join_all(asked).await;
        for answer in &answers {
            same(&answers[0], answer);
        }
        assert_eq!(answers[0].status, 200, "{}", answers[0].text());
        assert_eq!(shop.head().await, before + 1);
    }
    let head = shop.head().await;
    let stock = shop.get(&format!("/inventory/POT?min_position={head}")).await.expect(200).json();
    assert_eq!(stock["on_hand"], 30);
}

async fn checkouts_racing_on_one_cart_give_one_order(on: On) {
    let shop = TestShop::start_on(on).await;
    let _ = shop.put_product("MUG", 1299).await;
    let _ = shop.receive("MUG", 1_000).await;
    for round in 0..8 {
        let cart = shop.cart(&[("MUG", 2)]).await;
        let keys: Vec<_> = (0..6).map(|buyer| format!("race-{round}-{buyer}")).collect();
        let path = format!("/carts/{cart}/checkout");
        let token = token();
        let answers = join_all(keys.iter().map(|key| with_key(&shop, &path, key, &token))).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(Answer::text).collect::<Vec<_>>());
        for lost in answers.iter().filter(|answer| answer.status != 201) {
            let problem = lost.problem(409, "conflict");
            assert_eq!(problem["order_id"], won[0].json()["id"], "{problem}");
        }
    }
    shop.settled().await;
    let events = shop.events().await;
    assert_eq!(events.iter().filter(|event| event["type"] == "OrderPlaced").count(), 8);
    assert_eq!(shop.stock("MUG").await["reserved"], 16);
}

async fn many_buyers_after_the_same_stock_get_exactly_what_is_there(on: On) {
    const STOCK: u32 = 25;
    let shop = TestShop::start_on(on).await;
    let _ = shop.put_product("HOT", 500).await;
    let _ = shop.receive("HOT", STOCK).await;
    let buyers = (0..60).map(|_| async {
        let cart = shop.cart(&[("HOT", 1)]).await;
        let answer = shop.checkout(&cart, "tok_visa").await;
        match answer.status {
            201 => Some(text(&answer.json()["id"])),
            202 => {
                shop.settled().await;
                let order = shop.order(&text(&answer.json()["id"])).await;
                (order["state"] == "confirmed").then(|| text(&order["id"]))
            }
            _ => {
                let problem = answer.problem(409, "out-of-stock");
                assert_eq!((&problem["requested"], &problem["available"]), (&json!(1), &json!(0)));
                None
            }
        }
    });
    let sold: Vec<_> = join_all(buyers).await.into_iter().flatten().collect();
    assert_eq!(sold.len(), STOCK as usize);
    assert_eq!(sold.iter().collect::<BTreeSet<_>>().len(), STOCK as usize, "an order was sold twice");
    shop.settled().await;
    let stock = shop.stock("HOT").await;
    assert_eq!((&stock["reserved"], &stock["available"]), (&json!(STOCK), &json!(0)), "{stock}");
}
