//! A directory that calls a test before what it does, which may wait there, or panic.

use daybook_event_log::{Directory, Disk, DiskFile};
use std::{io, path::Path, sync::Arc};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Sync,
}

type Hook = Arc<dyn Fn(Operation) + Send + Sync>;

pub(crate) struct HookedDisk {
    directory: Directory,
    before: Hook,
}

struct HookedFile {
    file: Arc<dyn DiskFile>,
    before: Hook,
}

impl HookedDisk {
    pub(crate) fn at(path: &Path, before: impl Fn(Operation) + Send + Sync + 'static) -> Arc<Self> {
        let directory = Directory::at(path, true).expect("a directory");
        Arc::new(Self { directory, before: Arc::new(before) })
    }

    fn hooked(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(HookedFile { file, before: Arc::clone(&self.before) })
    }
}

impl Disk for HookedDisk {
    fn place(&self) -> String {
        self.directory.place()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.directory.list()
    }

    fn open(&self, name: &str, writable: bool) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.hooked(self.directory.open(name, writable)?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        (self.before)(Operation::Create);
        Ok(self.hooked(self.directory.create(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.directory.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.directory.remove(name)
    }

    fn sync_names(&self) -> io::Result<()> {
        self.directory.sync_names()
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        self.directory.lock(name)
    }
}

impl DiskFile for HookedFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        (self.before)(Operation::Sync);
        self.file.sync()
    }
}
