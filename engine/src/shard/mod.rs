//! A shard: the single writer of its streams.
//!
//! ```text
//! queue ──> batch ──> load what is not in memory ──> decide in order ──> one group to the log ──┐
//!   ^                                                                                           │ sequenced, then durable
//!   '── retries (the stream was not as thought) <── processes, then answers of callers <────────'
//! ```
//!
//! Where nobody else writes, the next batch is decided while earlier groups are on their way to the disk:
//! the log takes groups in order, so a state can only be wrong if an earlier append of the same stream was
//! refused, and then every later one of that stream is refused too. With `run_ahead` processes go on from what is
//! sequenced; else from what is durable.

mod cache;
mod commit;
mod decide;
mod history;
mod meters;
mod snapshot_queue;

use crate::{
    OrderOutcome,
    command_queue::{BATCH, Taken},
    processes::ProcessMessage,
    queued_command::{QueuedCommand, Reply},
    shared::EngineShared,
};
use ahash::AHashMap;
use cache::Cache;
use daybook_domain::OrderId;
use daybook_event_log::{AppendFuture, AppendOutcome, LogError, StreamId};
use decide::Decided;
use futures::{FutureExt, future::BoxFuture};
pub(crate) use history::{decode, load_all, recorded_outcome};
use meters::ShardMeters;
use snapshot_queue::SnapshotQueue;
use std::{collections::VecDeque, future::poll_fn, sync::Arc, task::Poll};
use uuid::Uuid;

/// How many groups may be on their way to the disk; beyond that, batches grow instead.
const GROUPS_AHEAD: usize = 8;

/// How often a command is decided anew because its stream was not as thought.
const MAX_ATTEMPTS: u32 = 5;

pub(crate) struct Shard {
    shared: Arc<EngineShared>,
    index: usize,
    cache: Cache,
    groups: VecDeque<Group>,
    /// How many of the groups, from the first on, have their places in the log.
    sequenced: usize,
    /// Callers' commands, by id and name, between being taken and being answered, with those who asked the same again. (A
    /// command that changed nothing and the recording of that have one id.)
    in_flight: AHashMap<(Uuid, &'static str), InFlight>,
    /// Commands to be decided anew, before anything else.
    retries: Vec<QueuedCommand>,
    /// Streams whose state turned out wrong, with the last batch that was decided upon it.
    stale: AHashMap<StreamId, u64>,
    /// Streams that must not be loaded until this batch is durable: the log does not have all of their past yet.
    unloadable: AHashMap<StreamId, u64>,
    /// How often commands panicked that did.
    panicked: AHashMap<Uuid, u32>,
    batch: u64,
    /// The last batch whose group is complete.
    durable: u64,
    messages: Vec<ProcessMessage>,
    snapshots: SnapshotQueue,
    meters: ShardMeters,
}

/// A batch whose events are on their way to the disk.
struct Group {
    batch: u64,
    decided: Vec<Decided>,
    /// The log's first answer; none where it comes with the second.
    sequenced: Option<BoxFuture<'static, Result<Vec<AppendOutcome>, LogError>>>,
    /// The log's second answer; none: there was nothing to write.
    durable: Option<AppendFuture>,
    /// What it decides about orders, to be told when it is durable.
    orders: Vec<(OrderId, OrderOutcome)>,
}

struct InFlight {
    stream: StreamId,
    request_hash: u64,
    also: Vec<Reply>,
}

enum ShardStep {
    Sequenced(Result<Vec<AppendOutcome>, LogError>),
    Durable(Result<Vec<AppendOutcome>, LogError>),
    Batch,
    End,
}

impl Shard {
    pub(crate) fn new(shared: Arc<EngineShared>, index: usize) -> Self {
        let capacity = shared.options.cache_capacity / shared.queues.len();
        Self {
            shared,
            index,
            cache: Cache::new(capacity),
            groups: VecDeque::new(),
            sequenced: 0,
            in_flight: AHashMap::new(),
            retries: Vec::new(),
            stale: AHashMap::new(),
            unloadable: AHashMap::new(),
            panicked: AHashMap::new(),
            batch: 0,
            durable: 0,
            messages: Vec::new(),
            snapshots: SnapshotQueue::default(),
            meters: ShardMeters::new(index),
        }
    }

    /// Executes commands until the queue is closed and empty and everything is answered.
    pub(crate) async fn run(&mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            self.shared.options.reach("shard");
            match self.next_step(&mut batch).await {
                ShardStep::Sequenced(result) => self.sequence(result),
                ShardStep::Durable(result) => self.complete(result).await,
                ShardStep::Batch => {
                    let commands = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                    self.execute(commands).await;
                    // Lets those who were answered ask again, so that the next batch is a large one.
                    tokio::task::yield_now().await;
                }
                ShardStep::End => break,
            }
        }
        self.write_last_snapshots().await;
    }

    /// Begins anew after a panic. What was in flight is lost to those who wait for it, who are told so by its absence:
    /// the log knows what became of it. Nothing is loaded before the log has all that was handed to it.
    pub(crate) async fn begin_anew(&mut self) {
        for group in std::mem::take(&mut self.groups) {
            if let Some(durable) = group.durable {
                let _ = durable.await;
            }
        }
        self.sequenced = 0;
        let capacity = self.shared.options.cache_capacity / self.shared.queues.len();
        self.cache = Cache::new(capacity);
        self.in_flight.clear();
        self.retries.clear();
        self.stale.clear();
        self.unloadable.clear();
        self.durable = self.batch;
        self.messages.push(ProcessMessage::ShardRestarted);
        self.shared.process_messages.put(&mut self.messages);
    }

    async fn next_step(&mut self, batch: &mut Vec<QueuedCommand>) -> ShardStep {
        let ahead = if self.shared.sole_writer { GROUPS_AHEAD } else { 1 };
        poll_fn(|cx| {
            if let Some(group) = self.groups.get_mut(self.sequenced) {
                match &mut group.sequenced {
                    Some(sequenced) => {
                        if let Poll::Ready(result) = sequenced.poll_unpin(cx) {
                            group.sequenced = None;
                            return Poll::Ready(ShardStep::Sequenced(result));
                        }
                    }
                    None if group.durable.is_none() && self.shared.run_ahead => {
                        return Poll::Ready(ShardStep::Sequenced(Ok(Vec::new())));
                    }
                    None => {}
                }
            }
            if let Some(group) = self.groups.front_mut() {
                match group.durable.as_mut().map(|durable| durable.poll_unpin(cx)) {
                    None => return Poll::Ready(ShardStep::Durable(Ok(Vec::new()))),
                    Some(Poll::Ready(result)) => return Poll::Ready(ShardStep::Durable(result)),
                    Some(Poll::Pending) => {}
                }
            }
            if self.groups.len() >= ahead {
                return Poll::Pending;
            }
            if !self.retries.is_empty() {
                batch.append(&mut self.retries);
                return Poll::Ready(ShardStep::Batch);
            }
            match self.shared.queues[self.index].poll_take(cx, batch) {
                Poll::Ready(Taken::Batch) => Poll::Ready(ShardStep::Batch),
                Poll::Ready(Taken::End) if self.groups.is_empty() => Poll::Ready(ShardStep::End),
                Poll::Ready(Taken::End) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

impl Group {
    const fn new(
        batch: u64,
        sequenced: Option<BoxFuture<'static, Result<Vec<AppendOutcome>, LogError>>>,
        durable: Option<AppendFuture>,
    ) -> Self {
        Self { batch, decided: Vec::new(), sequenced, durable, orders: Vec::new() }
    }
}
