//! `as_of`: what the interface said at a position is what it says of that position for ever after.

use crate::common::{Shop, shop};
use axum::http::Method;
use serde_json::{Value, json};

/// What the live interface said, and when.
struct Said {
    path: String,
    position: u64,
    body: Value,
}

/// Asks everything there is, now.
async fn ask(shop: &Shop, paths: &[String], said: &mut Vec<Said>) {
    let position = shop.head();
    for path in paths {
        let answer = shop.get(&format!("{path}?min_position={position}")).await;
        let body = if answer.status == 200 { answer.json() } else { Value::Null };
        said.push(Said { path: path.clone(), position, body });
    }
}

/// Until the processes have nothing to do.
async fn quiet(shop: &Shop) {
    let mut last = 0;
    while last != shop.head() {
        last = shop.head();
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_live_answer_can_be_had_again_as_of_its_position_and_its_time() {
    let shop = shop().await;
    let mut said = Vec::new();
    shop.stock("MUG", 1299, 3).await;
    let cart = shop.cart(&[("MUG", 2)]).await;
    let blocked = shop.cart(&[("MUG", 4)]).await;
    let mut paths = vec![
        "/inventory/MUG".to_owned(),
        "/products/p-MUG".to_owned(),
        format!("/carts/{cart}"),
        format!("/carts/{blocked}"),
    ];
    ask(&shop, &paths, &mut said).await;
    let order = shop.checkout(&cart, "tok_visa").await.json()["id"].as_str().unwrap().to_owned();
    let view = shop.get(&format!("/orders/{order}")).await.json();
    paths.push(format!("/orders/{order}"));
    paths.push(format!("/payments/{}", view["payment_id"].as_str().unwrap()));
    quiet(&shop).await;
    ask(&shop, &paths, &mut said).await;
    shop.ask(Method::POST, &format!("/orders/{order}/ship"), &[], "").await;
    let prices = json!({ "variants": [{ "sku": "MUG", "prices": [{ "minor": 1499, "currency": "GBP" }] }] });
    assert_eq!(shop.put("/products/p-MUG/prices", prices).await.status, 200);
    quiet(&shop).await;
    ask(&shop, &paths, &mut said).await;
    let blockers: Vec<&Value> =
        said.iter().filter(|one| one.path.ends_with(&blocked)).map(|one| &one.body["blockers"]).collect();
    assert_eq!(
        blockers[0],
        &json!([{ "blocker": "out_of_stock", "sku": "MUG", "requested": 4, "available": 3 }])
    );
    assert_eq!(blockers[2].as_array().unwrap().len(), 2, "{blockers:?}");
    for Said { path, position, body } in &said {
        let event = shop.get(&format!("/events?from={position}&limit=1")).await.json();
        let recorded = event["recordedat"].as_str().unwrap();
        for point in [position.to_string(), recorded.to_owned()] {
            let then = shop.get(&format!("{path}?as_of={point}")).await;
            assert_eq!(then.json(), *body, "{path} as of {point}");
            assert_eq!(then.header("x-daybook-position"), position.to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_there_then_is_404_and_says_where_its_record_begins() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 3).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let begins = shop.get(&format!("/carts/{cart}?min_position={}", shop.head())).await.json();
    let begins = begins["position"].as_u64().unwrap();
    let problem = shop.get(&format!("/carts/{cart}?as_of=1")).await.problem(404, "not-found");
    assert!(problem["first_position"].as_u64().unwrap() <= begins, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("as of that position"), "{problem}");
    let problem = shop.get("/inventory/NONE?as_of=1").await.problem(404, "not-found");
    assert_eq!(problem["first_position"], Value::Null);
    shop.get(&format!("/carts/{cart}?as_of=2001-01-01T00:00:00Z")).await.problem(404, "not-found");
    shop.get(&format!("/carts/{cart}?as_of_occurred=2001-01-01T00:00:00Z")).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn business_time_is_asked_for_by_a_name_of_its_own() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 3).await;
    let before = shop.get(&format!("/inventory/MUG?min_position={}", shop.head())).await.json();
    let at = before["updated_at"].as_str().unwrap();
    shop.post("/inventory/MUG/receive", json!({ "quantity": 7 })).await;
    assert_eq!(shop.get(&format!("/inventory/MUG?as_of_occurred={at}")).await.json(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_is_none_is_refused_with_what_would_be_one() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 3).await;
    let head = shop.head();
    for (query, words) in [
        (format!("as_of={}", head + 1), "no event at that position".to_owned()),
        ("as_of=0".to_owned(), "no event at that position".to_owned()),
        ("as_of=99999999999999999999999".to_owned(), "no log has so many".to_owned()),
        ("as_of=".to_owned(), "a position or an RFC 3339 time".to_owned()),
        ("as_of=yesterday".to_owned(), "a position or an RFC 3339 time".to_owned()),
        ("as_of=2011-06-30".to_owned(), "a position or an RFC 3339 time".to_owned()),
        ("as_of=-3".to_owned(), "a position or an RFC 3339 time".to_owned()),
        ("as_of=2011-06-30T00:00:00+01:00".to_owned(), "%2B".to_owned()),
        ("as_of=2200-01-01T00:00:00Z".to_owned(), "yet to come".to_owned()),
        ("as_of_occurred=17".to_owned(), "an RFC 3339 time".to_owned()),
        ("as_of=1&as_of=2".to_owned(), "2 times".to_owned()),
        ("as_of=1&as_of_occurred=2011-06-30T00:00:00Z".to_owned(), "not both".to_owned()),
        ("as_of=1&min_position=1".to_owned(), "min_position".to_owned()),
    ] {
        let problem = shop.get(&format!("/inventory/MUG?{query}")).await.problem(400, "invalid-parameter");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&words), "{query}: {detail}");
    }
    let beyond = shop.get(&format!("/products/p-MUG?as_of={}", head + 1)).await;
    assert_eq!(beyond.problem(400, "invalid-parameter")["head"], head);
    assert_eq!(shop.get("/inventory/MUG?as_of=3").await.status, 200);
    // Lists have no past.
    shop.get("/products?as_of=1").await.problem(400, "invalid-parameter");
}
