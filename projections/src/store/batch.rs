//! What one batch of events leads to: rows, checkpoints and dead letters of several generations, committed
//! together or not at all.

use super::{Checkpoint, Generation, Rows, StoreError, embedded, foreign, postgres};
use crate::{DeadLetter, tx::Writes};

pub(crate) enum Batch {
    Embedded(embedded::Batch),
    Postgres(postgres::Batch),
}

impl Batch {
    /// How many rows there are in it.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Embedded(batch) => batch.len(),
            Self::Postgres(batch) => batch.len(),
        }
    }

    /// Takes over what a projection wrote.
    pub(crate) fn write(&mut self, generation: &Generation, writes: &mut Writes) -> Result<(), StoreError> {
        match (self, &generation.rows) {
            (Self::Embedded(batch), Rows::Embedded(rows)) => batch.write(rows, writes),
            (Self::Postgres(batch), Rows::Postgres(rows)) => batch.write(rows, writes)?,
            _ => return Err(foreign(generation)),
        }
        Ok(())
    }

    /// The generation stands at `checkpoint` then.
    pub(crate) fn reach(&mut self, generation: &Generation, checkpoint: Checkpoint) {
        match (self, &generation.rows) {
            (Self::Embedded(batch), Rows::Embedded(rows)) => batch.reach(rows, checkpoint),
            (Self::Postgres(batch), Rows::Postgres(rows)) => batch.reach(rows, checkpoint),
            _ => {}
        }
    }

    /// An event waits from now on, or says anew why.
    pub(crate) fn park(&mut self, generation: &Generation, letter: &DeadLetter) {
        match (self, &generation.rows) {
            (Self::Embedded(batch), Rows::Embedded(rows)) => batch.park(rows, letter),
            (Self::Postgres(batch), Rows::Postgres(rows)) => batch.park(rows, letter),
            _ => {}
        }
    }

    /// An event no longer waits.
    pub(crate) fn release(&mut self, generation: &Generation, letter: &DeadLetter) {
        match (self, &generation.rows) {
            (Self::Embedded(batch), Rows::Embedded(rows)) => batch.release(rows, letter),
            (Self::Postgres(batch), Rows::Postgres(rows)) => batch.release(rows, letter),
            _ => {}
        }
    }

    /// Writes it, with what was only shown before.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Embedded(batch) => batch.commit(),
            Self::Postgres(batch) => batch.commit(),
        }
    }
}
