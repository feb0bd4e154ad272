//! Rows, checkpoints and dead letters of one batch: shown ahead of the database, or one atomic write to it.

use super::{EmbeddedRows, checkpoint_key, dead_letters, json, overlay::Overlay};
use crate::{Checkpoint, ParkedEvent, StoreError, Writes};
use fjall::{Keyspace, OwnedWriteBatch, PersistMode, UserKey, UserValue};
use std::sync::Arc;

pub struct EmbeddedBatch {
    /// What goes to the database with the rows, beside them.
    batch: OwnedWriteBatch,
    meta: Keyspace,
    parts: Vec<GenerationWrites>,
}

/// What is of one generation.
struct GenerationWrites {
    keyspace: Keyspace,
    overlay: Arc<Overlay>,
    checkpoint_key: Vec<u8>,
    rows: Vec<(UserKey, Option<UserValue>)>,
    checkpoint: Option<Checkpoint>,
}

/// Rows on their way to the database.
pub struct PendingWrite {
    batch: OwnedWriteBatch,
    overlay: Vec<Arc<Overlay>>,
}

impl EmbeddedBatch {
    pub(super) fn new(batch: OwnedWriteBatch, meta: Keyspace) -> Self {
        Self { batch, meta, parts: Vec::new() }
    }

    /// How many rows there are in it.
    pub fn len(&self) -> usize {
        self.batch.len() + self.parts.iter().map(|part| part.rows.len()).sum::<usize>()
    }

    /// How many bytes the rows have that can be shown.
    pub fn bytes(&self) -> usize {
        let rows = self.parts.iter().flat_map(|part| &part.rows);
        rows.map(|(key, value)| key.len() + value.as_ref().map_or(0, |value| value.len())).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
            && self.parts.iter().all(|part| part.rows.is_empty() && part.checkpoint.is_none())
    }

    /// Whether all there is can be seen ahead of the database.
    pub(crate) fn can_be_shown(&self) -> bool {
        self.batch.is_empty()
    }

    pub(crate) fn write(&mut self, rows: &EmbeddedRows, writes: &mut Writes) {
        self.part(rows).rows.extend(writes.drain());
    }

    pub(crate) fn reach(&mut self, rows: &EmbeddedRows, checkpoint: Checkpoint) {
        self.part(rows).checkpoint = Some(checkpoint);
    }

    pub(crate) fn park(&mut self, rows: &EmbeddedRows, letter: &ParkedEvent) {
        self.batch.insert(
            &self.meta,
            dead_letters::key(rows, &letter.stream, letter.position),
            letter.json.as_str(),
        );
    }

    pub(crate) fn release(&mut self, rows: &EmbeddedRows, stream: &str, position: u64) {
        self.batch.remove(&self.meta, dead_letters::key(rows, stream, position));
    }

    /// Lets queries see it, and leaves the database as it is.
    pub fn show(self) {
        for part in self.parts {
            part.overlay.show(part.rows, part.checkpoint);
        }
    }

    /// Lets queries see it; what is to be written then is this, and all of the same generations that was only
    /// shown before.
    pub fn begin_write(self) -> PendingWrite {
        let mut pending = PendingWrite { batch: self.batch, overlay: Vec::new() };
        for part in self.parts {
            part.overlay.show(part.rows, part.checkpoint);
            let (changes, checkpoint) = part.overlay.begin_write();
            let changes = changes.iter().map(|(key, value)| (key.clone(), value.clone()));
            let at = checkpoint.map(|checkpoint| (part.checkpoint_key, checkpoint));
            put(&mut pending.batch, &part.keyspace, changes, &self.meta, at);
            pending.overlay.push(part.overlay);
        }
        pending
    }

    /// Writes it, with all of the same generations that was only shown before.
    pub fn commit(mut self) -> Result<(), StoreError> {
        if self.parts.iter().any(|part| !part.overlay.is_empty()) {
            return self.begin_write().write();
        }
        for part in self.parts {
            let at = part.checkpoint.map(|checkpoint| (part.checkpoint_key, checkpoint));
            put(&mut self.batch, &part.keyspace, part.rows, &self.meta, at);
        }
        self.batch.commit().map_err(StoreError::unavailable("committing a batch"))
    }

    fn part(&mut self, rows: &EmbeddedRows) -> &mut GenerationWrites {
        let known = self.parts.iter().position(|part| Arc::ptr_eq(&part.overlay, rows.overlay()));
        let at = known.unwrap_or_else(|| {
            self.parts.push(GenerationWrites {
                keyspace: rows.keyspace().clone(),
                overlay: rows.overlay().clone(),
                checkpoint_key: checkpoint_key(rows),
                rows: Vec::new(),
                checkpoint: None,
            });
            self.parts.len() - 1
        });
        &mut self.parts[at]
    }
}

/// Adds a generation's rows, and where it stands with them, to what the database takes.
fn put(
    batch: &mut OwnedWriteBatch,
    keyspace: &Keyspace,
    rows: impl IntoIterator<Item = (UserKey, Option<UserValue>)>,
    meta: &Keyspace,
    at: Option<(Vec<u8>, Checkpoint)>,
) {
    for (key, value) in rows {
        match value {
            Some(value) => batch.insert(keyspace, key, value),
            None => batch.remove(keyspace, key),
        }
    }
    if let Some((key, checkpoint)) = at {
        batch.insert(meta, key, json(&checkpoint));
    }
}

impl PendingWrite {
    pub fn write(self) -> Result<(), StoreError> {
        // No invariant relies on the sync. But what is left to gather is written all at once when the database begins its
        // next journal, and the log's syncs wait at the same disk meanwhile.
        let batch = self.batch.durability(Some(PersistMode::SyncData));
        batch.commit().map_err(StoreError::unavailable("committing a batch"))?;
        self.overlay.iter().for_each(|overlay| overlay.written());
        Ok(())
    }
}
