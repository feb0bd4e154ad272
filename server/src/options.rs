//! How a server is set up. The defaults fit one machine; every one can be changed on the command line.

use crate::node::{LagLimits, ReadStore, Store};
use daybook_api::{Limits, Roles};
use daybook_domain::process::ProcessConfig;
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
    /// Whether processes go on from events that are not durable yet, where this node alone writes to the log.
    pub run_ahead: bool,
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
    /// The NATS server that every event is relayed to; none: no relay.
    pub nats: Option<Nats>,
    /// What this node does. On an embedded store always everything.
    pub roles: Roles,
    /// How far read models may be behind while the node is ready.
    pub lag: LagLimits,
    /// There are no readers meanwhile, as at an import: read models follow in large steps, which takes less work.
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
            reservation_hold: ProcessConfig::default().reservation_hold,
            shards: None,
            run_ahead: EngineOptions::default().run_ahead,
            audit_origin: None,
            log_segment_bytes: EmbeddedOptions::default().segment_bytes,
            compress_log: EmbeddedOptions::default().compress,
            store: Store::Embedded,
            read_store: ReadStore::Embedded,
            nats: None,
            roles: Roles::ALL,
            lag: LagLimits::default(),
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
            run_ahead: self.run_ahead,
            reservation_hold: self.reservation_hold,
            cart_idle: Some(self.abandon_carts_after),
            ..defaults
        }
    }
}
