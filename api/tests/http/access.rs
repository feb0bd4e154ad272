//! Keys: who is let in, to what, and for whom they may ask.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::common::{Answer, Shop, shop, shop_with};
use axum::{
    body::Body,
    http::{Method, Request},
};
use daybook_api::{AccessMode, KeyText, Limits, routes_page};
use daybook_domain::access::{KeyRole, Scope};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Asks with a key, or without one.
async fn ask(shop: &Shop, method: &str, path: &str, key: Option<&str>, body: &Value) -> Answer {
    ask_with(shop, method, path, &key.map(|key| format!("Bearer {key}")), &[], body).await
}

async fn ask_with(
    shop: &Shop,
    method: &str,
    path: &str,
    authorization: &Option<String>,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let has_body = method != Method::GET;
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    if let Some(text) = authorization {
        request = request.header("authorization", text);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let media = if path == "/commands" { "application/jsonl" } else { "application/json" };
    let body = if has_body {
        request = request.header("content-type", media);
        Body::from(body.to_string())
    } else {
        Body::empty()
    };
    shop.send(request.body(body).unwrap()).await
}

/// A key with these scopes alone.
async fn key_with(shop: &Shop, owner: Option<&str>, name: &str, scopes: &[Scope]) -> String {
    let body = json!({ "name": name, "scopes": scopes });
    made(&ask(shop, "POST", "/keys", owner, &body).await)
}

fn made(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()["key"].as_str().unwrap().to_owned()
}

/// A shop with an owner's key.
async fn shut_shop() -> (Shop, String) {
    let shop = shop().await;
    let owner = ask(&shop, "POST", "/keys", None, &json!({ "name": "Ada", "roles": ["owner"] })).await;
    let owner = made(&owner);
    (shop, owner)
}

/// Method, path and needed scope of every route, as the document of routes has them; none for what is public.
fn all_routes() -> Vec<(String, String, Option<Scope>)> {
    let page = routes_page();
    let rows = page.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let needed = columns[3].split(['|', '@']).next().unwrap();
        let scope = Scope::ALL.iter().copied().find(|scope| scope.name() == needed);
        assert!(scope.is_some() || needed == "public", "{line}");
        (columns[1].to_owned(), columns[0].to_owned(), scope)
    });
    rows.collect()
}

