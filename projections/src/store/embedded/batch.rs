//! Rows, checkpoints and dead letters of one batch, as one atomic write to the embedded database.

use super::{Rows, checkpoint_key, json, letters};
use crate::{DeadLetter, StoreError, store::Checkpoint, tx::Writes};
use fjall::{Keyspace, OwnedWriteBatch};

pub(crate) struct Batch {
    batch: OwnedWriteBatch,
    meta: Keyspace,
}

impl Batch {
    pub(super) fn new(batch: OwnedWriteBatch, meta: Keyspace) -> Self {
        Self { batch, meta }
    }

    /// How many rows there are in it.
    pub(crate) fn len(&self) -> usize {
        self.batch.len()
    }

    pub(crate) fn write(&mut self, rows: &Rows, writes: &mut Writes) {
        writes.drain_into(&mut self.batch, rows.keyspace());
    }

    pub(crate) fn reach(&mut self, rows: &Rows, checkpoint: Checkpoint) {
        self.batch.insert(&self.meta, checkpoint_key(rows), json(&checkpoint));
    }

    pub(crate) fn park(&mut self, rows: &Rows, letter: &DeadLetter) {
        self.batch.insert(&self.meta, letters::key(rows, letter), json(letter));
    }

    pub(crate) fn release(&mut self, rows: &Rows, letter: &DeadLetter) {
        self.batch.remove(&self.meta, letters::key(rows, letter));
    }

    pub(crate) fn commit(self) -> Result<(), StoreError> {
        self.batch.commit().map_err(StoreError::unavailable("committing a batch"))
    }
}
