//! `POST /quotes`: what a basket of articles costs by the catalog's prices, what is not for sale, and that nothing is
//! written.

use crate::common::shop;
use serde_json::{Value, json};

fn body(lines: &[(&str, u32)]) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
    json!({ "currency": "GBP", "lines": lines })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_basket_is_priced_by_the_catalog_and_nothing_is_written() {
    let shop = shop().await;
    shop.stock("MUG", 1_299, 5).await;
    shop.stock("CUP", 301, 5).await;
    let head = shop.head();
    let answer = shop.post("/quotes", body(&[("MUG", 2), ("GONE", 1), ("CUP", 3)])).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let quote = answer.json();
    assert_eq!(quote["totals"]["total"], 2 * 1_299 + 3 * 301);
    assert_eq!(quote["blockers"], json!([{ "why": "not_for_sale", "line_id": 2, "sku": "GONE" }]));
    let lines: Vec<(&Value, &Value)> = quote["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| (&line["line_id"], &line["gross"]))
        .collect();
    assert_eq!(lines, [(&json!(1), &json!(2_598)), (&json!(3), &json!(903))]);
    assert_eq!(quote["lines"][0]["price"][0], "base");
    // The same basket has the same id, another one another.
    let again = shop.post("/quotes", body(&[("MUG", 2), ("GONE", 1), ("CUP", 3)])).await.json();
    assert_eq!(again["id"], quote["id"]);
    assert_ne!(shop.post("/quotes", body(&[("MUG", 3)])).await.json()["id"], quote["id"]);
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_price_is_in_the_next_quote() {
    let shop = shop().await;
    shop.stock("MUG", 1_000, 5).await;
    let before = shop.post("/quotes", body(&[("MUG", 1)])).await.json();
    shop.stock("MUG", 1_100, 5).await;
    let after = shop.post("/quotes", body(&[("MUG", 1)])).await.json();
    assert_eq!((&before["totals"]["total"], &after["totals"]["total"]), (&json!(1_000), &json!(1_100)));
    assert_ne!(before["id"], after["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_priced_is_refused_by_its_place() {
    let shop = shop().await;
    let many: Vec<(&str, u32)> = vec![("MUG", 1); 10_000];
    let refused = shop.post("/quotes", body(&many)).await.problem(422, "invalid-body");
    assert_eq!(refused["errors"][0]["pointer"], "/lines");
    for wrong in [
        json!({ "currency": "GBP" }),
        json!({ "currency": "XXQ", "lines": [] }),
        json!({ "currency": "GBP", "lines": [{ "sku": "MUG", "quantity": 0 }] }),
        json!({ "currency": "GBP", "lines": [{ "sku": "MUG", "quantity": 1, "unit_price": 1 }] }),
        json!({ "currency": "GBP", "lines": [], "charges": [] }),
    ] {
        shop.post("/quotes", wrong).await.problem(422, "invalid-body");
    }
    let nothing = shop.post("/quotes", body(&[])).await.json();
    assert_eq!(
        (&nothing["blockers"], &nothing["totals"]["total"]),
        (&json!([{ "why": "no_lines" }]), &json!(0))
    );
}
