//! Events that a follower could not handle, kept until a person has them retried or skipped. Kept by stream: behind an event
//! that failed, those of its stream wait too, so that a stream is handled in order or not at all.
//!
//! Stored in one file, replaced as a whole at each change: letters are few, because their number is bounded and each is a
//! fault. Who handles the events is in `parking`; nothing here reads the log.

use crate::replace_file;
use daybook_event_log::Position;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::Notify;

/// So many of the skipped are remembered.
const MAX_SKIPPED: usize = 1_000;

/// An event that could not be handled, or waits behind one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    pub position: Position,
    pub stream: String,
    /// Why it could not be handled; none: it waits behind another of its stream.
    pub why: Option<String>,
    /// How many times it was tried.
    pub attempts: u32,
    /// When it was parked first, ms since the Unix epoch.
    pub parked_at_ms: u64,
}

/// A dead letter that a person gave up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedLetter {
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// What the person gave as the reason.
    pub reason: String,
    /// When, ms since the Unix epoch.
    pub skipped_at_ms: u64,
}

/// Why dead letters cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error(
        "{path} is not a list of dead letters ({source}); restore it from a copy, or move it away to give them up"
    )]
    Damaged { path: String, source: serde_json::Error },
    #[error("there are {limit} dead letters and no room for more; retry or skip some")]
    Full { limit: usize },
    #[error("there is no dead letter at position {position}")]
    Unknown { position: Position },
}

/// The dead letters of one follower.
#[derive(Debug)]
pub struct DeadLetters {
    path: PathBuf,
    limit: usize,
    kept: Mutex<Kept>,
    /// Streams that a person wants retried. Not stored: after a restart they are asked for again.
    due: Mutex<BTreeSet<String>>,
    asked: Notify,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    letters: BTreeMap<u64, DeadLetter>,
    skipped: Vec<SkippedLetter>,
}

impl DeadLetters {
    /// Opens the file at `path`, which need not be there yet; at most `limit` letters are kept.
    ///
    /// # Errors
    /// A file that cannot be read: unlike a checkpoint, letters cannot be made again.
    pub fn open(path: impl Into<PathBuf>, limit: usize) -> Result<Self, DeadLetterError> {
        let path = path.into();
        let kept = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
            Err(source) => return Err(io_error(&path, source)),
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|source| DeadLetterError::Damaged { path: path.display().to_string(), source })?,
        };
        let (kept, due) = (Mutex::new(kept), Mutex::default());
        Ok(Self { path, limit, kept, due, asked: Notify::new() })
    }

    /// All, in the order of the log.
    #[must_use]
    pub fn list(&self) -> Vec<DeadLetter> {
        self.kept.lock().letters.values().cloned().collect()
    }

    /// Those that were given up lately, the newest last.
    #[must_use]
    pub fn skipped(&self) -> Vec<SkippedLetter> {
        self.kept.lock().skipped.clone()
    }

    /// The letters of `stream`, in order. While there is one, no other event of the stream may be handled.
    #[must_use]
    pub fn of_stream(&self, stream: &str) -> Vec<DeadLetter> {
        self.kept.lock().letters.values().filter(|letter| letter.stream == stream).cloned().collect()
    }

    /// Whether events of `stream` have to wait.
    #[must_use]
    pub fn is_parked(&self, stream: &str) -> bool {
        self.kept.lock().letters.values().any(|letter| letter.stream == stream)
    }

    /// Keeps the event at `position`, durably when this returns. Again for the same position, it counts an attempt.
    /// Without `why` it waits behind another.
    ///
    /// # Errors
    /// No room, in the list or on the disk; the follower has to stand still then.
    pub fn park(&self, position: Position, stream: &str, why: Option<String>) -> Result<(), DeadLetterError> {
        self.change(|kept| {
            let (count, tried) = (kept.letters.len(), u32::from(why.is_some()));
            if let Some(letter) = kept.letters.get_mut(&position.get()) {
                letter.attempts = letter.attempts.saturating_add(tried);
                letter.why = why.or_else(|| letter.why.take());
                return Ok(());
            }
            if count >= self.limit {
                return Err(DeadLetterError::Full { limit: self.limit });
            }
            let (stream, parked_at_ms) = (stream.to_owned(), now_ms());
            let letter = DeadLetter { position, stream, why, attempts: tried, parked_at_ms };
            kept.letters.insert(position.get(), letter);
            Ok(())
        })
    }

    /// Removes a letter whose event was handled after all.
    ///
    /// # Errors
    /// It is not there, or the disk fails.
    pub fn handled(&self, position: Position) -> Result<(), DeadLetterError> {
        self.change(|kept| {
            kept.letters.remove(&position.get()).map(drop).ok_or(DeadLetterError::Unknown { position })
        })
    }

    /// Gives a letter up: its event will never be handled, and those behind it are retried. The reason is kept with it.
    ///
    /// # Errors
    /// It is not there, or the disk fails.
    pub fn skip(&self, position: Position, reason: &str) -> Result<DeadLetter, DeadLetterError> {
        let letter = self.change(|kept| {
            let unknown = DeadLetterError::Unknown { position };
            let letter = kept.letters.remove(&position.get()).ok_or(unknown)?;
            let (reason, skipped_at_ms) = (reason.to_owned(), now_ms());
            kept.skipped.push(SkippedLetter { letter: letter.clone(), reason, skipped_at_ms });
            let surplus = kept.skipped.len().saturating_sub(MAX_SKIPPED);
            kept.skipped.drain(..surplus);
            Ok(letter)
        })?;
        self.retry(&letter.stream);
        Ok(letter)
    }

    /// Asks the follower to try the letters of `stream` again, in order, until one fails; whether there are any.
    pub fn retry(&self, stream: &str) -> bool {
        let is_parked = self.is_parked(stream);
        if is_parked {
            self.due.lock().insert(stream.to_owned());
            self.asked.notify_one();
        }
        is_parked
    }

    /// Resolves when a stream is to be retried. For the follower; cancel-safe.
    pub async fn retry_asked(&self) {
        while self.due.lock().is_empty() {
            self.asked.notified().await;
        }
    }

    /// A stream that is to be retried now; each is handed out once.
    #[must_use]
    pub fn take_due(&self) -> Option<String> {
        self.due.lock().pop_first()
    }

    /// Changes what is kept, first on disk, then in memory.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Kept) -> Result<T, DeadLetterError>,
    ) -> Result<T, DeadLetterError> {
        let mut kept = self.kept.lock();
        let mut changed = kept.clone();
        let answer = change(&mut changed)?;
        let stored = serde_json::to_vec(&changed).map_err(io::Error::other);
        stored
            .and_then(|bytes| replace_file(&self.path, &bytes))
            .map_err(|source| io_error(&self.path, source))?;
        *kept = changed;
        Ok(answer)
    }
}

