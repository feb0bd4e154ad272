//! Events of the log, decoded once for all projections of a group.

use crate::FollowLimits;
use daybook_domain::{Event, EventError, Interests, KindIndex};
use daybook_event_log::{EventLog, LogError, PageLimits, Position, RecordedEvent};
use std::sync::Arc;
use tokio::{sync::mpsc, task::JoinHandle};

/// An event with what the domain makes of it.
pub(crate) struct DecodedRecord {
    pub(crate) record: RecordedEvent,
    /// None: the event is of no aggregate that the domain knows.
    kind: Option<KindIndex>,
    /// None: no projection of the group wants it.
    pub(crate) event: Option<Result<Event, EventError>>,
}

impl DecodedRecord {
    pub(crate) fn new(record: RecordedEvent, interests: &Interests) -> Self {
        let kind = Event::kind_index(record.aggregate(), record.event_type());
        let event = kind.filter(|kind| interests.contain(*kind)).map(|_| decode(&record));
        Self { record, kind, event }
    }

    /// Whether a projection with these interests wants it.
    pub(crate) fn is_in(&self, interests: &Interests) -> bool {
        self.kind.is_some_and(|kind| interests.contain(kind))
    }
}

/// What the domain makes of a record.
pub fn decode(record: &RecordedEvent) -> Result<Event, EventError> {
    Event::decode(record.aggregate(), record.event_type(), record.schema_version(), record.payload())
}

/// Pages that are read and decoded ahead of who applies them.
const PAGES_AHEAD: usize = 2;

/// Reads to the end in a task of its own: the pages, and, when they have ended, whether it was the end of the log.
pub(crate) fn read_ahead(
    mut reader: Reader,
) -> (mpsc::Receiver<Vec<DecodedRecord>>, JoinHandle<Result<(), LogError>>) {
    let (sender, pages) = mpsc::channel(PAGES_AHEAD);
    let reading = tokio::spawn(async move {
        loop {
            let page = reader.read().await?;
            if page.is_empty() || sender.send(page).await.is_err() {
                return Ok(());
            }
        }
    });
    (pages, reading)
}

/// Reads and decodes the log in order, in pages as large as what is there, within bounds.
pub(crate) struct Reader {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) next: Position,
    /// Reads nothing after this position.
    pub(crate) until: Option<Position>,
    /// What the projections of a group want to see, together.
    interests: Interests,
    limits: FollowLimits,
    was_full: bool,
}

impl Reader {
    /// Reads `log` after `checkpoint`.
    pub(crate) fn new(
        log: Arc<dyn EventLog>,
        interests: Interests,
        checkpoint: Position,
        until: Option<Position>,
        limits: FollowLimits,
    ) -> Self {
        Self { log, next: checkpoint.next(), until, interests, limits, was_full: false }
    }

    /// Whether the last page was so large that there are probably more events to read at once.
    pub(crate) fn was_full(&self) -> bool {
        self.was_full
    }

    /// The next events there are now; empty at the end.
    pub(crate) async fn read(&mut self) -> Result<Vec<DecodedRecord>, LogError> {
        let mut limits = PageLimits { events: self.limits.events, bytes: self.limits.bytes };
        if let Some(until) = self.until {
            let left = (until.get() + 1).saturating_sub(self.next.get());
            limits.events = limits.events.min(usize::try_from(left).unwrap_or(limits.events));
        }
        if limits.events == 0 {
            return Ok(Vec::new());
        }
        let events = self.log.read_page(self.next, limits).await?;
        if let Some(last) = events.last() {
            self.next = last.position().next();
        }
        let bytes: usize = events.iter().map(|event| event.as_bytes().len()).sum();
        self.was_full = events.len() >= self.limits.full || bytes >= self.limits.bytes / 2;
        Ok(events.into_iter().map(|record| DecodedRecord::new(record, &self.interests)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use daybook_event_log::{Append, ExpectedVersion, MemoryLog, Metadata, NewEvent, StreamId};

    async fn append(log: &MemoryLog, payload_bytes: usize) {
        let event = NewEvent {
            event_id: uuid::Uuid::new_v4(),
            event_type: "Sample".into(),
            schema_version: 1,
            metadata: Metadata::default(),
            payload: Bytes::from(format!("\"{}\"", "x".repeat(payload_bytes))),
        };
        let stream = StreamId::parse("sample-1").unwrap();
        let append = Append { stream, expected: ExpectedVersion::Any, events: vec![event] };
        log.append(vec![append]).await.unwrap().remove(0).unwrap();
    }

    #[tokio::test]
    async fn pages_are_bounded_in_bytes_and_leave_out_nothing() {
        let log = MemoryLog::default();
        for payload_bytes in [300, 300, 300, 300, 5_000, 300, 300] {
            append(&log, payload_bytes).await;
        }
        let limits = FollowLimits { bytes: 1_500, ..FollowLimits::SERVING };
        let mut reader = Reader::new(Arc::new(log), Interests::NONE, Position::ZERO, None, limits);
        let (mut next, mut pages) = (1, Vec::new());
        loop {
            let page = reader.read().await.unwrap();
            if page.is_empty() {
                break;
            }
            let bytes: usize = page.iter().map(|event| event.record.as_bytes().len()).sum();
            assert!(bytes <= limits.bytes || page.len() == 1, "{} events of {bytes} bytes", page.len());
            for event in &page {
                assert_eq!(event.record.position().get(), next);
                next += 1;
            }
            pages.push(page.len());
        }
        assert_eq!(next, 8, "{pages:?}");
        assert!(pages.len() > 3 && pages.iter().any(|events| *events > 1), "{pages:?}");
    }
}
