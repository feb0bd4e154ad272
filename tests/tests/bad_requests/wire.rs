//! Clients that speak badly, or well but unusually: every one of them hears what was wrong, or gets its answers.

use crate::{
    clients::{answer, connect},
    with_cart,
};
use daybook_tests::{
    on_each_store,
    shop::{On, ShopClient},
};
use tokio::io::AsyncWriteExt;

on_each_store!(
    what_is_no_request_is_told_so,
    requests_sent_ahead_are_answered_in_their_order_and_after_the_client_closed_its_side,
    a_client_that_says_everything_before_it_listens_hears_why_it_was_too_much,
    hundreds_of_idle_connections_keep_nobody_from_being_served,
);

/// What the server says to `request`, which closes its own side afterwards.
async fn said_to(shop: &ShopClient, request: &[u8]) -> String {
    let mut stream = connect(shop).await;
    // The server may stop listening in the middle of it.
    let _ = stream.write_all(request).await;
    let _ = stream.shutdown().await;
    answer(&mut stream).await
}

async fn what_is_no_request_is_told_so(on: On) {
    let (shop, _, head) = with_cart(on, &[]).await;
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let large = "y".repeat(300_000);
    let cases: [(Vec<u8>, &str, &str); 7] = [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), "400", "not-http"),
        (b"\0\0\0\0\r\n\r\n".to_vec(), "400", "not-http"),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), "400", "not-http"),
        (
            b"POST /carts HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}"
                .to_vec(),
            "400",
            "not-http",
        ),
        (
            b"POST /carts HTTP/1.1\r\nhost: localhost\r\ncontent-length: -5\r\n\r\n{}".to_vec(),
            "400",
            "not-http",
        ),
        (
            format!("GET /livez HTTP/1.1\r\nhost: localhost\r\n{many}\r\n").into_bytes(),
            "431",
            "head-too-large",
        ),
        (
            format!("GET /livez HTTP/1.1\r\nhost: localhost\r\nx: {large}\r\n\r\n").into_bytes(),
            "431",
            "head-too-large",
        ),
    ];
    for (request, status, name) in cases {
        let said = said_to(&shop, &request).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {said}");
        assert!(said.contains("application/problem+json"), "{name}: {said}");
        assert!(said.contains(&format!("/problems/{name}\"")), "{name}: {said}");
    }
    assert_eq!(shop.head().await, head, "noise wrote something");
}

async fn requests_sent_ahead_are_answered_in_their_order_and_after_the_client_closed_its_side(on: On) {
    let (shop, cart, _) = with_cart(on, &[]).await;
    let paths = ["/livez".to_owned(), format!("/carts/{cart}"), "/nowhere".to_owned(), "/livez".to_owned()];
    let ahead: String =
        paths.iter().map(|path| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")).collect();
    let said = said_to(&shop, ahead.as_bytes()).await;
    let statuses: Vec<_> = said.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    assert_eq!(statuses, ["200", "200", "404", "200"], "{said}");
}

async fn a_client_that_says_everything_before_it_listens_hears_why_it_was_too_much(on: On) {
    let (shop, cart, head) = with_cart(on, &[]).await;
    let body = vec![b' '; 20_000_000];
    for length in [format!("content-length: {}", body.len()), "transfer-encoding: chunked".to_owned()] {
        let chunked = length.starts_with("transfer");
        let mut request = format!(
            "POST /carts/{cart}/lines HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
        );
        if chunked {
            request.push_str(&format!("{:x}\r\n", body.len()));
        }
        let mut request = request.into_bytes();
        request.extend_from_slice(&body);
        if chunked {
            request.extend_from_slice(b"\r\n0\r\n\r\n");
        }
        let said = said_to(&shop, &request).await;
        assert!(said.starts_with("HTTP/1.1 413 ") && said.contains("/problems/body-too-large"), "{said}");
    }
    assert_eq!(shop.head().await, head, "a refused request wrote something");
}

async fn hundreds_of_idle_connections_keep_nobody_from_being_served(on: On) {
    let (shop, cart, _) = with_cart(on, &[]).await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(connect(&shop).await);
    }
    for _ in 0..20 {
        let _ = shop.get(&format!("/carts/{cart}")).await.expect(200);
    }
    // They are connections like any other: the last of them may still ask.
    let mut last = idle.pop().expect("there are many");
    last.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(answer(&mut last).await.starts_with("HTTP/1.1 200 "));
}
