//! How far the processes have got and what is still open, as it is kept: the position up to which every event was
//! seen, the events before it that are being reacted to, timers, dead letters.
//!
//! Kept as lines, each a record with a digest. What belongs together ends with a commit; records without one, at the
//! end of a file, are as if they were not there.

use super::{
    dead_letters::{DeadReaction, DeadReactionId},
    timers::{StoredTimer, TimerKey, TimerKind},
};
use daybook_event_log::Position;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const FORMAT: u32 = 2;
/// The format of the single file that was replaced as a whole.
const OLD_FORMAT: u32 = 1;

/// All that is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProcessState {
    /// The id of the log's first event; nil while it is not known.
    pub(super) log: Uuid,
    /// Every event up to here was seen.
    pub(super) position: Position,
    /// Events up to `position` that are to be reacted to again.
    pub(super) open: BTreeSet<Position>,
    timers: BTreeMap<StoredKey, StoredTimer>,
    dead_letters: BTreeMap<DeadReactionId, DeadReaction>,
}

/// A timer's key, its process by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct StoredKey {
    process: String,
    position: Position,
    is_deadline: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    Timer(StoredTimer),
    TimerGone(StoredKey),
    Open(Vec<Position>),
    Closed(Vec<Position>),
    DeadReaction(DeadReaction),
    DeadLetterGone(DeadReactionId),
    Commit { format: u32, log: Uuid, position: Position },
}

/// The single file of [`OLD_FORMAT`].
#[derive(Deserialize)]
struct OldCheckpoint {
    format: u32,
    log: Uuid,
    position: Position,
    unfinished: Vec<Position>,
    deadlines: Vec<StoredTimer>,
}

impl ProcessState {
    /// Reads a file of the old format; none if it is not one.
    pub(super) fn from_old(bytes: &[u8]) -> Option<Self> {
        let old: OldCheckpoint = serde_json::from_slice(bytes).ok()?;
        if old.format != OLD_FORMAT {
            return None;
        }
        let open = old.unfinished.into_iter().collect();
        let timers = old.deadlines.into_iter().map(|timer| (StoredKey::of(&timer), timer)).collect();
        let (log, position, dead_letters) = (old.log, old.position, BTreeMap::new());
        Some(Self { log, position, open, timers, dead_letters })
    }

    /// Reads lines; also says how many bytes of them count.
    pub(super) fn from_lines(bytes: &[u8]) -> (Self, usize) {
        let (mut state, mut batch, mut at, mut good) = (Self::default(), Vec::new(), 0, 0);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(record) = decode(line) else { break };
            at += line.len();
            let ends_batch = matches!(record, Record::Commit { .. });
            batch.push(record);
            if ends_batch {
                batch.drain(..).for_each(|record| state.apply(record));
                good = at;
            }
        }
        (state, good)
    }

    fn apply(&mut self, record: Record) {
        match record {
            Record::Timer(timer) => drop(self.timers.insert(StoredKey::of(&timer), timer)),
            Record::TimerGone(key) => drop(self.timers.remove(&key)),
            Record::Open(open) => self.open.extend(open),
            Record::Closed(closed) => self.open.retain(|position| closed.binary_search(position).is_err()),
            Record::DeadReaction(letter) => drop(self.dead_letters.insert(letter.id(), letter)),
            Record::DeadLetterGone(id) => drop(self.dead_letters.remove(&id)),
            Record::Commit { format: _, log, position } => (self.log, self.position) = (log, position),
        }
    }

    /// The whole state as one batch of lines.
    pub(super) fn to_lines(&self) -> Vec<u8> {
        let mut batch = StateBatch::default();
        self.timers.values().for_each(|timer| batch.push(&Record::Timer(timer.clone())));
        self.dead_letters.values().for_each(|letter| batch.push(&Record::DeadReaction(letter.clone())));
        batch.open(self.open.iter().copied().collect(), Vec::new());
        batch.commit(self.log, self.position)
    }

    /// The timers. Those that events after the position set are set again when these are read again.
    pub(super) fn timers(&self) -> impl Iterator<Item = StoredTimer> {
        let before =
            |timer: &&StoredTimer| timer.kind == TimerKind::Deadline || timer.position <= self.position;
        self.timers.values().filter(before).cloned()
    }

    pub(super) fn dead_letters(&self) -> Vec<DeadReaction> {
        let before = self.dead_letters.values().filter(|letter| letter.position <= self.position);
        before.cloned().collect()
    }
}

impl StoredKey {
    fn of(timer: &StoredTimer) -> Self {
        let is_deadline = timer.kind == TimerKind::Deadline;
        Self { process: timer.process.clone(), position: timer.position, is_deadline }
    }
}

/// Changes on their way to the file.
#[derive(Default)]
pub(super) struct StateBatch {
    lines: Vec<u8>,
}

