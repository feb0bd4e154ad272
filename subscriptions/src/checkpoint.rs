//! How far a follower has got, where that is not told by what it makes (rows with their position, the size of a tree, the
//! end of a stream). A checkpoint is derived: where it is lost or torn the follower begins again, so reading one answers
//! "none" and never keeps a program from starting. Its content belongs to the follower.
//!
//! Two places: a file of this node, and the memory of a lease, which the next holder on another node finds.

use crate::Fault;
use async_trait::async_trait;
use daybook_event_log::Lease;
use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The first word of a checkpoint file.
const MAGIC: &str = "daybook-checkpoint-1";

/// A place for a checkpoint.
#[async_trait]
pub trait CheckpointStore: Send + Sync {
    /// What was saved last; none if nothing was, or if it cannot be believed.
    async fn load(&self) -> Result<Option<Vec<u8>>, Fault>;

    /// Replaces it, durably when this resolves. Must be called only with what the durable log covers.
    async fn save(&self, content: &[u8]) -> Result<(), Fault>;
}

/// A checkpoint in a file: a line with its length and checksum, then the content.
#[derive(Debug, Clone)]
pub struct CheckpointFile {
    path: PathBuf,
}

impl CheckpointFile {
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The same as [`CheckpointStore::load`], blocking.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let content = content_of(&bytes).map(<[u8]>::to_vec);
        if content.is_none() {
            tracing::warn!(path = %self.path.display(), "the checkpoint is damaged; its follower begins again");
        }
        Ok(content)
    }

    /// The same as [`CheckpointStore::save`], blocking.
    ///
    /// # Errors
    /// A disk that is full or fails; what was saved before is there still.
    pub fn write(&self, content: &[u8]) -> io::Result<()> {
        let mut bytes = format!("{MAGIC} {} {:08x}\n", content.len(), crc32c::crc32c(content)).into_bytes();
        bytes.extend_from_slice(content);
        replace_file(&self.path, &bytes)
    }

    fn failed(&self, error: &io::Error) -> Fault {
        Fault::Passing(format!("{}: {error}", self.path.display()))
    }
}

#[async_trait]
impl CheckpointStore for CheckpointFile {
    async fn load(&self) -> Result<Option<Vec<u8>>, Fault> {
        let file = self.clone();
        in_background(move || file.read()).await.map_err(|error| self.failed(&error))
    }

    async fn save(&self, content: &[u8]) -> Result<(), Fault> {
        let (file, content) = (self.clone(), content.to_vec());
        in_background(move || file.write(&content)).await.map_err(|error| self.failed(&error))
    }
}

/// A checkpoint in the memory of a lease that this node holds.
#[derive(Clone)]
pub struct LeaseMemory(pub Arc<dyn Lease>);

#[async_trait]
impl CheckpointStore for LeaseMemory {
    async fn load(&self) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.recall().await?)
    }

    async fn save(&self, content: &[u8]) -> Result<(), Fault> {
        Ok(self.0.remember(content).await?)
    }
}

/// Replaces a file as a whole: after a crash at any point it holds the old content or the new, never a part of it.
///
/// # Errors
/// A disk that is full or fails; the old content is there still.
pub fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = File::create(&new)?;
    file.write_all(content)?;
    // The content before the name: else the name may survive a power cut without the content.
    file.sync_all()?;
    fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn content_of(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let content = bytes.get(end + 1..)?;
    let wanted = format!("{MAGIC} {} {:08x}", content.len(), crc32c::crc32c(content));
    (head == wanted).then_some(content)
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_event_log::{Leases, LocalLeases};

    #[tokio::test]
    async fn a_saved_checkpoint_is_loaded_again_and_a_missing_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = CheckpointFile::new(folder.path().join("checkpoint"));
        assert_eq!(file.load().await.unwrap(), None);
        for content in [b"17\n".as_slice(), b"", &[0, 255, b'\n']] {
            file.save(content).await.unwrap();
            assert_eq!(file.load().await.unwrap().as_deref(), Some(content));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing but the checkpoint is left");
    }

    #[test]
    fn a_torn_or_changed_file_is_none_and_can_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let file = CheckpointFile::new(&path);
        file.write(b"position 17").unwrap();
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(file.read().unwrap(), None, "{length} of {} bytes", whole.len());
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            assert_eq!(file.read().unwrap(), None, "byte {at} changed");
        }
        file.write(b"position 18").unwrap();
        assert_eq!(file.read().unwrap().unwrap(), b"position 18");
    }

    #[test]
    fn a_replacement_that_fails_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        replace_file(&path, b"old").unwrap();
        // The place of the new content is taken by a folder, so that it cannot be written.
        fs::create_dir(folder.path().join("checkpoint.new")).unwrap();
        replace_file(&path, b"new").unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[tokio::test]
    async fn the_next_holder_of_a_lease_finds_the_checkpoint_of_the_last() {
        let leases = LocalLeases::default();
        let first = LeaseMemory(leases.acquire("work").await.unwrap().into());
        first.save(b"17").await.unwrap();
        drop(first);
        let second = LeaseMemory(leases.acquire("work").await.unwrap().into());
        assert_eq!(second.load().await.unwrap().unwrap(), b"17");
    }
}
