//! The listener: which services there are, and how they end. Does not know what a request means.

use crate::describe::Describe;
use crate::proto::gossip::gossip_server::GossipServer;
use crate::proto::server_features::server_features_server::ServerFeaturesServer;
use crate::proto::streams::streams_server::StreamsServer;
use crate::streams::LogStreams;
use daybook_event_log::EventLog;
use daybook_subscriptions::CancellationToken;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// Requests under way on one connection; further ones wait.
const STREAMS_PER_CONNECTION: u32 = 1_000;
/// A connection that says nothing is asked whether anybody is there, …
const PING_EVERY: Duration = Duration::from_secs(30);
/// … and closed without an answer.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a stop waits for clients to take their last answer.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A bound address at which the log is served.
#[derive(Debug)]
pub struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
}

impl Endpoint {
    /// Binds `address`. Anyone who reaches it reads everything, so it has to be an address of this machine alone.
    ///
    /// # Errors
    /// The address is not loopback, or cannot be bound.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let detail = format!(
                "{address} can be reached from other machines, and this endpoint asks nobody who they are; name a loopback address, for example 127.0.0.1:2113"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, detail));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves `log` until `stop`; then subscriptions end with `Unavailable`, and clients that do not read are left.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(self, log: Arc<dyn EventLog>, stop: CancellationToken) -> io::Result<()> {
        let describe = Describe::new(self.address);
        let served = Server::builder()
            .max_concurrent_streams(STREAMS_PER_CONNECTION)
            .http2_keepalive_interval(Some(PING_EVERY))
            .http2_keepalive_timeout(Some(PING_TIMEOUT))
            .add_service(ServerFeaturesServer::new(describe.clone()))
            .add_service(GossipServer::new(describe))
            .add_service(StreamsServer::new(LogStreams::new(log, stop.clone())))
            .serve_with_incoming_shutdown(TcpIncoming::from(self.listener), stop.clone().cancelled_owned());
        let too_late = async {
            stop.cancelled().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            served = served => served.map_err(io::Error::other),
            () = too_late => Ok(()),
        }
    }
}
