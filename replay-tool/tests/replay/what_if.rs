//! `what-if`: no rule is history itself; each kind of rule changes what it should, and nothing else.

use crate::{
    data::Data,
    shop::{Book, SECOND, cart_id},
};
use daybook_domain::{
    OrderId,
    order::{OrderEvent, OrderPlaced, OrderRejected, RejectReason},
};
use daybook_event_log::{EventLog as _, StreamId, Version};
use serde_json::Value;
use std::fs;

fn what_if(data: &Data, rules: &str) -> Value {
    let path = data.path("rules.json");
    fs::write(&path, rules).unwrap();
    data.json(&["what-if", "--rules", path.to_str().unwrap()])
}

/// Six orders of 1 and 2 units of 250 pence; two of them shipped.
fn day() -> Data {
    Data::of(&Book::day(8))
}

/// Three units, one order that takes two, and one that was refused two more.
fn scarce() -> (Data, OrderId) {
    let mut book = Book::default();
    book.product(0, 250);
    book.receive(0, 3, 3);
    book.cart(cart_id(0), &[(0, 2)]);
    let order_id = book.order(cart_id(0), &[(0, 2)]);
    let stream = StreamId::new("order", order_id).unwrap();
    let first = futures::executor::block_on(book.log.read_stream(&stream, Version::new(1), 1)).unwrap();
    let placed: OrderPlaced = serde_json::from_slice(first[0].payload()).unwrap();
    let (cart, order_id) = (cart_id(1), cart_id(1).order_id());
    let payment_id = order_id.payment_id();
    let placed = OrderPlaced { order_id, cart_id: cart, payment_id, number: order_id.number(), ..placed };
    let skus = vec![placed.lines[0].sku.clone()];
    let reason = RejectReason::OutOfStock { sku: skus[0].clone(), requested: 2, available: 1 };
    let rejected = OrderRejected { order_id, cart_id: cart, payment_id, reason, allocated: false, skus };
    book.write(
        order_id,
        [OrderEvent::OrderPlaced(placed).into(), OrderEvent::OrderRejected(rejected).into()],
    );
    (Data::of(&book), order_id)
}

#[test]
fn without_a_rule_history_itself_comes_out() {
    for data in [day(), scarce().0] {
        let outcome = what_if(&data, "{}");
        assert_eq!(outcome["same_as_history"], true, "{outcome}");
        assert_eq!(outcome["orders_standing"]["was"], outcome["orders_standing"]["would_be"]);
    }
}

#[test]
fn prices_change_revenue_and_no_order() {
    let outcome = what_if(&day(), r#"{"prices":{"factor":"1.10"}}"#);
    assert_eq!(outcome["revenue"]["GBP"]["was"], 6 * 3 * 250);
    assert_eq!(outcome["revenue"]["GBP"]["would_be"], 6 * 3 * 275);
    assert_eq!(outcome["orders_standing"]["would_be"], 6);
    assert_eq!(outcome["same_as_history"], false);
}

#[test]
fn more_safety_stock_or_a_closed_location_loses_orders_and_says_which_sku_was_short() {
    for rules in [
        r#"{"safety_stock":[{"units":9999,"skus":["SKU-0"]},{"units":0}]}"#,
        r#"{"closed":[{"location":"main","from":"1970-01-01"}]}"#,
        r#"{"replenishment_delay":[{"days":400}]}"#,
    ] {
        let outcome = what_if(&day(), rules);
        let lost = outcome["orders_lost"].as_array().unwrap().len() as u64;
        assert!(lost > 0 && outcome["orders_gained"].as_array().unwrap().is_empty(), "{rules}: {outcome}");
        assert_eq!(outcome["orders_standing"]["would_be"], 6 - lost);
        let refused = outcome["stock_outs"].as_array().unwrap().iter();
        assert_eq!(refused.map(|one| one["would_be"]["orders"].as_u64().unwrap()).sum::<u64>(), lost);
    }
}

#[test]
fn a_backorder_limit_gains_the_order_that_was_refused_but_not_when_it_is_too_low() {
    let (data, order_id) = scarce();
    let outcome = what_if(&data, r#"{"backorder_limit":[{"units":1}]}"#);
    assert_eq!(outcome["orders_gained"][0]["order_id"], order_id.to_string());
    assert_eq!(outcome["stock_outs"][0]["was"]["orders"], 1);
    assert_eq!(outcome["stock_outs"][0]["would_be"]["orders"], 0);
    let outcome = what_if(&data, r#"{"backorder_limit":[{"units":1,"skus":["SKU-9"]}]}"#);
    assert_eq!(outcome["orders_gained"], Value::Array(Vec::new()));
}

#[test]
fn the_outcome_is_written_as_tables_for_others_and_never_over_them() {
    let data = day();
    let (rules, folder) = (data.path("rules.json"), data.path("outcome"));
    fs::write(&rules, r#"{"closed":[{"location":"main","from":"1970-01-01"}]}"#).unwrap();
    let arguments = ["what-if", "--rules", rules.to_str().unwrap(), "--csv", folder.to_str().unwrap()];
    let said = crate::data::good(data.run(&arguments));
    assert!(said.contains("orders lost"), "{said}");
    let table = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let stock_outs = table("stock-outs.csv");
    assert!(stock_outs.starts_with("day,sku,orders_was,orders_would_be"), "{stock_outs}");
    assert!(stock_outs.contains("1970-01-01,SKU-0,0,"), "{stock_outs}");
    assert!(table("totals.csv").contains("\norders_standing,6,0,-6\n"), "{}", table("totals.csv"));
    assert!(table("totals.csv").contains("\nrevenue_minor_GBP,4500,0,-4500\n"), "{}", table("totals.csv"));
    assert_eq!(table("orders.csv").matches(",lost\n").count(), 6);
    assert_eq!(data.run(&arguments).status.code(), Some(1), "tables are never written over");
}

#[test]
fn what_the_rules_name_and_nobody_knows_is_said() {
    let rules = r#"{"safety_stock":[{"units":1,"skus":["SKU-0","SKU-O"]}],
        "closed":[{"location":"mian","from":"1970-01-01"}],
        "prices":{"list":{"SKU-1":{"minor":1,"currency":"EUR"}}}}"#;
    let outcome = what_if(&day(), rules);
    let notes: Vec<&str> =
        outcome["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
    assert_eq!(notes.len(), 3, "{notes:?}");
    for (note, what) in notes.iter().zip(["SKU SKU-O", "currency EUR", "location mian"]) {
        assert!(note.starts_with(what), "{notes:?}");
    }
    assert_eq!(what_if(&day(), "{}")["notes"], Value::Array(Vec::new()));
}

#[test]
fn a_delivery_is_late_by_the_time_of_its_own_goods() {
    let mut book = Book::default();
    book.product(0, 250);
    book.product(1, 250);
    book.receive(0, 3, 3);
    let today = book.now_ns;
    // An import writes streams side by side: what happened to other goods a month later is on record already.
    book.now_ns += 30 * 86_400 * SECOND;
    book.receive(1, 3, 3);
    book.now_ns = today;
    book.cart(cart_id(0), &[(0, 2)]);
    book.order(cart_id(0), &[(0, 2)]);
    let outcome = what_if(&Data::of(&book), r#"{"replenishment_delay":[{"days":7}]}"#);
    assert_eq!(outcome["orders_lost"].as_array().unwrap().len(), 1, "{outcome}");
}
