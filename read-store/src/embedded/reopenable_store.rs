//! The way to the embedded store, which can be opened anew while the process goes on: a database that met a full
//! disk takes no more writes, and has to be let go of.

use super::{EmbeddedStore, MEMTABLE_BYTES};
use crate::StoreError;
use parking_lot::RwLock;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::sleep,
    time::Duration,
};

/// Room for a commit, and for writing out what is in memory.
const ROOM_BYTES: u64 = 2 * MEMTABLE_BYTES;
/// How often, and after what pause, it is tried again while queries still hold what was open.
const TRIES: (u32, Duration) = (200, Duration::from_millis(10));

pub struct ReopenableStore {
    dir: PathBuf,
    cache_bytes: u64,
    /// None where it could not be opened again.
    store: RwLock<Option<Arc<EmbeddedStore>>>,
}

impl ReopenableStore {
    /// Opens the store in `dir`, which is made if it is not there.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let store = RwLock::new(Some(Arc::new(EmbeddedStore::open(dir, cache_bytes)?)));
        Ok(Self { dir: dir.to_owned(), cache_bytes, store })
    }

    pub(crate) fn store(&self) -> Result<Arc<EmbeddedStore>, StoreError> {
        self.store.read().clone().ok_or(StoreError::Closed)
    }

    /// Lets go of the store and opens it again. Nobody may hold a generation of it for long. Blocks.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let mut store = self.store.write();
        *store = None;
        let (mut tries, pause) = TRIES;
        loop {
            match EmbeddedStore::open(&self.dir, self.cache_bytes) {
                Err(StoreError::InUse { .. }) if tries > 0 => tries -= 1,
                opened => {
                    *store = Some(Arc::new(opened?));
                    return Ok(());
                }
            }
            sleep(pause);
        }
    }

    /// Whether the disk has room to go on; true too if that cannot be known.
    pub fn has_room(&self) -> bool {
        rustix::fs::statvfs(&self.dir)
            .map_or(true, |disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= ROOM_BYTES)
    }
}
