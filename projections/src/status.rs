//! Public status of a projection: live generation, position, parked events, rebuild progress.

use crate::Definition;
use daybook_event_log::Position;
use daybook_read_store::{GenerationId, Live, ReadStore};
use daybook_subscriptions::Status;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};
use tokio::sync::watch;

pub(crate) struct ProjectionStatus {
    pub(crate) definition: Definition,
    /// Where its rows are.
    pub(crate) store: Arc<ReadStore>,
    pub(crate) live: Live,
    /// Everything up to here is visible to queries.
    pub(crate) watermark: watch::Sender<Position>,
    pub(crate) rebuild: Mutex<Option<RebuildProgress>>,
    /// How many events wait in its dead letters, as this node's worker knows it.
    pub(crate) parked: AtomicU64,
}

impl ProjectionStatus {
    pub(crate) fn new(definition: Definition, store: Arc<ReadStore>) -> Self {
        let (watermark, live) = (watch::Sender::new(Position::ZERO), definition.live.clone());
        Self { definition, store, live, watermark, rebuild: Mutex::new(None), parked: AtomicU64::new(0) }
    }

    pub(crate) fn publish(&self, visible: Position) {
        self.watermark.send_if_modified(|mark| std::mem::replace(mark, visible) != visible);
    }
}

/// A projection as readiness shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectionReport {
    #[serde(skip)]
    pub name: &'static str,
    /// What the thread that applies its events does.
    #[serde(flatten)]
    pub status: Status,
    /// Everything up to here is visible.
    pub position: u64,
    pub lag_events: u64,
    /// Events that wait because they, or one before them in their stream, could not be applied, as far as this node
    /// applies them.
    pub dead_letters: u64,
}

/// How far a rebuild has got.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RebuildProgress {
    pub projection: String,
    /// The version being filled.
    pub version: u32,
    /// Counts the read model's fillings.
    pub filling: u64,
    /// The last event applied.
    pub position: u64,
    /// The log's last event.
    pub head: u64,
    pub events_per_s: u64,
    /// None until there is a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_ms: Option<u64>,
}

/// Measures a rebuild.
pub(crate) struct ProgressMeter {
    began: Instant,
    from: u64,
}

impl ProgressMeter {
    pub(crate) fn new(from: Position) -> Self {
        Self { began: Instant::now(), from: from.get() }
    }

    pub(crate) fn progress(
        &self,
        projection: &str,
        id: GenerationId,
        position: Position,
        head: Position,
    ) -> RebuildProgress {
        let (position, head) = (position.get(), head.get());
        let elapsed_ms = self.began.elapsed().max(Duration::from_millis(1)).as_millis();
        let elapsed_ms = u64::try_from(elapsed_ms).unwrap_or(u64::MAX);
        let events_per_s = (position.saturating_sub(self.from)).saturating_mul(1000) / elapsed_ms;
        let left = head.saturating_sub(position);
        let eta_ms = (events_per_s > 0).then(|| left.saturating_mul(1000) / events_per_s);
        let (projection, version, filling) = (projection.to_owned(), id.version, id.number);
        RebuildProgress { projection, version, filling, position, head, events_per_s, eta_ms }
    }
}
