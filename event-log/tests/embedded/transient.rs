//! Index files that cannot be read for a moment, or not at all: that is no damage, and no reason to read whole segments.

use crate::support::{append_range, block_on, everything, uncompressed};
use daybook_event_log::{Disk, DiskFile, EmbeddedLog, EventLog, LogError, simulation::SimulatedDisk};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What becomes of reads.
#[derive(Default)]
struct ReadFaults {
    /// So many reads of index files fail from now on.
    of_indexes: AtomicUsize,
    /// Bytes that were read of segments.
    of_segments: AtomicUsize,
}

struct UnreadableDisk {
    disk: SimulatedDisk,
    faults: Arc<ReadFaults>,
}

struct UnreadableFile {
    file: Arc<dyn DiskFile>,
    is_index: bool,
    faults: Arc<ReadFaults>,
}

impl UnreadableDisk {
    fn file(&self, name: &str, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        let is_index = name.contains(".index");
        Arc::new(UnreadableFile { file, is_index, faults: Arc::clone(&self.faults) })
    }
}

impl Disk for UnreadableDisk {
    fn place(&self) -> String {
        self.disk.place()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str, writable: bool) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.file(name, self.disk.open(name, writable)?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.file(name, self.disk.create(name)?))
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

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        self.disk.lock(name)
    }
}

impl DiskFile for UnreadableFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = &self.faults.of_indexes;
        if self.is_index && left.load(Ordering::Relaxed) > 0 {
            left.fetch_sub(1, Ordering::Relaxed);
            return Err(io::Error::other("for a moment"));
        }
        if !self.is_index {
            self.faults.of_segments.fetch_add(into.len(), Ordering::Relaxed);
        }
        self.file.read_at(into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

#[test]
fn an_index_that_cannot_be_read_is_not_made_anew() {
    let faults = Arc::new(ReadFaults::default());
    let disk = UnreadableDisk { disk: SimulatedDisk::new(), faults: Arc::clone(&faults) };
    let options = daybook_event_log::EmbeddedOptions { segment_bytes: 64 << 10, ..uncompressed() };
    let log = EmbeddedLog::open_on(Arc::new(disk), options).expect("a new log opens");
    append_range(&log, 0, 800).expect("nothing is in the way");
    let old = everything(&log).expect("readable")[3].clone();

    faults.of_segments.store(0, Ordering::Relaxed);
    faults.of_indexes.store(1, Ordering::Relaxed);
    let found = block_on(log.find(old.event_id())).expect("it is asked again");
    assert_eq!(found.as_ref(), Some(&old));
    assert_eq!(faults.of_indexes.load(Ordering::Relaxed), 0, "the index was not asked");

    faults.of_indexes.store(usize::MAX, Ordering::Relaxed);
    let refused = block_on(log.find(old.event_id()));
    assert!(matches!(refused, Err(LogError::Unavailable { .. })), "{refused:?}");
    faults.of_indexes.store(0, Ordering::Relaxed);
    assert_eq!(block_on(log.find(old.event_id())).expect("it has passed").as_ref(), Some(&old));
    let read = faults.of_segments.load(Ordering::Relaxed);
    assert!(read < 64 << 10, "{read} bytes of segments were read for three events");
}
