//! Retries, conditions and reading one's own writes.

use crate::common::{shop, shop_of};
use axum::http::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_retried_under_its_key_happens_once_and_answers_the_same() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let body = json!({ "currency": "GBP", "lines": [{ "sku": "MUG", "quantity": 2 }] }).to_string();
    let key = [("idempotency-key", "cart-1")];
    let first = shop.ask(Method::POST, "/carts", &key, &body).await;
    assert_eq!(first.status, 201);
    let head = shop.head();
    let spelled_otherwise = r#"{ "lines": [{"quantity":2, "sku":"MUG"}], "currency": "GBP" }"#;
    let second = shop.ask(Method::POST, "/carts", &key, spelled_otherwise).await;
    assert_eq!(second.status, 201, "{}", second.json());
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(second.json()["id"], first.json()["id"]);
    assert_eq!(second.json()["lines"], first.json()["lines"]);
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_answered_like_the_first_time_even_if_the_article_has_left_sale() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let (begin, add) = ([("idempotency-key", "begin")], [("idempotency-key", "add")]);
    let cart = json!({ "currency": "GBP", "lines": [{ "sku": "MUG", "quantity": 2 }] }).to_string();
    let first = shop.ask(Method::POST, "/carts", &begin, &cart).await;
    let lines = format!("/carts/{}/lines", first.json()["id"].as_str().unwrap());
    let line = r#"{"sku":"MUG","quantity":1}"#;
    let first_line = shop.ask(Method::POST, &lines, &add, line).await;
    assert_eq!(shop.post("/products/p-MUG/archive", json!({})).await.status, 200);
    shop.get(&format!("/products/p-MUG?min_position={}", shop.head())).await;
    shop.post("/carts", json!({ "currency": "GBP", "lines": [{ "sku": "MUG", "quantity": 1 }] }))
        .await
        .problem(422, "unknown-sku");
    let (again, line_again) = (
        shop.ask(Method::POST, "/carts", &begin, &cart).await,
        shop.ask(Method::POST, &lines, &add, line).await,
    );
    for (again, first) in [(again, first), (line_again, first_line)] {
        assert_eq!(again.status, first.status);
        assert_eq!(again.json()["position"], first.json()["position"]);
        assert_eq!(again.json()["lines"], first.json()["lines"]);
        assert_eq!(again.json()["repeated"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_retried_under_its_key_answers_with_the_same_order() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let path = format!("/carts/{cart}/checkout");
    let (key, body) = ([("idempotency-key", "pay-1")], r#"{"payment_token":"tok_visa"}"#);
    let first = shop.ask(Method::POST, &path, &key, body).await;
    let second = shop.ask(Method::POST, &path, &key, body).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201), "{}", second.json());
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert!(first.json().get("repeated").is_none() && !first.headers.contains_key("idempotent-replayed"));
    assert_eq!(second.json()["repeated"], true);
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(shop.get("/inventory/MUG").await.json()["reserved"], 1);
    let declined = shop.cart(&[("MUG", 1)]).await;
    let path = format!("/carts/{declined}/checkout");
    let body = r#"{"payment_token":"tok_declined"}"#;
    let first = shop.ask(Method::POST, &path, &key, body).await;
    let second = shop.ask(Method::POST, &path, &key, body).await;
    first.problem(402, "payment-declined");
    let problem = second.problem(402, "payment-declined");
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!((second.header("idempotent-replayed"), &problem["repeated"]), ("true", &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_used_for_another_body_is_422_and_elsewhere_another_request() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    shop.stock("CUP", 1299, 10).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let key = [("idempotency-key", "1")];
    let receive = r#"{"quantity":5}"#;
    assert_eq!(shop.ask(Method::POST, "/inventory/MUG/receive", &key, receive).await.status, 200);
    let head = shop.head();
    let other_body = shop.ask(Method::POST, "/inventory/MUG/receive", &key, r#"{"quantity":6}"#).await;
    other_body.problem(422, "idempotency-key-reused");
    assert_eq!(shop.head(), head);
    let spelled = shop.ask(Method::POST, "/inventory/%4DUG/receive", &key, receive).await;
    assert_eq!(spelled.header("idempotent-replayed"), "true");
    let staff = [("idempotency-key", "1"), ("x-daybook-actor", "staff:anna")];
    let lines = format!("/carts/{cart}/lines");
    for (headers, path, body) in [
        (&key[..], "/inventory/CUP/receive", receive),
        (&key[..], "/inventory/MUG/count", r#"{"counted":5}"#),
        (&key[..], lines.as_str(), r#"{"sku":"MUG","quantity":1}"#),
        (&staff[..], "/inventory/MUG/receive", receive),
    ] {
        let answer = shop.ask(Method::POST, path, headers, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.json());
        assert!(answer.json().get("repeated").is_none(), "{path}: {}", answer.json());
    }
    assert_eq!(shop.head(), head + 4);
}

/// The key is the client's choice; what follows from it is not to be computed by others.
#[tokio::test(flavor = "multi_thread")]
async fn two_customers_and_two_shops_share_no_id_under_one_key() {
    let (shop, other) = (shop().await, shop_of([9; 32]).await);
    let cart = r#"{"currency":"GBP"}"#;
    let mut ids = std::collections::BTreeSet::new();
    for customer in ["customer:1", "customer:2"] {
        let headers = [("idempotency-key", "1"), ("x-daybook-actor", customer)];
        for shop in [&shop, &other] {
            let (made, again) = (
                shop.ask(Method::POST, "/carts", &headers, cart).await,
                shop.ask(Method::POST, "/carts", &headers, cart).await,
            );
            assert_eq!((made.status.as_u16(), again.status.as_u16()), (201, 201));
            assert_eq!(made.json()["id"], again.json()["id"]);
            assert!(ids.insert(made.json()["id"].as_str().unwrap().to_owned()), "an id was met again");
        }
    }
}

/// What was refused leaves no trace, so that a client may mend it under the same key.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_is_decided_anew_under_its_key() {
    let shop = shop().await;
    let (key, cart) =
        ([("idempotency-key", "1")], r#"{"currency":"GBP","lines":[{"sku":"MUG","quantity":1}]}"#);
    shop.ask(Method::POST, "/carts", &key, cart).await.problem(422, "unknown-sku");
    shop.stock("MUG", 1299, 10).await;
    shop.stock("CUP", 1299, 10).await;
    let other = r#"{"currency":"GBP","lines":[{"sku":"CUP","quantity":1}]}"#;
    assert_eq!(shop.ask(Method::POST, "/carts", &key, other).await.status, 201);
    shop.ask(Method::POST, "/carts", &key, cart).await.problem(422, "idempotency-key-reused");
}

/// Changes nothing under a key, lets somebody else change it, and asks again.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_changed_nothing_changes_nothing_when_it_is_retried() {
    let shop = shop().await;
    shop.stock("MUG", 1000, 10).await;
    let prices = |minor: i64| json!({ "variants": [{ "sku": "MUG", "prices": [{ "minor": minor, "currency": "GBP" }] }] });
    let path = "/products/p-MUG/prices";
    let key = [("idempotency-key", "price-1")];
    let first = shop.ask(Method::PUT, path, &key, &prices(1000).to_string()).await;
    assert_eq!(first.status, 200, "{}", first.json());
    assert!(first.json().get("repeated").is_none(), "{}", first.json());
    assert_eq!(shop.put(path, prices(2000)).await.status, 200);
    for restarts in 0..2 {
        let head = shop.head();
        let again = shop.ask(Method::PUT, path, &key, &prices(1000).to_string()).await;
        assert_eq!(again.status, 200, "{}", again.json());
        assert_eq!(again.header("idempotent-replayed"), "true");
        for member in ["id", "position", "version"] {
            assert_eq!(again.json()[member], first.json()[member], "{member} after {restarts} restarts");
        }
        let other = shop.ask(Method::PUT, path, &key, &prices(3000).to_string()).await;
        other.problem(422, "idempotency-key-reused");
        assert_eq!(shop.head(), head, "a retry wrote something");
    }
    let shop = shop.reopened(daybook_api::Limits::default()).await;
    let again = shop.ask(Method::PUT, path, &key, &prices(1000).to_string()).await;
    assert_eq!(again.json()["position"], first.json()["position"]);
    let product = shop.get(&format!("/products/p-MUG?min_position={}", shop.head())).await.json();
    assert_eq!(product["variants"][0]["prices"][0]["minor"], 2000);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_attempts_of_a_command_that_changes_nothing_one_is_recorded() {
    let shop = shop().await;
    shop.stock("MUG", 1000, 10).await;
    let policy = r#"{"safety_stock":0,"backorder_limit":0}"#;
    for round in 0..10 {
        let (head, name) = (shop.head(), format!("k-{round}"));
        let key = [("idempotency-key", name.as_str())];
        let asked = (0..8).map(|_| shop.ask(Method::POST, "/inventory/MUG/policy", &key, policy));
        let answers = futures::future::join_all(asked).await;
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", answer.json());
            assert_eq!(answer.json()["position"], answers[0].json()["position"]);
            assert_eq!(answer.json()["version"], answers[0].json()["version"]);
        }
        assert_eq!(shop.head(), head + 1);
    }
    let head = shop.head();
    assert_eq!(shop.ask(Method::POST, "/inventory/MUG/policy", &[], policy).await.status, 200);
    assert_eq!(shop.head(), head, "a command without a key leaves no trace");
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_recognised_after_a_restart() {
    let shop = shop().await;
    let key = [("idempotency-key", "r-1")];
    let first = shop.ask(Method::POST, "/inventory/MUG/receive", &key, r#"{"quantity":5}"#).await;
    let shop = shop.reopened(daybook_api::Limits::default()).await;
    let again = shop.ask(Method::POST, "/inventory/MUG/receive", &key, r#"{"quantity":5}"#).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json()["position"], first.json()["position"]);
    let other = shop.ask(Method::POST, "/inventory/MUG/receive", &key, r#"{"quantity":7}"#).await;
    other.problem(422, "idempotency-key-reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_version_is_412_with_the_actual_one() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let path = format!("/carts/{cart}/lines/1");
    let changed = shop.ask(Method::PATCH, &path, &[("if-match", "\"v2\"")], r#"{"quantity":3}"#).await;
    assert_eq!(changed.header("etag"), "\"v3\"", "{}", changed.json());
    let head = shop.head();
    let stale = shop.ask(Method::PATCH, &path, &[("if-match", "\"v2\"")], r#"{"quantity":4}"#).await;
    let problem = stale.problem(412, "version-mismatch");
    assert_eq!((&problem["expected_version"], &problem["actual_version"]), (&json!(2), &json!(3)));
    assert_eq!(stale.header("etag"), "\"v3\"");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_for_a_write_and_says_how_fresh_it_is() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let received = shop.post("/inventory/MUG/receive", json!({ "quantity": 5 })).await.json();
    let position = received["position"].as_u64().unwrap();
    let stock = shop.get(&format!("/inventory/MUG?min_position={position}")).await;
    assert_eq!(stock.json()["on_hand"], 15);
    assert!(stock.header("x-daybook-position").parse::<u64>().unwrap() >= position);
    let beyond = shop.get(&format!("/inventory/MUG?min_position={}&wait_ms=20", position + 1_000)).await;
    beyond.problem(504, "position-not-reached");
    let found = shop.get(&format!("/search?q=product&min_position={position}&wait_ms=10000")).await;
    assert_eq!(found.json()["total"]["value"], 1, "{}", found.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_has_already_is_not_sent_again() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let order = shop.checkout(&cart, "tok_visa").await.json();
    let order = format!("/orders/{}?min_position={}", order["id"].as_str().unwrap(), order["position"]);
    for path in ["/products/p-MUG", "/inventory/MUG", &format!("/carts/{cart}"), &order] {
        let first = shop.get(path).await;
        assert_eq!(first.status, 200, "{path}: {first:?}");
        let tag = first.header("etag").to_owned();
        let second = shop.ask(Method::GET, path, &[("if-none-match", &tag)], "").await;
        assert_eq!((second.status.as_u16(), second.body.len()), (304, 0), "{path}");
        assert_eq!(second.header("etag"), tag);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_covers_all_that_a_body_shows_and_not_only_the_resource_s_own_version() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 1).await;
    let cart = shop.cart(&[("MUG", 2)]).await;
    let path = format!("/carts/{cart}");
    let again = async |tag: &str| {
        shop.get(&format!("{path}?min_position={}", shop.head())).await;
        shop.ask(Method::GET, &path, &[("if-none-match", tag)], "").await
    };
    let sold_out = shop.get(&format!("{path}?min_position={}", shop.head())).await;
    assert_eq!(sold_out.json()["blockers"][0]["blocker"], "out_of_stock");
    let tag = sold_out.header("etag").to_owned();
    assert_eq!(again(&tag).await.status, 304, "nothing changed");
    // The version that a command answers with is no tag of a body.
    assert_eq!(again("\"v2\"").await.status, 200);

    assert_eq!(shop.post("/inventory/MUG/receive", json!({ "quantity": 5 })).await.status, 200);
    let arrived = again(&tag).await;
    assert_eq!((arrived.status.as_u16(), &arrived.json()["blockers"]), (200, &json!([])));
    assert_ne!(arrived.header("etag"), tag);

    let tag = arrived.header("etag").to_owned();
    let prices = json!({ "variants": [{ "sku": "MUG", "prices": [{ "minor": 1499, "currency": "GBP" }] }] });
    assert_eq!(shop.put("/products/p-MUG/prices", prices).await.status, 200);
    let dearer = again(&tag).await;
    assert_eq!(dearer.json()["blockers"][0]["blocker"], "price_changed");

    // As a condition of a command it means the version, which is the same all the time.
    let tag = dearer.header("etag").to_owned();
    assert!(tag.starts_with("\"v2."), "{tag}");
    let line = format!("{path}/lines/1");
    let changed = shop.ask(Method::PATCH, &line, &[("if-match", &tag)], r#"{"quantity":3}"#).await;
    assert_eq!(changed.header("etag"), "\"v3\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_s_tag_covers_its_payment_and_the_past_has_tags_too() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 3).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let order = shop.checkout(&cart, "tok_visa").await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/orders/{order}");
    let mut known: Vec<(String, serde_json::Value)> = Vec::new();
    shop.post(&format!("{path}/ship"), json!({})).await;
    while known.last().is_none_or(|(_, body)| body["payment"]["state"] != "captured") {
        let tag = known.last().map_or("\"none\"", |(tag, _)| tag);
        let answer = shop.ask(Method::GET, &path, &[("if-none-match", tag)], "").await;
        if answer.status == 200 {
            known.push((answer.header("etag").to_owned(), answer.json()));
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let then = format!("{path}?as_of={}", shop.head());
    let tag = shop.get(&then).await.header("etag").to_owned();
    assert_eq!(tag, known.last().unwrap().0);
    assert_eq!(shop.ask(Method::GET, &then, &[("if-none-match", &tag)], "").await.status, 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_and_why_is_recorded_and_the_request_s_id_echoed() {
    let shop = shop().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("x-daybook-actor", "staff:anna"), ("traceparent", trace), ("x-request-id", "r-4711")];
    let answer = shop.ask(Method::POST, "/inventory/MUG/receive", &headers, r#"{"quantity":5}"#).await;
    assert_eq!(answer.header("x-request-id"), "r-4711");
    let event: serde_json::Value = serde_json::from_slice(&shop.get("/events?limit=1").await.body).unwrap();
    assert_eq!(event["actor"], "staff:anna");
    assert_eq!(event["correlationid"], "4bf92f35-77b3-4da6-a3ce-929d0e0e4736");
}
