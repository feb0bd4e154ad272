//! A log whose disk is slow, sometimes refuses, and forgets at a crash what it had not acknowledged.
//!
//! What is on the disk is a [`MemoryLog`]; a crash gives the one that is found afterwards. Groups are sequenced in their
//! order and synced behind that, each after a pause drawn from a seed; a sync takes what was sequenced when it began. A
//! crash may leave the first appends behind of those that were not synced.

use async_trait::async_trait;
use daybook_event_log::{
    Append, AppendFuture, AppendOutcome, EventLog, LogError, MemoryLog, Position, RecordedEvent, StreamId,
    Version,
};
use futures::future::BoxFuture;
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

type Answer = Result<Vec<AppendOutcome>, LogError>;

/// How long the log takes, and how often it refuses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DiskPace {
    /// A group is sequenced after less than this; zero: at once.
    pub(crate) sequencing_us: u64,
    /// A sync takes less than this, but at least half of it.
    pub(crate) sync_us: u64,
    /// Every n-th group is refused as if the disk were full; zero: none.
    pub(crate) refuse_one_in: u64,
}

pub(crate) struct SimLog {
    disk: Arc<MemoryLog>,
    pace: DiskPace,
    queue: Mutex<Queue>,
    more: Notify,
    to_sync: Notify,
}

struct Queue {
    groups: VecDeque<QueuedGroup>,
    crashed: bool,
    random: Random,
    /// Where appends end that are sequenced.
    ends: Vec<u64>,
    /// What the sync under way will have made durable.
    syncing: Option<Position>,
    syncs: usize,
}

struct QueuedGroup {
    appends: Vec<Append>,
    sequenced: oneshot::Sender<Answer>,
    durable: oneshot::Sender<BoxFuture<'static, Answer>>,
}

impl SimLog {
    /// A log over `disk`; it works until [`SimLog::crash`].
    pub(crate) fn open(disk: Arc<MemoryLog>, seed: u64, pace: DiskPace) -> Arc<Self> {
        disk.hold_syncs();
        let queue = Queue {
            groups: VecDeque::new(),
            crashed: false,
            random: Random(seed),
            ends: Vec::new(),
            syncing: None,
            syncs: 0,
        };
        let (more, to_sync) = (Notify::new(), Notify::new());
        let log = Arc::new(Self { disk, pace, queue: Mutex::new(queue), more, to_sync });
        tokio::spawn(Arc::clone(&log).sequence());
        tokio::spawn(Arc::clone(&log).sync());
        log
    }

    /// How many syncs there were.
    pub(crate) fn syncs(&self) -> usize {
        self.queue().syncs
    }

    async fn sequence(self: Arc<Self>) {
        loop {
            if self.pace.sequencing_us > 0 {
                let pause = self.queue().random.below(self.pace.sequencing_us);
                tokio::time::sleep(Duration::from_micros(pause)).await;
            }
            let next = {
                let mut queue = self.queue();
                if queue.crashed {
                    return;
                }
                queue.groups.pop_front()
            };
            let Some(QueuedGroup { appends, sequenced, durable }) = next else {
                self.more.notified().await;
                continue;
            };
            let refused = {
                let mut queue = self.queue();
                let n = self.pace.refuse_one_in;
                n > 0 && queue.random.one_in(n)
            };
            let append = if refused {
                AppendFuture::ready(Err(LogError::Full { detail: "for a moment".to_owned() }))
            } else {
                self.disk.append(appends)
            };
            let (outcome, will_be_durable) = append.split();
            let outcome = outcome.await;
            self.note_sequenced(outcome.as_ref().map_or(&[], Vec::as_slice));
            let _ = durable.send(will_be_durable);
            let _ = sequenced.send(outcome);
        }
    }

    fn note_sequenced(&self, outcomes: &[AppendOutcome]) {
        let mut queue = self.queue();
        let new = outcomes.iter().flatten().filter(|appended| !appended.already_there);
        queue.ends.extend(new.map(|appended| appended.last_position.get()));
        if queue.syncing.is_none() && !outcomes.is_empty() {
            queue.syncing = Some(self.disk.sequenced());
            self.to_sync.notify_one();
        }
    }

    async fn sync(self: Arc<Self>) {
        loop {
            let (syncing, takes) = {
                let mut queue = self.queue();
                if queue.crashed {
                    return;
                }
                let takes = self.pace.sync_us / 2 + queue.random.below(self.pace.sync_us / 2 + 1);
                (queue.syncing, takes)
            };
            let Some(through) = syncing else {
                self.to_sync.notified().await;
                continue;
            };
            tokio::time::sleep(Duration::from_micros(takes)).await;
            let mut queue = self.queue();
            if queue.crashed {
                return;
            }
            self.disk.sync_to(through);
            queue.syncs += 1;
            queue.syncing = Some(self.disk.sequenced()).filter(|sequenced| *sequenced > through);
        }
    }

    /// A sync fails: from now on nothing is taken, and what was not durable never will be.
    pub(crate) fn fail(&self) {
        self.disk.fail_sync();
    }

    /// Power is lost; answers what is found on the disk.
    pub(crate) fn crash(&self) -> Arc<MemoryLog> {
        let mut queue = self.queue();
        queue.crashed = true;
        queue.groups.clear();
        let durable = self.disk.head().borrow().get();
        let ends: Vec<u64> = queue.ends.iter().copied().filter(|end| *end > durable).collect();
        let kept = usize::try_from(queue.random.below(ends.len() as u64 + 1)).expect("small");
        let more = kept.checked_sub(1).map_or(0, |last| ends[last] - durable);
        self.more.notify_one();
        self.to_sync.notify_one();
        Arc::new(self.disk.crash(usize::try_from(more).expect("small")))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no test panics while it holds the queue")
    }
}

#[async_trait]
impl EventLog for SimLog {
    fn append(&self, appends: Vec<Append>) -> AppendFuture {
        let (sequenced, is_sequenced) = oneshot::channel();
        let (durable, is_durable) = oneshot::channel();
        let mut queue = self.queue();
        if queue.crashed {
            return AppendFuture::ready(Err(LogError::Closed));
        }
        queue.groups.push_back(QueuedGroup { appends, sequenced, durable });
        drop(queue);
        self.more.notify_one();
        AppendFuture::new(async move { is_sequenced.await.unwrap_or(Err(LogError::Closed)) }, async move {
            match is_durable.await {
                Ok(durable) => durable.await,
                Err(_) => Err(LogError::Closed),
            }
        })
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
