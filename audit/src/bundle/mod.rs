//! The auditor's bundle: a folder with everything that is needed to verify offline.
//!
//! ```text
//! README.md       what this is, what it proves, and how to verify it, also without Daybook
//! records         every record as stored: length (4 bytes, little-endian), then the bytes
//! checkpoint      the signed note over all of them
//! cosigned        the newest checkpoint that witnesses have cosigned, if there is one
//! public-key      the key of the checkpoint, as a C2SP vkey
//! tile/…          the hash tree (C2SP tlog-tiles)
//! schemas/…       what whoever exports it adds for its readers
//! manifest        the digests of all files that the signed root does not cover, signed
//! ```

mod check;
mod export;
mod files;
mod manifest;
mod records;

pub use check::{BundleVerdict, Trust, verify};
pub use export::{BundleParts, export, export_latest};
pub use files::own_files;

use crate::{note::NoteError, tiles::TileError};
use daybook_event_log::LogError;
use std::{fs, io, path::Path};

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

const RECORDS: &str = "records";
const CHECKPOINT: &str = "checkpoint";
const COSIGNED: &str = "cosigned";
const PUBLIC_KEY: &str = "public-key";
const MANIFEST: &str = "manifest";
const README_NAME: &str = "README.md";

/// The bundle's own explanation.
const README: &str = include_str!("README.md");

fn read(path: &Path) -> Result<String, BundleError> {
    fs::read_to_string(path).map_err(|source| io_error(path, source))
}

fn io_error(path: &Path, source: io::Error) -> BundleError {
    BundleError::Io { path: path.display().to_string(), source }
}

fn note_error(path: &Path, source: NoteError) -> BundleError {
    BundleError::Note { path: path.display().to_string(), source }
}
