//! One projection at work in memory: events in, rows out, no store.

use super::PastError;
use crate::{ApplyError, DecodedEvent, Flush, Projection, Row, StoreError, Tx, decoded::decode, tx::Writes};
use daybook_event_log::{Position, RecordedEvent};
use fjall::{UserKey, UserValue};

pub(super) struct Fold<P> {
    projection: P,
    rows: Writes,
    reached: Position,
}

impl<P: Projection> Fold<P> {
    pub(super) fn new(projection: P) -> Self {
        Self { projection, rows: Writes::default(), reached: Position::ZERO }
    }

    pub(super) fn take(&mut self, record: &RecordedEvent) -> Result<(), PastError> {
        if !P::concerns(record.aggregate(), record.event_type()) {
            return Ok(());
        }
        let position = record.position();
        let event = decode(record).map_err(|source| PastError::Undecodable { position, source })?;
        let mut tx = Tx::alone(&mut self.rows);
        self.reached = position;
        let applied = self.projection.apply(&DecodedEvent { record, event: &event }, &mut tx);
        applied.map_err(|error| match error {
            ApplyError::Store(error) => PastError::Row(error),
            error => PastError::Inapplicable { position, detail: error.to_string() },
        })
    }

    /// Writes what the projection keeps to the rows; those that are not wanted go.
    pub(super) fn settle(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Result<(), StoreError> {
        let mut tx = Tx::alone(&mut self.rows);
        self.projection.flush(self.reached, Flush::Now, &mut tx)?;
        self.projection.committed();
        self.rows.retain(wanted);
        Ok(())
    }

    pub(super) fn row(&self, key: &[u8]) -> Option<Row> {
        self.rows.get(key).map(|value| Row::from(value.to_vec()))
    }

    pub(super) fn under(&self, prefix: &[u8]) -> impl Iterator<Item = (&UserKey, &UserValue)> {
        self.rows.under(prefix)
    }
}
