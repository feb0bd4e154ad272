//! Snapshots of long streams: one file per stream, replaced as a whole, and never trusted.
//!
//! A snapshot saves reading a long past. It is taken only if its digest fits, it is of today's state version,
//! and the event it says it ends with stands in the stream at just that version; otherwise it is as if there
//! were none. It is written after the events it stands on are durable.
//!
//! ```text
//! magic "DAYSNAP1" | SHA-256 of the rest | u32 length of head | head (JSON) | state (as the domain writes it)
//! ```

use ahash::AHashSet;
use daybook_domain::AggregateState;
use daybook_event_log::{StreamId, Version};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};
use uuid::Uuid;

const MAGIC: &[u8; 8] = b"DAYSNAP1";
const HEAD: usize = MAGIC.len() + 32 + 4;

/// Where snapshots are; without a directory there are none.
pub(crate) struct Snapshots {
    dir: Option<PathBuf>,
    /// The file names that exist, so that a stream without a snapshot costs no look at the disk.
    known: Mutex<AHashSet<String>>,
    every: u64,
}

/// An aggregate as it was at a version.
pub(crate) struct Snapshot {
    pub(crate) state: AggregateState,
    pub(crate) version: Version,
    /// The id of the event with that version.
    pub(crate) last_event: Uuid,
}

#[derive(Serialize, Deserialize)]
struct Head {
    stream: StreamId,
    state_version: u32,
    version: Version,
    last_event: Uuid,
}

impl Snapshots {
    /// Uses `state_dir/snapshots`, made if it is missing.
    pub(crate) fn open(state_dir: Option<&Path>, every: u64) -> io::Result<Self> {
        let mut known = AHashSet::new();
        let dir = state_dir.map(|dir| dir.join("snapshots"));
        if let Some(dir) = &dir {
            std::fs::create_dir_all(dir)?;
            for file in std::fs::read_dir(dir)? {
                known.extend(file?.file_name().into_string().ok().filter(|name| name.ends_with(".snapshot")));
            }
        }
        Ok(Self { dir, known: Mutex::new(known), every: every.max(2) })
    }

    pub(crate) const fn enabled(&self) -> bool {
        self.dir.is_some()
    }

    /// When a stream with a snapshot at `version` is due for the next one. The pause grows with the stream,
    /// so that what is written stays a small part of what happens.
    pub(crate) fn due_after(&self, version: u64) -> u64 {
        if self.dir.is_none() { u64::MAX } else { version + self.every.max(version / 8) }
    }

    /// The stream's snapshot, if there is one that can be used. Reads the disk where there is one.
    pub(crate) async fn read(&self, stream: &StreamId) -> Option<Snapshot> {
        let dir = self.dir.as_ref()?;
        let name = file_name(stream);
        if !self.known.lock().contains(&name) {
            return None;
        }
        let path = dir.join(name);
        let bytes = tokio::task::spawn_blocking(move || std::fs::read(path)).await.ok()?.ok()?;
        let snapshot = decode(stream, &bytes);
        if snapshot.is_none() {
            tracing::warn!(%stream, "ignoring a snapshot that cannot be read");
        }
        snapshot
    }

    /// Replaces the stream's snapshot. A failure costs time later and nothing else.
    pub(crate) fn write(&self, stream: &StreamId, bytes: &[u8]) {
        let Some(dir) = &self.dir else { return };
        let name = file_name(stream);
        match replace_file(dir, &name, bytes, false) {
            Ok(()) => drop(self.known.lock().insert(name)),
            Err(error) => tracing::warn!(%stream, %error, "could not write a snapshot"),
        }
    }
}

/// The bytes of a snapshot file.
pub(crate) fn encode(
    stream: &StreamId,
    state: &AggregateState,
    version: Version,
    last_event: Uuid,
) -> Vec<u8> {
    let head = Head { stream: stream.clone(), state_version: state.state_version(), version, last_event };
    let head = serde_json::to_vec(&head).expect("a head of texts and numbers can be written");
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[0; 32]);
    bytes.extend_from_slice(&u32::try_from(head.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&state.to_snapshot());
    let digest = Sha256::digest(&bytes[MAGIC.len() + 32..]);
    bytes[MAGIC.len()..MAGIC.len() + 32].copy_from_slice(&digest);
    bytes
}

fn decode(stream: &StreamId, bytes: &[u8]) -> Option<Snapshot> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    if Sha256::digest(rest).as_slice() != digest {
        return None;
    }
    let head_length = u32::from_le_bytes(bytes.get(HEAD - 4..HEAD)?.try_into().ok()?) as usize;
    let head_end = HEAD.checked_add(head_length)?;
    let head: Head = serde_json::from_slice(bytes.get(HEAD..head_end)?).ok()?;
    if head.stream != *stream || head.version == Version::ZERO {
        return None;
    }
    let known = AggregateState::new(stream.aggregate())?.state_version();
    if head.state_version != known {
        return None;
    }
    let state = AggregateState::from_snapshot(stream.aggregate(), bytes.get(head_end..)?).ok()?;
    Some(Snapshot { state, version: head.version, last_event: head.last_event })
}

fn file_name(stream: &StreamId) -> String {
    let digest = Sha256::digest(stream.as_str());
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    format!("{}.snapshot", Uuid::from_bytes(half).simple())
}

/// Replaces `name` in `dir` as a whole: whoever reads it sees the old or the new content.
pub(crate) fn replace_file(dir: &Path, name: &str, bytes: &[u8], sync: bool) -> io::Result<()> {
    let beside = dir.join(format!("{name}.new"));
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    if sync {
        file.sync_all()?;
    }
    drop(file);
    std::fs::rename(&beside, dir.join(name))?;
    if sync {
        std::fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}
