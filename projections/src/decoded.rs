//! Events of the log, decoded once for all projections of a lane.

use crate::Steps;
use daybook_domain::{Event, EventError, Interests, KindIndex};
use daybook_event_log::{EventLog, LogError, Position, RecordedEvent};
use std::sync::Arc;
use tokio::{sync::mpsc, task::JoinHandle};

/// An event with what the domain makes of it.
pub(crate) struct Decoded {
    pub(crate) record: RecordedEvent,
    /// None: the event is of no aggregate that the domain knows.
    kind: Option<KindIndex>,
    /// None: no projection of the lane wants it.
    pub(crate) event: Option<Result<Event, EventError>>,
}

impl Decoded {
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

/// However large they are, at least this many events are read at a time.
const LEAST_EVENTS: usize = 64;

/// Chunks that are read and decoded ahead of who applies them.
const CHUNKS_AHEAD: usize = 2;

/// Reads to the end in a task of its own: the chunks, and, when they have ended, whether it was the end of the log.
pub(crate) fn read_ahead(
    mut reader: Reader,
) -> (mpsc::Receiver<Vec<Decoded>>, JoinHandle<Result<(), LogError>>) {
    let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
    let reading = tokio::spawn(async move {
        loop {
            let chunk = reader.read().await?;
            if chunk.is_empty() || sender.send(chunk).await.is_err() {
                return Ok(());
            }
        }
    });
    (chunks, reading)
}

/// Reads and decodes the log in order, in chunks as large as what is there, within bounds.
pub(crate) struct Reader {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) next: Position,
    /// Reads nothing after this position.
    pub(crate) until: Option<Position>,
    /// What the projections of a lane want to see, together.
    interests: Interests,
    steps: Steps,
    bytes_per_event: usize,
}

impl Reader {
    /// Reads `log` after `checkpoint`.
    pub(crate) fn new(
        log: Arc<dyn EventLog>,
        interests: Interests,
        checkpoint: Position,
        until: Option<Position>,
        steps: Steps,
    ) -> Self {
        Self { log, next: checkpoint.next(), until, interests, steps, bytes_per_event: 512 }
    }

    /// The next events there are now; empty at the end.
    pub(crate) async fn read(&mut self) -> Result<Vec<Decoded>, LogError> {
        let mut limit = (self.steps.bytes / self.bytes_per_event.max(1)).max(LEAST_EVENTS);
        limit = limit.min(self.steps.events);
        if let Some(until) = self.until {
            let left = (until.get() + 1).saturating_sub(self.next.get());
            limit = limit.min(usize::try_from(left).unwrap_or(limit));
        }
        if limit == 0 {
            return Ok(Vec::new());
        }
        let events = self.log.read_all(self.next, limit).await?;
        if let Some(last) = events.last() {
            self.next = last.position().next();
            let bytes: usize = events.iter().map(|event| event.as_bytes().len()).sum();
            self.bytes_per_event = bytes / events.len();
        }
        Ok(events.into_iter().map(|record| Decoded::new(record, &self.interests)).collect())
    }
}
