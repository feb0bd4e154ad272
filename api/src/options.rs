//! How a server is set up. The defaults fit one machine; every one can be changed on the command line.

use crate::node::{ReadStore, Roles, Store};
use daybook_engine::EngineOptions;
use daybook_event_log::EmbeddedOptions;
use daybook_messaging::NatsOptions;
use std::{path::PathBuf, time::Duration};

/// How a shop is opened.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The data directory. Made if it is not there; refused if it is something else's.
    pub data: PathBuf,
    pub limits: Limits,
    /// Carts that nothing happened to for this long are abandoned.
    pub abandon_carts_after: Duration,
    /// How long stock is held for an order that is not yet paid.
    pub reservation_hold: Duration,
    /// How many single writers share the streams among them; none: one per core.
    pub shards: Option<usize>,
    /// The name that checkpoints are signed under; it stays with the key that is made at the first start. None:
    /// one made by chance.
    pub audit_origin: Option<String>,
    /// Size of the log's files, in bytes: from 4 KiB to 2 GiB, in multiples of 8. Each takes its room on disk
    /// before it is used.
    pub log_segment_bytes: usize,
    /// Compress full segments of the log.
    pub compress_log: bool,
    /// Where the events are.
    pub store: Store,
    /// Where the rows of the read models are.
    pub read_store: ReadStore,
    /// Whom to tell of every event; none: nobody.
    pub nats: Option<Nats>,
    /// What this node does. On an embedded store always everything.
    pub roles: Roles,
    /// Nobody reads meanwhile, as at an import: read models follow in large steps, which takes less work.
    pub unattended: bool,
}

/// What a busy shop's log waits for the next group commit to grow: an order makes ten commits one after the other, and
/// a dozen threads follow each.
const GATHER: Duration = Duration::from_millis(1);

/// A NATS with JetStream.
#[derive(Debug, Clone)]
pub struct Nats {
    pub server: NatsOptions,
    /// Copies that JetStream keeps of the stream: 1, or 3 or 5 on a cluster.
    pub replicas: usize,
}

impl ServeOptions {
    /// The defaults, with the data in `data`.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            limits: Limits::default(),
            abandon_carts_after: Duration::from_secs(30 * 24 * 60 * 60),
            reservation_hold: Duration::from_secs(15 * 60),
            shards: None,
            audit_origin: None,
            log_segment_bytes: EmbeddedOptions::default().segment_bytes,
            compress_log: EmbeddedOptions::default().compress,
            store: Store::Embedded,
            read_store: ReadStore::Embedded,
            nats: None,
            roles: Roles::ALL,
            unattended: false,
        }
    }

    pub(crate) fn log(&self) -> EmbeddedOptions {
        let (segment_bytes, compress) = (self.log_segment_bytes, self.compress_log);
        EmbeddedOptions { segment_bytes, compress, gather: GATHER, ..EmbeddedOptions::default() }
    }

    pub(crate) fn engine(&self) -> EngineOptions {
        let defaults = EngineOptions::default();
        EngineOptions {
            shards: self.shards.unwrap_or(defaults.shards),
            reservation_hold: self.reservation_hold,
            cart_idle: Some(self.abandon_carts_after),
            ..defaults
        }
    }
}

/// What a client may ask of the server at most.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Of a request's body, and of a line of a bulk request, in bytes.
    pub body_bytes: usize,
    /// How long a body, or the next line of a bulk request, may take to arrive.
    pub body_timeout: Duration,
    /// How long a request's head may take to arrive; also how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long a client may take none of the answer before it is given up.
    pub write_timeout: Duration,
    /// How long an answer may take to begin. Longer than the longest wait that a client may ask for.
    pub request_timeout: Duration,
    /// Connections at a time; more are answered 503 at once.
    pub connections: usize,
    /// Carts being made and checkouts under way at a time; beyond them new carts are refused.
    pub customers: usize,
    /// How long requests under way may take when the server stops.
    pub drain_timeout: Duration,
    /// Lines of one bulk request under way at a time.
    pub bulk_concurrency: usize,
    /// Who may read the whole record and its proofs.
    pub record_for: RecordFor,
}

/// Who may read the whole record (`/events`, `/audit/…`, `/orders/{id}/proof`), for as long as there are no roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum RecordFor {
    /// Who asks on the server's own machine, over the loopback interface
    #[default]
    Loopback,
    /// Everybody who can reach the server
    Anyone,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            body_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(40),
            connections: 8_192,
            customers: 512,
            drain_timeout: Duration::from_secs(20),
            bulk_concurrency: 256,
            record_for: RecordFor::Loopback,
        }
    }
}
