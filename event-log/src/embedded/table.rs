//! Entries sorted by hash on disk, cut into buckets of about 64, with a directory in memory that says
//! where each bucket begins and what its checksum is: any question costs one small read.

use super::{
    disk::DiskFile,
    format::{narrow, u32_at, u64_at},
};
use std::io;

const PER_BUCKET: u32 = 64;
/// Start of the bucket and checksum of its entries.
const SLOT: usize = 8;

fn buckets(entries: u32) -> u32 {
    (entries / PER_BUCKET).next_power_of_two()
}

/// The bucket of `hash` among `buckets`, a power of two: by its highest bits.
fn bucket_of(hash: u64, buckets: u32) -> usize {
    ((u128::from(hash) * u128::from(buckets)) >> 64) as usize
}

/// Collects entries of one size; each begins with its hash.
pub(super) struct TableBuilder {
    entry_len: usize,
    entries: Vec<(u64, [u8; 16])>,
}

pub(super) struct Built {
    pub(super) directory: Vec<u8>,
    pub(super) entries: Vec<u8>,
}

impl TableBuilder {
    /// Entries of `entry_len` bytes, hash included; at most 24.
    pub(super) fn new(entry_len: usize) -> Self {
        Self { entry_len, entries: Vec::new() }
    }

    pub(super) fn add(&mut self, hash: u64, value: &[u8]) {
        let mut fixed = [0; 16];
        fixed[..value.len()].copy_from_slice(value);
        self.entries.push((hash, fixed));
    }

    pub(super) fn build(mut self) -> Built {
        self.entries.sort_unstable();
        let count = buckets(narrow(self.entries.len()));
        let mut built =
            Built { directory: Vec::new(), entries: Vec::with_capacity(self.entries.len() * self.entry_len) };
        let mut rest = &self.entries[..];
        let mut start = 0_u32;
        for bucket in 0..count as usize {
            let size = rest.partition_point(|(hash, _)| bucket_of(*hash, count) <= bucket);
            let from = built.entries.len();
            for (hash, value) in &rest[..size] {
                built.entries.extend_from_slice(&hash.to_le_bytes());
                built.entries.extend_from_slice(&value[..self.entry_len - 8]);
            }
            built.directory.extend_from_slice(&start.to_le_bytes());
            built.directory.extend_from_slice(&crc32c::crc32c(&built.entries[from..]).to_le_bytes());
            start += narrow(size);
            rest = &rest[size..];
        }
        built
    }
}

/// A table whose entries stay on disk.
pub(super) struct StreamTable {
    entry_len: usize,
    entries: u32,
    /// Where the entries begin in the file.
    at: u64,
    starts: Vec<u32>,
    checksums: Vec<u32>,
}

impl StreamTable {
    pub(super) fn directory_len(entries: u32) -> usize {
        buckets(entries) as usize * SLOT
    }

    pub(super) fn decode(directory: &[u8], entry_len: usize, entries: u32, at: u64) -> Option<Self> {
        let slots = || directory.chunks_exact(SLOT);
        let starts: Vec<u32> = slots().map(|slot| u32_at(slot, 0)).collect();
        let checksums = slots().map(|slot| u32_at(slot, 4)).collect();
        let sorted = starts.is_sorted() && starts.last().is_some_and(|last| *last <= entries);
        sorted.then_some(Self { entry_len, entries, at, starts, checksums })
    }

    /// The values under `hash`, made by `read` from the bytes after the hash.
    ///
    /// # Errors
    /// `InvalidData` where the bucket does not match its checksum.
    pub(super) fn find<T>(
        &self,
        file: &dyn DiskFile,
        hash: u64,
        read: impl Fn(&[u8]) -> T,
    ) -> io::Result<Vec<T>> {
        let bucket = bucket_of(hash, narrow(self.starts.len()));
        let (from, checksum) = (self.starts[bucket], self.checksums[bucket]);
        let to = self.starts.get(bucket + 1).copied().unwrap_or(self.entries);
        let mut bytes = vec![0; (to - from) as usize * self.entry_len];
        let at = self.at + u64::from(from) * self.entry_len as u64;
        if file.read_at(&mut bytes, at)? < bytes.len() || crc32c::crc32c(&bytes) != checksum {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let entries = bytes.chunks_exact(self.entry_len);
        Ok(entries.filter(|entry| u64_at(entry, 0) == hash).map(|entry| read(&entry[8..])).collect())
    }
}
