//! How tiles lie on the disk: packed where a shop writes them, one file each where an auditor takes them along.
//!
//! A shop fills hundreds of tiles a second. As files of their own they would cost more time to create than all
//! the hashing (ext4 looks for a free inode each time), so a level is one file, `tiles/<level>`, and tile `n`
//! begins at byte `n` × 8,192. A tile that is not full is written there too and completed later. In a bundle
//! the tiles are named as *tlog-tiles* says; over HTTP they look the same either way.

use crate::{
    merkle::Hash,
    tiles::{TileError, WIDTH, tile_path},
};
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

/// Where the tiles of one tree are.
#[derive(Debug, Clone)]
pub struct TileFiles {
    folder: PathBuf,
    packed: bool,
}

impl TileFiles {
    /// One file per level.
    #[must_use]
    pub fn packed(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), packed: true }
    }

    /// One file per tile.
    #[must_use]
    pub fn one_each(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), packed: false }
    }

    /// As they are there.
    #[must_use]
    pub fn found_in(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), packed: folder.join("tiles").is_dir() }
    }

    /// The first `width` hashes of a tile.
    pub(crate) fn read(&self, level: u8, index: u64, width: u64) -> Result<Vec<Hash>, TileError> {
        let (path, expected) = (tile_path(level, index, width), (width * 32) as usize);
        let failed = |source| TileError::Io { path: path.clone(), source };
        let bytes = if self.packed {
            let mut bytes = vec![0; expected];
            let file = File::open(self.level(level)).map_err(failed)?;
            file.read_exact_at(&mut bytes, offset(index)).map_err(failed)?;
            bytes
        } else {
            fs::read(self.folder.join(&path)).map_err(failed)?
        };
        if bytes.len() != expected {
            return Err(TileError::Damaged { path, found: bytes.len(), expected });
        }
        let hash = |chunk: &[u8]| Hash(std::array::from_fn(|at| chunk[at]));
        Ok(bytes.chunks_exact(32).map(hash).collect())
    }

    pub(crate) fn write(&self, level: u8, index: u64, hashes: &[Hash]) -> Result<(), TileError> {
        let path = || tile_path(level, index, hashes.len() as u64);
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        let written = if self.packed {
            self.open(level).and_then(|file| file.write_all_at(&bytes, offset(index)))
        } else {
            let file = self.folder.join(path());
            fs::create_dir_all(file.parent().unwrap_or(&self.folder)).and_then(|()| fs::write(&file, bytes))
        };
        written.map_err(|source| TileError::Io { path: path(), source })
    }

    /// Makes all that was written of a level durable, where a level is one file; else nothing.
    pub(crate) fn sync(&self, level: u8) -> Result<(), TileError> {
        if !self.packed {
            return Ok(());
        }
        let path = self.level(level);
        match File::open(&path) {
            // Nothing of this level was written yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            opened => opened.and_then(|file| file.sync_data()),
        }
        .map_err(|source| TileError::Io { path: path.display().to_string(), source })
    }

    fn open(&self, level: u8) -> io::Result<File> {
        let path = self.level(level);
        let open = || OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(self.folder.join("tiles"))?;
                open()
            }
            opened => opened,
        }
    }

    fn level(&self, level: u8) -> PathBuf {
        self.folder.join("tiles").join(level.to_string())
    }
}

/// Where a tile begins in its level's file.
fn offset(index: u64) -> u64 {
    index.saturating_mul(WIDTH * 32)
}
