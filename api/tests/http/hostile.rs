//! Clients that take more than they get: connections that ask nothing, waits that nobody waits for, names that are not
//! ours. Whatever one of them does, the others are served.

use crate::served::{PATIENCE, all_of, becomes, served, until};
use daybook_api::Limits;
use futures::future::join_all;
use std::{future::pending, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// So few that a test can take all of them.
fn few(connections: usize) -> Limits {
    Limits { connections, ..Limits::default() }
}

/// A wait for something that does not come, of the longest time that may be asked for.
const LONG_WAIT: &str = "/products/x?min_position=900&wait_ms=30000";

#[tokio::test(flavor = "multi_thread")]
async fn a_position_far_beyond_the_log_is_refused_at_once_and_not_as_our_fault() {
    let served = served(Limits::default()).await;
    for path in ["/products/x", "/carts/0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90", "/search", "/inventory/MUG"] {
        for position in [u64::MAX, 1_000_000] {
            let answer = served.get(&format!("{path}?min_position={position}&wait_ms=30000")).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
            assert!(answer.contains("\"parameter\":\"min_position\""), "{answer}");
        }
    }
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_whose_client_left_frees_its_place_at_once() {
    let served = served(few(8)).await;
    for _ in 0..5 {
        let waiting = join_all((0..4).map(|_| served.ask(LONG_WAIT))).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(waiting);
        becomes("the places of those who left are free", || async {
            served.get("/products/x").await.starts_with("HTTP/1.1 404 ")
        })
        .await;
    }
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_does_not_hold_up_a_shutdown() {
    let limits = Limits { drain_timeout: PATIENCE * 2, ..Limits::default() };
    let served = served(limits).await;
    let mut waiting = served.ask(LONG_WAIT).await;
    let _searching = served.ask("/search?q=x&min_position=900&wait_ms=30000").await;
    let _silent = served.connect().await;
    let _half = served.send("GET /livez HTT").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    served.shop.stopping.cancel();
    let answer = all_of(&mut waiting).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("shutting down"), "{answer}");
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_that_last_take_a_bounded_number_of_places_and_no_command_waits_for_one() {
    let served = served(Limits::default()).await;
    let mut waiting = join_all((0..300).map(|_| served.ask(LONG_WAIT))).await;
    // Those beyond the bound are told so after a second; the others wait on.
    let told =
        join_all(waiting.iter_mut().map(|stream| timeout(Duration::from_secs(5), all_of(stream)))).await;
    let told: Vec<_> = told.into_iter().flatten().collect();
    assert!((40..300).contains(&told.len()), "{} were told", told.len());
    assert!(told.iter().all(|answer| answer.contains("/problems/overloaded")), "{told:?}");
    served.shop.stock("MUG", 100, 1).await;
    assert!(served.get("/products/p-MUG?min_position=1").await.starts_with("HTTP/1.1 200 "));
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_answered_when_all_connections_are_busy_and_everything_else_is_told_why_not() {
    let served = served(Limits { connections_per_client: Some(4), ..few(4) }).await;
    let held = join_all((0..4).map(|_| served.ask(LONG_WAIT))).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Those that ask nothing do not keep others from asking, however many they are.
    let silent = join_all((0..600).map(|_| served.connect())).await;
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = served.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    let refused = served.get("/products/x").await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("/problems/too-many-connections"));
    assert!(refused.contains("retry-after: 1"), "{refused}");
    drop((held, silent));
    becomes("everything is answered again", || async {
        served.get("/products/x").await.starts_with("HTTP/1.1 404 ")
    })
    .await;
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_give_way_to_those_that_ask() {
    let served = served(few(20)).await;
    let mut idle = Vec::new();
    for n in 0..200 {
        // Some said nothing, some half a head, some have asked something before.
        let text = ["", "GET /products/x HTT", "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n"][n % 3];
        idle.push(served.send(text).await);
    }
    becomes("those that ask are served", || async {
        served.get("/products/x").await.starts_with("HTTP/1.1 404 ")
    })
    .await;
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closed_its_sending_side_is_still_answered() {
    let served = served(Limits::default()).await;
    let mut stream = served.ask("/products/x").await;
    stream.shutdown().await.unwrap();
    assert!(all_of(&mut stream).await.starts_with("HTTP/1.1 404 "));
    // It is not waited for on its behalf.
    let mut stream = served.ask(LONG_WAIT).await;
    stream.shutdown().await.unwrap();
    let answer =
        timeout(Duration::from_secs(10), all_of(&mut stream)).await.expect("an answer before its time");
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asked_ahead_and_waits_is_answered_in_order() {
    let served = served(Limits::default()).await;
    let ahead = "GET /products/x?min_position=9&wait_ms=500 HTTP/1.1\r\nhost: localhost\r\n\r\n\
                 GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answers = served.told(ahead).await;
    let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    assert_eq!(statuses, ["504", "200"], "{answers}");
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_ours_reads_nothing() {
    let served = served(Limits::default()).await;
    served.shop.stock("MUG", 100, 1).await;
    for (hosts, status) in [
        ("", "400"),
        ("host: localhost\r\nhost: localhost\r\n", "400"),
        ("host: evil.example\r\n", "421"),
        ("host: localhost.evil.example\r\n", "421"),
    ] {
        let answer = served.told(&format!("GET /events HTTP/1.1\r\n{hosts}connection: close\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{hosts:?}: {answer}");
        assert!(!answer.contains("MUG"), "{answer}");
    }
    let absolute = "GET http://evil.example/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert!(served.told(absolute).await.starts_with("HTTP/1.1 421 "));
    let ours = served.get("/events").await;
    assert!(ours.starts_with("HTTP/1.1 200 ") && ours.contains("MUG"), "{ours}");
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_on_another_page_sends_no_command() {
    let served = served(Limits::default()).await;
    let before = served.shop.head();
    let host = format!("host: {}\r\n", served.address);
    for headers in [
        "origin: https://evil.example\r\n".to_owned(),
        "origin: null\r\n".to_owned(),
        "sec-fetch-site: cross-site\r\n".to_owned(),
        "origin: http://localhost:1\r\n".to_owned(),
    ] {
        for path in ["/carts", "/inventory/MUG/receive", "/admin/projections/stock/rebuild", "/commands"] {
            let request = format!(
                "POST {path} HTTP/1.1\r\n{host}{headers}connection: close\r\ncontent-length: 0\r\n\r\n"
            );
            let answer = served.told(&request).await;
            assert!(
                answer.starts_with("HTTP/1.1 403 ") && answer.contains("/problems/cross-site"),
                "{answer}"
            );
        }
    }
    let form = format!(
        "DELETE /carts/0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90 HTTP/1.1\r\n{host}connection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 0\r\n\r\n"
    );
    let answer = served.told(&form).await;
    assert!(answer.starts_with("HTTP/1.1 415 "), "an empty form is no command: {answer}");
    assert_eq!(served.shop.head(), before);
    let own = format!(
        "POST /carts/0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90/reprice HTTP/1.1\r\n{host}\
         origin: http://{}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        served.address
    );
    assert!(served.told(&own).await.starts_with("HTTP/1.1 404 "), "a page of ours may");
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_s_connections_end_at_its_share() {
    let served = served(Limits { connections_per_client: Some(2), ..few(100) }).await;
    let mut held =
        join_all((0..2).map(|_| served.send("GET /events?follow=true HTTP/1.1\r\nhost: localhost\r\n\r\n")))
            .await;
    for stream in &mut held {
        until(stream, "200 OK").await;
    }
    let refused = served.get("/products/x").await;
    assert!(refused.contains("/problems/too-many-connections"), "{refused}");
    served.ends().await;
}

/// Sends one byte of `text` after another, without end, until the server closes; answers what it said.
async fn trickled(mut stream: TcpStream, text: &'static [u8]) -> String {
    let (mut reader, mut writer) = stream.split();
    let trickle = async {
        for byte in text.iter().cycle() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if writer.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        // The answer stands in the other half.
        pending::<()>().await;
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = trickle => {}
        read = timeout(PATIENCE * 2, reader.read_to_end(&mut answer)) => drop(read.expect("the server closes")),
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_now_and_then_keeps_no_request_going_beyond_its_time() {
    let short = Duration::from_secs(1);
    let served = served(Limits { header_timeout: short, body_timeout: short, ..Limits::default() }).await;
    let post = |rest: &str| {
        format!("POST /carts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{rest}\r\n\r\n")
    };
    let bulk = "POST /commands HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/jsonl\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let cases: [(String, &'static [u8]); 4] = [
        ("GET /livez HTTP/1.1\r\nhost: localhost\r\nx-slow: ".to_owned(), b"x"),
        (post("content-length: 100000"), b" "),
        (post("transfer-encoding: chunked"), b"1\r\n \r\n"),
        (bulk.to_owned(), b"1\r\n{\r\n"),
    ];
    let asked = cases.map(|(begun, rest)| {
        let served = &served;
        async move { (trickled(served.send(&begun).await, rest).await, begun) }
    });
    for (answer, begun) in join_all(asked).await {
        assert!(answer.contains("/problems/request-timeout"), "{begun}: {answer}");
    }
    served.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_trickles_takes_a_bounded_number_of_places_and_only_for_a_time() {
    let limits = Limits { body_timeout: Duration::from_secs(2), connections_per_client: Some(4), ..few(8) };
    let served = served(limits).await;
    let slow = "POST /carts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 100000\r\n\r\n";
    let mut trickling = Vec::new();
    for _ in 0..12 {
        trickling.push(tokio::spawn(trickled(served.send(slow).await, b" ")));
    }
    let answers = join_all(trickling).await.into_iter().map(Result::unwrap);
    let (refused, late): (Vec<_>, Vec<_>) =
        answers.partition(|answer| answer.contains("/problems/too-many-connections"));
    assert!(late.iter().all(|answer| answer.contains("/problems/request-timeout")), "{late:?}");
    assert!((1..=4).contains(&late.len()), "{} were heard, {} refused", late.len(), refused.len());
    assert!(served.get("/products/x").await.starts_with("HTTP/1.1 404 "));
    served.ends().await;
}
