//! Who owns a SKU is decided once: two products never sell the same one, and what an archived product says of it
//! changes nothing.

use crate::common::{Shop, shop};
use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};

fn product(status: &str, sku: &str, minor: i64) -> Value {
    json!({ "state": status, "title": format!("Product with {sku}"),
        "variants": [{ "sku": sku, "prices": [{ "minor": minor, "currency": "GBP" }] }] })
}

/// Another variant.
fn add(product: &mut Value, variant: Value) {
    product["variants"].as_array_mut().expect("a product has variants").push(variant);
}

/// The status, whether it was made or changed.
async fn put(shop: &Shop, id: &str, body: Value) -> u16 {
    let status = shop.put(&format!("/products/{id}"), body).await.status.as_u16();
    if status == 201 { 200 } else { status }
}

/// What one unit costs in a new cart.
async fn price(shop: &Shop, sku: &str) -> Value {
    let lines = json!([{ "sku": sku, "quantity": 1 }]);
    let cart = shop.post("/carts", json!({ "currency": "GBP", "lines": lines })).await;
    assert_eq!(cart.status, 201, "{}", cart.json());
    cart.json()["lines"][0]["unit_price"]["minor"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_of_another_product_is_refused_with_its_owner() {
    let shop = shop().await;
    assert_eq!(put(&shop, "a", product("published", "X", 100)).await, 200);
    for status in ["draft", "published"] {
        let refused = shop.put("/products/b", product(status, "X", 200)).await.problem(409, "conflict");
        assert_eq!(refused["reason"], "SkuTaken");
        assert_eq!((&refused["sku"], &refused["product_id"]), (&json!("X"), &json!("a")));
    }
    // A product that has it beside others is refused as a whole.
    let mut two = product("published", "Y", 300);
    add(&mut two, json!({ "sku": "X" }));
    shop.put("/products/b", two).await.problem(409, "conflict");
    shop.get(&format!("/products/b?min_position={}", shop.head())).await.problem(404, "not-found");
    assert_eq!(price(&shop, "X").await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_lines_of_one_bulk_request_with_one_sku_the_second_is_refused() {
    let shop = shop().await;
    let line = |id: &str| json!({ "method": "PUT", "path": format!("/products/{id}"), "body": product("published", "X", 100) });
    let lines = format!("{}\n{}\n", line("a"), line("b"));
    let request = Request::post("/commands").header("content-type", "application/jsonl");
    let answer = shop.send(request.body(Body::from(lines)).unwrap()).await;
    let text = String::from_utf8(answer.body).unwrap();
    let mut outcomes: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    outcomes.sort_by_key(|outcome| outcome["status"].as_u64());
    assert_eq!(outcomes.iter().map(|o| o["status"].clone()).collect::<Vec<_>>(), [201, 409], "{text}");
    assert_eq!(outcomes[1]["body"]["reason"], "SkuTaken", "{text}");
    assert_eq!(outcomes[1]["body"]["product_id"], outcomes[0]["body"]["id"], "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_products_that_want_one_sku_at_once_give_one_owner() {
    let shop = shop().await;
    for round in 0..20 {
        let (sku, ids) = (format!("X{round}"), ["a", "b", "c", "d"]);
        let asked = ids.map(|id| {
            let (shop, sku) = (&shop, &sku);
            async move { put(shop, &format!("{id}{round}"), product("published", sku, 100)).await }
        });
        let mut statuses = futures::future::join_all(asked).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_product_that_is_put_again_does_not_take_a_sku_back() {
    let shop = shop().await;
    assert_eq!(put(&shop, "a", product("published", "X", 100)).await, 200);
    assert_eq!(shop.post("/products/a/archive", json!({})).await.status, 200);
    assert_eq!(put(&shop, "b", product("published", "X", 200)).await, 200, "it was given up at once");
    assert_eq!(put(&shop, "a", product("archived", "X", 300)).await, 200);
    assert_eq!(price(&shop, "X").await, 200);
    let position = shop.head();
    let found = shop.get(&format!("/products?sku=X&min_position={position}")).await.json();
    assert_eq!(found["items"][0]["id"], "b");
    shop.put("/products/a", product("published", "X", 300)).await.problem(409, "conflict");

    let rebuild = shop.post("/admin/projections/catalog/rebuild", json!({})).await;
    assert!(rebuild.status.is_success(), "{}", rebuild.json());
    let shop = shop.reopened(daybook_api::Limits::default()).await;
    let found = shop.get(&format!("/products?sku=X&min_position={}", shop.head())).await.json();
    assert_eq!(found["items"][0]["id"], "b");
    assert_eq!(price(&shop, "X").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_that_is_given_up_can_be_had_at_once() {
    let shop = shop().await;
    let mut both = product("published", "X", 100);
    add(&mut both, json!({ "sku": "Y", "prices": [{ "minor": 150, "currency": "GBP" }] }));
    assert_eq!(put(&shop, "a", both.clone()).await, 200);
    // Dropped, taken by another, archived there, and back again.
    assert_eq!(put(&shop, "a", product("published", "Y", 150)).await, 200);
    assert_eq!(put(&shop, "b", product("published", "X", 200)).await, 200);
    shop.put("/products/a", both.clone()).await.problem(409, "conflict");
    assert_eq!(put(&shop, "b", product("archived", "X", 200)).await, 200);
    assert_eq!(put(&shop, "a", both).await, 200);
    assert_eq!(price(&shop, "X").await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_costs_one_event_more_for_each_sku_and_none_when_it_is_put_again() {
    let shop = shop().await;
    let mut both = product("published", "X", 100);
    add(&mut both, json!({ "sku": "Y" }));
    assert_eq!(put(&shop, "a", both.clone()).await, 200);
    assert_eq!(shop.head(), 3);
    both["title"] = json!("Another title");
    assert_eq!(put(&shop, "a", both).await, 200);
    assert_eq!(shop.head(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_a_product_is_answered_though_its_sku_is_anothers_now() {
    let shop = shop().await;
    let (key, body) = ([("idempotency-key", "put-a")], product("published", "X", 100).to_string());
    let first = shop.ask(Method::PUT, "/products/a", &key, &body).await;
    assert_eq!(first.status, 201, "{}", first.json());
    assert_eq!(shop.post("/products/a/archive", json!({})).await.status, 200);
    assert_eq!(put(&shop, "b", product("published", "X", 200)).await, 200);
    let head = shop.head();
    let again = shop.ask(Method::PUT, "/products/a", &key, &body).await;
    assert_eq!((again.status, &again.json()["position"]), (first.status, &first.json()["position"]));
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_may_have_several_barcodes_and_those_that_are_gtins_are_checked() {
    let shop = shop().await;
    let with = |barcodes: Value| {
        let mut body = product("published", "X", 100);
        body["variants"][0]["barcodes"] = barcodes;
        body
    };
    let codes = json!(["96385074", "036000291452", "4006381333931", "5012345678900", "SHELF 12-B"]);
    let answer = shop.put("/products/a", with(codes.clone())).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let shown = shop.get(&format!("/products/a?min_position={}", shop.head())).await.json();
    assert_eq!(shown["variants"][0]["barcodes"], codes);
    let found = shop.get(&format!("/search?q=036000291452&min_position={}", shop.head())).await.json();
    assert_eq!(found["total"]["value"], 1, "{found}");
    for wrong in ["96385075", "036000291453", "4006381333932", "00012345600013"] {
        let refused = shop.put("/products/a", with(json!([wrong]))).await.problem(422, "invalid-command");
        assert_eq!(refused["errors"][0]["pointer"], "/variants/0/barcodes/0");
    }
    shop.put("/products/a", with(json!(["X1", "X1"]))).await.problem(422, "invalid-command");
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_hold_paragraphs_and_long_lists_up_to_the_bounds_of_the_document() {
    let shop = shop().await;
    let with = |value: Value| {
        let mut body = product("published", "X", 100);
        body["attributes"] = json!({ "care": value });
        body
    };
    let texts = |count: usize| json!((0..count).map(|n| format!("value {n}")).collect::<Vec<_>>());
    for value in [json!("e".repeat(20_000)), texts(1_000)] {
        assert_eq!(put(&shop, "a", with(value)).await, 200);
    }
    for value in [json!("e".repeat(20_001)), texts(1_001)] {
        shop.put("/products/a", with(value)).await.problem(422, "invalid-body");
    }
}
/// As real catalogues have them.
#[tokio::test(flavor = "multi_thread")]
async fn a_sku_may_have_any_character_that_a_label_can_show() {
    let shop = shop().await;
    let skus = [
        "A/1",
        "M4+NUT",
        "#12",
        "R&D",
        "12:30",
        "BLUE MUG 2",
        "50%OFF",
        "A?B",
        "a=b;c",
        "'~\"<>|\\^`{}[]@!$*(),",
    ];
    for (at, sku) in skus.into_iter().enumerate() {
        assert_eq!(put(&shop, &format!("p{at}"), product("published", sku, 100)).await, 200, "{sku}");
        let encoded: String = sku.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let receive = shop.post(&format!("/inventory/{encoded}/receive"), json!({ "quantity": 3 })).await;
        assert_eq!((receive.status.as_u16(), &receive.json()["id"]), (200, &json!(sku)), "{sku}");
        let cart = shop.cart(&[(sku, 1)]).await;
        let order = shop.checkout(&cart, "tok_visa").await;
        assert_eq!(order.status, 201, "{sku}: {}", order.json());
        let position = format!("min_position={}", shop.head());
        let stock = shop.get(&format!("/inventory/{encoded}?{position}")).await.json();
        assert_eq!((&stock["sku"], &stock["reserved"]), (&json!(sku), &json!(1)));
        let found = shop.get(&format!("/products?sku={encoded}&{position}")).await.json();
        assert_eq!(found["items"][0]["variants"][0]["sku"], sku);
        let moved = shop.get(&format!("/inventory/{encoded}/movements?{position}")).await.json();
        assert!(moved["items"].as_array().is_some_and(|items| !items.is_empty()), "{sku}: {moved}");
    }
    for sku in ["", " A", "A ", ".", "..", "A\tB", "GR\u{d6}SSE"] {
        let answer = shop.put("/products/q", product("published", sku, 100)).await;
        answer.problem(422, "invalid-body");
    }
}
