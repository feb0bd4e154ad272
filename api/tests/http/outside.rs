//! The record and its proofs are not for everybody who can reach the server, until there are roles.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::common::{Answer, Shop, shop};
use axum::{body::Body, http::Request};
use daybook_api::RemotePeer;

/// Asks as over a connection from another machine.
async fn from_outside(shop: &Shop, path: &str) -> Answer {
    shop.send(Request::get(path).extension(RemotePeer).body(Body::empty()).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_and_its_proofs_are_answered_inside_only_and_the_shop_to_everybody() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 3).await;
    let order = "/orders/0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012/proof";
    for path in [
        "/events",
        "/events?follow=true",
        "/audit/checkpoint",
        "/audit/key",
        "/audit/tile/0/000",
        "/audit/proof?position=1",
        "/audit/consistency?from=1",
        "/metrics",
        "/admin/projections",
        "/admin/projections/order/dead-letters",
        "/admin/processes/dead-letters",
        order,
    ] {
        let problem = from_outside(&shop, path).await.problem(403, "loopback-only");
        assert!(problem["detail"].as_str().unwrap().contains("the server's own machine"), "{problem}");
    }
    assert_eq!(shop.get("/events").await.status, 200);
    assert_eq!(shop.get("/audit/key").await.status, 200);
    assert_eq!(shop.get("/metrics").await.status, 200);
    assert_eq!(shop.get("/readyz").await.json()["roles"][0], "queries");
    let told = from_outside(&shop, "/readyz").await;
    assert_eq!((told.status.as_u16(), told.json().get("roles")), (200, None), "{told:?}");
    assert_eq!(shop.get("/admin/projections").await.status, 200);
    let rebuild = Request::post("/admin/projections/order/rebuild").extension(RemotePeer);
    let rebuild = shop.send(rebuild.body(Body::empty()).unwrap()).await;
    rebuild.problem(403, "loopback-only");
    shop.get(&format!("/inventory/MUG?min_position={}", shop.head())).await;
    let seen = from_outside(&shop, "/inventory/MUG").await;
    let seen = seen.header("x-daybook-position");
    for path in [
        &format!("/inventory/MUG?min_position={seen}"),
        &format!("/inventory/MUG?as_of={seen}"),
        "/openapi.json",
    ] {
        assert_eq!(from_outside(&shop, path).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_tell_how_many_events_there_were_and_still_read_what_they_wrote() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 3).await;
    let outside = async |request: axum::http::request::Builder, body: &str| {
        let request = request.extension(RemotePeer).header("content-type", "application/json");
        shop.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let made =
        outside(Request::post("/carts"), r#"{"currency":"GBP","lines":[{"sku":"MUG","quantity":1}]}"#).await;
    assert_eq!(made.status, 201, "{made:?}");
    let (written, id) = (made.json()["position"].as_u64().unwrap(), made.json()["id"].clone());
    assert_eq!(made.header("x-daybook-position"), written.to_string());
    assert!(written > 1_000_000, "that is the position itself: {written}");
    let path = format!("/carts/{}?min_position={written}", id.as_str().unwrap());
    let read = outside(Request::get(&path), "").await;
    assert_eq!(read.status, 200, "{read:?}");
    assert_eq!(read.json()["position"], written, "one position is one number");
    let then = outside(Request::get(path.replace("min_position", "as_of")), "").await;
    assert_eq!(then.json()["id"], id, "{then:?}");
    let real = shop.get(&path.replace(&written.to_string(), &shop.head().to_string())).await;
    assert_eq!(real.json()["position"], shop.head(), "on the server's own machine it is what it is");
    for path in [
        "/readyz",
        "/products/p-MUG",
        "/inventory/MUG",
        "/products/p-MUG?min_position=1",
        "/inventory/MUG?as_of=1",
    ] {
        let answer = outside(Request::get(path), "").await;
        let told = String::from_utf8(answer.body.clone()).unwrap();
        for position in 1..=shop.head() {
            let shown = ["position", "first_position", "head"].map(|name| format!("\"{name}\":{position}"));
            let is_told =
                |shown: &String| told.contains(&format!("{shown},")) || told.contains(&format!("{shown}}}"));
            assert!(!shown.iter().any(is_told), "{path}: {told}");
        }
    }
}
