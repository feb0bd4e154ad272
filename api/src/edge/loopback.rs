//! The mark of requests from other machines. In a shop without keys, what is for analysts and auditors (the whole
//! record, and proofs about it) and for operators (what counts events, and dead letters) is answered to the loopback
//! interface only, unless the operator says otherwise.
//!
//! A proxy on this machine counts as local: what it lets through is its own decision.

use crate::problem::{Problem, kind};
use std::net::{IpAddr, SocketAddr};

/// Marks the requests of a connection that comes from another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemotePeer;

impl RemotePeer {
    /// The mark, if the connection comes from another machine.
    pub(crate) fn of(peer: SocketAddr) -> Option<Self> {
        let inside = match peer.ip() {
            IpAddr::V4(address) => address.is_loopback(),
            // On a socket for both, IPv4 addresses come dressed up.
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => address.is_loopback(),
                None => address.is_loopback(),
            },
        };
        (!inside).then_some(Self)
    }
}

pub(crate) fn refused() -> Problem {
    let detail = "without a key this is answered to the loopback interface only: send a key with its scope, or ask on the \
                  server's own machine";
    Problem::new(&kind::LOOPBACK_ONLY, detail)
}

#[cfg(test)]
mod tests {
    use super::RemotePeer;

    #[test]
    fn only_loopback_addresses_are_inside() {
        for inside in ["127.0.0.1:80", "127.8.8.8:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(RemotePeer::of(inside.parse().unwrap()), None, "{inside}");
        }
        for outside in
            ["192.0.2.7:80", "10.0.0.1:80", "[2001:db8::1]:80", "[::ffff:10.0.0.1]:80", "0.0.0.0:80"]
        {
            assert_eq!(RemotePeer::of(outside.parse().unwrap()), Some(RemotePeer), "{outside}");
        }
    }
}
