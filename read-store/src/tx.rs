//! The changes of one batch to one read model: collected in memory, committed with the checkpoint.
//!
//! Reads see the batch's own writes first, then the store. A row written several times is stored once. Without a
//! store the writes are all there is, which is how the past is shown.

use crate::{Generation, GenerationRows, StoreError};
use ahash::AHashMap;
use fjall::{UserKey, UserValue};

/// Collected writes: key to value, or to nothing where the row goes.
#[derive(Debug, Default)]
pub struct Writes(AHashMap<UserKey, Option<UserValue>>);

impl Writes {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The row that was written under `key`.
    pub fn get(&self, key: &[u8]) -> Option<&UserValue> {
        self.0.get(key)?.as_ref()
    }

    /// The rows that were written under `prefix`, in no order.
    pub fn under(&self, prefix: &[u8]) -> impl Iterator<Item = (&UserKey, &UserValue)> {
        let rows = self.0.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        rows.filter(move |(key, _)| key.starts_with(prefix))
    }

    /// Forgets removed rows, and those that are not wanted.
    pub fn retain(&mut self, wanted: impl Fn(&[u8]) -> bool) {
        self.0.retain(|key, value| value.is_some() && wanted(key));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the writes out, in the order of their keys: the store then finds each row's place near the one
    /// before it.
    pub fn drain(&mut self) -> Vec<(UserKey, Option<UserValue>)> {
        let mut writes: Vec<_> = self.0.drain().collect();
        writes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        writes
    }
}

/// One batch's view of one read model's rows.
pub struct Tx<'a> {
    /// None: there is no store beneath.
    rows: Option<&'a GenerationRows>,
    writes: &'a mut Writes,
}

impl<'a> Tx<'a> {
    pub fn new(generation: &'a Generation, writes: &'a mut Writes) -> Self {
        Self { rows: Some(&generation.rows), writes }
    }

    /// Rows that are in no store.
    pub fn alone(writes: &'a mut Writes) -> Self {
        Self { rows: None, writes }
    }

    /// The row under `key`, with this batch's changes.
    pub fn get(&self, key: &[u8]) -> Result<Option<UserValue>, StoreError> {
        match self.writes.0.get(key) {
            Some(written) => Ok(written.clone()),
            None => match self.rows {
                Some(GenerationRows::Embedded(rows)) => rows.get(key),
                Some(GenerationRows::Postgres(rows)) => rows.read(key),
                None => Ok(None),
            },
        }
    }

    /// Writes a row.
    pub fn put(&mut self, key: impl Into<UserKey>, value: impl Into<UserValue>) {
        self.writes.0.insert(key.into(), Some(value.into()));
    }

    /// Removes a row, whether or not it is there.
    pub fn remove(&mut self, key: impl Into<UserKey>) {
        self.writes.0.insert(key.into(), None);
    }
}
