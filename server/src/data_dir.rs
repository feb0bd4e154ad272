//! The data directory: where everything lies, and whether it is ours.
//!
//! ```text
//! DIR/daybook.json   says that this is a Daybook directory, and of which format
//! DIR/log/           the event log: the only thing that cannot be made again
//! DIR/read/          the read models: can be deleted, and are filled again from the log
//! DIR/engine/        checkpoints and snapshots of the write path: can be deleted too
//! DIR/known-event    the last event that is known to be durable: by it a log that was set back is noticed
//! DIR/secret         what ids are derived with from keys that clients chose: without it a new one is made, and what was
//!                    done under a key before is not recognised any more
//! ```

use daybook_engine::ShopSecret;
use daybook_event_log::{KnownEvent, make_directory};
use daybook_subscriptions::replace_file;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The layout that this program reads and writes.
const FORMAT: u32 = 1;
const MARKER: &str = "daybook.json";
const SECRET: &str = "secret";
const KNOWN_EVENT: &str = "known-event";
/// A line for each time that the log was set back and that was accepted.
const FORKS: &str = "forks.jsonl";

/// Why a directory cannot be used. Nothing in it was touched.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("{path} is not a directory; name a directory for the data, or one that does not exist yet")]
    NotADirectory { path: PathBuf },
    #[error(
        "{path} is not a Daybook directory: it has files but no {MARKER}; name an empty directory, one that does not exist yet, or a Daybook directory"
    )]
    NotDaybook { path: PathBuf },
    #[error("{path} has format {found}, and this program knows up to {FORMAT}; use a newer program")]
    NewerFormat { path: PathBuf, found: u32 },
    #[error("{path} is damaged: {detail}; restore it from a copy (the log beside it was not touched)")]
    Damaged { path: PathBuf, detail: String },
    #[error("{path} cannot be written to: {source}; give this user the right to, or name another directory")]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("there is no room left for {path}: {source}; free some space, then start again")]
    Full { path: PathBuf, source: io::Error },
    #[error("{path} cannot be used: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// A data directory that is ours.
