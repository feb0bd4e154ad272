//! One projection at work in memory: events in, rows out, no store.

use crate::{ApplyError, DecodedEvent, Flush, Projection, decode};
use daybook_domain::{Event, EventError};
use daybook_event_log::{InvalidStreamId, LogError, Position, RecordedEvent};
use daybook_read_store::{Checkpoint, Row, StoreError, Tx, UserKey, UserValue, Writes};

/// Why the past cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Id(#[from] InvalidStreamId),
    #[error("the event at position {position} cannot be read by this program: {source}")]
    Undecodable { position: Position, source: EventError },
    #[error("the event at position {position} cannot be shown by this program: {detail}")]
    Inapplicable { position: Position, detail: String },
    #[error(transparent)]
    Row(#[from] StoreError),
}

impl ReplayError {
    /// The event at `position` could not be applied.
    #[must_use]
    pub fn of(position: Position, error: ApplyError) -> Self {
        match error {
            ApplyError::Store(error) => Self::Row(error),
            error => Self::Inapplicable { position, detail: error.to_string() },
        }
    }
}

/// The rows that a projection makes of the events that were handed to it.
pub struct InMemoryReplay<P> {
    projection: P,
    rows: Writes,
    reached: Checkpoint,
}

impl<P: Projection> InMemoryReplay<P> {
    /// Nothing yet.
    pub fn new(projection: P) -> Self {
        Self { projection, rows: Writes::default(), reached: Checkpoint::default() }
    }

    /// Applies one event, if the projection wants it.
    pub fn take(&mut self, record: &RecordedEvent) -> Result<(), ReplayError> {
        let kind = Event::kind_index(record.aggregate(), record.event_type());
        if !kind.is_some_and(|kind| P::INTERESTS.contain(kind)) {
            return Ok(());
        }
        let position = record.position();
        let event = decode(record).map_err(|source| ReplayError::Undecodable { position, source })?;
        let mut tx = Tx::alone(&mut self.rows);
        self.reached = Checkpoint { position, event_id: record.event_id() };
        let applied = self.projection.apply(&DecodedEvent { record, event: &event }, &mut tx);
        applied.map_err(|error| ReplayError::of(position, error))
    }

    /// Writes what the projection keeps to the rows; those that are not wanted go.
    pub fn settle(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Result<(), StoreError> {
        let mut tx = Tx::alone(&mut self.rows);
        self.projection.flush(self.reached, Flush::Now, &mut tx)?;
        self.projection.committed();
        self.rows.retain(wanted);
        Ok(())
    }

    /// The row under `key`.
    pub fn row(&self, key: &[u8]) -> Option<Row> {
        self.rows.get(key).map(|value| Row::from(value.to_vec()))
    }

    /// The rows under `prefix`, in no order.
    pub fn under(&self, prefix: &[u8]) -> impl Iterator<Item = (&UserKey, &UserValue)> {
        self.rows.under(prefix)
    }
}