impl StateBatch {
    pub(super) fn timer(&mut self, process: &str, key: TimerKey, timer: Option<StoredTimer>) {
        let TimerKey { position, process: _, is_deadline } = key;
        self.push(&match timer {
            Some(timer) => Record::Timer(timer),
            None => Record::TimerGone(StoredKey { process: process.to_owned(), position, is_deadline }),
        });
    }

    pub(super) fn dead_letter(&mut self, id: DeadReactionId, letter: Option<DeadReaction>) {
        self.push(&letter.map_or(Record::DeadLetterGone(id), Record::DeadReaction));
    }

    /// Events that are being reacted to, and such that are not any more.
    pub(super) fn open(&mut self, opened: Vec<Position>, closed: Vec<Position>) {
        if !opened.is_empty() {
            self.push(&Record::Open(opened));
        }
        if !closed.is_empty() {
            self.push(&Record::Closed(closed));
        }
    }

    /// Ends the batch.
    pub(super) fn commit(mut self, log: Uuid, position: Position) -> Vec<u8> {
        self.push(&Record::Commit { format: FORMAT, log, position });
        self.lines
    }

    fn push(&mut self, record: &Record) {
        let json = serde_json::to_vec(record).expect("records of texts and numbers can be written");
        self.lines.extend_from_slice(digest(&json).as_bytes());
        self.lines.push(b' ');
        self.lines.extend_from_slice(&json);
        self.lines.push(b'\n');
    }
}

/// A record, if the line is whole and what was written.
fn decode(line: &[u8]) -> Option<Record> {
    let line = line.strip_suffix(b"\n")?;
    let (found, json) = line.split_at_checked(8)?;
    let json = json.strip_prefix(b" ")?;
    if found != digest(json).as_bytes() {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn digest(json: &[u8]) -> String {
    let digest = Sha256::digest(json);
    format!("{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_event_log::StreamId;

    fn timer(position: u64) -> StoredTimer {
        StoredTimer {
            process: "p".to_owned(),
            stream: StreamId::new("payment", position).expect("a stream"),
            due_ns: 5,
            position: Position::new(position),
            kind: TimerKind::Poll,
            attempt: 1,
        }
    }

    fn key(position: u64) -> TimerKey {
        TimerKey { position: Position::new(position), process: 0, is_deadline: false }
    }

    fn two_batches() -> (Vec<u8>, usize) {
        let mut first = StateBatch::default();
        first.timer("p", key(1), Some(timer(1)));
        first.timer("p", key(2), Some(timer(2)));
        first.open(vec![Position::new(3), Position::new(4)], Vec::new());
        let mut lines = first.commit(Uuid::from_u128(1), Position::new(9));
        let whole = lines.len();
        let mut second = StateBatch::default();
        second.timer("p", key(1), None);
        second.open(Vec::new(), vec![Position::new(3)]);
        lines.extend(second.commit(Uuid::from_u128(1), Position::new(12)));
        (lines, whole)
    }

    #[test]
    fn what_was_written_is_read_and_written_whole_it_is_the_same() {
        let (lines, _) = two_batches();
        let (state, good) = ProcessState::from_lines(&lines);
        assert_eq!(good, lines.len());
        assert_eq!(state.position, Position::new(12));
        assert_eq!(state.timers().collect::<Vec<_>>(), [timer(2)]);
        assert_eq!(state.open.iter().copied().collect::<Vec<_>>(), [Position::new(4)]);
        assert_eq!(ProcessState::from_lines(&state.to_lines()).0, state);
    }

    #[test]
    fn a_batch_that_is_cut_off_or_damaged_anywhere_is_as_if_it_were_not_there() {
        let (lines, whole) = two_batches();
        for cut in whole..lines.len() {
            let (state, good) = ProcessState::from_lines(&lines[..cut]);
            assert_eq!((state.position, good), (Position::new(9), whole), "cut at {cut}");
            let mut damaged = lines.clone();
            damaged[cut] ^= 1;
            assert_eq!(ProcessState::from_lines(&damaged).0.position, Position::new(9), "damaged at {cut}");
        }
    }

    #[test]
    fn a_file_of_the_old_format_is_read() {
        let old =
            br#"{"format":1,"log":"00000000-0000-0000-0000-000000000007","position":40,"unfinished":[12],
            "deadlines":[{"process":"p","stream":"cart-1","due_ns":77,"position":30}]}"#;
        let state = ProcessState::from_old(old).expect("the old format");
        assert_eq!((state.position, state.log), (Position::new(40), Uuid::from_u128(7)));
        let timer = state.timers().next().expect("a deadline");
        assert_eq!((timer.kind, timer.due_ns, timer.attempt), (TimerKind::Deadline, 77, 0));
        assert!(ProcessState::from_old(b"{}").is_none());
    }
}
