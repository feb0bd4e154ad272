//! A disk in memory that behaves as badly as a real one may.
//!
//! Until a file is synced, a power cut keeps any part of what was written to it, in any order, torn at
//! any sector; until the directory is synced, the newest names may be gone. Syncs can fail, the disk
//! can be full, and power can go at any operation: with [`SimulatedDisk::operations`] of one run known,
//! the run is repeated with a cut before each of them, and [`SimulatedDisk::after_power_cut`] gives for
//! every seed one of the states the disk may then be found in.

use crate::embedded::{Disk, DiskFile};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Weak},
};

/// Written bytes reach the disk in pieces of this size, each by itself.
const SECTOR: usize = 512;

/// A simulated disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct SimulatedDisk {
    state: Arc<Mutex<DiskState>>,
}

#[derive(Default)]
struct DiskState {
    files: Vec<SimulatedFile>,
    /// Names as the running program sees them.
    names: BTreeMap<String, usize>,
    /// Names as they were when the directory was last synced, and what was done since.
    durable_names: BTreeMap<String, usize>,
    unsynced_names: Vec<Renaming>,
    operations: u64,
    faults: Faults,
    lock: Weak<()>,
}

#[derive(Default)]
struct Faults {
    power_cut_at: Option<u64>,
    failing_syncs: Option<(u64, u64)>,
    syncs: u64,
    capacity_bytes: Option<usize>,
}

