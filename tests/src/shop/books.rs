//! The books: what the log, the orders, the payments and the stock must agree on.

#![expect(clippy::unwrap_used, reason = "a check that cannot go on has failed")]

use super::{Purchase, ShopClient, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn of_type<'a>(events: &'a [Value], kind: &str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["type"] == kind)
}

fn number(value: &Value) -> u64 {
    text(value).parse().unwrap()
}

/// Positions are dense, versions are dense within their stream, and no event is there twice.
pub fn the_log_is_whole(events: &[Value]) {
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (at, event) in events.iter().enumerate() {
        assert_eq!(number(&event["position"]), at as u64 + 1);
        let version = versions.entry(text(&event["subject"])).or_default();
        *version += 1;
        assert_eq!(number(&event["streamversion"]), *version, "{event}");
        assert!(ids.insert(text(&event["id"])), "twice: {event}");
    }
}

pub fn every_cart_has_one_order_at_most_and_every_order_one_end(events: &[Value], ledger: &[Purchase]) {
    let submitted: BTreeSet<_> = ledger.iter().map(Purchase::cart_id).collect();
    assert_eq!(submitted.len(), ledger.len(), "two keys made one cart");
    let made: BTreeSet<_> =
        of_type(events, "CartCreated").map(|event| text(&event["data"]["cart_id"])).collect();
    assert_eq!(made, submitted, "the shop's carts are not those that were acknowledged");

    let mut ends: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut order_of: BTreeMap<String, String> = BTreeMap::new();
    for event in events {
        let kind = event["type"].as_str().unwrap();
        match kind {
            "OrderPlaced" => {
                let order = text(&event["data"]["order_id"]);
                let second = order_of.insert(text(&event["data"]["cart_id"]), order.clone());
                assert!(second.is_none(), "a cart has two orders: {event}");
                assert!(ends.insert(order, Vec::new()).is_none(), "placed twice: {event}");
            }
            "OrderConfirmed" | "OrderRejected" | "OrderCancelled" => {
                ends.get_mut(&text(&event["data"]["order_id"])).expect("placed before it ends").push(kind);
            }
            _ => {}
        }
    }
    assert!(ends.values().all(|ends| ends.len() == 1), "{ends:?}");
    for purchase in ledger {
        let order = &order_of[&purchase.cart_id()];
        let answer = &purchase.checkout.answer;
        match answer.status {
            201 => assert_eq!(ends[order], ["OrderConfirmed"], "{}", answer.text()),
            402 | 409 => assert_eq!(ends[order], ["OrderRejected"], "{}", answer.text()),
            _ => {}
        }
    }
}

pub async fn payments_agree_with_their_orders(shop: &ShopClient, events: &[Value]) {
    let mut payment_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in of_type(events, "AuthorizationRequested") {
        let stream = text(&event["subject"]);
        payment_of.entry(text(&event["data"]["order_id"])).or_default().insert(stream);
    }
    assert!(
        payment_of.values().all(|payments| payments.len() == 1),
        "an order has two payments: {payment_of:?}"
    );
    for placed in of_type(events, "OrderPlaced") {
        let order = shop.order(placed["data"]["order_id"].as_str().unwrap()).await;
        let payment = &order["payment"];
        match order["state"].as_str().unwrap() {
            "confirmed" => {
                assert_eq!(payment["state"], "authorized", "{order}");
                assert_eq!(payment["authorized"], order["total"], "{order}");
            }
            "rejected" => {
                let over = ["pending", "declined", "voided", "called_off"];
                assert!(over.iter().any(|state| payment["state"] == *state), "{order}");
                let asked = payment_of.contains_key(&text(&order["id"]));
                assert!(
                    !asked || payment["state"] != "pending",
                    "still asking for a rejected order: {order}"
                );
            }
            state => panic!("an order is {state}: {order}"),
        }
    }
}

/// What is reserved is what confirmed orders wait for, and the movements add up to what is there.
pub async fn stock_agrees_with_orders_and_movements(
    shop: &ShopClient,
    events: &[Value],
    articles: &[(&str, u32)],
) {
    let mut wanted: BTreeMap<String, i64> = BTreeMap::new();
    for confirmed in of_type(events, "OrderConfirmed") {
        let order = shop.order(confirmed["data"]["order_id"].as_str().unwrap()).await;
        for line in order["lines"].as_array().unwrap() {
            *wanted.entry(text(&line["sku"])).or_default() += line["ordered"].as_i64().unwrap();
        }
    }
    for (sku, received) in articles {
        let stock = shop.stock(sku).await;
        let unit = |name: &str| stock[name].as_i64().unwrap();
        assert_eq!(unit("on_hand"), i64::from(*received), "{stock}");
        assert_eq!(unit("reserved"), wanted.get(*sku).copied().unwrap_or_default(), "{stock}");
        assert_eq!(unit("available"), unit("on_hand") - unit("reserved"), "{stock}");
        assert!(unit("available") >= 0, "oversold: {stock}");
        let (mut on_hand, mut reserved) = (0, 0);
        for movement in movements(shop, sku).await {
            on_hand += movement["on_hand_delta"].as_i64().unwrap();
            reserved += movement["reserved_delta"].as_i64().unwrap();
        }
        assert_eq!(
            (on_hand, reserved),
            (unit("on_hand"), unit("reserved")),
            "{sku}: movements do not explain"
        );
    }
}

async fn movements(shop: &ShopClient, sku: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page =
            shop.get(&format!("/inventory/{sku}/movements?limit=100{cursor}")).await.expect(200).json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}
