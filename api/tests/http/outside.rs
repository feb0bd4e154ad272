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
        order,
    ] {
        let problem = from_outside(&shop, path).await.problem(403, "loopback-only");
        assert!(problem["detail"].as_str().unwrap().contains("the server's own machine"), "{problem}");
    }
    assert_eq!(shop.get("/events").await.status, 200);
    assert_eq!(shop.get("/audit/key").await.status, 200);
    let head = shop.head();
    for path in [&format!("/inventory/MUG?min_position={head}"), "/inventory/MUG?as_of=2", "/openapi.json"] {
        assert_eq!(from_outside(&shop, path).await.status, 200, "{path}");
    }
}
