//! What all parts of one engine know: its log, its queues, who waits for what.

use crate::{
    EngineOptions, ShopSecret,
    batch_channel::BatchChannel,
    command_queue::CommandQueue,
    order_outcome::OrderOutcomeWaiters,
    processes::{Concerns, DeadReactions, ProcessMessage, ProcessReport},
    snapshots::Snapshots,
};
use ahash::RandomState;
use daybook_event_log::{EventLog, Position, StreamId};
use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use tokio::sync::watch;

pub(crate) struct EngineShared {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) options: EngineOptions,
    /// Nobody else writes, so cached state is never behind, and deciding may run ahead of the disk.
    pub(crate) sole_writer: bool,
    /// Processes go on from what is sequenced and need not be durable yet.
    pub(crate) run_ahead: bool,
    pub(crate) queues: Vec<CommandQueue>,
    /// Which events some process reacts to; none where no processes run.
    pub(crate) concerns: Concerns,
    /// To the processes.
    pub(crate) process_messages: BatchChannel<ProcessMessage>,
    /// The last position of all that was handed to the processes.
    pub(crate) handed_over: AtomicU64,
    pub(crate) watches: Arc<OrderOutcomeWaiters>,
    pub(crate) snapshots: Arc<Snapshots>,
    /// How many events the processes are behind.
    pub(crate) process_lag: AtomicU64,
    /// How many events wait for a place among the reactions under way.
    pub(crate) reactions_waiting: AtomicUsize,
    pub(crate) dead_letters: DeadReactions,
    pub(crate) process_report: Mutex<ProcessReport>,
    /// All processes have reacted to everything up to here, and their commands and calls are done.
    pub(crate) caught_up: watch::Sender<Position>,
    pub(crate) routing: RandomState,
}

impl EngineShared {
    /// Whether the processes have more to do than they get done.
    pub(crate) fn processes_overloaded(&self) -> bool {
        self.reactions_waiting.load(Ordering::Relaxed) > self.options.max_reactions_waiting
            || self.process_lag.load(Ordering::Relaxed) > self.options.max_process_lag
    }

    /// Notes that something up to `last` is handed to the processes. To be called before it is.
    pub(crate) fn note_handed_over(&self, last: Position) {
        self.handed_over.fetch_max(last.get(), Ordering::AcqRel);
    }

    /// What the processes know at this moment rests on nothing behind this position.
    pub(crate) fn handed_over(&self) -> Position {
        Position::new(self.handed_over.load(Ordering::Acquire))
    }

    /// The shard that alone decides on `stream`.
    pub(crate) fn shard_of(&self, stream: &StreamId) -> usize {
        let hash = self.routing.hash_one(stream.as_str());
        usize::try_from(hash % self.queues.len() as u64).unwrap_or(0)
    }
}

/// Which shard a stream goes to must not be for clients to choose, who name carts and SKUs: else they could have all they do
/// done by one. From the secret, so that runs with the same one repeat.
pub(crate) fn shard_routing(secret: &ShopSecret) -> RandomState {
    let seed = |number: u8| {
        let mut digest = secret.digest("shard of a stream");
        digest.part(&[number]);
        digest.finish()
    };
    RandomState::with_seeds(seed(0), seed(1), seed(2), seed(3))
}
