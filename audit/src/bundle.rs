//! The auditor's bundle: a folder with everything that is needed to verify offline.
//!
//! ```text
//! README.md       what this is and how to verify it, also without Daybook
//! records         every record as stored: length (4 bytes, little-endian), then the bytes
//! checkpoint      the signed note over all of them
//! public-key      the key of the checkpoint, as a C2SP vkey
//! tile/…          the hash tree (C2SP tlog-tiles)
//! ```

use crate::{
    AuditTree,
    merkle::leaf_hash,
    note::{Checkpoint, NoteError, PublicKey},
    published::PublishedLeaves,
    tile_files::TileFiles,
    tiles::{TileError, Tiles},
    verify::{Finding, Verdict, verify_records},
};
use bytes::Bytes;
use daybook_event_log::{EventLog, LogError, Position};
use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// Why a bundle cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("{path} exists already; name a new folder")]
    Exists { path: String },
    #[error("{path}: {source}")]
    Note { path: String, source: NoteError },
    #[error(transparent)]
    Tile(#[from] TileError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("no checkpoint has been signed yet; start the shop once, it signs within a second")]
    NothingSigned,
}

/// Writes the bundle of everything under the latest checkpoint.
pub async fn export(
    log: &dyn EventLog,
    note: &str,
    key: &PublicKey,
    folder: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Checkpoint, BundleError> {
    let checkpoint =
        Checkpoint::verify(note, key).map_err(|source| note_error(Path::new("checkpoint"), source))?;
    if folder.exists() {
        return Err(BundleError::Exists { path: folder.display().to_string() });
    }
    fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
    let path = folder.join("records");
    let mut out =
        BufWriter::with_capacity(1 << 20, File::create(&path).map_err(|source| io_error(&path, source))?);
    let mut tiles = Tiles::empty(TileFiles::one_each(folder));
    while tiles.size() < checkpoint.size {
        let left = usize::try_from(checkpoint.size - tiles.size()).unwrap_or(usize::MAX);
        let batch = log.read_all(Position::new(tiles.size() + 1), left.min(8_192)).await?;
        if batch.is_empty() {
            break;
        }
        for event in &batch {
            write_record(&mut out, event.as_bytes()).map_err(|source| io_error(&path, source))?;
            tiles.push(leaf_hash(event.as_bytes()))?;
        }
        progress(tiles.size(), checkpoint.size);
    }
    out.flush().map_err(|source| io_error(&path, source))?;
    tiles.write_edge()?;
    for (name, text) in [("checkpoint", note), ("public-key", &format!("{key}\n")), ("README.md", README)] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|source| io_error(&path, source))?;
    }
    Ok(checkpoint)
}

/// The same, of the latest checkpoint of a tree.
pub async fn export_latest(
    log: &dyn EventLog,
    tree: &AuditTree,
    folder: &Path,
    progress: impl FnMut(u64, u64),
) -> Result<Checkpoint, BundleError> {
    let note = tree.note().ok_or(BundleError::NothingSigned)?;
    export(log, &note, &tree.public_key(), folder, progress).await
}

fn write_record(out: &mut impl Write, record: &Bytes) -> io::Result<()> {
    out.write_all(&u32::try_from(record.len()).unwrap_or(u32::MAX).to_le_bytes())?;
    out.write_all(record)
}

/// Verifies a bundle with nothing but itself and what the auditor kept: older checkpoints, and the keys as they were
/// handed over (more than one where the shop changed its key; none: the bundle's own, which proves less).
pub fn verify(
    folder: &Path,
    kept: &[PathBuf],
    keys: &[PublicKey],
    progress: impl FnMut(u64),
) -> Result<Verdict, BundleError> {
    let own: PublicKey = {
        let path = folder.join("public-key");
        read(&path)?.parse().map_err(|source| note_error(&path, source))?
    };
    let own = [own];
    let keys = if keys.is_empty() { &own } else { keys };
    let mut signatures = Vec::new();
    let mut checked = |path: &Path| -> Result<Option<Checkpoint>, BundleError> {
        let note = read(path)?;
        match Checkpoint::verify_by_any(&note, keys) {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(error) => {
                signatures.push(Finding::SignatureWrong {
                    place: path.display().to_string(),
                    detail: error.to_string(),
                });
                Ok(Checkpoint::read(&note).ok())
            }
        }
    };
    let path = folder.join("checkpoint");
    let newest = checked(&path)?;
    let kept = kept.iter().map(|path| checked(path)).collect::<Result<Vec<_>, _>>()?;
    let kept: Vec<Checkpoint> = kept.into_iter().flatten().collect();
    let newest = newest.ok_or_else(|| note_error(&path, NoteError::NotACheckpoint("it cannot be read")))?;
    let leaves = PublishedLeaves::open(folder, &newest);
    let path = folder.join("records");
    let records = Records::open(&path).map_err(|source| io_error(&path, source))?;
    let mut verdict = verify_records(records, &newest, &kept, leaves, progress);
    signatures.append(&mut verdict.findings);
    verdict.findings = signatures;
    Ok(verdict)
}

/// The records of a bundle, one after another.
struct Records {
    input: BufReader<File>,
    left: u64,
}

impl Records {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let left = file.metadata()?.len();
        Ok(Self { input: BufReader::with_capacity(1 << 20, file), left })
    }

    fn next_record(&mut self) -> io::Result<Bytes> {
        let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends in the middle of a record");
        let mut length = [0; 4];
        self.left = self.left.checked_sub(4).ok_or_else(cut)?;
        self.input.read_exact(&mut length)?;
        let length = u64::from(u32::from_le_bytes(length));
        self.left = self.left.checked_sub(length).ok_or_else(cut)?;
        let mut record = vec![0; length as usize];
        self.input.read_exact(&mut record)?;
        Ok(Bytes::from(record))
    }
}

impl Iterator for Records {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let record = self.next_record();
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}

fn read(path: &Path) -> Result<String, BundleError> {
    fs::read_to_string(path).map_err(|source| io_error(path, source))
}

fn io_error(path: &Path, source: io::Error) -> BundleError {
    BundleError::Io { path: path.display().to_string(), source }
}

fn note_error(path: &Path, source: NoteError) -> BundleError {
    BundleError::Note { path: path.display().to_string(), source }
}

/// The bundle's own explanation.
const README: &str = include_str!("bundle.md");
