//! Where the search keeps its rows: a fjall database beside the index, with its own checkpoint.
//!
//! Rows are changed in memory and written in one batch with the checkpoint and with the ids of the products
//! whose index entry is now out of date ("stale"). Those ids leave only after the index has been committed,
//! so whatever the index has missed in a crash is found again. The batch is synced before the index is
//! committed: the rows are never behind the index.

use super::{
    SearchIndexError,
    row::{ProductRow, SkuRow},
};
use ahash::{AHashMap, AHashSet};
use daybook_domain::{ProductId, Sku};
use daybook_read_store::Checkpoint;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use serde::{Serialize, de::DeserializeOwned};
use std::{hash::Hash, path::Path};
use uuid::Uuid;

/// Rows kept in memory after they were written; more are dropped and read again when needed.
const MAX_CACHED_ROWS: usize = 50_000;
/// What each keyspace may have in memory before it is written out.
const MEMTABLE_BYTES: u64 = 4 << 20;
const CHECKPOINT: &str = "checkpoint";
const LINEAGE: &str = "lineage";

pub(super) struct Rows {
    db: Database,
    meta: Keyspace,
    stale_ids: Keyspace,
    late_positions: Keyspace,
    products: RowTable<ProductId, ProductRow>,
    skus: RowTable<Sku, SkuRow>,
    /// Products to be indexed again.
    pub(super) stale: AHashSet<ProductId>,
    /// Positions applied after the checkpoint had passed them: events that had been parked. Should one be
    /// handed over again, it is known here.
    pub(super) late: AHashSet<u64>,
    /// Told apart from rows of another life of the same directory.
    pub(super) lineage: String,
    /// The last event in the rows on disk.
    pub(super) checkpoint: Checkpoint,
}

struct RowTable<K, V> {
    keyspace: Keyspace,
    cached: AHashMap<K, Option<V>>,
    changed: AHashSet<K>,
}

impl Rows {
    pub(super) fn open(dir: &Path) -> Result<Self, SearchIndexError> {
        let db = Database::builder(dir).cache_size(16 << 20).worker_threads(1).open()?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
        let keyspace = |name: &str| db.keyspace(name, options);
        let (meta, stale_ids) = (keyspace("meta")?, keyspace("stale")?);
        let late_positions = keyspace("late")?;
        let (products, skus) = (keyspace("products")?, keyspace("skus")?);
        let checkpoint = read::<Checkpoint>(&meta, CHECKPOINT)?.unwrap_or_default();
        let lineage = match read::<String>(&meta, LINEAGE)? {
            Some(lineage) => lineage,
            None => {
                let lineage = Uuid::new_v4().to_string();
                meta.insert(LINEAGE, serde_json::to_vec(&lineage).expect("a text is JSON"))?;
                lineage
            }
        };
        let mut stale = AHashSet::new();
        for guard in stale_ids.iter() {
            stale.insert(product_id(&guard.key()?)?);
        }
        let mut late = AHashSet::new();
        for guard in late_positions.iter() {
            let key = guard.key()?;
            late.extend(<[u8; 8]>::try_from(&key[..]).map(u64::from_be_bytes));
        }
        let products = RowTable { keyspace: products, cached: AHashMap::new(), changed: AHashSet::new() };
        let skus = RowTable { keyspace: skus, cached: AHashMap::new(), changed: AHashSet::new() };
        Ok(Self { db, meta, stale_ids, late_positions, products, skus, stale, late, lineage, checkpoint })
    }

    pub(super) fn product(&mut self, id: &ProductId) -> Result<&mut Option<ProductRow>, SearchIndexError> {
        self.products.get(id, id.as_str())
    }

    /// The row, to be changed.
    pub(super) fn change_product(
        &mut self,
        id: &ProductId,
    ) -> Result<&mut Option<ProductRow>, SearchIndexError> {
        self.products.changed.insert(id.clone());
        self.products.get(id, id.as_str())
    }

    pub(super) fn sku(&mut self, sku: &Sku) -> Result<Option<&SkuRow>, SearchIndexError> {
        Ok(self.skus.get(sku, sku.as_str())?.as_ref())
    }

    /// The row, to be changed.
    pub(super) fn change_sku(&mut self, sku: &Sku) -> Result<&mut SkuRow, SearchIndexError> {
        if !self.skus.changed.contains(sku) {
            self.skus.changed.insert(sku.clone());
        }
        Ok(self.skus.get(sku, sku.as_str())?.get_or_insert_default())
    }

    /// Marks every product for indexing.
    pub(super) fn mark_all_stale(&mut self) -> Result<(), SearchIndexError> {
        for guard in self.products.keyspace.iter() {
            self.stale.insert(product_id(&guard.key()?)?);
        }
        Ok(())
    }

    /// Writes everything changed, with the checkpoint, all or nothing. Survives a killed process; with
    /// `sync`, a power cut too.
    pub(super) fn write(&mut self, checkpoint: Checkpoint, sync: bool) -> Result<(), SearchIndexError> {
        let mut batch = self.db.batch().durability(sync.then_some(PersistMode::SyncAll));
        self.products.write(&mut batch, ProductId::as_str);
        self.skus.write(&mut batch, Sku::as_str);
        for id in &self.stale {
            batch.insert(&self.stale_ids, id.as_str(), "");
        }
        for position in &self.late {
            batch.insert(&self.late_positions, position.to_be_bytes(), "");
        }
        batch.insert(&self.meta, CHECKPOINT, serde_json::to_vec(&checkpoint).expect("it has text keys only"));
        batch.commit()?;
        self.checkpoint = checkpoint;
        Ok(())
    }

    /// The index has everything that was stale.
    pub(super) fn clear_stale(&mut self) -> Result<(), SearchIndexError> {
        let mut batch = self.db.batch();
        for id in self.stale.drain() {
            batch.remove(&self.stale_ids, id.as_str());
        }
        batch.commit()?;
        Ok(())
    }
}

impl<K: Hash + Eq + Clone, V: Serialize + DeserializeOwned> RowTable<K, V> {
    fn get(&mut self, key: &K, text: &str) -> Result<&mut Option<V>, SearchIndexError> {
        if !self.cached.contains_key(key) {
            let row = read::<V>(&self.keyspace, text)?;
            self.cached.insert(key.clone(), row);
        }
        Ok(self.cached.get_mut(key).expect("it was just put there"))
    }

    fn write(&mut self, batch: &mut fjall::OwnedWriteBatch, text: impl Fn(&K) -> &str) {
        for key in self.changed.drain() {
            if let Some(Some(row)) = self.cached.get(&key) {
                let value = serde_json::to_vec(row).expect("rows have text keys only");
                batch.insert(&self.keyspace, text(&key), value);
            }
        }
        if self.cached.len() > MAX_CACHED_ROWS {
            self.cached.clear();
        }
    }
}

fn read<V: DeserializeOwned>(keyspace: &Keyspace, key: &str) -> Result<Option<V>, SearchIndexError> {
    let Some(value) = keyspace.get(key)? else { return Ok(None) };
    let row = serde_json::from_slice(&value);
    row.map(Some).map_err(|error| SearchIndexError::Row { key: key.to_owned(), detail: error.to_string() })
}

fn product_id(key: &[u8]) -> Result<ProductId, SearchIndexError> {
    let text = String::from_utf8_lossy(key);
    text.parse().map_err(|_| SearchIndexError::Row {
        key: text.to_string(),
        detail: "the key is not a product id".to_owned(),
    })
}
