//! The tree of one log with its key: its files, the latest signed checkpoint, and the proofs under it. Read by the HTTP
//! interface and the replay tool while [`TreeWriter`](crate::TreeWriter) adds to it.
//!
//! The files are derived: tiles that are damaged or missing, and a checkpoint that cannot be read, are made again from the
//! log. The key is not.

use crate::{
    cosigned::read_cosigned,
    merkle::Hash,
    note::{Checkpoint, NoteError, PublicKey, SigningKey},
    proof::{ConsistencyProof, InclusionProof},
    signed_note::merge_signatures,
    tile_files::TileFiles,
    tiles::{TileError, Tiles, WIDTH},
};
use daybook_event_log::{LogError, Position};
use daybook_subscriptions::replace_file;
use parking_lot::Mutex;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Why the tree cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error(transparent)]
    Tile(#[from] TileError),
    #[error("{path}: {source}")]
    Note { path: String, source: NoteError },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(
        "the log's first {size} events are not those that the checkpoint in {path} was signed over: the log was changed \
         or replaced; no further checkpoint is signed (keep both for an investigation)"
    )]
    LogChanged { size: u64, path: String },
    #[error(
        "the log's event at position {position} is not the one that the checkpoint in {path} was signed over: this is the \
         folder of another shop, or the log was restored and went on differently; no further checkpoint is signed. If that \
         was meant, move the folder away: a new key signs a new tree then, and auditors have to be told"
    )]
    OtherLog { position: u64, path: String },
    #[error("this checkpoint cannot be kept as cosigned: {detail}")]
    NotCosigned { detail: String },
    #[error("the log ends at {head}, but a checkpoint over {size} events was signed: its end was cut off")]
    LogShorter { head: Position, size: u64 },
}

/// The tree of one log with its key. Cheap to share.
#[derive(Debug)]
pub struct AuditTree {
    folder: PathBuf,
    key: SigningKey,
    state: Mutex<TreeState>,
    write_failure: Mutex<Option<String>>,
}

#[derive(Debug)]
struct TreeState {
    tiles: Tiles,
    /// The latest signed checkpoint; none before the first event.
    note: Option<String>,
}

impl AuditTree {
    /// Opens the tree in `folder`, or begins one. A key named `origin` is made on first start, readable by its
    /// owner only; it never enters the log.
    pub fn open(folder: &Path, origin: &str) -> Result<Self, AuditError> {
        fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
        let key = open_key(folder, origin)?;
        let state = TreeState::read(folder, &key)?;
        let write_failure = Mutex::default();
        Ok(Self { folder: folder.to_owned(), key, state: Mutex::new(state), write_failure })
    }

    /// Forgets what is not on disk: after a failure to write, of which nobody knows how far it got.
    pub fn reopen(&self) -> Result<(), AuditError> {
        let mut state = self.state.lock();
        *state = TreeState::read(&self.folder, &self.key)?;
        Ok(())
    }

