//! The read store on this node's disk: one database with a keyspace per generation, and one for what is known of
//! them.
//!
//! Rows, checkpoint and dead letters are one atomic write, of one batch or of several that were shown to queries
//! before (see [`overlay`]). No answer waits for a sync: after a power cut the store stands at some earlier checkpoint and
//! goes on from there. Everything in it can be deleted.
//!
//! ```text
//! meta   live/<name>                          GenerationId that answers queries
//!        building/<name>                      GenerationId that is being filled
//!        at/<keyspace>                        Checkpoint
//!        dead/<keyspace>/<stream>/<position>  DeadLetter
//!        skip/<keyspace>/<position>           SkippedLetter
//! ```

mod batch;
mod dead_letters;
mod merged_rows;
mod overlay;
mod reopenable_store;
mod rows;

pub use batch::{EmbeddedBatch, PendingWrite};
pub use reopenable_store::ReopenableStore;
pub(crate) use rows::EmbeddedRows;

use super::{Checkpoint, Generation, GenerationId, Role, RowKind, StoreError};
use daybook_event_log::in_background;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, compaction::Leveled};
use overlay::Overlay;
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::Semaphore;

fn role_key(role: Role, name: &str) -> String {
    match role {
        Role::Live => format!("live/{name}"),
        Role::Building => format!("building/{name}"),
    }
}

pub(crate) struct EmbeddedStore {
    db: Database,
    meta: Keyspace,
    dir: PathBuf,
    /// What is ahead of each keyspace, shared by all who have opened the generation.
    overlay: Mutex<HashMap<String, Arc<Overlay>>>,
    /// Permits for reading for queries, of all generations together.
    readers: Arc<Semaphore>,
}

/// How many queries read at a time. A disk answers so many as soon as a few; what comes beyond them waits without a thread.
const READERS: usize = 32;

/// What a read model may have in memory before it is written out. Half a dozen of them fill at once.
const MEMTABLE_BYTES: u64 = 8 << 20;

/// The size of a table on disk. A table is written whole and synced at its end, and while that goes on the log's syncs
/// wait at the same disk: orders then wait as long as the largest table takes.
const TABLE_BYTES: u64 = 8 << 20;

/// What a start may have to read again.
const JOURNAL_BYTES: u64 = 128 << 20;

