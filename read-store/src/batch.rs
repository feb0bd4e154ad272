//! What one batch of events leads to: rows, checkpoints and dead letters of several generations, committed
//! together or not at all.

use crate::{
    Checkpoint, Generation, GenerationRows, ParkedEvent, StoreError, Writes, embedded, foreign, postgres,
};

pub struct Batch(AnyBatch);

enum AnyBatch {
    Embedded(embedded::EmbeddedBatch),
    Postgres(postgres::PostgresBatch),
}

impl Batch {
    /// As a batch that queries may see before it is written; itself where it has to be written at once.
    pub fn deferrable(self) -> Result<embedded::EmbeddedBatch, Self> {
        match self.0 {
            AnyBatch::Embedded(batch) if batch.can_be_shown() => Ok(batch),
            stored => Err(Self(stored)),
        }
    }

    /// Whether there is no row in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows there are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            AnyBatch::Embedded(batch) => batch.len(),
            AnyBatch::Postgres(batch) => batch.len(),
        }
    }

    /// Takes over what a projection wrote.
    pub fn write(&mut self, generation: &Generation, writes: &mut Writes) -> Result<(), StoreError> {
        match (&mut self.0, &generation.rows) {
            (AnyBatch::Embedded(batch), GenerationRows::Embedded(rows)) => batch.write(rows, writes),
            (AnyBatch::Postgres(batch), GenerationRows::Postgres(rows)) => batch.write(rows, writes)?,
            _ => return Err(foreign(generation)),
        }
        Ok(())
    }

    /// The generation stands at `checkpoint` then.
    pub fn reach(&mut self, generation: &Generation, checkpoint: Checkpoint) {
        match (&mut self.0, &generation.rows) {
            (AnyBatch::Embedded(batch), GenerationRows::Embedded(rows)) => batch.reach(rows, checkpoint),
            (AnyBatch::Postgres(batch), GenerationRows::Postgres(rows)) => batch.reach(rows, checkpoint),
            _ => {}
        }
    }

    /// An event waits from now on, or says anew why.
    pub fn park(&mut self, generation: &Generation, letter: &ParkedEvent) {
        match (&mut self.0, &generation.rows) {
            (AnyBatch::Embedded(batch), GenerationRows::Embedded(rows)) => batch.park(rows, letter),
            (AnyBatch::Postgres(batch), GenerationRows::Postgres(rows)) => batch.park(rows, letter),
            _ => {}
        }
    }

    /// An event no longer waits.
    pub fn release(&mut self, generation: &Generation, stream: &str, position: u64) {
        match (&mut self.0, &generation.rows) {
            (AnyBatch::Embedded(batch), GenerationRows::Embedded(rows)) => {
                batch.release(rows, stream, position)
            }
            (AnyBatch::Postgres(batch), GenerationRows::Postgres(rows)) => batch.release(rows, position),
            _ => {}
        }
    }

    /// Writes it, with what was only shown before.
    pub fn commit(self) -> Result<(), StoreError> {
        match self.0 {
            AnyBatch::Embedded(batch) => batch.commit(),
            AnyBatch::Postgres(batch) => batch.commit(),
        }
    }
}

impl From<embedded::EmbeddedBatch> for Batch {
    fn from(batch: embedded::EmbeddedBatch) -> Self {
        Self(AnyBatch::Embedded(batch))
    }
}

impl From<postgres::PostgresBatch> for Batch {
    fn from(batch: postgres::PostgresBatch) -> Self {
        Self(AnyBatch::Postgres(batch))
    }
}
