//! What HTTP's standards promise to any client: statuses and addresses of what is created, codings, conditions, headers.

use crate::common::{Answer, Shop, shop};
use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};
use std::io::Read as _;

/// A confirmed order of two mugs; its id.
async fn ordered(shop: &Shop) -> String {
    shop.stock("MUG", 1299, 10).await;
    let cart = shop.cart(&[("MUG", 2)]).await;
    let placed = shop.checkout(&cart, "tok_visa").await;
    placed.json()["id"].as_str().expect("an order has an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_creates_is_201_with_an_address_and_one_that_changes_is_200() {
    let shop = shop().await;
    let product = |title: &str| {
        json!({ "state": "published", "title": title, "variants": [{ "sku": "S" }] }).to_string()
    };
    let key = [("idempotency-key", "put-1")];
    let put = async |title: &str, headers: &[(&str, &str)]| {
        shop.ask(Method::PUT, "/products/p", headers, &product(title)).await
    };
    let created = put("One", &key).await;
    assert_eq!((created.status.as_u16(), created.header("location")), (201, "/products/p"));
    assert_eq!(put("Two", &[]).await.status, 200);
    let again = put("One", &key).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
    let shown = shop.get(&format!("/products/p?min_position={}", shop.head())).await;
    assert_eq!(shown.json()["title"], "Two");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shipping_returning_and_crediting_make_has_an_address_that_shows_it() {
    let shop = shop().await;
    let order = ordered(&shop).await;
    let at = format!("/orders/{order}");
    let line = json!({ "lines": [{ "line_id": 1, "quantity": 1 }] });
    let shipped = shop.post(&format!("{at}/ship"), json!({ "carrier": "Royal Mail" })).await;
    assert_eq!(shop.ask(Method::POST, &format!("{at}/deliver"), &[], "").await.status, 200);
    let returned = shop.post(&format!("{at}/return"), line).await;
    let credit =
        json!({ "kind": "discount", "label": "late", "amount": { "minor": 100, "currency": "GBP" } });
    let mut credited = shop.post(&format!("{at}/credit"), credit.clone()).await;
    while credited.status == 409 {
        // What is given back has to have been captured, which follows the shipment.
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        credited = shop.post(&format!("{at}/credit"), credit.clone()).await;
    }
    for (made, member, shows) in [
        (&shipped, "shipment_id", json!({ "carrier": "Royal Mail" })),
        (&returned, "return_id", json!({ "refund": { "minor": 1299, "currency": "GBP" } })),
        (&credited, "credit_id", json!({ "label": "late" })),
    ] {
        assert_eq!(made.status, 201, "{made:?}");
        let location = made.header("location");
        assert!(location.ends_with(made.json()[member].as_str().expect("it has an id")), "{location}");
        let shown = shop.get(&format!("{location}?min_position={}", shop.head())).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        for (name, value) in shows.as_object().expect("an object") {
            assert_eq!(shown.json()[name], *value);
        }
        let tag = shown.header("etag").to_owned();
        assert_eq!(shop.ask(Method::GET, location, &[("if-none-match", &tag)], "").await.status, 304);
    }
    let other = "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90";
    shop.get(&format!("{at}/shipments/{other}")).await.problem(404, "not-found");
    shop.get(&format!("/orders/{other}/shipments/{other}")).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_list_and_one_made_up_are_refused() {
    let shop = shop().await;
    for sku in ["A", "B", "C"] {
        let product = json!({ "state": "published", "title": sku, "brand": "Falcon", "category": ["Home"],
            "variants": [{ "sku": sku }] });
        assert_eq!(shop.put(&format!("/products/{sku}"), product).await.status, 201);
    }
    let first =
        shop.get(&format!("/products?category=Home&limit=1&min_position={}", shop.head())).await.json();
    let next = first["next"].as_str().expect("there is more").to_owned();
    let second = shop.get(&format!("/products?limit=2&category=Home&cursor={next}")).await.json();
    assert_eq!(second["items"].as_array().map(Vec::len), Some(2), "the page's size may change: {second}");
    let (begin, end) = next.split_at(next.len() - 4);
    for wrong in [
        format!("/products?limit=1&cursor={next}"),
        format!("/products?brand=Falcon&cursor={next}"),
        format!("/orders?customer_id=1&cursor={next}"),
        format!("/inventory/A/movements?cursor={next}"),
        format!("/products?category=Home&cursor={begin}AAAA"),
        format!("/products?category=Home&cursor={end}"),
        "/products?category=Home&cursor=bm9uc2Vuc2U".to_owned(),
        "/products?category=Home&cursor=".to_owned(),
    ] {
        let problem = shop.get(&wrong).await.problem(400, "invalid-parameter");
        assert_eq!(problem["parameter"], "cursor", "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codings_that_nothing_decodes_and_addresses_that_are_no_text_are_refused() {
    let shop = shop().await;
    let send = async |name: &str, value: &str| -> Answer {
        let request = Request::post("/carts").header("content-type", "application/json").header(name, value);
        shop.send(request.body(Body::from(r#"{"currency":"GBP"}"#)).expect("a request")).await
    };
    let coded = send("content-encoding", "gzip").await;
    coded.problem(415, "unsupported-media-type");
    assert_eq!(coded.header("accept-encoding"), "identity");
    send("transfer-encoding", "gzip, chunked").await.problem(501, "unknown-transfer-coding");
    assert_eq!(send("content-encoding", "Identity").await.status, 201);
    let of_type = async |media_type: &str| {
        let request = Request::post("/carts").header("content-type", media_type);
        shop.send(request.body(Body::from(r#"{"currency":"GBP"}"#)).expect("a request")).await.status.as_u16()
    };
    for (media_type, status) in [
        ("Application/JSON; Charset=\"UTF-8\"", 201),
        ("application/vnd.shop+JSON", 201),
        ("application/json; charset=latin1", 415),
        ("text/json", 415),
    ] {
        assert_eq!(of_type(media_type).await, status, "{media_type}");
    }
    for path in ["/products?brand=%FF", "/search?q=%C3", "/products/%FF", "/nowhere/%FF"] {
        shop.get(path).await.problem(400, "invalid-parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accept_is_read_by_weight_and_in_any_case() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 1).await;
    let of =
        async |accept: &str| shop.ask(Method::GET, "/events?follow=false", &[("accept", accept)], "").await;
    for (accept, media_type) in [
        ("Text/Event-Stream", "text/event-stream"),
        ("text/event-stream;q=0.1, application/jsonl", "application/jsonl"),
        ("text/event-stream;q=0, */*", "application/jsonl"),
        ("APPLICATION/*;v=1", "application/jsonl"),
    ] {
        assert_eq!(of(accept).await.header("content-type"), media_type, "{accept}");
    }
    of("application/jsonl;q=0").await.problem(406, "not-acceptable");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_compressed_for_who_takes_it_with_a_tag_of_their_own() {
    let shop = shop().await;
    let product = json!({ "state": "published", "title": "T", "description": "long ".repeat(500), "variants": [{ "sku": "S" }] });
    shop.put("/products/p", product).await;
    shop.get(&format!("/products/p?min_position={}", shop.head())).await;
    for path in ["/openapi.json", "/products/p"] {
        let plain = shop.get(path).await;
        let coded = shop.ask(Method::GET, path, &[("accept-encoding", "br, GZIP")], "").await;
        assert_eq!(
            (coded.header("content-encoding"), coded.header("vary")),
            ("gzip", "accept-encoding"),
            "{path}"
        );
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&*coded.body).read_to_end(&mut text).expect("it is gzip");
        assert!(text == plain.body && coded.body.len() * 2 < plain.body.len(), "{path}");
        assert_ne!(coded.header("etag"), plain.header("etag"), "{path}");
        for tag in [coded.header("etag"), plain.header("etag")] {
            let headers = [("accept-encoding", "gzip"), ("if-none-match", tag)];
            let again = shop.ask(Method::GET, path, &headers, "").await;
            assert_eq!((again.status.as_u16(), again.header("etag")), (304, tag), "{path}");
        }
        let refused = shop.ask(Method::GET, path, &[("accept-encoding", "gzip;q=0")], "").await;
        assert!(!refused.headers.contains_key("content-encoding"), "{path}");
    }
    let small = shop.ask(Method::GET, "/livez", &[("accept-encoding", "gzip")], "").await;
    assert!(!small.headers.contains_key("content-encoding"));
    let feed = [("accept-encoding", "gzip"), ("accept", "text/event-stream")];
    let feed = shop.ask(Method::GET, "/events?follow=false", &feed, "").await;
    assert!(!feed.headers.contains_key("content-encoding"), "a feed is not held back by a compressor");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_who_may_keep_it_and_that_it_is_what_it_says() {
    let shop = shop().await;
    let order = ordered(&shop).await;
    let cases: [(&str, &str); 7] = [
        (&format!("/orders/{order}"), "private, no-cache"),
        ("/orders?customer_id=1", "no-store"),
        ("/products/p-MUG", "private, no-cache"),
        ("/openapi.json", "private, no-cache"),
        ("/problems/conflict", "public, max-age=3600"),
        ("/nowhere", "no-store"),
        ("/docs/", "public, max-age=3600"),
    ];
    for (path, kept) in cases {
        let answer = shop.get(path).await;
        assert_eq!(answer.header("cache-control"), kept, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert_eq!(policy.contains("script-src 'self'"), path.starts_with("/docs"), "{path}: {policy}");
    }
    let made = shop.post("/carts", json!({ "currency": "GBP" })).await;
    assert_eq!(made.header("cache-control"), "no-store");
    let page = String::from_utf8(shop.get("/docs/").await.body).expect("a page is text");
    assert!(!page.contains("<script>"), "the policy lets no script in the page itself run: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_try_again_is_told_when() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 1).await;
    let beyond = format!("/products?min_position={}&wait_ms=1", shop.head() + 1);
    let late = shop.get(&beyond).await;
    assert!(late.status.is_client_error() || late.header("retry-after") == "1", "{late:?}");
    let document: Value = shop.get("/openapi.json").await.json();
    let mut told = 0;
    for operation in document["paths"]
        .as_object()
        .expect("paths")
        .values()
        .flat_map(|item| item.as_object())
        .flat_map(|item| item.values())
    {
        for status in ["503", "504", "507"] {
            if let Some(response) = operation["responses"].get(status) {
                assert!(
                    response["headers"]["Retry-After"].is_object(),
                    "{} {status}",
                    operation["operationId"]
                );
                told += 1;
            }
        }
    }
    assert!(told > 50, "only {told} answers say when to try again");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_of_the_origins_that_the_operator_allows_may_read_answers() {
    let origin = "https://admin.example";
    let strict = shop().await;
    let answer = strict.ask(Method::GET, "/products", &[("origin", origin)], "").await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "by default none");
    let limits =
        daybook_api::Limits { allowed_origins: vec![origin.to_owned()], ..daybook_api::Limits::default() };
    let shop = crate::common::shop_with(limits).await;
    let answer = shop.ask(Method::GET, "/products", &[("origin", origin)], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    assert!(answer.header("access-control-expose-headers").contains("etag"), "{answer:?}");
    let asks = [("origin", origin), ("access-control-request-method", "PUT")];
    let asked = shop.ask(Method::OPTIONS, "/products/p", &asks, "").await;
    assert_eq!(asked.status, 204);
    assert!(asked.header("access-control-allow-headers").contains("idempotency-key"), "{asked:?}");
    let other = shop.ask(Method::GET, "/products", &[("origin", "https://evil.example")], "").await;
    assert!(!other.headers.contains_key("access-control-allow-origin"));
    assert_eq!(other.header("vary"), "origin");
}
