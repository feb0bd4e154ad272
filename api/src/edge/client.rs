//! Who sent the request that is being handled: from which address, and whether the connection is still open.
//!
//! The listener sets it around each request; whoever holds something for a client (a wait, a feed) asks here. Requests
//! that came over no connection, such as the lines of a bulk request, have no client.

use futures::FutureExt;
use parking_lot::Mutex;
use std::{
    future::{pending, poll_fn},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{Interest, ReadBuf},
    net::TcpStream,
    time::sleep,
};

/// How often a client that has sent its next request already is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

tokio::task_local! {
    static CURRENT: Client;
}

/// Where clients come from, as far as their places are counted together: an IPv4 address, or the network of an IPv6
/// address, because whoever has one of its addresses has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientAddress(IpAddr);

impl ClientAddress {
    pub(crate) fn of(peer: SocketAddr) -> Self {
        Self(match peer.ip().to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// The connection that a request came over.
#[derive(Clone)]
pub(crate) struct Client {
    address: ClientAddress,
    socket: Arc<Mutex<TcpStream>>,
}

impl Client {
    pub(crate) fn new(address: ClientAddress, socket: Arc<Mutex<TcpStream>>) -> Self {
        Self { address, socket }
    }

    /// Does `work` for this client.
    pub(crate) fn served_by<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, work)
    }

    /// The client of the request at hand.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    pub(crate) fn address(&self) -> ClientAddress {
        self.address
    }

    /// Resolves when the client has closed its side of the connection. May be awaited only in the task that serves the
    /// connection, because a socket wakes one reader.
    pub(crate) async fn left(&self) {
        while !poll_fn(|cx| self.poll_left(cx)).await {
            sleep(LOOK_AGAIN).await;
        }
    }

    /// False: there is something to read, and whether the client closed its side behind it is not known yet.
    fn poll_left(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let socket = self.socket.lock();
        let mut byte = [0];
        Poll::Ready(match ready!(socket.poll_peek(cx, &mut ReadBuf::new(&mut byte))) {
            Ok(0) | Err(_) => true,
            Ok(_) => {
                let ready = socket.ready(Interest::READABLE).now_or_never();
                ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed()))
            }
        })
    }
}

/// Resolves when the client of the request at hand has left; never for a request that came over no connection.
pub(crate) async fn client_left() {
    match Client::current() {
        Some(client) => client.left().await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_client_are_counted_together() {
        let of = |peer: &str| ClientAddress::of(peer.parse().unwrap());
        assert_eq!(of("192.0.2.7:1"), of("[::ffff:192.0.2.7]:2"));
        assert_eq!(of("[2001:db8::1]:1"), of("[2001:db8::ffff:2]:1"));
        assert_ne!(of("[2001:db8::1]:1"), of("[2001:db8:0:1::1]:1"));
        assert_ne!(of("192.0.2.7:1"), of("192.0.2.8:1"));
    }
}
