//! A shard's queues: one per priority, each bounded; full means no, at once.
//!
//! QueuedCommand in progress (commands of processes) goes before new work, a checkout before browsing, browsing
//! before imports; yet every lane with something in it gets a share of each batch, so none starves.

use crate::queued_command::QueuedCommand;
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker},
};

/// Which queue; lower goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PriorityClass {
    /// Commands of processes. Bounded by how many reactions may be under way, not by the queue.
    Process = 0,
    Checkout = 1,
    Normal = 2,
    Bulk = 3,
}

pub(crate) const PRIORITY_CLASSES: [(PriorityClass, &str); 4] = [
    (PriorityClass::Process, "process"),
    (PriorityClass::Checkout, "checkout"),
    (PriorityClass::Normal, "normal"),
    (PriorityClass::Bulk, "bulk"),
];

/// How many commands each lane gets of a batch before priority decides about the rest.
const SHARES: [usize; 4] = [64, 64, 32, 16];

/// The most commands of one batch.
pub(crate) const BATCH: usize = 512;

/// Why something cannot be queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

pub(crate) struct CommandQueue {
    inner: Mutex<QueueState>,
    /// By lane.
    capacity: [usize; 4],
}

struct QueueState {
    lanes: [VecDeque<QueuedCommand>; 4],
    shard: Option<Waker>,
    closed: bool,
}

/// What the shard found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Batch,
    /// Closed and empty.
    End,
}

impl CommandQueue {
    /// With room for so many checkouts, and so many of everything else a caller may send.
    pub(crate) fn new(checkouts: usize, others: usize) -> Self {
        let inner = QueueState { lanes: Default::default(), shard: None, closed: false };
        let (checkouts, others) = (checkouts.max(1), others.max(1));
        Self { inner: Mutex::new(inner), capacity: [usize::MAX, checkouts, others, others] }
    }

    /// Queues a caller's command, or says why not.
    pub(crate) fn offer(&self, lane: PriorityClass, work: QueuedCommand) -> Result<(), Refused> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(Refused::Closed);
        }
        let queue = &mut inner.lanes[lane as usize];
        if queue.len() >= self.capacity[lane as usize] {
            return Err(Refused::Full);
        }
        queue.push_back(work);
        let shard = inner.shard.take();
        drop(inner);
        if let Some(shard) = shard {
            shard.wake();
        }
        Ok(())
    }

    /// Queues commands of processes, all of them, leaving `commands` empty. After closing they are dropped:
    /// processes are stopped before shards are.
    pub(crate) fn put_process_commands(&self, commands: &mut Vec<QueuedCommand>) {
        if commands.is_empty() {
            return;
        }
        let mut inner = self.inner.lock();
        inner.lanes[PriorityClass::Process as usize].extend(commands.drain(..));
        let shard = inner.shard.take();
        drop(inner);
        if let Some(shard) = shard {
            shard.wake();
        }
    }

    /// Takes the next batch, in the order it is to be executed.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, batch: &mut Vec<QueuedCommand>) -> Poll<Taken> {
        let mut inner = self.inner.lock();
        let waiting: usize = inner.lanes.iter().map(VecDeque::len).sum();
        if waiting == 0 {
            if inner.closed {
                return Poll::Ready(Taken::End);
            }
            inner.shard = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut room = BATCH;
        let mut counts = [0_usize; 4];
        for (lane, share) in SHARES.into_iter().enumerate() {
            counts[lane] = inner.lanes[lane].len().min(share);
            room -= counts[lane];
        }
        for (count, queue) in counts.iter_mut().zip(&inner.lanes) {
            let more = (queue.len() - *count).min(room);
            *count += more;
            room -= more;
        }
        for (lane, count) in counts.into_iter().enumerate() {
            batch.extend(inner.lanes[lane].drain(..count));
        }
        Poll::Ready(Taken::Batch)
    }

    /// Refuses what comes from now on; what is queued is still handed out.
    pub(crate) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        if let Some(shard) = inner.shard.take() {
            shard.wake();
        }
    }

    pub(crate) fn depth(&self, lane: PriorityClass) -> usize {
        self.inner.lock().lanes[lane as usize].len()
    }
}
