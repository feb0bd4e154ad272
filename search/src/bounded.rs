//! A map that forgets: bounded in bytes, in shards so that readers seldom meet, evicting what was not read
//! since it last came up (CLOCK: Corbató, "A paging experiment with the Multics system", 1968).

use ahash::{AHashMap, RandomState};
use parking_lot::Mutex;
use std::{collections::VecDeque, hash::Hash};

const SHARDS: usize = 16;
/// What an entry costs besides its key and value: map slot, queue slot, allocations.
const ENTRY_OVERHEAD_BYTES: usize = 128;

pub(super) struct Bounded<K, V> {
    shards: Vec<Mutex<CacheShard<K, V>>>,
    hasher: RandomState,
    shard_bytes: usize,
}

struct CacheShard<K, V> {
    slots: AHashMap<K, Slot<V>>,
    queue: VecDeque<K>,
    bytes: usize,
}

struct Slot<V> {
    value: V,
    bytes: usize,
    was_read: bool,
}

impl<K: Hash + Eq + Clone, V: Clone> Bounded<K, V> {
    pub(super) fn new(max_bytes: usize) -> Self {
        let shard = || Mutex::new(CacheShard { slots: AHashMap::new(), queue: VecDeque::new(), bytes: 0 });
        let shards = std::iter::repeat_with(shard).take(SHARDS).collect();
        Self { shards, hasher: RandomState::new(), shard_bytes: max_bytes / SHARDS }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        let mut shard = self.shard(key).lock();
        let slot = shard.slots.get_mut(key)?;
        slot.was_read = true;
        Some(slot.value.clone())
    }

    /// Keeps `value`, of about `bytes`, for as long as there is room.
    pub(super) fn insert(&self, key: K, value: V, bytes: usize) {
        let bytes = bytes + ENTRY_OVERHEAD_BYTES;
        if bytes > self.shard_bytes {
            return;
        }
        let mut guard = self.shard(&key).lock();
        let shard = &mut *guard;
        let slot = Slot { value, bytes, was_read: false };
        match shard.slots.insert(key.clone(), slot) {
            Some(before) => shard.bytes -= before.bytes,
            None => shard.queue.push_back(key),
        }
        shard.bytes += bytes;
        while shard.bytes > self.shard_bytes {
            shard.evict_one();
        }
    }

    fn shard(&self, key: &K) -> &Mutex<CacheShard<K, V>> {
        let hash = self.hasher.hash_one(key);
        &self.shards[(hash >> 32) as usize % SHARDS]
    }
}

impl<K: Hash + Eq + Clone, V> CacheShard<K, V> {
    fn evict_one(&mut self) {
        while let Some(key) = self.queue.pop_front() {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            if slot.was_read {
                slot.was_read = false;
                self.queue.push_back(key);
                continue;
            }
            self.bytes -= slot.bytes;
            self.slots.remove(&key);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_bounded_and_what_is_read_stays() {
        let map = Bounded::new(SHARDS * 10 * (1000 + ENTRY_OVERHEAD_BYTES));
        map.insert(0, "kept", 1000);
        for key in 1..10_000 {
            map.insert(key, "passing", 1000);
            assert_eq!(map.get(&0), Some("kept"), "after {key}");
        }
        for shard in &map.shards {
            let shard = shard.lock();
            assert!(shard.bytes <= map.shard_bytes);
            assert_eq!(shard.slots.len(), shard.queue.len());
            assert_eq!(shard.bytes, shard.slots.values().map(|slot| slot.bytes).sum::<usize>());
        }
    }

    #[test]
    fn a_replaced_entry_counts_once() {
        let map = Bounded::new(1 << 20);
        map.insert(1, "old", 500);
        map.insert(1, "new", 100);
        assert_eq!(map.get(&1), Some("new"));
        let bytes: usize = map.shards.iter().map(|shard| shard.lock().bytes).sum();
        assert_eq!(bytes, 100 + ENTRY_OVERHEAD_BYTES);
    }
}
