//! The index of one segment in memory: of the one being written, and of a full one until its index
//! file exists.
//!
//! It knows events as soon as they have a position, which is before they are durable; whoever asks on
//! behalf of a reader passes the last position that reader may see.

use super::format::u32_at;
use crate::{Position, RecordedEvent, StreamId, Version};
use ahash::RandomState;
use std::collections::HashMap;
use uuid::Uuid;

/// What the log knows of an event without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownStream {
    pub(super) position: Position,
    pub(super) version: Version,
    pub(super) stream: StreamId,
    pub(super) recorded_at_ns: i64,
}

struct IndexEntry {
    /// Of its frame within the segment.
    offset: u32,
    /// The same stream's previous event in this segment, counted from 1; zero if there is none.
    previous: u32,
    stream: u32,
    version: u64,
    recorded_at_ns: i64,
}

pub(super) struct StreamInSegment {
    pub(super) name: StreamId,
    pub(super) first_version: u64,
    pub(super) events: u32,
    /// Its last event in this segment, counted from 1.
    last: u32,
}

/// Everything about the events of one segment that is needed to find them.
pub(super) struct Active {
    first: Position,
    entries: Vec<IndexEntry>,
    ids: HashMap<Uuid, u32, RandomState>,
    names: HashMap<StreamId, u32, RandomState>,
    streams: Vec<StreamInSegment>,
}

impl Active {
    /// An empty index of a segment that begins with position `first`.
    pub(super) fn new(first: Position) -> Self {
        Self {
            first,
            entries: Vec::new(),
            ids: HashMap::default(),
            names: HashMap::default(),
            streams: Vec::new(),
        }
    }

    pub(super) fn first(&self) -> Position {
        self.first
    }

    pub(super) fn next(&self) -> Position {
        self.first.plus(self.entries.len() as u64)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn last_recorded_at_ns(&self) -> Option<i64> {
        self.entries.last().map(|entry| entry.recorded_at_ns)
    }

    /// The slot of `stream`, which begins here with `version` if it is new to this segment. Looking it
    /// up once per append instead of once per event is what makes large appends cheap.
    pub(super) fn stream_slot(&mut self, stream: &StreamId, version: Version) -> u32 {
        if let Some(slot) = self.names.get(stream) {
            return *slot;
        }
        let slot = self.streams.len() as u32;
        self.names.insert(stream.clone(), slot);
        let first_version = version.get();
        self.streams.push(StreamInSegment { name: stream.clone(), first_version, events: 0, last: 0 });
        slot
    }

    /// Adds the next event.
    pub(super) fn push(
        &mut self,
        slot: u32,
        event_id: Uuid,
        version: Version,
        recorded_at_ns: i64,
        offset: u32,
    ) {
        let stream = &mut self.streams[slot as usize];
        let number = self.entries.len() as u32 + 1;
        let previous = std::mem::replace(&mut stream.last, number);
        stream.events += 1;
        let version = version.get();
        self.entries.push(IndexEntry { offset, previous, stream: slot, version, recorded_at_ns });
        self.ids.insert(event_id, number);
    }

    /// Adds an event read from disk.
    pub(super) fn push_recorded(&mut self, offset: u32, event: &RecordedEvent) {
        let slot = match self.names.get(event.stream()) {
            Some(slot) => *slot,
            None => self.stream_slot(&event.stream_id(), event.version()),
        };
        self.push(slot, event.event_id(), event.version(), event.recorded_at_ns(), offset);
    }

    /// The version that must come next in `stream`, if it has events here.
    pub(super) fn next_version_in(&self, stream: &str) -> Option<u64> {
        let stream = &self.streams[*self.names.get(stream)? as usize];
        Some(stream.first_version + u64::from(stream.events))
    }

    /// The last version of `stream` here up to position `until`.
    pub(super) fn version_of(&self, stream: &str, until: Position) -> Option<Version> {
        let last = self.walk(stream, until).next()?;
        Some(Version::new(last.version))
    }

    /// The stream's entries here, newest first, up to position `until`.
    fn walk(&self, stream: &str, until: Position) -> impl Iterator<Item = &IndexEntry> {
        let last = self.names.get(stream).map_or(0, |slot| self.streams[*slot as usize].last);
        let entry = |number: u32| (number > 0).then(|| (number, &self.entries[number as usize - 1]));
        std::iter::successors(entry(last), move |(_, newer)| entry(newer.previous))
            .skip_while(move |(number, _)| self.first.plus(u64::from(*number) - 1) > until)
            .map(|(_, entry)| entry)
    }

    /// The first version of `stream` here, and the offsets of its events from version `from`, at most
    /// `limit`, oldest first. None if it has nothing here up to `until`.
    pub(super) fn stream_offsets(
        &self,
        stream: &str,
        from: Version,
        limit: usize,
        until: Position,
    ) -> Option<(Version, Vec<u32>)> {
        let newest = self.walk(stream, until).next()?.version;
        let first = self.streams[*self.names.get(stream)? as usize].first_version;
        let low = first.max(from.get());
        let high = newest.min(low.saturating_add(limit as u64).saturating_sub(1));
        let mut offsets: Vec<u32> = self
            .walk(stream, until)
            .skip_while(|entry| entry.version > high)
            .take_while(|entry| entry.version >= low)
            .map(|entry| entry.offset)
            .collect();
        offsets.reverse();
        Some((Version::new(first), if limit == 0 { Vec::new() } else { offsets }))
    }

    pub(super) fn has(&self, event_id: Uuid) -> bool {
        self.ids.contains_key(&event_id)
    }

    /// What is known of the event with this id.
    pub(super) fn find(&self, event_id: Uuid) -> Option<KnownStream> {
        let number = *self.ids.get(&event_id)?;
        let entry = &self.entries[number as usize - 1];
        Some(KnownStream {
            position: self.first.plus(u64::from(number) - 1),
            version: Version::new(entry.version),
            stream: self.streams[entry.stream as usize].name.clone(),
            recorded_at_ns: entry.recorded_at_ns,
        })
    }

    /// Where the frame of the event at `position` begins.
    pub(super) fn offset_of(&self, position: Position) -> Option<u32> {
        let index = position.get().checked_sub(self.first.get())?;
        self.entries.get(usize::try_from(index).ok()?).map(|entry| entry.offset)
    }

    /// Frame offsets in order of position.
    pub(super) fn offsets(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|entry| entry.offset)
    }

    /// Event ids with the offsets of their frames, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = (Uuid, u32)> {
        self.ids.iter().map(|(id, number)| (*id, self.entries[*number as usize - 1].offset))
    }

    /// Each stream with the offsets of its frames, newest first.
    pub(super) fn streams(&self) -> impl Iterator<Item = (&StreamInSegment, Vec<u32>)> {
        self.streams.iter().map(|stream| {
            let offsets = self.walk(stream.name.as_str(), Position::new(u64::MAX)).map(|e| e.offset);
            (stream, offsets.collect())
        })
    }
}

/// The 64-bit hash that index files are sorted by. Part of their format, so it must never change.
/// One multiplication per 8 bytes, folded: the mixing step of wyhash (public domain, Wang Yi).
pub(super) fn stable_hash(bytes: &[u8]) -> u64 {
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    const FACTOR: u64 = 0xe703_7ed1_a0b4_28db;
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let halves = [u64::from(u32_at(&word, 0)), u64::from(u32_at(&word, 4))];
        hash = fold(hash ^ (halves[0] | halves[1] << 32), FACTOR | 1).wrapping_add(SEED);
    }
    fold(hash, SEED | 1)
}