impl EmbeddedStore {
    /// Opens the store in `dir`, which is made if it is not there.
    fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let builder = Database::builder(dir.join("rows"))
            .cache_size(cache_bytes)
            .max_journaling_size(JOURNAL_BYTES)
            .journal_compression(CompressionType::None)
            .worker_threads(1);
        let db = in_background(|| builder.open()).map_err(|error| match error {
            fjall::Error::Locked => StoreError::InUse { path: dir.display().to_string() },
            error => StoreError::unavailable("opening")(error),
        })?;
        let meta = db
            .keyspace("meta", || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES / 4))
            .map_err(StoreError::unavailable("opening a keyspace"))?;
        let store = Self {
            db,
            meta,
            dir: dir.to_owned(),
            overlay: Mutex::default(),
            readers: Arc::new(Semaphore::new(READERS)),
        };
        store.drop_orphans()?;
        Ok(store)
    }

    /// Opens or makes a generation.
    pub(crate) fn generation(
        &self,
        name: &'static str,
        id: GenerationId,
        kinds: &'static [RowKind],
    ) -> Result<Generation, StoreError> {
        let keyspace_name = keyspace_name(name, id);
        let keyspace = self
            .db
            .keyspace(&keyspace_name, || {
                let tables = Leveled::default().with_table_target_size(TABLE_BYTES);
                KeyspaceCreateOptions::default()
                    .max_memtable_size(MEMTABLE_BYTES)
                    .compaction_strategy(Arc::new(tables))
            })
            .map_err(StoreError::unavailable("opening a keyspace"))?;
        let own_dir = self.dir.join("own").join(&keyspace_name);
        let overlay = self.overlay.lock().entry(keyspace_name).or_default().clone();
        let rows = EmbeddedRows::new(self.db.clone(), keyspace, overlay, self.readers.clone());
        let rows = crate::GenerationRows::Embedded(rows);
        Ok(Generation { name, id, kinds, rows, own_dir })
    }

    pub(crate) fn generation_id(&self, name: &str, role: Role) -> Result<Option<GenerationId>, StoreError> {
        self.meta_row(role_key(role, name).as_bytes())
    }

    /// Says which generation has `role` from now on.
    pub(crate) fn assign(&self, role: Role, generation: &Generation) -> Result<(), StoreError> {
        let mut batch = self.db.batch();
        batch.insert(&self.meta, role_key(role, generation.name), json(&generation.id));
        if role == Role::Live {
            batch.remove(&self.meta, role_key(Role::Building, generation.name));
        }
        batch.commit().map_err(StoreError::unavailable("switching a read model"))?;
        self.persist()
    }

    pub(crate) fn checkpoint(&self, rows: &EmbeddedRows) -> Result<Checkpoint, StoreError> {
        Ok(self.meta_row(&checkpoint_key(rows))?.unwrap_or_default())
    }

    /// An empty batch.
    pub(crate) fn batch(&self) -> EmbeddedBatch {
        EmbeddedBatch::new(self.db.batch(), self.meta.clone())
    }

    /// Removes a generation with all that is known of it. Queries that still hold it go on.
    pub(crate) fn drop_generation(&self, rows: &EmbeddedRows, own_dir: &Path) -> Result<(), StoreError> {
        let name = rows.name();
        self.overlay.lock().remove(name);
        let mut batch = self.db.batch();
        batch.remove(&self.meta, checkpoint_key(rows));
        for prefix in [format!("dead/{name}/"), format!("skip/{name}/")] {
            for row in self.meta.prefix(prefix) {
                batch.remove(&self.meta, row.key().map_err(StoreError::unavailable("reading dead letters"))?);
            }
        }
        batch.commit().map_err(StoreError::unavailable("dropping a read model"))?;
        let dropped = self.db.delete_keyspace(rows.keyspace().clone());
        dropped.map_err(StoreError::unavailable("dropping a read model"))?;
        match std::fs::remove_dir_all(own_dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(dir = %own_dir.display(), %error, "an old read model's files could not be removed");
            }
            _ => {}
        }
        Ok(())
    }

    /// Makes everything committed so far durable.
    pub(crate) fn persist(&self) -> Result<(), StoreError> {
        self.db.persist(PersistMode::SyncData).map_err(StoreError::unavailable("syncing"))
    }

    fn meta_row<V: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<V>, StoreError> {
        let row = self.meta.get(key).map_err(StoreError::unavailable("reading a row"))?;
        row.map(|row| crate::parse(key, &row)).transpose()
    }

    /// Rows of a keyspace whose name nobody remembers: its process died while making or dropping it.
    fn drop_orphans(&self) -> Result<(), StoreError> {
        let mut known = vec!["meta".to_owned()];
        for role in ["live/", "building/"] {
            for row in self.meta.prefix(role) {
                let (key, value) =
                    row.into_inner().map_err(StoreError::unavailable("reading the read models' names"))?;
                let id: GenerationId = crate::parse(&key, &value)?;
                let name = String::from_utf8_lossy(&key[role.len()..]);
                known.push(keyspace_name(&name, id));
            }
        }
        for name in self.db.list_keyspace_names() {
            if !known.iter().any(|known| **known == *name) {
                let orphan = self.db.keyspace(&name, KeyspaceCreateOptions::default);
                let orphan = orphan.map_err(StoreError::unavailable("opening a keyspace"))?;
                self.db
                    .delete_keyspace(orphan)
                    .map_err(StoreError::unavailable("dropping an unfinished read model"))?;
                self.meta
                    .remove(format!("at/{name}"))
                    .map_err(StoreError::unavailable("dropping an unfinished read model"))?;
            }
        }
        Ok(())
    }
}

fn keyspace_name(name: &str, id: GenerationId) -> String {
    format!("{name}-v{}-{}", id.version, id.number)
}

/// Where a generation's checkpoint stands in the meta keyspace.
fn checkpoint_key(rows: &EmbeddedRows) -> Vec<u8> {
    format!("at/{}", rows.name()).into_bytes()
}

/// A row of the meta keyspace.
fn json<V: Serialize>(value: &V) -> Vec<u8> {
    serde_json::to_vec(value).expect("the store's own rows have text keys and no failing serializers")
}
