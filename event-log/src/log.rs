//! The one interface to every backend.

use crate::{
    Append, AppendFuture, LogError, PageLimits, PageRoom, Position, RecordedEvent, StreamId, Version,
};
use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::watch;
use uuid::Uuid;

/// So few are read at once where a backend cannot stop at a number of bytes.
const PIECE_EVENTS: usize = 32;

/// What happened, durably and in order. The crate's head lists what each backend guarantees.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Takes a group of appends, and answers with one outcome per append: when their places are fixed, and, as a
    /// future, when they are durable. They are sequenced in the order of these calls (not of polling the
    /// answers), so a single writer may go on deciding while earlier groups are still being synced.
    fn append(&self, group: Vec<Append>) -> AppendFuture;

    /// Up to `limit` events of `stream` from version `from`, in order. Empty where there are none.
    async fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError>;

    /// What [`Self::read_stream`] answers for each of these streams and versions, in their order. A log that is asked over a
    /// network is asked once.
    async fn read_streams(
        &self,
        wanted: &[(StreamId, Version)],
        limit: usize,
    ) -> Vec<Result<Vec<RecordedEvent>, LogError>> {
        join_all(wanted.iter().map(|(stream, from)| self.read_stream(stream, *from, limit))).await
    }

    /// Up to `limit` durable events from position `from`, in order. Empty at the end.
    async fn read_all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError>;

    /// The durable events from position `from`, in order, as many as `limits` allow; empty at the end. What is in memory
    /// at a time is bounded by the bytes, not only what is answered; a backend that can stop reading overrides this.
    async fn read_page(&self, from: Position, limits: PageLimits) -> Result<Vec<RecordedEvent>, LogError> {
        let (mut page, mut room) = (Vec::new(), PageRoom::new(limits));
        while !room.is_full() {
            let piece = room.events_left().min(PIECE_EVENTS);
            let read = self.read_all(from.max(Position::new(1)).plus(page.len() as u64), piece).await?;
            let is_last = read.len() < piece;
            for event in read {
                if !room.admit(event.as_bytes().len()) {
                    return Ok(page);
                }
                page.push(event);
            }
            if is_last {
                break;
            }
        }
        Ok(page)
    }

    /// The event with this id, if it is in the log. Cheap when it is not.
    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError>;

    /// The last version of `stream`; zero where it has none.
    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError>;

    /// The last durable position, kept current. Zero for an empty log.
    fn head(&self) -> watch::Receiver<Position>;

    /// Whether this process is the only writer for as long as it holds the log. If so, a cached
    /// aggregate cannot be behind, and deciding may run ahead of the disk.
    fn is_sole_writer(&self) -> bool;

    /// Whether the log could take an event at this moment, as far as that can be told without one; the error says what is
    /// missing, for example that a write failed, or a thread of the log.
    async fn check(&self) -> Result<(), LogError> {
        Ok(())
    }

    /// Waits for what was accepted, then lets go of files and locks. Appends fail from here on.
    async fn close(&self) -> Result<(), LogError>;
}

/// The id of the log's first event, by which logs are told apart: copies of a log have the same. None while it is empty.
pub async fn first_event_id(log: &dyn EventLog) -> Result<Option<Uuid>, LogError> {
    Ok(log.read_all(Position::new(1), 1).await?.first().map(RecordedEvent::event_id))
}
