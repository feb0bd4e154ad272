//! Segments are asked for by one name and lie on the disk in one of two forms: as they were written, or
//! compressed. Everything above this file sees the bytes that were written, at the offsets they had.

use super::{
    compressed::CompressedFile,
    disk::{Disk, DiskFile, FileIdentity},
    segment::{PREPARING, ordinal_of, segment_name},
};
use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, OnceLock},
};

const COMPRESSED: &str = ".zst";

fn compressed_name(name: &str) -> String {
    format!("{name}{COMPRESSED}")
}

/// A disk whose full segments may be compressed.
pub(super) struct SegmentFiles {
    disk: Arc<dyn Disk>,
}

impl SegmentFiles {
    pub(super) fn on(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    /// The segments that are there as they were written.
    pub(super) fn plain(&self) -> io::Result<BTreeSet<u64>> {
        Ok(self.disk.list()?.iter().filter_map(|name| ordinal_of(name)).collect())
    }

    /// Writes a compressed copy of segment `ordinal`, which [`SegmentFiles::adopt`] puts in its place.
    /// False where `stopping` cut it short.
    pub(super) fn compress(&self, ordinal: u64, stopping: &dyn Fn() -> bool) -> io::Result<bool> {
        let name = segment_name(ordinal);
        let unready = format!("{}{PREPARING}", compressed_name(&name));
        let written = (|| {
            let plain = self.disk.open(&name, false)?;
            super::compressed::write(&*plain, &self.disk.create(&unready)?, stopping)
        })();
        if !matches!(written, Ok(true)) {
            // Gives the room back; if even that fails, the next start removes it.
            let _ = self.disk.remove(&unready);
        }
        written
    }

    /// Puts the compressed copy in the place of segment `ordinal`. At no time is the segment in neither form.
    pub(super) fn adopt(&self, ordinal: u64) -> io::Result<()> {
        let name = segment_name(ordinal);
        let compressed = compressed_name(&name);
        self.disk.rename(&format!("{compressed}{PREPARING}"), &compressed)?;
        self.disk.sync_names()?;
        self.disk.remove(&name)
    }
}

impl Disk for SegmentFiles {
    fn place(&self) -> String {
        self.disk.place()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let plain = |name: String| match name.strip_suffix(COMPRESSED) {
            Some(segment) if ordinal_of(segment).is_some() => segment.to_owned(),
            _ => name,
        };
        let names: BTreeSet<String> = self.disk.list()?.into_iter().map(plain).collect();
        Ok(names.into_iter().collect())
    }

    fn open(&self, name: &str, writable: bool) -> io::Result<Arc<dyn DiskFile>> {
        if writable || ordinal_of(name).is_none() {
            return self.disk.open(name, writable);
        }
        match self.disk.open(name, false) {
            Ok(plain) => {
                let (disk, name) = (Arc::clone(&self.disk), name.to_owned());
                Ok(Arc::new(SegmentFile { disk, name, plain, compressed: OnceLock::new() }))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Ok(Arc::new(open_compressed(&*self.disk, name)?))
            }
            Err(e) => Err(e),
        }
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync_names(&self) -> io::Result<()> {
        self.disk.sync_names()
    }

    fn identity(&self, name: &str) -> io::Result<Option<FileIdentity>> {
        self.disk.identity(name)
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        self.disk.lock(name)
    }
}

fn open_compressed(disk: &dyn Disk, name: &str) -> io::Result<CompressedFile> {
    CompressedFile::open(disk.open(&compressed_name(name), false)?)
}

/// A segment that lay there as it was written when it was opened.
struct SegmentFile {
    disk: Arc<dyn Disk>,
    name: String,
    plain: Arc<dyn DiskFile>,
    /// What took its place: a file that is opened anew for a read may be gone by then.
    compressed: OnceLock<CompressedFile>,
}

impl SegmentFile {
    fn read<T>(&self, mut read: impl FnMut(&dyn DiskFile) -> io::Result<T>) -> io::Result<T> {
        if let Some(compressed) = self.compressed.get() {
            return read(compressed);
        }
        match read(&*self.plain) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let compressed = open_compressed(&*self.disk, &self.name)?;
                read(self.compressed.get_or_init(|| compressed))
            }
            answer => answer,
        }
    }
}

impl DiskFile for SegmentFile {
    fn size(&self) -> io::Result<u64> {
        self.read(|file| file.size())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read(|file| file.read_at(into, offset))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.plain.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.plain.sync()
    }
}