#[derive(Default, Clone)]
struct SimulatedFile {
    seen: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

#[derive(Clone)]
enum Renaming {
    Create(String, usize),
    Rename(String, String),
    Remove(String),
}

impl Renaming {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Create(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

impl SimulatedDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations changed or synced something so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// Power goes before operation `n` (from 0): it and all later ones fail.
    pub fn cut_power_at(&self, n: u64) {
        self.state.lock().faults.power_cut_at = Some(n);
    }

    /// Syncs fail from the `nth` (from 0, counted from now on), `count` times.
    pub fn fail_syncs(&self, nth: u64, count: u64) {
        let mut state = self.state.lock();
        let from = state.faults.syncs + nth;
        state.faults.failing_syncs = Some((from, from + count));
    }

    /// All files together may have this many bytes; `None`: no limit.
    pub fn limit_bytes(&self, capacity_bytes: Option<usize>) {
        self.state.lock().faults.capacity_bytes = capacity_bytes;
    }

    /// One of the disks that may be found after power went now; which one is up to `seed`. The lock is
    /// gone, as its holder is.
    #[must_use]
    pub fn after_power_cut(&self, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let state = self.state.lock();
        let files = state
            .files
            .iter()
            .map(|file| {
                let durable = file.survivor(&mut chance);
                SimulatedFile { seen: durable.clone(), durable, unsynced: Vec::new() }
            })
            .collect();
        // A journaling file system keeps the order of operations on names.
        let mut names = state.durable_names.clone();
        let kept = chance.below(state.unsynced_names.len() + 1);
        state.unsynced_names[..kept].iter().for_each(|renaming| renaming.apply(&mut names));
        let state = DiskState { files, durable_names: names.clone(), names, ..DiskState::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The disk after the program was killed: everything written is there, synced or not.
    #[must_use]
    pub fn after_kill(&self) -> Self {
        let state = self.state.lock();
        let state = DiskState {
            files: state.files.clone(),
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            unsynced_names: state.unsynced_names.clone(),
            ..DiskState::default()
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The bytes of the file `name`.
    #[must_use]
    pub fn contents(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state.lock();
        state.names.get(name).map(|file| state.files[*file].seen.clone())
    }

    /// Puts `bytes` into the file `name`, durably, as if something else had done so.
    pub fn overwrite(&self, name: &str, bytes: &[u8]) {
        let mut state = self.state.lock();
        let file = SimulatedFile { seen: bytes.to_vec(), durable: bytes.to_vec(), unsynced: Vec::new() };
        match state.names.get(name).copied() {
            Some(at) => state.files[at] = file,
            None => {
                let at = state.files.len();
                state.files.push(file);
                state.names.insert(name.to_owned(), at);
                state.durable_names.insert(name.to_owned(), at);
            }
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut DiskState) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state.lock();
        if state.faults.power_cut_at.is_some_and(|n| state.operations >= n) {
            return Err(io::Error::other("the power is off"));
        }
        state.operations += 1;
        change(&mut state)
    }
}

impl DiskState {
    fn renamed(&mut self, renaming: Renaming) {
        renaming.apply(&mut self.names);
        self.unsynced_names.push(renaming);
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl SimulatedFile {
    fn survivor(&self, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        // Often all or nothing survives; in between, every sector has its own luck.
        let luck = [0, 25, 50, 75, 100][chance.below(5)];
        for (offset, written) in &self.unsynced {
            let mut at = 0;
            while at < written.len() {
                let sector_end = SECTOR - (offset + at) % SECTOR;
                let piece = &written[at..written.len().min(at + sector_end)];
                if chance.below(100) < luck {
                    put(&mut bytes, offset + at, piece);
                }
                at += piece.len();
            }
        }
        bytes
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, piece: &[u8]) {
    let end = offset + piece.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(piece);
}

/// Repeatable randomness: SplitMix64 (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * bound as u128) >> 64) as usize
    }
}

struct OpenFile {
    disk: SimulatedDisk,
    file: usize,
}

impl Disk for SimulatedDisk {
    fn place(&self) -> String {
        "a simulated disk".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state.lock().names.keys().cloned().collect())
    }

    fn open(&self, name: &str, _writable: bool) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.state.lock().find(name)?;
        Ok(Arc::new(OpenFile { disk: self.clone(), file }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.change(|state| {
            state.files.push(SimulatedFile::default());
            let file = state.files.len() - 1;
            state.renamed(Renaming::Create(name.to_owned(), file));
            Ok(file)
        })?;
        Ok(Arc::new(OpenFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(|state| {
            state.find(from)?;
            state.renamed(Renaming::Rename(from.to_owned(), to.to_owned()));
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change(|state| {
            state.find(name)?;
            state.renamed(Renaming::Remove(name.to_owned()));
            Ok(())
        })
    }

    fn sync_names(&self) -> io::Result<()> {
        self.change(|state| {
            state.durable_names = state.names.clone();
            state.unsynced_names.clear();
            Ok(())
        })
    }

    fn lock(&self, _name: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let mut state = self.state.lock();
        if state.lock.upgrade().is_some() {
            return Ok(None);
        }
        let held = Arc::new(());
        state.lock = Arc::downgrade(&held);
        Ok(Some(Box::new(held)))
    }
}

impl DiskFile for OpenFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.state.lock().files[self.file].seen.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state.lock();
        let seen = &state.files[self.file].seen;
        let from = seen.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
        let piece = &seen[from..seen.len().min(from + into.len())];
        into[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.disk.change(|state| {
            let used: usize = state.names.values().map(|file| state.files[*file].seen.len()).sum();
            let grown = (offset + bytes.len()).saturating_sub(state.files[self.file].seen.len());
            if grown > 0 && state.faults.capacity_bytes.is_some_and(|capacity| used + grown > capacity) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let file = &mut state.files[self.file];
            put(&mut file.seen, offset, bytes);
            file.unsynced.push((offset, bytes.to_vec()));
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.change(|state| {
            let nth = state.faults.syncs;
            state.faults.syncs += 1;
            let file = &mut state.files[self.file];
            if state.faults.failing_syncs.is_some_and(|(from, to)| (from..to).contains(&nth)) {
                // What the kernel does: the pages count as clean, though they never arrived.
                file.unsynced.clear();
                return Err(io::Error::other("input/output error"));
            }
            for (offset, bytes) in std::mem::take(&mut file.unsynced) {
                put(&mut file.durable, offset, &bytes);
            }
            Ok(())
        })
    }
}
