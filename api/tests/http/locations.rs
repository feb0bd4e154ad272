//! Names in what is written about stock: locations are opened before goods come there, and a product has the SKU. A typing
//! error brings neither into being.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::common::{Shop, shop, shop_that_lists};
use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};

/// What is shown now.
async fn now(shop: &Shop, path: &str) -> Value {
    let parts = if path.contains('?') { "&" } else { "?" };
    let answer = shop.get(&format!("{path}{parts}min_position={}&wait_ms=20000", shop.head())).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_is_opened_changed_closed_and_opened_again() {
    let shop = shop().await;
    shop.get("/locations/paris").await.problem(404, "not-found");
    shop.post("/locations/paris/close", json!({})).await.problem(404, "not-found");
    let body = json!({ "name": "Rue de Rivoli", "kind": "store", "country": "FR" });
    let opened = shop.put("/locations/paris", body.clone()).await;
    assert_eq!((opened.status.as_u16(), opened.header("location")), (201, "/locations/paris"));
    let shown = now(&shop, "/locations/paris").await;
    assert_eq!(
        (&shown["state"], &shown["kind"], &shown["country"]),
        (&json!("open"), &json!("store"), &json!("FR"))
    );

    let head = shop.head();
    assert_eq!(shop.put("/locations/paris", body).await.status, 200);
    let described = shop.engine.log().read_all(daybook_event_log::Position::new(head + 1), 10).await.unwrap();
    assert!(described.iter().all(|event| event.aggregate() != "location"), "nothing new was said of it");
    assert_eq!(shop.put("/locations/paris", json!({ "name": "Le Marais" })).await.status, 200);
    assert_eq!(now(&shop, "/locations/paris").await["name"], "Le Marais");

    assert_eq!(shop.post("/locations/paris/close", json!({})).await.status, 200);
    let closed = now(&shop, "/locations/paris").await;
    assert_eq!((&closed["state"], &closed["name"]), (&json!("closed"), &json!("Le Marais")));
    let before = closed["position"].as_u64().unwrap() - 1;
    assert_eq!(shop.get(&format!("/locations/paris?as_of={before}")).await.json()["state"], "open");
    assert_eq!(
        shop.put("/locations/paris", json!({ "name": "Le Marais" })).await.status,
        200,
        "it was there"
    );
    assert_eq!(now(&shop, "/locations/paris").await["state"], "open");

    let wrong = shop.put("/locations/x", json!({ "name": " ", "kind": "store" })).await;
    assert_eq!(wrong.problem(422, "invalid-command")["errors"][0]["pointer"], "/name");
    shop.put("/locations/x", json!({ "name": "x", "kind": "boat" })).await.problem(422, "invalid-body");
    shop.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn main_comes_with_the_shop_and_is_like_any_other_from_then_on() {
    let shop = shop().await;
    assert_eq!(ids(&now(&shop, "/locations").await), ["main"]);
    let untouched = shop.get("/locations/main").await.json();
    assert_eq!((&untouched["state"], &untouched["version"]), (&json!("open"), &json!(0)));
    shop.stock("MUG", 1299, 2).await;
    assert_eq!(shop.get("/locations/main?as_of=1").await.json()["state"], "open");
    for id in ["york", "bath", "leeds"] {
        shop.open_location(id).await;
    }
    assert_eq!(ids(&now(&shop, "/locations").await), ["bath", "leeds", "main", "york"]);
    // One by one, the place of `main` among them.
    let (mut path, mut seen) = ("/locations?limit=1".to_owned(), Vec::new());
    loop {
        let page = now(&shop, &path).await;
        assert_eq!(ids(&page).len(), 1, "{page}");
        seen.push(ids(&page)[0].to_owned());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/locations?limit=1&cursor={next}");
    }
    assert_eq!(seen, ["bath", "leeds", "main", "york"]);

    let put = shop.put("/locations/main", json!({ "name": "The barn" })).await;
    assert_eq!(put.status, 200, "it was there");
    assert_eq!(now(&shop, "/locations/main").await["name"], "The barn");
    assert_eq!(ids(&now(&shop, "/locations").await), ["bath", "leeds", "main", "york"]);
    assert_eq!(shop.post("/locations/main/close", json!({})).await.status, 200);
    let refused = shop.post("/inventory/MUG/receive", json!({ "quantity": 1 })).await;
    assert_eq!(refused.problem(409, "conflict")["reason"], "LocationClosed");
    shop.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_that_nobody_opened_is_refused_by_name_with_the_nearest_wherever_one_is_named() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 9).await;
    shop.open_location("paris").await;
    now(&shop, "/locations/paris").await;
    let cart = shop.cart(&[("MUG", 2)]).await;
    let order = shop.checkout(&cart, "tok_visa").await.json()["id"].as_str().unwrap().to_owned();
    let (stock, order) = ("/inventory/MUG", format!("/orders/{order}"));
    let line = json!([{ "line_id": 1, "quantity": 1 }]);
    for (path, body) in [
        (format!("{stock}/receive"), json!({ "location": "pariss", "quantity": 1 })),
        (format!("{stock}/adjust"), json!({ "location": "pariss", "delta": 1, "reason": "found" })),
        (format!("{stock}/adjust"), json!({ "location": "pariss", "delta": -1, "reason": "lost" })),
        (format!("{stock}/count"), json!({ "location": "pariss", "counted": 1 })),
        (format!("{stock}/policy"), json!({ "location": "pariss", "safety_stock": 1 })),
        (format!("{stock}/transfer"), json!({ "from": "pariss", "to": "main", "quantity": 1 })),
        (format!("{stock}/transfer"), json!({ "from": "main", "to": "pariss", "quantity": 1 })),
        (format!("{order}/ship"), json!({ "location": "pariss" })),
        (format!("{order}/return"), json!({ "location": "pariss", "lines": line, "reason": "chipped" })),
    ] {
        let problem = shop.post(&path, body.clone()).await.problem(422, "unknown-location");
        assert_eq!(
            (&problem["location"], &problem["nearest"]),
            (&json!("pariss"), &json!(["paris"])),
            "{path}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("is paris meant?") && detail.contains("PUT /locations/pariss"), "{detail}");
    }
    let bulk = json!({ "path": format!("{stock}/receive"), "body": { "location": "pariss", "quantity": 1 } });
    let request = Request::post("/commands").header("content-type", "application/jsonl");
    let outcome = shop.send(request.body(Body::from(bulk.to_string())).unwrap()).await.json();
    assert_eq!(outcome["body"]["type"], "/problems/unknown-location", "{outcome}");
    let told = shop.get("/events").await.body;
    assert!(!String::from_utf8_lossy(&told).contains("pariss"), "nothing was written");
    let received = shop.post("/inventory/MUG/receive", json!({ "location": "paris", "quantity": 1 })).await;
    assert_eq!(received.status, 200, "{received:?}");
    shop.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_location_takes_nothing_and_gives_what_it_has() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 1).await;
    shop.open_location("york").await;
    let receive = r#"{"location":"york","quantity":9}"#;
    let key = [("idempotency-key", "delivery-1")];
    let first = shop.ask(Method::POST, "/inventory/MUG/receive", &key, receive).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(shop.post("/locations/york/close", json!({})).await.status, 200);
    for (path, body) in [
        ("receive", json!({ "location": "york", "quantity": 1 })),
        ("adjust", json!({ "location": "york", "delta": 1, "reason": "found" })),
        ("transfer", json!({ "from": "main", "to": "york", "quantity": 1 })),
    ] {
        let refused = shop.post(&format!("/inventory/MUG/{path}"), body).await.problem(409, "conflict");
        assert_eq!((&refused["reason"], &refused["location"]), (&json!("LocationClosed"), &json!("york")));
    }
    // What was done before is answered as it was.
    let again = shop.ask(Method::POST, "/inventory/MUG/receive", &key, receive).await.json();
    assert_eq!((&again["position"], &again["repeated"]), (&first.json()["position"], &json!(true)));
    for (path, body) in [
        ("adjust", json!({ "location": "york", "delta": -1, "reason": "broken" })),
        ("transfer", json!({ "from": "york", "to": "main", "quantity": 4 })),
        ("count", json!({ "location": "york", "counted": 3 })),
    ] {
        let done = shop.post(&format!("/inventory/MUG/{path}"), body).await;
        assert_eq!(done.status, 200, "{path}: {done:?}");
    }
    assert_eq!(now(&shop, "/inventory/MUG").await["on_hand"], 8);
    let cart = shop.cart(&[("MUG", 8)]).await;
    assert_eq!(shop.checkout(&cart, "tok_visa").await.status, 201, "what is there is sold");
    shop.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_of_a_sku_that_no_product_has_is_refused_by_name() {
    let shop = shop_that_lists().await;
    shop.stock("MUG", 1299, 3).await;
    let head = shop.head();
    for (path, body) in [
        ("receive", json!({ "quantity": 1 })),
        ("adjust", json!({ "delta": 1, "reason": "found" })),
        ("count", json!({ "counted": 1 })),
        ("policy", json!({ "safety_stock": 1 })),
    ] {
        let refused = shop.post(&format!("/inventory/MUGG/{path}"), body).await.problem(422, "unknown-sku");
        assert_eq!(refused["sku"], "MUGG");
        assert!(refused["detail"].as_str().unwrap().contains("put the product first"), "{refused}");
    }
    assert_eq!(shop.head(), head, "nothing was written");
    // At once, though no view may have seen the product yet; and also when it is off sale.
    shop.stock("CUP", 499, 1).await;
    assert_eq!(shop.post("/products/p-CUP/archive", json!({})).await.status, 200);
    assert_eq!(shop.post("/inventory/CUP/count", json!({ "counted": 0 })).await.status, 200);
    shop.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn products_locations_and_their_stock_come_in_one_bulk_request_and_what_nobody_brings_is_refused() {
    const PRODUCTS: usize = 60;
    let shop = shop_that_lists().await;
    let mut lines = vec![json!({ "method": "PUT", "path": "/locations/york", "body": { "name": "York" } })];
    for n in 0..PRODUCTS {
        let product = json!({ "state": "published", "title": format!("Product {n}"),
            "variants": [{ "sku": format!("S{n}"), "prices": [{ "minor": 100, "currency": "GBP" }] }] });
        lines.push(json!({ "method": "PUT", "path": format!("/products/p{n}"), "body": product }));
        let stock =
            |what: &str, body: Value| json!({ "path": format!("/inventory/S{n}/{what}"), "body": body });
        lines.push(stock("receive", json!({ "location": "york", "quantity": 9 })));
        // In order behind it, also when that was early.
        lines.push(stock("count", json!({ "location": "york", "counted": 4 })));
    }
    lines.push(json!({ "path": "/inventory/NOBODY/receive", "body": { "quantity": 1 } }));
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let request = Request::post("/commands").header("content-type", "application/jsonl");
    let answer = shop.send(request.body(Body::from(body)).unwrap()).await;
    let told = String::from_utf8(answer.body).unwrap();
    let outcomes: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(outcomes.len(), lines.len());
    let (last, others) = outcomes.split_last().unwrap();
    for outcome in others {
        assert!((200..300).contains(&outcome["status"].as_u64().unwrap()), "{outcome}");
    }
    assert_eq!(last["body"]["type"], "/problems/unknown-sku", "{last}");
    for n in [0, PRODUCTS - 1] {
        assert_eq!(now(&shop, &format!("/inventory/S{n}")).await["on_hand"], 4);
    }
    shop.stopped().await;
}
