//! An event that some process reacts to, decoded, with all that the commands which follow need to know of it.

use daybook_domain::{Event, Timestamp, process::Trigger};
use daybook_event_log::{Position, RecordedEvent, StreamId, Version};
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

pub(super) struct TriggerEvent {
    pub(super) position: Position,
    pub(super) version: Version,
    pub(super) event_id: Uuid,
    pub(super) correlation_id: Uuid,
    pub(super) occurred_at: Timestamp,
    pub(super) stream: StreamId,
    pub(super) event: Event,
    /// It may have been reacted to before.
    pub(super) recovering: bool,
    /// The processes that do not react to it, as bits: their reaction is over, waits for its time or is a dead
    /// letter.
    pub(super) over: u64,
    /// How many reactions hold up the stream.
    pub(super) holding: AtomicU32,
}

impl TriggerEvent {
    /// The event as the log has it.
    pub(super) fn recorded(recorded: &RecordedEvent, event: Event, recovering: bool, over: u64) -> Self {
        Self {
            position: recorded.position(),
            version: recorded.version(),
            event_id: recorded.event_id(),
            correlation_id: recorded.correlation_id(),
            occurred_at: Timestamp::from_nanos(recorded.occurred_at_ns()),
            stream: recorded.stream_id(),
            event,
            recovering,
            over,
            holding: AtomicU32::new(0),
        }
    }

    /// As a process sees it at the given attempt to react, from 0.
    pub(super) fn trigger(&self, attempt: u32) -> Trigger<'_> {
        Trigger {
            event: &self.event,
            aggregate_id: self.stream.id(),
            version: self.version.get(),
            occurred_at: self.occurred_at,
            attempt,
        }
    }

    pub(super) fn holds_its_stream(&self) -> bool {
        self.holding.load(Ordering::Relaxed) > 0
    }
}
