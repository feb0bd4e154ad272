//! The server on a real socket: slow clients, too many clients, and stopping.

use crate::common::{shop, shop_with};
use daybook_api::Limits;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset after the answer is the server's way of not reading the rest.
    drop(stream.read_to_end(&mut text).await);
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_too_slow_with_its_head_or_body_is_given_up() {
    let short = Duration::from_millis(200);
    let shop = shop_with(Limits { header_timeout: short, body_timeout: short, ..Limits::default() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async {
        shop.api.serve(listener).await.unwrap();
    };
    let ask = async {
        let mut head = TcpStream::connect(address).await.unwrap();
        head.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n").await.unwrap();
        assert!(!read_all(&mut head).await.contains("200 OK"));

        let mut body = TcpStream::connect(address).await.unwrap();
        let start = "POST /carts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
        body.write_all(start.as_bytes()).await.unwrap();
        let answer = read_all(&mut body).await;
        assert!(
            answer.starts_with("HTTP/1.1 408") && answer.contains("/problems/request-timeout"),
            "{answer}"
        );
        shop.stopping.cancel();
    };
    tokio::join!(serve, ask);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_503_and_the_others_go_on() {
    let shop = shop_with(Limits { connections: 1, ..Limits::default() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async {
        shop.api.serve(listener).await.unwrap();
    };
    let ask = async {
        let mut first = TcpStream::connect(address).await.unwrap();
        let begun = "POST /inventory/MUG/receive HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n";
        first.write_all(begun.as_bytes()).await.unwrap();
        // The head must have arrived, so that the request is under way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut second = TcpStream::connect(address).await.unwrap();
        let answer = read_all(&mut second).await;
        assert!(
            answer.starts_with("HTTP/1.1 503") && answer.contains("/problems/too-many-connections"),
            "{answer}"
        );
        first.write_all(b"{\"quantity\":5}").await.unwrap();
        let mut start = [0; 15];
        first.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
        shop.stopping.cancel();
    };
    tokio::join!(serve, ask);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_answered_when_the_server_stops_and_what_it_did_is_kept() {
    let shop = shop().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async {
        shop.api.serve(listener).await.unwrap();
    };
    let ask = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = "POST /inventory/MUG/receive HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // The head must have arrived, so that the request is under way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        shop.stopping.cancel();
        stream.write_all(b"{\"quantity\":5}").await.unwrap();
        let answer = read_all(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    tokio::join!(serve, ask);
    let shop = shop.reopened(Limits::default()).await;
    assert_eq!(shop.head(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_whose_chunks_are_malformed_is_400_and_one_that_breaks_off_is_408() {
    let shop = shop().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async {
        shop.api.serve(listener).await.unwrap();
    };
    let ask = async {
        let head = "POST /carts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        let cases = [
            ("zz\r\n{}\r\n0\r\n\r\n", "HTTP/1.1 400", "/problems/not-http"),
            ("2\r\n{}xx0\r\n\r\n", "HTTP/1.1 400", "/problems/not-http"),
            ("5\r\n{\"c", "HTTP/1.1 408", "/problems/request-timeout"),
        ];
        for (body, status, problem) in cases {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let answer = read_all(&mut stream).await;
            assert!(answer.starts_with(status) && answer.contains(problem), "{body:?}: {answer}");
        }
        shop.stopping.cancel();
    };
    tokio::join!(serve, ask);
}
