//! What is wrong with a request is said clearly, and nothing is written.

use crate::common::{Shop, shop};
use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};

const ADD: &str = r#"{"sku":"MUG","quantity":1}"#;

async fn with_cart() -> (Shop, String, u64) {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let head = shop.head();
    (shop, cart, head)
}

/// The fields that an invalid body's problem names.
fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {problem}"));
    errors.iter().map(|error| error["pointer"].as_str().expect("a pointer is a text")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_json_is_400_with_line_and_column() {
    let (shop, cart, head) = with_cart().await;
    let broken = "{\"sku\":\"MUG\",\n \"quantity\": }";
    let answer = shop.ask(Method::POST, &format!("/carts/{cart}/lines"), &[], broken).await;
    let problem = answer.problem(400, "malformed-json");
    assert_eq!((&problem["line"], &problem["column"]), (&json!(2), &json!(14)), "{problem}");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_unknown_missing_or_of_the_wrong_type_is_422_with_its_pointer() {
    let (shop, cart, head) = with_cart().await;
    let cases = [
        (r#"{"currency":"GBP","colour":"red"}"#, "/colour"),
        (r#"{"currency":"GBP","lines":[{"sku":"MUG"}]}"#, "/lines/0/quantity"),
        (r#"{"currency":"GBP","lines":[{"sku":"MUG","quantity":"two"}]}"#, "/lines/0/quantity"),
        (r#"{"currency":"GBP","lines":[{"sku":"\u0007","quantity":1}]}"#, "/lines/0/sku"),
        (r#"{"currency":"pounds"}"#, "/currency"),
        (r#"["GBP"]"#, ""),
    ];
    for (body, pointer) in cases {
        let problem = shop.ask(Method::POST, "/carts", &[], body).await.problem(422, "invalid-body");
        assert_eq!(pointers(&problem), [pointer], "{problem}");
    }
    let problem = shop.ask(Method::PATCH, &format!("/carts/{cart}/lines/1"), &[], "").await;
    problem.problem(422, "invalid-body");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_wrong_fields_are_named_at_once_in_words_that_are_not_the_program_s() {
    let (shop, _, head) = with_cart().await;
    let body = r#"{"state":"sold","title":7,"variants":[{"sku":"A","prices":[{"minor":"1","currency":"ZZZ"}]},["B"]],
        "media":[{"url":"javascript:alert(1)"}],"attributes":{"a":1,"a":2,"b":9007199254740993,"c":{}},"colour":"red"}"#;
    let answer = shop.ask(Method::PUT, "/products/p", &[], body).await;
    let problem = answer.problem(422, "invalid-body");
    let expected = [
        "/attributes/a",
        "/attributes/b",
        "/attributes/c",
        "/colour",
        "/media/0/url",
        "/state",
        "/title",
        "/variants/0/prices/0/currency",
        "/variants/0/prices/0/minor",
        "/variants/1",
    ];
    assert_eq!(pointers(&problem), expected, "{problem}");
    for word in ["struct", "u32", "i64", "invalid type", "ProductBody", "map", "sequence", "expected one of"]
    {
        assert!(!problem.to_string().contains(word), "{word}: {problem}");
    }
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_object_is_read_from_a_list_and_no_name_is_taken_twice_at_any_depth() {
    let (shop, cart, head) = with_cart().await;
    let (carts, contact) = ("/carts".to_owned(), format!("/carts/{cart}/contact"));
    let lines = format!("/carts/{cart}/lines");
    let cases = [
        (Method::POST, &carts, r#"{"currency":"GBP","lines":[["MUG",2]]}"#, "/lines/0"),
        (Method::POST, &lines, r#"[["MUG",2]]"#, "/0"),
        (Method::PUT, &contact, r#"{"contact":["Ada"]}"#, "/contact"),
        (Method::POST, &carts, r#"{"currency":"GBP","currency":"EUR"}"#, "/currency"),
        (Method::POST, &lines, r#"{"sku":"MUG","quantity":1,"quantity":9}"#, "/quantity"),
    ];
    for (method, path, body, pointer) in cases {
        let problem = shop.ask(method, path, &[], body).await.problem(422, "invalid-body");
        assert_eq!(pointers(&problem), [pointer], "{body}: {problem}");
    }
    let bulk = Request::post("/commands").header("content-type", "application/jsonl");
    let answer = shop.send(bulk.body(Body::from(r#"["POST","/inventory/MUG/receive"]"#)).unwrap()).await;
    assert_eq!(answer.json()["status"], 422, "{answer:?}");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_currencies_countries_and_unsafe_addresses_are_refused_by_name() {
    let (shop, cart, head) = with_cart().await;
    let contact = format!("/carts/{cart}/contact");
    let address = |country: &str| json!({ "contact": { "shipping_address": { "lines": ["1 Way"], "city": "London", "country": country } } });
    let product = |url: &str, currency: &str| {
        json!({ "state": "published", "title": "T", "media": [{ "url": url }],
            "variants": [{ "sku": "S", "prices": [{ "minor": 1, "currency": currency }] }] })
    };
    let cases = [
        (Method::POST, "/carts", json!({ "currency": "ZZZ" }), "/currency", "ZZZ"),
        (Method::POST, "/carts", json!({ "currency": "GBP", "country": "ZZ" }), "/country", "ZZ"),
        (Method::POST, "/carts", json!({ "currency": "GBP", "country": "UK" }), "/country", "the code is GB"),
        (Method::PUT, &contact, address("UK"), "/contact/shipping_address/country", "the code is GB"),
        (Method::PUT, "/products/p", product("https://x/y", "XTS"), "/variants/0/prices/0/currency", "XTS"),
        (Method::PUT, "/products/p", product("javascript:alert(1)", "GBP"), "/media/0/url", "https://"),
        (Method::PUT, "/products/p", product("data:text/html,x", "GBP"), "/media/0/url", "https://"),
    ];
    for (method, path, body, pointer, words) in cases {
        let problem = shop.ask(method, path, &[], &body.to_string()).await.problem(422, "invalid-body");
        assert_eq!(pointers(&problem), [pointer], "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{words}: {problem}");
    }
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_come_back_as_they_were_sent_or_are_refused() {
    let shop = shop().await;
    let product = |attributes: &str| {
        format!(r#"{{"state":"published","title":"T","variants":[{{"sku":"S"}}],"attributes":{attributes}}}"#)
    };
    let kept = r#"{"a":300,"b":0.1,"c":-7,"d":9007199254740991,"e":2.5}"#;
    let put = shop.ask(Method::PUT, "/products/p", &[], &product(kept)).await;
    assert!(put.status.is_success(), "{put:?}");
    let shown = shop.get(&format!("/products/p?min_position={}", shop.head())).await;
    let shown = String::from_utf8(shown.body).unwrap();
    assert!(shown.contains(kept), "{shown}");
    let head = shop.head();
    for changed in ["9007199254740993", "0.10000000000000000555", "1e400", "99999999999999999999"] {
        let body = product(&format!(r#"{{"a":{changed}}}"#));
        let answer = shop.ask(Method::PUT, "/products/p", &[], &body).await;
        assert!((400..=422).contains(&answer.status.as_u16()), "{changed}: {answer:?}");
    }
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_negative_and_huge_quantities_are_422() {
    let (shop, cart, head) = with_cart().await;
    for quantity in ["0", "-1", "1000000", "99999999999999999999", "1.5"] {
        let body = format!(r#"{{"sku":"MUG","quantity":{quantity}}}"#);
        let answer = shop.ask(Method::POST, &format!("/carts/{cart}/lines"), &[], &body).await;
        assert_eq!(pointers(&answer.problem(422, "invalid-body")), ["/quantity"]);
    }
    let too_many = json!({ "sku": "MUG", "quantity": 999_999 });
    shop.post(&format!("/carts/{cart}/lines"), too_many).await.problem(422, "invalid-command");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_sku_a_foreign_currency_and_an_unknown_cart_are_told_apart() {
    let (shop, cart, head) = with_cart().await;
    let lines = format!("/carts/{cart}/lines");
    let unknown = shop.post(&lines, json!({ "sku": "NOPE", "quantity": 1 })).await;
    assert_eq!(unknown.problem(422, "unknown-sku")["sku"], "NOPE");
    let foreign = json!({ "currency": "EUR", "lines": [{ "sku": "MUG", "quantity": 1 }] });
    assert_eq!(shop.post("/carts", foreign).await.problem(422, "unknown-sku")["currency"], "EUR");
    let euros = json!({ "payment_token": "tok_visa", "charges": [
        { "kind": "shipping", "label": "post", "amount": { "minor": 395, "currency": "EUR" } }] });
    let answer = shop.post(&format!("/carts/{cart}/checkout"), euros).await;
    assert_eq!(answer.status, 422, "{}", answer.json());
    let nowhere = shop
        .post("/carts/0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90/lines", json!({ "sku": "MUG", "quantity": 1 }));
    assert_eq!(nowhere.await.problem(404, "not-found")["reason"], "CartNotFound");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_and_a_parameter_that_is_none_are_400_with_their_name() {
    let (shop, _, head) = with_cart().await;
    assert_eq!(shop.get("/carts/42").await.problem(400, "invalid-parameter")["parameter"], "id");
    let wrong = shop.get("/orders?customer_id=17850&limit=many").await;
    assert_eq!(wrong.problem(400, "invalid-parameter")["parameter"], "limit");
    assert_eq!(
        shop.get("/products?colour=red").await.problem(400, "invalid-parameter")["parameter"],
        "colour"
    );
    shop.get("/search?sort=best").await.problem(400, "invalid-parameter");
    shop.get("/orders").await.problem(400, "invalid-parameter");
    assert_eq!(shop.get("/events?from=x").await.problem(400, "invalid-parameter")["parameter"], "from");
    shop.get("/orders?customer_id=17850&cursor=%21").await.problem(400, "invalid-parameter");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_methods_and_media_types_are_problems_too() {
    let (shop, cart, head) = with_cart().await;
    let nowhere = shop.get("/cart").await.problem(404, "not-found");
    assert_eq!(nowhere["instance"], "/cart");
    let wrong = shop.ask(Method::PUT, &format!("/carts/{cart}"), &[], "").await;
    wrong.problem(405, "method-not-allowed");
    assert!(wrong.header("allow").contains("DELETE"), "{wrong:?}");
    let text = Request::post(format!("/carts/{cart}/lines")).header("content-type", "text/plain");
    let answer = shop.send(text.body(Body::from(ADD)).unwrap()).await;
    answer.problem(415, "unsupported-media-type");
    shop.ask(Method::GET, "/events", &[("accept", "image/png")], "").await.problem(406, "not-acceptable");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_100_mb_is_413_before_it_is_read() {
    let (shop, cart, head) = with_cart().await;
    let unread = Body::from_stream(futures::stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Vec<u8>, std::io::Error>>> { panic!("the body was read") },
    ));
    let request = Request::post(format!("/carts/{cart}/lines"))
        .header("content-type", "application/json")
        .header("content-length", 100_000_000);
    let answer = shop.send(request.body(unread).unwrap()).await;
    assert_eq!(answer.problem(413, "body-too-large")["limit_bytes"], 1 << 20);
    let undeclared =
        Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536])));
    let request = Request::post(format!("/carts/{cart}/lines")).header("content-type", "application/json");
    shop.send(request.body(undeclared).unwrap()).await.problem(413, "body-too-large");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn card_numbers_are_refused_and_not_repeated() {
    let (shop, cart, head) = with_cart().await;
    let answer = shop.checkout(&cart, "4111 1111 1111 1111").await;
    let problem = answer.problem(422, "card-number-refused");
    assert!(!problem.to_string().contains("4111"), "{problem}");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_cart_and_a_double_checkout_are_409_with_the_order() {
    let (shop, cart, _) = with_cart().await;
    let order = shop.checkout(&cart, "tok_visa").await.json()["id"].clone();
    // The last step of the processes, which the answer does not wait for.
    while shop.get(&format!("/carts/{cart}")).await.json()["state"] != "ordered" {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let head = shop.head();
    let again = shop.checkout(&cart, "tok_visa").await.problem(409, "conflict");
    assert_eq!((&again["reason"], &again["order_id"]), (&json!("CartNotActive"), &order));
    let late = shop.ask(Method::POST, &format!("/carts/{cart}/lines"), &[], ADD).await;
    late.problem(409, "conflict");
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_headers_are_400_with_their_name() {
    let (shop, cart, head) = with_cart().await;
    let lines = format!("/carts/{cart}/lines");
    let long = "k".repeat(256);
    let cases = [
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "two words"),
        ("Idempotency-Key", long.as_str()),
        ("If-Match", "v7"),
        ("X-Daybook-Actor", "root"),
        ("X-Daybook-Actor", "system:abandon"),
    ];
    for (name, value) in cases {
        let answer = shop.ask(Method::POST, &lines, &[(name, value)], ADD).await;
        assert_eq!(answer.problem(400, "invalid-header")["header"], name, "{value:?}");
    }
    assert_eq!(shop.head(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_problem_explains_itself_at_its_type() {
    let shop = shop().await;
    for kind in daybook_api::problem::ALL {
        let explained = shop.get(&format!("/problems/{}", kind.name)).await;
        assert_eq!(explained.status, 200);
        assert_eq!(explained.json()["status"], kind.status);
    }
    shop.get("/problems/bad-hair-day").await.problem(404, "not-found");
}
