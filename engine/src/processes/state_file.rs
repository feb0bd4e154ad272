//! The file in which the processes' state is kept. Changes are appended, so that what is written depends on what
//! has happened and not on how much there is. When most of the file is of no use any more it is written anew.
//!
//! Nothing is lost if it is old or missing: then more events are looked at again, and every step that was done is
//! found done. Only the skipping of a dead letter is forgotten.

use super::{DeadReactions, process_state::ProcessState};
use crate::{EngineError, snapshots::replace_file};
use daybook_event_log::{EventLog, Position, first_event_id};
use std::{
    fs::File,
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

const FILE: &str = "processes.log";
/// What was there before, one file that was replaced as a whole.
const OLD_FILE: &str = "processes.json";
/// A file is written anew when it has grown to so many times its length after the last time, and a bit.
const GROWTH: u64 = 3;
const LEAST_GROWTH: u64 = 1 << 20;

pub(super) struct StateFile {
    dir: PathBuf,
    file: File,
    /// All that counts is before this.
    length: u64,
    rewrite_at: u64,
}

/// What is kept, and the file to keep it in; without a directory there is none.
pub(crate) struct Kept {
    pub(super) state: ProcessState,
    pub(super) file: Option<StateFile>,
}

impl Kept {
    /// Reads what was kept in `dir` about `log`; nothing where it cannot be read or is about another log.
    pub(crate) async fn open(dir: Option<PathBuf>, log: &Arc<dyn EventLog>) -> Result<Self, EngineError> {
        let log_id = first_event_id(&**log).await?.unwrap_or_default();
        let head = *log.head().borrow();
        let Some(dir) = dir else {
            let mut state = ProcessState::default();
            state.log = log_id;
            return Ok(Self { state, file: None });
        };
        let opening = tokio::task::spawn_blocking(move || (StateFile::open(&dir), dir)).await;
        let (opened, dir) = opening.expect("reading a file does not panic");
        let (mut file, mut state) =
            opened.map_err(|source| EngineError::StateDir { path: dir.join(FILE), source })?;
        if state.position > head {
            let (path, checkpoint) = (dir.join(FILE), state.position);
            return Err(EngineError::CheckpointBeyondLog { path, checkpoint, head });
        }
        if state.position > Position::ZERO && state.log != log_id {
            tracing::warn!(path = %dir.join(FILE).display(), "ignoring the checkpoint of another log");
            state = ProcessState::default();
            file.replace(&state).map_err(|source| EngineError::StateDir { path: dir.join(FILE), source })?;
        }
        state.log = log_id;
        Ok(Self { state, file: Some(file) })
    }
}

impl Kept {
    /// Those that were kept take the place of all there are.
    pub(crate) fn restore_dead_letters(&self, dead_letters: &DeadReactions) {
        dead_letters.restore(self.state.dead_letters());
    }
}

impl StateFile {
    fn open(dir: &Path) -> io::Result<(Self, ProcessState)> {
        std::fs::create_dir_all(dir)?;
        let (path, old) = (dir.join(FILE), dir.join(OLD_FILE));
        if !path.exists()
            && let Some(state) = read_old(&old)?
        {
            replace_file(dir, FILE, &state.to_lines(), true)?;
        }
        // From now on it would only be older.
        match std::fs::remove_file(&old) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = open_to_append(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (state, good) = ProcessState::from_lines(&bytes);
        if good < bytes.len() {
            let lost = bytes.len() - good;
            tracing::warn!(path = %path.display(), lost, "the end of the processes' checkpoint was not written whole");
        }
        let length = good as u64;
        file.set_len(length)?;
        let rewrite_at = length * GROWTH + LEAST_GROWTH;
        Ok((Self { dir: dir.to_owned(), file, length, rewrite_at }, state))
    }

    /// Appends a batch and syncs it. After a failure the same batch may be appended again.
    pub(super) fn append(&mut self, batch: &[u8]) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(batch)?;
        self.file.sync_data()?;
        self.length += batch.len() as u64;
        if self.length > self.rewrite_at {
            self.rewrite()?;
        }
        Ok(())
    }

    fn rewrite(&mut self) -> io::Result<()> {
        // Also if it fails: not with every batch.
        self.rewrite_at = self.length * GROWTH + LEAST_GROWTH;
        self.file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        let (state, _) = ProcessState::from_lines(&bytes);
        self.replace(&state)
    }

    fn replace(&mut self, state: &ProcessState) -> io::Result<()> {
        let lines = state.to_lines();
        replace_file(&self.dir, FILE, &lines, true)?;
        self.file = open_to_append(&self.dir.join(FILE))?;
        self.length = lines.len() as u64;
        self.rewrite_at = self.length * GROWTH + LEAST_GROWTH;
        Ok(())
    }
}

fn open_to_append(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

fn read_old(path: &Path) -> io::Result<Option<ProcessState>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(bytes) => {
            let state = ProcessState::from_old(&bytes);
            if state.is_none() {
                tracing::warn!(path = %path.display(), "ignoring a checkpoint that cannot be read");
            }
            Ok(state)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processes::process_state::StateBatch;
    use uuid::Uuid;

    fn batch(position: u64) -> Vec<u8> {
        let mut batch = StateBatch::default();
        batch.open(vec![Position::new(position)], vec![Position::new(position - 1)]);
        batch.commit(Uuid::from_u128(1), Position::new(position))
    }

    #[test]
    fn a_file_that_grows_without_holding_more_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        let (mut file, state) = StateFile::open(dir.path()).unwrap();
        assert_eq!(state, ProcessState::default());
        for position in 1..=30_000 {
            // Without the sync of every batch, for the test's sake.
            let lines = batch(position);
            file.file.seek(SeekFrom::End(0)).unwrap();
            file.file.write_all(&lines).unwrap();
            file.length += lines.len() as u64;
        }
        file.append(&batch(30_001)).unwrap();
        let length = std::fs::metadata(dir.path().join(FILE)).unwrap().len();
        assert!(length < 1_000, "{length} bytes");
        drop(file);
        let (_, state) = StateFile::open(dir.path()).unwrap();
        assert_eq!(state.position, Position::new(30_001));
        assert_eq!(state.open.len(), 1);
    }
}
