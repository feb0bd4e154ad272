//! One face for both stores, the embedded one and the one on a server: what projections and those who run them ask.
//!
//! Rows, checkpoint and dead letters of a batch are one atomic write. On this node's disk queries may see a batch
//! before it is written, and several are written as one. Every generation of a read model is a
//! [`Generation`] with rows of its own; which one answers is switched in one step. What is here serves the
//! projections and those who run them, and may block; queries ask a [`Generation`] and do not block.

use crate::{
    Batch, Generation, GenerationId, GenerationRows, ParkedEvent, ParkedStreams, PostgresStore,
    ReopenableStore, RowKind, Schema, StoreError,
};
use daybook_event_log::Position;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// How far a generation has got, and which event that was, so that another log is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Checkpoint {
    pub position: Position,
    pub event_id: Uuid,
}

/// Which of a read model's generations is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Live,
    Building,
}

pub enum ReadStore {
    Embedded(ReopenableStore),
    Postgres(Arc<PostgresStore>),
}

impl ReadStore {
    /// Whether the rows are on a server that several nodes share.
    #[must_use]
    pub fn is_on_a_server(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Whether the disk has room to go on, as far as that can be known; a server looks after its own.
    #[must_use]
    pub fn has_room(&self) -> bool {
        match self {
            Self::Embedded(store) => store.has_room(),
            Self::Postgres(_) => true,
        }
    }

    /// Lets go of the store on this disk and opens it again. Generations of it may not be held for long. Blocks.
    pub fn reopen(&self) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.reopen(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Opens or makes a generation.
    pub fn generation(
        &self,
        name: &'static str,
        id: GenerationId,
        kinds: &'static [RowKind],
    ) -> Result<Arc<Generation>, StoreError> {
        match self {
            Self::Embedded(store) => store.store()?.generation(name, id, kinds),
            Self::Postgres(store) => store.generation(name, id, kinds),
        }
        .map(Arc::new)
    }

    /// A number for a new generation of a read model: `wanted`, or the next that is free.
    pub fn number(&self, name: &'static str, wanted: u64) -> Result<u64, StoreError> {
        match self {
            Self::Embedded(_) => Ok(wanted),
            Self::Postgres(store) => store.number(name, wanted),
        }
    }

    /// Which generation has `role`; None too if what it was filled with is gone.
    pub fn generation_id(&self, schema: &Schema, role: Role) -> Result<Option<GenerationId>, StoreError> {
        match self {
            Self::Embedded(store) => store.store()?.generation_id(schema.name, role),
            Self::Postgres(store) => store.generation_id(schema, role),
        }
    }

    /// Says that `generation` has `role` from now on.
    pub fn assign(&self, role: Role, generation: &Generation) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.store()?.assign(role, generation),
            Self::Postgres(store) => store.assign(role, generation),
        }
    }

    pub fn checkpoint(&self, generation: &Generation) -> Result<Checkpoint, StoreError> {
        match (self, &generation.rows) {
            (Self::Embedded(store), GenerationRows::Embedded(rows)) => store.store()?.checkpoint(rows),
            (Self::Postgres(store), GenerationRows::Postgres(rows)) => store.checkpoint(rows),
            _ => Err(foreign(generation)),
        }
    }

    /// Removes a generation with all that is known of it. Queries that still hold it may go on for a while.
    pub fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError> {
        match (self, &generation.rows) {
            (Self::Embedded(store), GenerationRows::Embedded(rows)) => {
                store.store()?.drop_generation(rows, &generation.own_dir)
            }
            (Self::Postgres(store), GenerationRows::Postgres(rows)) => store.retire(rows),
            _ => Err(foreign(generation)),
        }
    }

    /// Makes everything committed so far durable, where that is ours to do.
    pub fn persist(&self) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.store()?.persist(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// An empty batch.
    pub fn batch(&self) -> Result<Batch, StoreError> {
        Ok(match self {
            Self::Embedded(store) => store.store()?.batch().into(),
            Self::Postgres(store) => store.batch().into(),
        })
    }

    /// What waits for `generation`, each as its [`ParkedEvent::json`], by stream, then position; of one stream if given.
    pub fn dead_letters(
        &self,
        generation: &Generation,
        stream: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        match (self, &generation.rows) {
            (Self::Embedded(store), GenerationRows::Embedded(rows)) => {
                store.store()?.dead_letters(rows, stream, limit)
            }
            (Self::Postgres(store), GenerationRows::Postgres(rows)) => {
                store.dead_letters(rows, stream, limit)
            }
            _ => Err(foreign(generation)),
        }
    }

    pub fn skipped_letters(&self, generation: &Generation, limit: usize) -> Result<Vec<String>, StoreError> {
        match (self, &generation.rows) {
            (Self::Embedded(store), GenerationRows::Embedded(rows)) => {
                store.store()?.skipped_letters(rows, limit)
            }
            (Self::Postgres(store), GenerationRows::Postgres(rows)) => store.skipped_letters(rows, limit),
            _ => Err(foreign(generation)),
        }
    }

    /// How many wait per stream, after forgetting those beyond `checkpoint`: they will be met again.
    pub fn parked(&self, generation: &Generation, checkpoint: u64) -> Result<ParkedStreams, StoreError> {
        match (self, &generation.rows) {
            (Self::Embedded(store), GenerationRows::Embedded(rows)) => {
                store.store()?.parked(rows, checkpoint)
            }
            (Self::Postgres(store), GenerationRows::Postgres(rows)) => store.parked(rows),
            _ => Err(foreign(generation)),
        }
    }

    /// Moves a dead letter to the skipped ones, where it stands as `skipped.json`.
    pub fn skip(&self, generation: &Generation, skipped: &ParkedEvent) -> Result<(), StoreError> {
        match (self, &generation.rows) {
            (Self::Embedded(store), GenerationRows::Embedded(rows)) => store.store()?.skip(rows, skipped),
            (Self::Postgres(store), GenerationRows::Postgres(rows)) => store.skip(rows, skipped),
            _ => Err(foreign(generation)),
        }
    }
}

/// A generation belongs to the store that opened it; to mix them up is a mistake in the program.
pub(crate) fn foreign(generation: &Generation) -> StoreError {
    let detail = format!("{generation:?} is from another store");
    StoreError::Unavailable { operation: "finding a read model's rows", detail }
}
