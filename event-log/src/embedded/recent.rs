//! The newest durable batches, kept in memory as they were written, so that whoever follows the log
//! closely never touches the disk. Events handed out share the batch's memory.

use super::format::{BATCH_HEADER, FRAME_HEADER, frame_len, u32_at};
use crate::{PageRoom, Position, RecordedEvent};
use bytes::Bytes;
use parking_lot::RwLock;
use std::{collections::VecDeque, sync::Arc};

/// A batch as it stands in its segment, header included.
pub(super) struct RecentBatch {
    pub(super) ordinal: u64,
    pub(super) offset: usize,
    pub(super) first: Position,
    pub(super) events: u64,
    pub(super) bytes: Bytes,
}

pub(super) struct Recent {
    batches: RwLock<Held>,
    capacity_bytes: usize,
}

#[derive(Default)]
struct Held {
    batches: VecDeque<Arc<RecentBatch>>,
    bytes: usize,
}

impl Recent {
    pub(super) fn new(capacity_bytes: usize) -> Self {
        Self { batches: RwLock::default(), capacity_bytes }
    }

    /// Adds the batch that follows the last one added.
    pub(super) fn push(&self, batch: RecentBatch) {
        let mut held = self.batches.write();
        held.bytes += batch.bytes.len();
        held.batches.push_back(Arc::new(batch));
        while held.bytes > self.capacity_bytes {
            let Some(oldest) = held.batches.pop_front() else { break };
            held.bytes -= oldest.bytes.len();
        }
    }

    /// The events from position `from` to `until` for which there is `room`; empty if `from` is no longer held.
    pub(super) fn read(&self, from: Position, until: Position, room: &mut PageRoom) -> Vec<RecordedEvent> {
        let limit = room.events_left();
        let batches: Vec<Arc<RecentBatch>> = {
            let held = self.batches.read();
            let start = held.batches.partition_point(|batch| batch.first <= from);
            let Some(start) = start.checked_sub(1) else { return Vec::new() };
            let wanted = from.plus(limit as u64);
            held.batches.range(start..).take_while(|batch| batch.first < wanted).cloned().collect()
        };
        let mut events = Vec::new();
        for batch in batches {
            events.reserve(limit.saturating_sub(events.len()).min(batch.events as usize));
            for event in batch.walk() {
                if event.position() < from {
                    continue;
                }
                if event.position() > until || !room.admit(event.as_bytes().len()) {
                    return events;
                }
                events.push(event);
            }
        }
        events
    }

    /// The event whose frame is at `offset` of segment `ordinal`, if it is still held.
    pub(super) fn at(&self, ordinal: u64, offset: usize) -> Option<RecordedEvent> {
        let batch = {
            let held = self.batches.read();
            let after = held.batches.partition_point(|b| (b.ordinal, b.offset) <= (ordinal, offset));
            Arc::clone(held.batches.get(after.checked_sub(1)?)?)
        };
        let within = offset - batch.offset;
        (batch.ordinal == ordinal && within < batch.bytes.len()).then(|| batch.event(within))
    }
}

impl RecentBatch {
    fn event(&self, at: usize) -> RecordedEvent {
        let record = at + FRAME_HEADER;
        let end = record + u32_at(&self.bytes, at) as usize;
        RecordedEvent::from_own(self.bytes.slice(record..end))
    }

    fn walk(&self) -> impl Iterator<Item = RecordedEvent> {
        let mut at = BATCH_HEADER;
        std::iter::from_fn(move || {
            (at < self.bytes.len()).then(|| {
                let event = self.event(at);
                at += frame_len(event.as_bytes().len());
                event
            })
        })
    }
}
