//! Clients of `/commands`, of the feed and of long histories that take more than they get.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::{
    common::{Shop, shop},
    served::{Served, all_of, becomes, served, until},
};
use axum::{
    body::Body,
    http::{Method, Request},
};
use daybook_api::Limits;
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

const BULK: &str = "POST /commands HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/jsonl\r\n\
                    connection: close\r\ntransfer-encoding: chunked\r\n\r\n";

/// The outcomes of these lines.
async fn outcomes(shop: &Shop, lines: &[String]) -> Vec<Value> {
    let request = Request::post("/commands").header("content-type", "application/jsonl");
    let answer = shop.send(request.body(Body::from(lines.join("\n"))).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let text = String::from_utf8(answer.body).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_refused_by_the_route_that_they_match_however_it_is_spelled() {
    let shop = shop().await;
    shop.stock("MUG", 100, 1).await;
    let rebuild = "/admin/projections/stock/rebuild";
    let paths = [
        rebuild.to_owned(),
        format!("http://x{rebuild}"),
        format!("{rebuild}?x=1"),
        "/commands".to_owned(),
        "http://localhost/commands".to_owned(),
        format!("/{rebuild}"),
        format!("/.{rebuild}"),
        "/%61dmin/projections/stock/rebuild".to_owned(),
        "/inventory/../admin/projections/stock/rebuild".to_owned(),
        "commands".to_owned(),
        "*".to_owned(),
        String::new(),
    ];
    let lines: Vec<_> = paths.iter().map(|path| json!({ "path": path }).to_string()).collect();
    for (outcome, path) in outcomes(&shop, &lines).await.iter().zip(&paths) {
        let status = outcome["status"].as_u64().unwrap();
        assert!([404, 422].contains(&status), "{path}: {outcome}");
    }
    let rebuilds = shop.get("/admin/projections").await.json();
    assert!(!rebuilds.to_string().contains("\"rebuilding\":true"), "{rebuilds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_for_one_thing_run_in_order_in_whatever_way_it_is_spelled() {
    let shop = shop().await;
    let count = 100;
    // Each takes away what the one before brought: in another order one of them would be refused.
    let lines: Vec<_> = (0..count)
        .map(|n| {
            let path = ["/inventory/L1", "/inventory/%4C1", "/inventory/%4c%31"][n % 3];
            let delta = if n % 2 == 0 { 5 } else { -5 };
            json!({ "path": format!("{path}/adjust"), "body": { "delta": delta, "reason": "in turn" } })
                .to_string()
        })
        .collect();
    let outcomes = outcomes(&shop, &lines).await;
    let versions: Vec<_> = outcomes.iter().map(|outcome| outcome["body"]["version"].as_u64()).collect();
    assert_eq!(versions, (1..=count as u64).map(Some).collect::<Vec<_>>(), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_line_that_is_too_long_the_others_get_their_outcomes() {
    let shop = shop().await;
    let receive = || json!({ "path": "/inventory/MUG/receive", "body": { "quantity": 1 } }).to_string();
    let long = format!("{{\"path\":\"{}\"}}", "x".repeat(2 << 20));
    let outcomes = outcomes(&shop, &[receive(), long, receive(), "[1]".to_owned(), receive()]).await;
    let statuses: Vec<_> = outcomes.iter().map(|outcome| outcome["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 413, 200, 422, 200], "{outcomes:?}");
    assert_eq!(outcomes[4]["line"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_request_that_brings_only_empty_lines_is_over_in_its_time() {
    let served = served(Limits { body_timeout: Duration::from_millis(600), ..Limits::default() }).await;
    let mut stream = served.send(BULK).await;
    let (mut reading, mut writing) = stream.split();
    let trickle = async {
        loop {
            // The server may have closed it.
            let _ = writing.write_all(chunk("\n").as_bytes()).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let mut text = String::new();
    let read = tokio::io::AsyncReadExt::read_to_string(&mut reading, &mut text);
    tokio::select! {
        () = trickle => {}
        _ = tokio::time::timeout(crate::served::PATIENCE, read) => {}
    }
    assert!(text.contains("/problems/request-timeout"), "{text}");
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_that_nobody_takes_stop_the_reading_of_lines() {
    // The client reads nothing: its connection is cut when the time for draining is over.
    let served = served(Limits { drain_timeout: crate::served::PATIENCE / 4, ..Limits::default() }).await;
    let mut stream = served.send(BULK).await;
    // Each outcome is larger than its line.
    let lines = "{}\n".repeat(1 << 14);
    let mut sent = 0;
    let write = async {
        while sent < 64 << 20 {
            stream.write_all(chunk(&lines).as_bytes()).await.unwrap();
            sent += lines.len();
        }
    };
    let stalled = tokio::time::timeout(Duration::from_secs(5), write).await.is_err();
    assert!(stalled, "{sent} bytes of lines were taken, whose outcomes nobody reads");
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_request_does_not_hold_up_a_shutdown_and_says_where_it_ended() {
    let served = served(Limits { drain_timeout: crate::served::PATIENCE * 2, ..Limits::default() }).await;
    let mut stream = served.send(BULK).await;
    let line = json!({ "path": "/inventory/MUG/receive", "body": { "quantity": 1 } }).to_string() + "\n";
    stream.write_all(chunk(&line).as_bytes()).await.unwrap();
    until(&mut stream, "\"status\":200").await;
    served.shop.stopping.cancel();
    let rest = all_of(&mut stream).await;
    assert!(rest.contains("\"line\":2") && rest.contains("/problems/unavailable"), "{rest}");
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_of_undeclared_length_take_the_room_of_what_they_sent() {
    let served = served(Limits::default()).await;
    let begun = "POST /inventory/MUG/receive HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                 connection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let slow = join_all((0..300).map(|_| served.send(begun))).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = served.told(&format!("{begun}{}0\r\n\r\n", chunk("{\"quantity\": 5}"))).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(slow);
    served.ends().await;
}

/// So many changes of the stock of one SKU.
async fn adjusted(shop: &Shop, times: usize) {
    let lines: Vec<_> = (0..times)
        .map(|_| json!({ "path": "/inventory/MUG/receive", "body": { "quantity": 1 } }).to_string())
        .collect();
    let outcomes = outcomes(shop, &lines).await;
    assert!(outcomes.iter().all(|outcome| outcome["status"] == 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_event_can_be_is_refused_by_name() {
    let shop = shop().await;
    for (query, parameter, says) in [
        ("type=nothing", "type", "nothing"),
        ("type=OrderPlaced,orderconfirmed", "type", "OrderConfirmed"),
        ("type=", "type", ""),
        ("aggregate=stock", "aggregate", "inventory"),
        ("stream=MUG", "stream", "MUG"),
        ("stream=stock-MUG", "stream", "stock-MUG"),
    ] {
        let refused = shop.get(&format!("/events?{query}")).await.problem(400, "invalid-parameter");
        assert_eq!(refused["parameter"], parameter, "{query}");
        assert!(refused["detail"].as_str().unwrap().contains(says), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_answer_says_up_to_where_it_looked_and_goes_on_from_there() {
    let shop = shop().await;
    shop.stock("POT", 100, 1).await;
    adjusted(&shop, 700).await;
    let head = shop.head();
    let all = shop.get("/events?type=StockReceived").await;
    assert_eq!(all.header("x-daybook-position"), head.to_string());
    assert_eq!(all.body.iter().filter(|byte| **byte == b'\n').count(), 701);
    let none = shop.get("/events?type=OrderPlaced").await;
    assert!(none.body.is_empty());
    assert_eq!(none.header("x-daybook-position"), head.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_left_frees_its_place_at_once() {
    let served = served(Limits::default()).await;
    let follow = "GET /events?follow=true&type=OrderPlaced HTTP/1.1\r\nhost: localhost\r\n\r\n";
    // Each round asks for all places, and the followers of the round before have just left.
    for _ in 0..4 {
        becomes("all places of followers are free", || all_places_are_free(&served, follow)).await;
    }
    served.ends().await;
}

/// Whether one client gets as many places as it may have.
async fn all_places_are_free(served: &Served, follow: &str) -> bool {
    let mut followers = join_all((0..64).map(|_| served.send(follow))).await;
    let mut free = true;
    for follower in &mut followers {
        free &= until(follower, "\r\n\r\n").await.contains("200 OK");
    }
    free
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_takes_so_many_changes_and_long_ones_hold_up_nobody() {
    let shop = shop().await;
    shop.stock("MUG", 100, 10).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let line = |n: u32| {
        json!({ "method": "PATCH", "path": format!("/carts/{cart}/lines/1"), "body": { "quantity": 1 + n % 2 } })
            .to_string()
    };
    // The cart has two events; one more than it takes is refused.
    let lines: Vec<_> = (1..=9_999).map(line).collect();
    let outcomes = outcomes(&shop, &lines).await;
    let done = outcomes.iter().filter(|outcome| outcome["status"] == 200).count();
    assert_eq!(done, 9_998);
    assert_eq!(outcomes[9_998]["body"]["reason"], "TooManyChanges", "{}", outcomes[9_998]);
    let asked = join_all((0..20).map(|_| async {
        let copied = shop.ask(Method::POST, &format!("/carts/{cart}/copy"), &[], "").await;
        assert_eq!(copied.status, 201, "{}", copied.json());
    }));
    let (live, _) = tokio::join!(shop.get("/livez"), asked);
    assert_eq!(live.status, 200);
    let paid = shop.checkout(&cart, "tok_visa").await;
    assert_eq!(paid.status, 201, "{}", paid.json());
    shop.stopped().await;
}