fn io_error(path: &Path, source: io::Error) -> DeadLetterError {
    DeadLetterError::Io { path: path.display().to_string(), source }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn at(position: u64) -> Position {
        Position::new(position)
    }

    fn positions(letters: &[DeadLetter]) -> Vec<u64> {
        letters.iter().map(|letter| letter.position.get()).collect()
    }

    #[test]
    fn letters_survive_a_restart_in_the_order_of_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letters.json");
        let letters = DeadLetters::open(&path, 10).unwrap();
        letters.park(at(7), "order-1", Some("no such product".to_owned())).unwrap();
        letters.park(at(5), "order-2", Some("no price".to_owned())).unwrap();
        letters.park(at(9), "order-1", None).unwrap();
        letters.skip(at(5), "a test order").unwrap();
        drop(letters);
        let letters = DeadLetters::open(&path, 10).unwrap();
        assert_eq!(positions(&letters.list()), [7, 9]);
        assert_eq!(positions(&letters.of_stream("order-1")), [7, 9]);
        assert!(letters.is_parked("order-1") && !letters.is_parked("order-2"));
        let skipped = letters.skipped();
        assert_eq!(
            (skipped.len(), skipped[0].letter.position, &*skipped[0].reason),
            (1, at(5), "a test order")
        );
        assert_eq!((letters.list()[0].attempts, letters.list()[1].attempts), (1, 0));
    }

    #[test]
    fn there_are_never_more_than_the_limit_and_a_full_list_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let letters = DeadLetters::open(folder.path().join("letters"), 2).unwrap();
        letters.park(at(1), "a", Some("first".to_owned())).unwrap();
        letters.park(at(2), "b", Some("first".to_owned())).unwrap();
        let refused = letters.park(at(3), "c", Some("first".to_owned())).unwrap_err();
        assert!(matches!(refused, DeadLetterError::Full { limit: 2 }), "{refused}");
        letters.park(at(2), "b", Some("again".to_owned())).unwrap();
        assert_eq!((letters.list()[1].attempts, letters.list()[1].why.as_deref()), (2, Some("again")));
        letters.handled(at(1)).unwrap();
        letters.park(at(3), "c", Some("first".to_owned())).unwrap();
        assert!(matches!(letters.handled(at(1)), Err(DeadLetterError::Unknown { .. })));
    }

    #[test]
    fn a_damaged_file_is_an_error_and_a_failed_write_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letters");
        fs::write(&path, b"{\"letters\":").unwrap();
        assert!(matches!(DeadLetters::open(&path, 2), Err(DeadLetterError::Damaged { .. })));
        fs::remove_file(&path).unwrap();
        let letters = DeadLetters::open(&path, 2).unwrap();
        letters.park(at(1), "a", Some("first".to_owned())).unwrap();
        fs::create_dir(folder.path().join("letters.new")).unwrap();
        assert!(matches!(letters.skip(at(1), "tired of it"), Err(DeadLetterError::Io { .. })));
        assert_eq!(positions(&letters.list()), [1]);
    }

    #[tokio::test]
    async fn a_retry_is_asked_for_once_and_a_skip_lets_those_behind_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let letters = DeadLetters::open(folder.path().join("letters"), 10).unwrap();
        assert!(!letters.retry("a"), "nothing is parked");
        assert!(letters.retry_asked().now_or_never().is_none());
        letters.park(at(1), "a", Some("first".to_owned())).unwrap();
        letters.park(at(2), "a", None).unwrap();
        letters.skip(at(1), "not ours").unwrap();
        letters.retry_asked().await;
        assert_eq!((letters.take_due().as_deref(), letters.take_due()), (Some("a"), None));
        letters.skip(at(2), "not ours").unwrap();
        assert!(letters.retry_asked().now_or_never().is_none(), "nothing is left to retry");
    }
}
