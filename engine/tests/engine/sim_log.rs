//! A log whose disk is slow, sometimes refuses, and forgets at a crash what it had not acknowledged.
//!
//! What is on the disk is a [`MemoryLog`] that outlives the crash. Groups reach it in order, each after a
//! pause drawn from a seed; a crash may leave the first appends of the next group behind, unacknowledged.

use async_trait::async_trait;
use daybook_event_log::{
    Append, AppendFuture, AppendOutcome, EventLog, LogError, MemoryLog, Position, RecordedEvent, StreamId,
    Version,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::{Notify, oneshot, watch};
use uuid::Uuid;

/// Numbers that follow from a seed (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

type Answer = oneshot::Sender<Result<Vec<AppendOutcome>, LogError>>;

pub(crate) struct SimLog {
    disk: Arc<MemoryLog>,
    queue: Mutex<Queue>,
    more: Notify,
}

struct Queue {
    groups: VecDeque<(Vec<Append>, Answer)>,
    crashed: bool,
    random: Random,
    /// Every n-th group is refused as if the disk were full; zero: none.
    refuse_one_in: u64,
}

impl SimLog {
    /// A log over `disk`; its writer runs until [`SimLog::crash`].
    pub(crate) fn open(disk: Arc<MemoryLog>, seed: u64, refuse_one_in: u64) -> Arc<Self> {
        let queue = Queue { groups: VecDeque::new(), crashed: false, random: Random(seed), refuse_one_in };
        let log = Arc::new(Self { disk, queue: Mutex::new(queue), more: Notify::new() });
        tokio::spawn(Arc::clone(&log).write());
        log
    }

    async fn write(self: Arc<Self>) {
        loop {
            let pause = self.queue().random.below(3_000);
            tokio::time::sleep(Duration::from_micros(pause)).await;
            let next = {
                let mut queue = self.queue();
                if queue.crashed {
                    return;
                }
                queue.groups.pop_front()
            };
            let Some((group, answer)) = next else {
                self.more.notified().await;
                continue;
            };
            let refused = {
                let mut queue = self.queue();
                let n = queue.refuse_one_in;
                n > 0 && queue.random.one_in(n)
            };
            let result = if refused {
                Err(LogError::Full { detail: "for a moment".to_owned() })
            } else {
                self.disk.append(group).await
            };
            let _ = answer.send(result);
        }
    }

    /// Power is lost. Some of what was being written may be on the disk.
    pub(crate) async fn crash(&self) {
        let torn = {
            let mut queue = self.queue();
            queue.crashed = true;
            let torn = queue.groups.pop_front();
            queue.groups.clear();
            torn.map(|(mut group, _)| {
                let kept = usize::try_from(queue.random.below(group.len() as u64 + 1)).expect("small");
                group.truncate(kept);
                group
            })
        };
        self.more.notify_one();
        if let Some(group) = torn.filter(|group| !group.is_empty()) {
            self.disk.append(group).await.expect("the disk of a test takes everything");
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no test panics while it holds the queue")
    }
}

#[async_trait]
impl EventLog for SimLog {
    fn append(&self, group: Vec<Append>) -> AppendFuture {
        let (answer, outcome) = oneshot::channel();
        let mut queue = self.queue();
        if queue.crashed {
            return AppendFuture::ready(Err(LogError::Closed));
        }
        queue.groups.push_back((group, answer));
        drop(queue);
        self.more.notify_one();
        AppendFuture::at_once(async move { outcome.await.unwrap_or(Err(LogError::Closed)) })
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let pause = self.queue().random.below(200);
        tokio::time::sleep(Duration::from_micros(pause)).await;
        self.disk.read_stream(stream, from, limit).await
    }

    async fn read_all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.disk.read_all(from, limit).await
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        self.disk.find(event_id).await
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        self.disk.stream_version(stream).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.disk.head()
    }

    fn is_sole_writer(&self) -> bool {
        self.disk.is_sole_writer()
    }

    async fn close(&self) -> Result<(), LogError> {
        Ok(())
    }
}