    /// How many events it covers, signed or not.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.state.lock().tiles.size()
    }

    /// Adds the records that follow. Where `signed` has the size of the tree on the way, it must have its root.
    pub(crate) fn push(&self, leaves: &[Hash], signed: Option<&Checkpoint>) -> Result<(), AuditError> {
        let mut state = self.state.lock();
        for leaf in leaves {
            state.tiles.push(*leaf)?;
            if let Some(signed) = signed
                && state.tiles.size() == signed.size
                && state.tiles.root() != signed.root
            {
                let path = self.folder.join("checkpoint").display().to_string();
                return Err(AuditError::LogChanged { size: signed.size, path });
            }
        }
        metrics::gauge!("daybook_audit_tree_size_events").set(state.tiles.size() as f64);
        Ok(())
    }

    /// Whether there are events the latest checkpoint does not cover. False while a tree is made again.
    pub(crate) fn is_unsigned(&self) -> bool {
        let state = self.state.lock();
        state.tiles.size() > state.signed_size()
    }

    /// Signs a checkpoint over everything hashed so far and writes it, after the tiles it stands on.
    pub fn sign(&self) -> Result<(), AuditError> {
        let mut state = self.state.lock();
        state.tiles.write_edge()?;
        // A checkpoint that survives a power cut without its tiles would have the whole tree made again.
        state.tiles.sync()?;
        let (size, root) = (state.tiles.size(), state.tiles.root());
        let note = Checkpoint { origin: self.key.name().to_owned(), size, root }.sign(&self.key);
        let path = self.folder.join("checkpoint");
        replace_file(&path, note.as_bytes()).map_err(|source| io_error(&path, source))?;
        state.note = Some(note);
        Ok(())
    }

    /// Why the tree could not be written lately; none: it can.
    #[must_use]
    pub fn write_failure(&self) -> Option<String> {
        self.write_failure.lock().clone()
    }

    pub(crate) fn report_writing(&self, failure: Option<String>) {
        *self.write_failure.lock() = failure;
    }

    /// The hash of a record as it was hashed into the tree; none beyond its end.
    pub(crate) fn leaf(&self, index: u64) -> Result<Option<Hash>, AuditError> {
        let tiles = self.state.lock().tiles.clone();
        if index >= tiles.size() {
            return Ok(None);
        }
        let hashes = tiles.hashes(0, index / WIDTH)?;
        Ok(hashes.get((index % WIDTH) as usize).copied())
    }

    /// The newest checkpoint that witnesses have cosigned, as a note.
    #[must_use]
    pub fn cosigned(&self) -> Option<String> {
        read_cosigned(&self.folder)
    }

    /// The latest checkpoint with the cosignatures that there are under it.
    #[must_use]
    pub fn note_with_cosignatures(&self) -> Option<String> {
        let note = self.note()?;
        let merged = self.cosigned().and_then(|cosigned| merge_signatures(&note, &cosigned));
        Some(merged.unwrap_or(note))
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// The latest checkpoint as a signed note.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        self.state.lock().note.clone()
    }

    /// The latest checkpoint.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, AuditError> {
        let path = || self.folder.join("checkpoint").display().to_string();
        let note = self.note();
        note.map(|note| Checkpoint::read(&note))
            .transpose()
            .map_err(|source| AuditError::Note { path: path(), source })
    }

    /// That the record at `position` is under the latest checkpoint, with that checkpoint; none if it is not.
    pub fn inclusion(&self, position: Position) -> Result<Option<(InclusionProof, String)>, AuditError> {
        let Some(index) = position.get().checked_sub(1) else { return Ok(None) };
        let (Some(signed), Some(note)) = (self.checkpoint()?, self.note()) else { return Ok(None) };
        let tiles = self.state.lock().tiles.clone();
        Ok(InclusionProof::new(&tiles, index, signed.size)?.map(|proof| (proof, note)))
    }

    /// That the records at these positions are under one signed checkpoint, which is `note` or the latest; none if one of
    /// them is not.
    pub fn inclusions(
        &self,
        positions: &[Position],
        note: Option<String>,
    ) -> Result<Option<(Vec<InclusionProof>, String)>, AuditError> {
        let Some(note) = note.or_else(|| self.note()) else { return Ok(None) };
        let path = || self.folder.join("checkpoint").display().to_string();
        let size = Checkpoint::read(&note).map_err(|source| AuditError::Note { path: path(), source })?.size;
        let tiles = self.state.lock().tiles.clone();
        let mut proofs = Vec::with_capacity(positions.len());
        for position in positions {
            let Some(index) = position.get().checked_sub(1) else { return Ok(None) };
            let Some(proof) = InclusionProof::new(&tiles, index, size)? else { return Ok(None) };
            proofs.push(proof);
        }
        Ok(Some((proofs, note)))
    }

    /// That the tree of `old_size` is the beginning of the latest checkpoint's; none if the size is impossible.
    pub fn consistency(&self, old_size: u64) -> Result<Option<(ConsistencyProof, String)>, AuditError> {
        let (Some(signed), Some(note)) = (self.checkpoint()?, self.note()) else { return Ok(None) };
        let tiles = self.state.lock().tiles.clone();
        Ok(ConsistencyProof::new(&tiles, old_size, signed.size)?.map(|proof| (proof, note)))
    }

    /// The first `width` hashes of a tile; none where the tree does not have so many there.
    pub fn tile(&self, level: u8, index: u64, width: u64) -> Result<Option<Vec<Hash>>, AuditError> {
        let tiles = self.state.lock().tiles.clone();
        Ok(tiles.tile(level, index, width)?)
    }

    /// What an auditor needs to verify checkpoints.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    /// Where checkpoint, key and tiles are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl TreeState {
    /// As the latest checkpoint in `folder` has it.
    fn read(folder: &Path, key: &SigningKey) -> Result<Self, AuditError> {
        let path = folder.join("checkpoint");
        let empty = || Tiles::empty(TileFiles::packed(folder));
        let note = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { tiles: empty(), note: None });
            }
            Err(source) => return Err(io_error(&path, source)),
            Ok(note) => note,
        };
        let verified = String::from_utf8(note)
            .map_err(|_| NoteError::NotACheckpoint("it is not UTF-8"))
            .and_then(|note| Checkpoint::verify(&note, &key.public()).map(|signed| (note, signed)));
        let (note, signed) = match verified {
            Ok(verified) => verified,
            Err(error) => {
                set_aside(&path, &error)?;
                return Ok(Self { tiles: empty(), note: None });
            }
        };
        let tiles = Tiles::open(folder, signed.size).ok().filter(|tiles| tiles.root() == signed.root);
        let tiles = tiles.unwrap_or_else(|| {
            tracing::warn!("the hash tiles are missing or damaged and are made again from the log");
            empty()
        });
        Ok(Self { tiles, note: Some(note) })
    }

    /// How many events the latest checkpoint covers.
    fn signed_size(&self) -> u64 {
        let signed = self.note.as_deref().and_then(|note| Checkpoint::read(note).ok());
        signed.map_or(0, |signed| signed.size)
    }
}

/// Keeps a checkpoint that cannot be believed for whoever investigates: torn by a crash, or signed with another key. The
/// tree is made again from the log, and a new checkpoint signed over all of it.
fn set_aside(path: &Path, error: &NoteError) -> Result<(), AuditError> {
    let kept = path.with_extension("unreadable");
    tracing::error!(
        %error,
        checkpoint = %path.display(),
        kept = %kept.display(),
        "the audit checkpoint cannot be believed; it is set aside, and the tree is made again from the log: compare what \
         is signed next with a checkpoint that an auditor kept"
    );
    fs::rename(path, &kept).map_err(|source| io_error(path, source))
}

fn open_key(folder: &Path, origin: &str) -> Result<SigningKey, AuditError> {
    let path = folder.join("signing-key");
    let note = |source| AuditError::Note { path: path.display().to_string(), source };
    match fs::read_to_string(&path) {
        Ok(secret) => SigningKey::from_secret(&secret).map_err(note),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SigningKey::generate(origin).map_err(note)?;
            write_secret(&path, &key.to_secret()).map_err(|source| io_error(&path, source))?;
            let public = folder.join("public-key");
            fs::write(&public, format!("{}\n", key.public())).map_err(|source| io_error(&public, source))?;
            Ok(key)
        }
        Err(source) => Err(io_error(&path, source)),
    }
}

fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

fn io_error(path: &Path, source: io::Error) -> AuditError {
    AuditError::Io { path: path.display().to_string(), source }
}