#[derive(Debug, Clone)]
pub(crate) struct DataDir {
    root: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Marker {
    /// Always `daybook`.
    kind: String,
    format: u32,
    created_by: String,
}

impl DataDir {
    /// Takes `root`, or makes it. Only an absent or empty directory is written to.
    pub(crate) fn open(root: &Path) -> Result<Self, DataDirError> {
        let failed = |source| failure(root, source);
        match fs::metadata(root) {
            Ok(found) if !found.is_dir() => {
                return Err(DataDirError::NotADirectory { path: root.to_owned() });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_directory(root).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        }
        match fs::read(root.join(MARKER)) {
            Ok(marker) => check(root, &marker)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut files = fs::read_dir(root).map_err(failed)?;
                if !files.all(|file| file.is_ok_and(|file| *file.file_name() == *unfinished())) {
                    return Err(DataDirError::NotDaybook { path: root.to_owned() });
                }
                mark(root).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        Ok(Self { root: root.to_owned() })
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    pub(crate) fn read(&self) -> PathBuf {
        self.root.join("read")
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.root.join("audit")
    }

    pub(crate) fn processes(&self) -> PathBuf {
        self.root.join("processes")
    }

    pub(crate) fn engine(&self) -> PathBuf {
        self.root.join("engine")
    }

    /// An event that the log must have; none in a new directory, and where an older program was the last.
    pub(crate) fn known_event(&self) -> Result<Option<KnownEvent>, DataDirError> {
        let path = self.root.join(KNOWN_EVENT);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
                let detail = format!("{error}; remove the file if nothing else of the directory is damaged");
                DataDirError::Damaged { path, detail }
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failure(&path, error)),
        }
    }

    /// Keeps an event that the log must have from now on.
    pub(crate) fn keep_known_event(&self, known: KnownEvent) -> Result<(), DataDirError> {
        self.write_known_event(known).map_err(|error| failure(&self.root.join(KNOWN_EVENT), error))
    }

    fn write_known_event(&self, known: KnownEvent) -> io::Result<()> {
        replace_file(&self.root.join(KNOWN_EVENT), &serde_json::to_vec(&known)?)
    }

    /// Makes it the directory of a log that has not the event that was `lost`, but ends with the one that it `goes_on` from:
    /// what was made of lost events is removed. Answers where the audit tree over them is kept.
    pub(crate) fn fork(
        &self,
        lost: KnownEvent,
        goes_on: Option<KnownEvent>,
    ) -> Result<Option<PathBuf>, DataDirError> {
        let fork = || {
            let aside = self.set_audit_aside()?;
            for folder in [self.read(), self.engine(), self.processes()] {
                match fs::remove_dir_all(&folder) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            let line = serde_json::json!({ "lost": lost, "goes_on_from": goes_on, "audit": aside });
            let mut record = OpenOptions::new().create(true).append(true).open(self.root.join(FORKS))?;
            record.write_all(format!("{line}\n").as_bytes())?;
            record.sync_all()?;
            // Last, so that an interrupted fork is begun again.
            match goes_on {
                Some(event) => self.write_known_event(event)?,
                None => fs::remove_file(self.root.join(KNOWN_EVENT))?,
            }
            File::open(&self.root)?.sync_all()?;
            Ok(aside)
        };
        fork().map_err(|error| failure(&self.root, error))
    }

    fn set_audit_aside(&self) -> io::Result<Option<PathBuf>> {
        if !self.audit().is_dir() {
            return Ok(None);
        }
        let mut number = 1;
        loop {
            let aside = self.root.join(format!("audit-before-fork-{number}"));
            if !aside.exists() {
                fs::rename(self.audit(), &aside)?;
                return Ok(Some(aside));
            }
            number += 1;
        }
    }

    /// The shop's secret, if it was kept here.
    pub(crate) fn secret(&self) -> Result<Option<ShopSecret>, DataDirError> {
        let path = self.root.join(SECRET);
        match fs::read(&path) {
            Ok(bytes) => match <[u8; ShopSecret::BYTES]>::try_from(bytes) {
                Ok(bytes) => Ok(Some(ShopSecret::new(bytes))),
                Err(bytes) => {
                    let detail = format!("it has {} bytes instead of {}", bytes.len(), ShopSecret::BYTES);
                    Err(DataDirError::Damaged { path, detail })
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failure(&path, error)),
        }
    }

    /// Keeps the shop's secret, for this user alone to read.
    pub(crate) fn keep_secret(&self, secret: &ShopSecret) -> Result<(), DataDirError> {
        let keep = || {
            let unfinished = self.root.join(format!("{SECRET}.new"));
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
            file.write_all(secret.bytes())?;
            file.sync_all()?;
            fs::rename(&unfinished, self.root.join(SECRET))?;
            File::open(&self.root)?.sync_all()
        };
        keep().map_err(|error| failure(&self.root.join(SECRET), error))
    }
}

fn check(root: &Path, marker: &[u8]) -> Result<(), DataDirError> {
    let path = root.join(MARKER);
    match serde_json::from_slice::<Marker>(marker) {
        Ok(marker) if marker.kind != "daybook" => Err(DataDirError::NotDaybook { path: root.to_owned() }),
        Ok(marker) if marker.format > FORMAT => Err(DataDirError::NewerFormat { path, found: marker.format }),
        Ok(_) => Ok(()),
        Err(error) => Err(DataDirError::Damaged { path, detail: error.to_string() }),
    }
}

fn unfinished() -> String {
    format!("{MARKER}.new")
}

fn mark(root: &Path) -> io::Result<()> {
    let marker = Marker {
        kind: "daybook".to_owned(),
        format: FORMAT,
        created_by: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let unfinished = root.join(unfinished());
    let mut file = File::create(&unfinished)?;
    file.write_all(&serde_json::to_vec_pretty(&marker)?)?;
    file.sync_all()?;
    fs::rename(&unfinished, root.join(MARKER))?;
    File::open(root)?.sync_all()
}

fn failure(path: &Path, source: io::Error) -> DataDirError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            DataDirError::NotWritable { path, source }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DataDirError::Full { path, source },
        io::ErrorKind::NotADirectory => DataDirError::NotADirectory { path },
        _ => DataDirError::Io { path, source },
    }
}
