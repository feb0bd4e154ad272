//! Keeps the tree up to date beside the running shop: follows the log, hashes, writes tiles, signs checkpoints.
//!
//! Nothing here is on the path of a command. The files are derived: damaged or missing tiles are made again
//! from the log. What is never done silently is to sign something that contradicts an earlier checkpoint.

use crate::{
    merkle::{Hash, leaf_hash},
    note::{Checkpoint, NoteError, PublicKey, SigningKey},
    proof::{ConsistencyProof, InclusionProof},
    tile_files::TileFiles,
    tiles::{TileError, Tiles},
};
use daybook_event_log::{EventLog, LogError, Position, follow};
use parking_lot::Mutex;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time;

/// How often a checkpoint is signed while events come in.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

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
    #[error("the log ends at {head}, but a checkpoint over {size} events was signed: its end was cut off")]
    LogShorter { head: Position, size: u64 },
}

/// The tree of one log with its key. Cheap to share.
#[derive(Debug)]
pub struct Keeper {
    folder: PathBuf,
    key: SigningKey,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tiles: Tiles,
    /// The latest signed checkpoint; none before the first event.
    note: Option<String>,
}

impl Keeper {
    /// Opens the tree in `folder`, or begins one. A key named `origin` is made on first start, readable by its
    /// owner only; it never enters the log.
    pub fn open(folder: &Path, origin: &str) -> Result<Self, AuditError> {
        fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
        let key = open_key(folder, origin)?;
        let state = State::read(folder, &key)?;
        Ok(Self { folder: folder.to_owned(), key, state: Mutex::new(state) })
    }

    /// Forgets what is not on disk: after a failure to write, of which nobody knows how far it got.
    pub fn reopen(&self) -> Result<(), AuditError> {
        let mut state = self.state.lock();
        *state = State::read(&self.folder, &self.key)?;
        Ok(())
    }

    /// Follows the log for ever; ends only with an error.
    pub async fn keep(self: Arc<Self>, log: Arc<dyn EventLog>) -> Result<(), AuditError> {
        let signed = self.checkpoint()?;
        if let Some(signed) = &signed
            && log.head().borrow().get() < signed.size
        {
            return Err(AuditError::LogShorter { head: *log.head().borrow(), size: signed.size });
        }
        let size = self.state.lock().tiles.size();
        let mut events = follow(log, Position::new(size), 4_096);
        let mut due = time::Instant::now();
        loop {
            let unsigned = self.unsigned();
            let batch = tokio::select! {
                biased;
                () = time::sleep_until(due), if unsigned => {
                    self.sign()?;
                    due = time::Instant::now() + CHECKPOINT_EVERY;
                    continue;
                }
                batch = events.next() => batch?,
            };
            let leaves: Vec<Hash> = batch.iter().map(|event| leaf_hash(event.as_bytes())).collect();
            let mut state = self.state.lock();
            for leaf in leaves {
                state.tiles.push(leaf)?;
                if let Some(signed) = &signed
                    && state.tiles.size() == signed.size
                    && state.tiles.root() != signed.root
                {
                    let path = self.folder.join("checkpoint").display().to_string();
                    return Err(AuditError::LogChanged { size: signed.size, path });
                }
            }
            metrics::gauge!("daybook_audit_tree_size_events").set(state.tiles.size() as f64);
        }
    }

    /// Whether there are events the latest checkpoint does not cover.
    fn unsigned(&self) -> bool {
        let state = self.state.lock();
        let signed = state
            .note
            .as_deref()
            .and_then(|note| Checkpoint::read(note).ok())
            .map_or(0, |signed| signed.size);
        state.tiles.size() > signed
    }

    /// Signs a checkpoint over everything hashed so far and writes it, after the tiles it stands on.
    pub fn sign(&self) -> Result<(), AuditError> {
        let mut state = self.state.lock();
        state.tiles.write_edge()?;
        let (size, root) = (state.tiles.size(), state.tiles.root());
        let note = Checkpoint { origin: self.key.name().to_owned(), size, root }.sign(&self.key);
        let (path, new) = (self.folder.join("checkpoint"), self.folder.join("checkpoint.new"));
        fs::write(&new, &note)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|source| io_error(&path, source))?;
        state.note = Some(note);
        Ok(())
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

    /// That the records at these positions are under the latest checkpoint, all under the same one; none if one
    /// of them is not.
    pub fn inclusions(
        &self,
        positions: &[Position],
    ) -> Result<Option<(Vec<InclusionProof>, String)>, AuditError> {
        let Some(note) = self.note() else { return Ok(None) };
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

impl State {
    /// As the latest checkpoint in `folder` has it.
    fn read(folder: &Path, key: &SigningKey) -> Result<Self, AuditError> {
        let path = folder.join("checkpoint");
        let note = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { tiles: Tiles::empty(TileFiles::packed(folder)), note: None });
            }
            Err(source) => return Err(io_error(&path, source)),
            Ok(note) => note,
        };
        let signed = Checkpoint::verify(&note, &key.public());
        let checkpoint =
            signed.map_err(|source| AuditError::Note { path: path.display().to_string(), source })?;
        let tiles = Tiles::open(folder, checkpoint.size).ok().filter(|tiles| tiles.root() == checkpoint.root);
        let tiles = tiles.unwrap_or_else(|| {
            tracing::warn!("the hash tiles are missing or damaged and are made again from the log");
            Tiles::empty(TileFiles::packed(folder))
        });
        Ok(Self { tiles, note: Some(note) })
    }
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
