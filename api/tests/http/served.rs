//! A shop served on a real socket, and clients of it that do what no well-meaning client does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::common::{Shop, shop_with};
use daybook_api::Limits;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

/// Nothing that is tested takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Served {
    pub(crate) shop: Arc<Shop>,
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

pub(crate) async fn served(limits: Limits) -> Served {
    serve(shop_with(limits).await).await
}

pub(crate) async fn serve(shop: Shop) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shop) = (listener.local_addr().unwrap(), Arc::new(shop));
    let serving = tokio::spawn({
        let shop = shop.clone();
        async move { shop.api.serve(listener).await.unwrap() }
    });
    Served { shop, address, serving }
}

impl Served {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection on which `text` was sent.
    pub(crate) async fn send(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// A connection on which this was asked, which the server closes when it has answered.
    pub(crate) async fn ask(&self, path: &str) -> TcpStream {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await
    }

    /// What is answered to a request that is sent as it stands.
    pub(crate) async fn told(&self, text: &str) -> String {
        all_of(&mut self.send(text).await).await
    }

    /// What is answered to this question.
    pub(crate) async fn get(&self, path: &str) -> String {
        all_of(&mut self.ask(path).await).await
    }

    /// Has the server stop, and waits until it serves nobody any more.
    pub(crate) async fn ends(self) {
        self.shop.stopping.cancel();
        timeout(PATIENCE, self.serving).await.expect("the server stops").unwrap();
    }
}

/// Everything until the server closes; a reset counts as closing.
pub(crate) async fn all_of(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    drop(timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("the server closes"));
    String::from_utf8_lossy(&text).into_owned()
}

/// Reads until what was read ends with `end`, or contains it.
pub(crate) async fn until(stream: &mut TcpStream, end: &str) -> String {
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    let read = async {
        while !String::from_utf8_lossy(&text).contains(end) {
            let count = stream.read(&mut buffer).await.unwrap();
            assert!(count > 0, "closed after {:?}", String::from_utf8_lossy(&text));
            text.extend_from_slice(&buffer[..count]);
        }
    };
    timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("no {end:?}"));
    String::from_utf8_lossy(&text).into_owned()
}

/// Waits until this holds.
pub(crate) async fn becomes<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let look = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("{what}"));
}
