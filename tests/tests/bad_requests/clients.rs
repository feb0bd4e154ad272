//! Clients that take too much: of room, of time, of patience.

use crate::with_cart;
use daybook_tests::{
    on_each_store,
    shop::{On, ShopClient},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

on_each_store!(a_body_of_100_mb_is_refused_without_being_read, a_slow_client_is_cut_off_and_holds_nobody_up,);

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn connect(shop: &ShopClient) -> TcpStream {
    TcpStream::connect(shop.address().trim_start_matches("http://")).await.unwrap()
}

/// What the server says until it closes; a reset after the answer counts as closing.
pub(crate) async fn answer(stream: &mut TcpStream) -> String {
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count) = timeout(PATIENCE, stream.read(&mut buffer)).await.expect("the server cuts it off") {
        if count == 0 {
            break;
        }
        said.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

async fn a_body_of_100_mb_is_refused_without_being_read(on: On) {
    let (shop, cart, head) = with_cart(on, &[]).await;
    let mut stream = connect(&shop).await;
    let request = format!(
        "POST /carts/{cart}/lines HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000000\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // Nothing of the body was sent, so this answer did not wait for it.
    let said = answer(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    assert!(said.contains("application/problem+json") && said.contains("/problems/body-too-large"), "{said}");

    let mut undeclared = connect(&shop).await;
    let request = format!(
        "POST /carts/{cart}/lines HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    undeclared.write_all(request.as_bytes()).await.unwrap();
    let mut chunk = b"10000\r\n".to_vec();
    chunk.extend(std::iter::repeat_n(b' ', 65_536));
    chunk.extend(b"\r\n");
    let (mut reading, mut writing) = undeclared.split();
    let mut sent = 0;
    let write = async {
        while sent < 100_000_000 && writing.write_all(&chunk).await.is_ok() {
            sent += chunk.len();
        }
    };
    // Whoever goes on sending may be cut off before the answer is read; whoever listens hears it.
    let read = async {
        let mut start = [0; 12];
        let whole = timeout(PATIENCE, reading.read_exact(&mut start)).await.expect("an end in time").is_ok();
        if whole { start.to_vec() } else { Vec::new() }
    };
    tokio::pin!(read);
    let said = tokio::select! {
        said = &mut read => said,
        () = write => read.await,
    };
    assert!(said.is_empty() || said == b"HTTP/1.1 413", "{}", String::from_utf8_lossy(&said));
    assert!(sent < 50_000_000, "{sent} bytes were taken");
    assert_eq!(shop.head().await, head, "a refused request wrote something");
}

async fn a_slow_client_is_cut_off_and_holds_nobody_up(on: On) {
    let (shop, cart, head) = with_cart(on, &["--header-timeout", "1s", "--body-timeout", "1s"]).await;
    let mut slow_heads = Vec::new();
    for _ in 0..30 {
        let mut stream = connect(&shop).await;
        stream.write_all(b"POST /carts HTTP/1.1\r\nhost:").await.unwrap();
        slow_heads.push(stream);
    }
    let mut slow_body = connect(&shop).await;
    let request = format!(
        "POST /carts/{cart}/lines HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{{"
    );
    slow_body.write_all(request.as_bytes()).await.unwrap();
    for _ in 0..20 {
        let _ = shop.get(&format!("/carts/{cart}")).await.expect(200);
    }
    // Trickling one byte at a time does not win more time.
    let trickle = async {
        for _ in 0..100 {
            for stream in &mut slow_heads {
                // The server may have closed it already.
                let _ = stream.write_all(b"x").await;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    let (said, ()) = tokio::join!(answer(&mut slow_body), trickle);
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("/problems/request-timeout"), "{said}");
    for stream in &mut slow_heads {
        let said = answer(stream).await;
        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("/problems/request-timeout"), "{said}");
    }
    assert_eq!(shop.head().await, head, "a request that never came whole wrote something");
}
