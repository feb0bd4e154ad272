//! The aggregates a shard has in memory, so that a command normally costs no read.
//!
//! Bounded by count. What is thrown out is chosen by second chance (the CLOCK algorithm, Corbató 1968): an
//! entry used since it was last looked at gets another round; one of the class `Hot` gets several. An entry whose last events are not durable yet is never thrown out: the log could not give it back.

use ahash::AHashMap;
use daybook_domain::{AggregateState, CacheClass};
use daybook_event_log::{StreamId, Version};
use std::collections::VecDeque;
use uuid::Uuid;

pub(crate) struct Cache {
    entries: AHashMap<StreamId, CachedAggregate>,
    ring: VecDeque<StreamId>,
    capacity: usize,
}

pub(crate) struct CachedAggregate {
    pub(crate) state: AggregateState,
    /// Counts events decided but not durable yet.
    pub(crate) version: Version,
    /// The id of the stream's last event; nil where it has none.
    pub(crate) last_event: Uuid,
    /// The batch it was loaded for: decisions of later batches stand on the log, not on an older entry.
    pub(crate) loaded_in: u64,
    /// The last batch that needed it.
    pub(crate) used_in: u64,
    /// At this version it is time for a snapshot.
    pub(crate) snapshot_at: u64,
    /// Rounds it stays, though it is not used.
    rounds: u8,
}

impl CachedAggregate {
    pub(crate) const fn new(
        state: AggregateState,
        version: Version,
        last_event: Uuid,
        snapshot_at: u64,
        batch: u64,
    ) -> Self {
        Self { state, version, last_event, loaded_in: batch, used_in: batch, snapshot_at, rounds: 0 }
    }
}

/// How many rounds a stream stays after it was used again.
const fn rounds(state: &AggregateState) -> u8 {
    match state.kind().cache {
        CacheClass::Hot => 8,
        CacheClass::Normal => 1,
    }
}

impl Cache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: AHashMap::new(), ring: VecDeque::new(), capacity: capacity.max(1) }
    }

    /// Keeps the entry for `batch`, if it is there.
    pub(crate) fn pin(&mut self, stream: &StreamId, batch: u64) -> bool {
        self.entries.get_mut(stream).is_some_and(|entry| {
            entry.used_in = batch;
            entry.rounds = rounds(&entry.state);
            true
        })
    }

    pub(crate) fn get_mut(&mut self, stream: &StreamId) -> Option<&mut CachedAggregate> {
        self.entries.get_mut(stream)
    }

    pub(crate) fn version(&self, stream: &StreamId) -> Option<Version> {
        self.entries.get(stream).map(|entry| entry.version)
    }

    /// Takes in what was loaded, and throws out others where there are too many; `durable` is the last batch
    /// whose events all are.
    pub(crate) fn insert(&mut self, stream: StreamId, entry: CachedAggregate, durable: u64) {
        if self.entries.insert(stream.clone(), entry).is_none() {
            self.ring.push_back(stream);
        }
        if self.ring.len() > 2 * self.capacity + 64 {
            self.ring = self.entries.keys().cloned().collect();
        }
        let mut looks = self.ring.len().min(64);
        while self.entries.len() > self.capacity && looks > 0 {
            looks -= 1;
            let Some(oldest) = self.ring.pop_front() else { return };
            match self.entries.get_mut(&oldest) {
                None => {}
                Some(entry) if entry.rounds > 0 || entry.used_in > durable => {
                    entry.rounds = entry.rounds.saturating_sub(1);
                    self.ring.push_back(oldest);
                }
                Some(_) => drop(self.entries.remove(&oldest)),
            }
        }
    }

    /// Forgets a state that may not be what the log has, unless it was loaded after `batch`.
    pub(crate) fn forget(&mut self, stream: &StreamId, batch: u64) {
        if self.entries.get(stream).is_some_and(|entry| entry.loaded_in <= batch) {
            self.entries.remove(stream);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&StreamId, &CachedAggregate)> {
        self.entries.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
