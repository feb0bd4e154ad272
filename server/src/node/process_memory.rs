//! The memory of the processes' lease: a copy of the file in which the engine keeps how far the processes have got, in
//! parts. The file grows at its end and is sometimes replaced by a shorter one, so what is sent to the server depends on
//! what has happened and not on how much is kept, and no row holds it all.
//!
//! The lease's own memory says with which part the copy begins. It changes after all parts of a new file are there, so
//! the next holder finds the last copy or the one before, and either will do: every step of a process counts once.

use daybook_event_log::{Lease, LogError};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The engine's file that says how far the processes have got.
const FILE: &str = "processes.log";
/// What it was before: replaced as a whole, and the lease's memory was the same.
const OLD_FILE: &str = "processes.json";
/// The longest part, in bytes.
const MAX_PART: usize = 4 << 20;

/// The lease's own memory.
#[derive(Serialize, Deserialize)]
struct Memory {
    parts_from: u64,
}

/// Copies the file to the lease as it changes.
pub(crate) struct ProcessMemory<'a> {
    lease: &'a dyn Lease,
    path: PathBuf,
    next_part: u64,
    copied: Option<Copied>,
}

/// Up to where which file was copied.
#[derive(Clone, Copy)]
struct Copied {
    inode: u64,
    length: u64,
}

impl<'a> ProcessMemory<'a> {
    /// Brings what the last holder left to `dir`. What this node knew is older.
    pub(crate) async fn recall(lease: &'a dyn Lease, dir: &Path) -> Result<Self, MemoryError> {
        tokio::fs::create_dir_all(dir).await?;
        let (path, old_path) = (dir.join(FILE), dir.join(OLD_FILE));
        let mut next_part = 0;
        if let Some(left) = lease.recall().await? {
            if let Ok(Memory { parts_from }) = serde_json::from_slice(&left) {
                let parts = lease.recall_parts(parts_from).await?;
                next_part = parts_from + parts.len() as u64;
                tokio::fs::write(&path, parts.concat()).await?;
            } else {
                tokio::fs::write(&old_path, left).await?;
                match tokio::fs::remove_file(&path).await {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                    _ => {}
                }
            }
        }
        Ok(Self { lease, path, next_part, copied: None })
    }

    /// Leaves to the next holder what was written since the last time.
    pub(crate) async fn remember(&mut self) -> Result<(), MemoryError> {
        let (path, copied) = (self.path.clone(), self.copied);
        let reading = tokio::task::spawn_blocking(move || read(&path, copied)).await;
        let Some((bytes, now, anew)) = reading.map_err(io::Error::other)?? else { return Ok(()) };
        let parts_from = self.next_part;
        for part in bytes.chunks(MAX_PART) {
            self.lease.remember_part(self.next_part, part).await?;
            self.next_part += 1;
        }
        if anew {
            let memory = serde_json::to_vec(&Memory { parts_from }).map_err(io::Error::other)?;
            self.lease.remember(&memory).await?;
            self.lease.forget_parts_before(parts_from).await?;
        }
        self.copied = Some(now);
        Ok(())
    }
}

/// Why the memory could not be brought or left.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemoryError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the file of the processes cannot be read or written: {0}")]
    Io(#[from] io::Error),
}

/// What is in the file after what was copied, or all of it if it is another file; none if there is nothing new.
fn read(path: &Path, copied: Option<Copied>) -> io::Result<Option<(Vec<u8>, Copied, bool)>> {
    let mut file = match std::fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let metadata = file.metadata()?;
    let same = copied.filter(|copied| copied.inode == metadata.ino() && copied.length <= metadata.len());
    let from = same.map_or(0, |copied| copied.length);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if bytes.is_empty() && same.is_some() {
        return Ok(None);
    }
    let now = Copied { inode: metadata.ino(), length: from + bytes.len() as u64 };
    Ok(Some((bytes, now, same.is_none())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_event_log::{Leases, LocalLeases};

    async fn left(leases: &LocalLeases) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let lease = leases.acquire("processes").await.unwrap();
        ProcessMemory::recall(&*lease, dir.path()).await.unwrap();
        std::fs::read(dir.path().join(FILE)).unwrap_or_default()
    }

    #[tokio::test]
    async fn the_next_holder_finds_the_file_as_it_grew_and_after_it_was_replaced() {
        let (leases, dir) = (LocalLeases::default(), tempfile::tempdir().unwrap());
        let path = dir.path().join(FILE);
        let lease = leases.acquire("processes").await.unwrap();
        let mut memory = ProcessMemory::recall(&*lease, dir.path()).await.unwrap();
        std::fs::write(&path, b"one\n").unwrap();
        memory.remember().await.unwrap();
        std::fs::write(&path, b"one\ntwo\n").unwrap();
        memory.remember().await.unwrap();
        memory.remember().await.unwrap();
        assert_eq!(lease.recall_parts(0).await.unwrap(), [b"one\n".to_vec(), b"two\n".to_vec()]);
        drop(memory);
        drop(lease);
        assert_eq!(left(&leases).await, b"one\ntwo\n");

        let lease = leases.acquire("processes").await.unwrap();
        let mut memory = ProcessMemory::recall(&*lease, dir.path()).await.unwrap();
        memory.remember().await.unwrap();
        let new = dir.path().join("new");
        std::fs::write(&new, b"all of it\n").unwrap();
        std::fs::rename(&new, &path).unwrap();
        memory.remember().await.unwrap();
        assert_eq!(lease.recall_parts(0).await.unwrap(), [b"all of it\n".to_vec()], "older parts are gone");
        drop(memory);
        drop(lease);
        assert_eq!(left(&leases).await, b"all of it\n");
    }

    #[tokio::test]
    async fn what_an_older_program_left_becomes_the_old_file() {
        let (leases, dir) = (LocalLeases::default(), tempfile::tempdir().unwrap());
        let lease = leases.acquire("processes").await.unwrap();
        lease.remember(b"{\"format\":1}").await.unwrap();
        std::fs::write(dir.path().join(FILE), b"older\n").unwrap();
        ProcessMemory::recall(&*lease, dir.path()).await.unwrap();
        assert_eq!(std::fs::read(dir.path().join(OLD_FILE)).unwrap(), b"{\"format\":1}");
        assert!(!dir.path().join(FILE).exists());
    }
}
