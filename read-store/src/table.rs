//! Rows as typed values: read once, changed in memory as often as events ask, written once per batch.
//!
//! This is what makes projecting fast: an order with a thousand lines is not parsed and written again for
//! each of its events, and what was touched lately (open carts, orders under way, popular SKUs) stays parsed
//! between batches, within a bound on memory. It sits between a projection and its [`Tx`]; queries never see it.

use crate::{StoreError, Tx};
use ahash::AHashMap;
use fjall::UserKey;
use serde::{Serialize, de::DeserializeOwned};

/// Kept rows may take about twice this much per table, counted in bytes as stored; parsed they take some times that.
/// What a batch touches again was touched within a second or two, or is popular.
const KEPT_BYTES: usize = 4 << 20;
/// What a row takes beside its stored bytes.
const ROW_OVERHEAD_BYTES: usize = 256;

#[derive(Debug)]
struct CachedRow<V> {
    /// None: removed in this batch.
    value: Option<V>,
    /// Changed in this batch.
    dirty: bool,
    /// The store may have it, so removing it has to be written.
    stored: bool,
    bytes: usize,
}

/// The rows of one kind in one read model. Keys hold the whole key as stored.
#[derive(Debug)]
pub struct Table<V> {
    /// Touched lately; everything dirty is here.
    warm: AHashMap<UserKey, CachedRow<V>>,
    /// Touched a while ago; the next to be forgotten.
    cool: AHashMap<UserKey, CachedRow<V>>,
    dirty: Vec<UserKey>,
    warm_bytes: usize,
    buffer: Vec<u8>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        let (warm, cool) = (AHashMap::new(), AHashMap::new());
        Self { warm, cool, dirty: Vec::new(), warm_bytes: 0, buffer: Vec::new() }
    }
}

impl<V: Serialize + DeserializeOwned> Table<V> {
    /// The row, if it is there.
    pub fn get(&mut self, key: &UserKey, tx: &Tx<'_>) -> Result<Option<&V>, StoreError> {
        Ok(self.load(key, tx)?.and_then(|row| row.value.as_ref()))
    }

    /// The row to be changed, if it is there; it is written with the batch.
    pub fn edit(&mut self, key: &UserKey, tx: &Tx<'_>) -> Result<Option<&mut V>, StoreError> {
        let newly_dirty = match self.load(key, tx)? {
            Some(row) if row.value.is_some() => !std::mem::replace(&mut row.dirty, true),
            _ => return Ok(None),
        };
        if newly_dirty {
            self.dirty.push(key.clone());
        }
        Ok(self.warm.get_mut(key).and_then(|row| row.value.as_mut()))
    }

    /// Sets the row, whatever was there.
    pub fn put(&mut self, key: UserKey, value: V) {
        self.set(key, Some(value), true);
    }

    /// Sets a row that was never there; one that goes again within the batch is never written.
    pub fn put_new(&mut self, key: UserKey, value: V) {
        self.set(key, Some(value), false);
    }

    /// Takes the row away, if it is there.
    pub fn remove(&mut self, key: UserKey) {
        self.set(key, None, true);
    }

    fn set(&mut self, key: UserKey, value: Option<V>, stored: bool) {
        let known = self.warm.get(&key).or_else(|| self.cool.get(&key)).map(|row| (row.stored, row.bytes));
        let was_dirty = self.warm.get(&key).is_some_and(|row| row.dirty);
        let (stored, bytes) = known.unwrap_or((stored, ROW_OVERHEAD_BYTES));
        self.cool.remove(&key);
        if !was_dirty {
            self.dirty.push(key.clone());
        }
        self.warm.insert(key, CachedRow { value, dirty: true, stored, bytes });
    }

    fn load(&mut self, key: &UserKey, tx: &Tx<'_>) -> Result<Option<&mut CachedRow<V>>, StoreError> {
        if !self.warm.contains_key(key) {
            let row = match self.cool.remove(key) {
                Some(row) => row,
                None => match tx.get(key)? {
                    Some(row) => CachedRow {
                        value: Some(crate::parse(key, &row)?),
                        dirty: false,
                        stored: true,
                        bytes: row.len() + ROW_OVERHEAD_BYTES,
                    },
                    None => return Ok(None),
                },
            };
            self.warm_bytes += row.bytes;
            self.warm.insert(key.clone(), row);
        }
        Ok(self.warm.get_mut(key))
    }

    /// Writes what changed to `tx`.
    pub fn flush(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for key in self.dirty.drain(..) {
            let Some(row) = self.warm.get_mut(&key) else { continue };
            match &row.value {
                Some(value) => {
                    self.buffer.clear();
                    serde_json::to_writer(&mut self.buffer, value)
                        .map_err(|error| StoreError::damaged(&key, error))?;
                    let bytes = self.buffer.len() + ROW_OVERHEAD_BYTES;
                    self.warm_bytes += bytes.saturating_sub(row.bytes);
                    (row.dirty, row.stored, row.bytes) = (false, true, bytes);
                    tx.put(key, self.buffer.as_slice());
                }
                None => {
                    if row.stored {
                        tx.remove(key.clone());
                    }
                    self.warm.remove(&key);
                }
            }
        }
        Ok(())
    }

    /// The batch is in the store: rows not touched for long may be forgotten.
    pub fn settle(&mut self) {
        if self.warm_bytes > KEPT_BYTES {
            self.cool = std::mem::take(&mut self.warm);
            self.warm_bytes = 0;
        }
    }

    /// The batch is not in the store: rows are read from there again.
    pub fn discard(&mut self) {
        *self = Self::default();
    }
}
