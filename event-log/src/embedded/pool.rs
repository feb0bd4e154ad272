//! Files opened for reading, of which only so many are open at once: a log may have more segments than a
//! process may have file descriptors.
//!
//! The one opened longest ago is closed first, and opened again when it is next read.

use super::disk::DiskFile;
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    fs::File,
    io,
    path::PathBuf,
    sync::{Arc, Weak},
};

/// Enough for the segments and indexes of some 35 million events to stay open.
const OPEN_FILES: usize = 256;

#[derive(Default)]
pub(super) struct Pool {
    open: Mutex<VecDeque<Weak<PooledFile>>>,
}

struct PooledFile {
    path: PathBuf,
    file: Mutex<Option<Arc<File>>>,
    pool: Arc<Pool>,
    this: Weak<PooledFile>,
}

impl Pool {
    /// The file at `path`, which must be there.
    pub(super) fn file(pool: &Arc<Self>, path: PathBuf) -> io::Result<Arc<dyn DiskFile>> {
        let file = Arc::new_cyclic(|this| PooledFile {
            path,
            file: Mutex::default(),
            pool: Arc::clone(pool),
            this: Weak::clone(this),
        });
        file.opened()?;
        Ok(file)
    }

    /// Counts one more open file and closes one too many.
    fn admit(&self, file: Weak<PooledFile>) {
        let mut open = self.open.lock();
        open.push_back(file);
        if open.len() > OPEN_FILES {
            open.retain(|file| file.strong_count() > 0);
        }
        while open.len() > OPEN_FILES {
            if let Some(oldest) = open.pop_front().and_then(|file| file.upgrade()) {
                // Whoever reads from it right now holds it until done.
                *oldest.file.lock() = None;
            }
        }
    }
}

impl PooledFile {
    fn opened(&self) -> io::Result<Arc<File>> {
        let file = {
            let mut slot = self.file.lock();
            if let Some(file) = &*slot {
                return Ok(Arc::clone(file));
            }
            let file = Arc::new(File::open(&self.path)?);
            *slot = Some(Arc::clone(&file));
            file
        };
        self.pool.admit(Weak::clone(&self.this));
        Ok(file)
    }
}

impl DiskFile for PooledFile {
    fn size(&self) -> io::Result<u64> {
        self.opened()?.size()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        DiskFile::read_at(&*self.opened()?, into, offset)
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}