/// A path with something in its placeholders that is not there.
fn filled(path: &str) -> String {
    let id = "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90";
    let parts = path.split('/').map(|part| match part {
        "{id}" if path.starts_with("/products") || path.starts_with("/locations") => "nothing",
        "{id}" | "{shipment_id}" | "{return_id}" | "{credit_id}" => id,
        "{sku}" => "NOTHING",
        "{line}" => "1",
        "{key_id}" => "7Hq2mXa9",
        "{name}" => "stock",
        "{*path}" => "0/000",
        other => {
            assert!(!other.starts_with('{'), "what stands for {other}?");
            other
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

fn refusal(answer: &Answer) -> Option<String> {
    let refused = [401, 403].contains(&answer.status.as_u16());
    refused.then(|| answer.json()["type"].as_str().unwrap().trim_start_matches("/problems/").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_for_whoever_has_its_scope_and_for_nobody_else() {
    let (shop, owner) = shut_shop().await;
    let mut keys = BTreeMap::new();
    for scope in Scope::ALL {
        keys.insert(*scope, key_with(&shop, Some(&owner), scope.name(), &[*scope]).await);
    }
    let routes = all_routes();
    assert!(routes.len() > 60, "only {} routes: the walk is broken", routes.len());
    let nothing = json!({});
    for (method, path, needed) in routes {
        let path = filled(&path);
        let at = format!("{method} {path}");
        let without = ask(&shop, &method, &path, None, &nothing).await;
        let Some(needed) = needed else {
            assert_eq!(refusal(&without), None, "{at} is public: {without:?}");
            continue;
        };
        without.problem(401, "unauthenticated");
        assert!(without.header("www-authenticate").starts_with("Bearer"), "{at}");
        for (scope, key) in &keys {
            // To write includes to read.
            let includes: daybook_domain::access::Scopes = [*scope].into_iter().collect();
            let answer = ask(&shop, &method, &path, Some(key), &nothing).await;
            let expected = if includes.has(needed) { None } else { Some("missing-scope".to_owned()) };
            assert_eq!(refusal(&answer), expected, "{at} with {scope}: {}", answer.json());
            if expected.is_some() {
                assert_eq!(answer.json()["scope"], needed.name(), "{at}");
            }
        }
        // Not for keys themselves: a key that was rotated or revoked would be missing in the routes that follow.
        if !path.starts_with("/keys") {
            let answer = ask(&shop, &method, &path, Some(&owner), &nothing).await;
            assert_eq!(refusal(&answer), None, "{at} with the owner's key: {}", answer.json());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_good_key_is_refused_alike_and_nothing_is_written() {
    let (shop, owner) = shut_shop().await;
    let key = key_with(&shop, Some(&owner), "till", &[Scope::CartsWrite]).await;
    let another = KeyText::new(KeyText::id_of(uuid::Uuid::from_u128(1)), false);
    let same_id = KeyText::new(key.parse::<KeyText>().unwrap().key_id().clone(), false);
    let head = shop.head();
    let cart = json!({ "currency": "GBP" });
    let wrong = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer x".to_owned(),
        format!("Basic {key}"),
        format!("bearer {}{}", &key[..49], if key.ends_with('0') { '1' } else { '0' }),
        format!("Bearer {key} {key}"),
        format!("Bearer {}", another.reveal()),
        format!("Bearer {}", same_id.reveal()),
    ];
    for text in wrong {
        for path in ["/carts", "/quotes"] {
            let answer = ask_with(&shop, "POST", path, &Some(text.clone()), &[], &cart).await;
            let problem = answer.problem(401, "unauthenticated").to_string();
            assert!(!problem.contains(&key[12..44]), "the secret is repeated: {problem}");
        }
    }
    let lists = ask(&shop, "POST", &format!("/carts?key={key}"), None, &cart).await;
    assert_eq!(lists.status, 401, "a key in the address is none");
    assert_eq!(shop.head(), head);
    let good = ask_with(&shop, "POST", "/carts", &Some(format!("BEARER {key}")), &[], &cart).await;
    assert_eq!(good.status, 201, "{}", good.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_over_at_once_a_rotated_one_overlaps_and_an_expired_one_is_none() {
    let (shop, owner) = shut_shop().await;
    let key = key_with(&shop, Some(&owner), "scanner", &[Scope::InventoryRead]).await;
    let id = key.parse::<KeyText>().unwrap().key_id().clone();
    let reads =
        async |key: &str| ask(&shop, "GET", "/inventory/shortages", Some(key), &Value::Null).await.status;
    assert_eq!(reads(&key).await, 200);
    let rotate = async |overlap: u32| {
        let body = json!({ "overlap_s": overlap });
        made(&ask(&shop, "POST", &format!("/keys/{id}/rotate"), Some(&owner), &body).await)
    };
    let second = rotate(3_600).await;
    assert_eq!((reads(&key).await.as_u16(), reads(&second).await.as_u16()), (200, 200));
    let third = rotate(0).await;
    assert_eq!((reads(&second).await.as_u16(), reads(&third).await.as_u16()), (401, 200));
    let revoke = format!("/keys/{id}/revoke");
    let revoked = ask(&shop, "POST", &revoke, Some(&owner), &json!({ "reason": "lost" })).await;
    assert_eq!(revoked.status, 200, "{}", revoked.json());
    assert_eq!(reads(&third).await, 401);
    let again = ask(&shop, "POST", &format!("/keys/{id}/rotate"), Some(&owner), &json!({})).await;
    assert_eq!(again.problem(409, "conflict")["reason"], "KeyIsRevoked");
    let shown = ask(&shop, "GET", &format!("/keys/{id}"), Some(&owner), &Value::Null).await.json();
    assert_eq!((&shown["is_revoked"], &shown["may"]), (&json!(true), &json!([])));

    let past = json!({ "name": "guest", "roles": ["warehouse"], "expires_at": "2020-01-01T00:00:00Z" });
    let expired = made(&ask(&shop, "POST", "/keys", Some(&owner), &past).await);
    assert_eq!(reads(&expired).await, 401);
    let all = ask(&shop, "GET", "/keys", Some(&owner), &Value::Null).await;
    assert!(
        !String::from_utf8(all.body.clone()).unwrap().contains("sha256"),
        "digests are nobody's business"
    );
    assert_eq!(all.json()["items"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_makes_no_second_key_and_does_not_show_the_first_again() {
    let (shop, owner) = shut_shop().await;
    let body = json!({ "name": "till 1", "roles": ["shopfront"] });
    let authorization = Some(format!("Bearer {owner}"));
    let once = [("idempotency-key", "k-1")];
    let first = ask_with(&shop, "POST", "/keys", &authorization, &once, &body).await;
    let again = ask_with(&shop, "POST", "/keys", &authorization, &once, &body).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201), "{}", again.json());
    assert_eq!(first.json()["key_id"], again.json()["key_id"]);
    assert!(first.json()["key"].is_string() && again.json()["key"].is_null(), "{}", again.json());
    let taken = ask(&shop, "POST", "/keys", Some(&owner), &body).await;
    assert_eq!(taken.problem(409, "conflict")["reason"], "NameTaken");
    for wrong in [
        json!({ "name": "x" }),
        json!({ "name": "", "roles": ["owner"] }),
        json!({ "name": "x", "roles": ["king"] }),
    ] {
        let refused = ask(&shop, "POST", "/keys", Some(&owner), &wrong).await;
        assert_eq!(refused.status, 422, "{}", refused.json());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_the_key_s_holder_or_whom_it_may_speak_for() {
    let (shop, owner) = shut_shop().await;
    let front = made(
        &ask(&shop, "POST", "/keys", Some(&owner), &json!({ "name": "site", "roles": ["shopfront"] })).await,
    );
    let till = key_with(&shop, Some(&owner), "till", &[Scope::CartsWrite]).await;
    let till_id = till.parse::<KeyText>().unwrap().key_id().to_string();
    let cart = json!({ "currency": "GBP" });
    let actor_of = async |answer: Answer| {
        assert_eq!(answer.status, 201, "{}", answer.json());
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/events?stream=cart-{id}");
        let events = ask(&shop, "GET", &path, Some(&owner), &Value::Null).await;
        let line = String::from_utf8(events.body).unwrap();
        serde_json::from_str::<Value>(line.lines().next().unwrap()).unwrap()["actor"].clone()
    };
    let by_till = ask(&shop, "POST", "/carts", Some(&till), &cart).await;
    assert_eq!(actor_of(by_till).await, format!("staff:key-{till_id}"));
    let for_ada = [("x-daybook-actor", "customer:ada")];
    let by_front = ask_with(&shop, "POST", "/carts", &Some(format!("Bearer {front}")), &for_ada, &cart).await;
    assert_eq!(actor_of(by_front).await, "customer:ada");
    let refused = ask_with(&shop, "POST", "/carts", &Some(format!("Bearer {till}")), &for_ada, &cart).await;
    assert_eq!(refused.problem(403, "missing-scope")["scope"], "act_as");
    // Two keys have no retries in common, whomever they speak for.
    let other = made(
        &ask(&shop, "POST", "/keys", Some(&owner), &json!({ "name": "app", "roles": ["shopfront"] })).await,
    );
    let headers = [("x-daybook-actor", "customer:ada"), ("idempotency-key", "1")];
    let mut ids = Vec::new();
    for key in [&front, &other, &front] {
        let answer = ask_with(&shop, "POST", "/carts", &Some(format!("Bearer {key}")), &headers, &cart).await;
        ids.push(answer.json()["id"].clone());
    }
    assert!(ids[0] == ids[2] && ids[0] != ids[1], "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_a_bulk_request_may_do_what_its_sender_may() {
    let (shop, owner) = shut_shop().await;
    let key = key_with(&shop, Some(&owner), "feed", &[Scope::CommandsBulk, Scope::InventoryWrite]).await;
    let line = json!({ "path": "/inventory/MUG/receive", "body": { "quantity": 1 } });
    let allowed = ask(&shop, "POST", "/commands", Some(&key), &line).await;
    assert_eq!(allowed.json()["status"], 200, "{}", allowed.json());
    let line = json!({ "path": "/carts", "body": { "currency": "GBP" } });
    let refused = ask(&shop, "POST", "/commands", Some(&key), &line).await.json();
    assert_eq!(
        (&refused["status"], &refused["body"]["scope"]),
        (&json!(403), &json!("carts:write")),
        "{refused}"
    );
    let line = json!({ "path": "/keys", "body": { "name": "mine", "roles": ["owner"] } });
    let refused = ask(&shop, "POST", "/commands", Some(&key), &line).await.json();
    assert_eq!(refused["status"], 403, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_is_open_until_its_first_key_and_shut_for_good_after_it() {
    let shop = shop().await;
    let cart = json!({ "currency": "GBP" });
    assert_eq!(ask(&shop, "POST", "/carts", None, &cart).await.status, 201);
    let proxied = ask_with(&shop, "POST", "/carts", &None, &[("x-forwarded-for", "192.0.2.7")], &cart).await;
    proxied.problem(401, "unauthenticated");
    let owner = made(&ask(&shop, "POST", "/keys", None, &json!({ "name": "Ada", "roles": ["owner"] })).await);
    ask(&shop, "POST", "/carts", None, &cart).await.problem(401, "unauthenticated");
    let id = owner.parse::<KeyText>().unwrap().key_id().clone();
    let end =
        ask(&shop, "POST", &format!("/keys/{id}/revoke"), Some(&owner), &json!({ "reason": "x" })).await;
    assert_eq!(end.status, 200, "{}", end.json());
    ask(&shop, "POST", "/carts", None, &cart).await.problem(401, "unauthenticated");

    let always = shop_with(Limits { access: AccessMode::Open, ..Limits::default() }).await;
    made(&ask(&always, "POST", "/keys", None, &json!({ "name": "Ada", "roles": ["owner"] })).await);
    assert_eq!(ask(&always, "POST", "/carts", None, &cart).await.status, 201);
    let never = shop_with(Limits { access: AccessMode::Keys, ..Limits::default() }).await;
    ask(&never, "POST", "/carts", None, &cart).await.problem(401, "unauthenticated");
    assert_eq!(ask(&never, "GET", "/products", None, &Value::Null).await.status, 200);
}

#[test]
fn roles_are_what_people_of_that_trade_do() {
    let may = |role: KeyRole, scope| role.scopes().has(scope);
    assert!(may(KeyRole::Warehouse, Scope::OrdersWrite) && !may(KeyRole::Warehouse, Scope::ProductsWrite));
    assert!(may(KeyRole::Shopfront, Scope::ActAs) && !may(KeyRole::Shopfront, Scope::EventsRead));
    assert!(may(KeyRole::Auditor, Scope::AuditRead) && !may(KeyRole::Auditor, Scope::OrdersWrite));
    assert!(may(KeyRole::Operator, Scope::NodeOperate) && !may(KeyRole::Operator, Scope::EventsRead));
}
