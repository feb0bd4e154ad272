//! Checks records against checkpoints, and says in plain words what holds and what does not.

use crate::{
    comparison::{Comparison, Mismatch},
    merkle::{Hash, leaf_hash},
    note::Checkpoint,
    published::PublishedLeaves,
};
use ahash::AHashMap;
use bytes::Bytes;
use daybook_event_log::RecordedEvent;
use serde::Serialize;
use std::{io, sync::mpsc, thread};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    #[error("record {position} is not what was signed: its bytes were changed")]
    RecordChanged { position: u64 },
    #[error(
        "one of records {first} to {last} is not what was signed, and the hashes of all were put right for it"
    )]
    RecordAmongChanged { first: u64, last: u64 },
    #[error("record {expected} is missing: after record {after} comes record {found}")]
    RecordMissing { after: u64, expected: u64, found: u64 },
    #[error("record {found} stands where record {expected} belongs: it was inserted, repeated or swapped")]
    RecordMisplaced { expected: u64, found: u64 },
    #[error("record {place} cannot be read: {detail}")]
    RecordUnreadable { place: u64, detail: String },
    #[error("record {position} is version {found} of {stream}, but version {expected} belongs there")]
    VersionGap { position: u64, stream: String, expected: u64, found: u64 },
    #[error("the records end after {found}, but {signed} were signed: the tail was cut off")]
    TailCut { found: u64, signed: u64 },
    #[error("{found} records are here, but only {signed} were signed: records were added")]
    RecordsAdded { found: u64, signed: u64 },
    #[error("the records do not have the root that was signed over {size} of them")]
    RootDiffers { size: u64 },
    #[error(
        "the checkpoint you kept, over {size} records, is not of this history: it was rewritten or forked before record {size}"
    )]
    HistoryRewritten { size: u64 },
    #[error(
        "the checkpoint you kept covers {kept} records, the newest here only {newest}: what came after was dropped"
    )]
    OlderThanKept { kept: u64, newest: u64 },
    #[error("{tile} is not what belongs there; the records are not touched by it and are what was signed")]
    TileWrong { tile: String },
    #[error("{place}: {detail}")]
    SignatureWrong { place: String, detail: String },
}

/// What a verification showed.
#[derive(Debug, Serialize)]
pub struct Verdict {
    pub records: u64,
    pub root: Hash,
    /// Nothing in here: everything holds. At most a hundred about single records.
    pub findings: Vec<Finding>,
    /// Whether there were more findings than are listed.
    pub more: bool,
}

/// More findings than this are not listed.
const MAX_FINDINGS: usize = 100;

/// Records hashed at a time, on a thread of their own.
const BATCH: usize = 1_024;
/// Batches that wait to be looked at.
const WAITING: usize = 8;

/// Checks `records`, in order, against the newest checkpoint and any the auditor kept. `leaves`, where given, are
/// the leaf hashes that were published (as tiles), and name the record that was changed.
///
/// Reading and hashing take one thread, everything else this one; memory grows with the number of streams only.
pub fn verify_records(
    records: impl Iterator<Item = io::Result<Bytes>> + Send,
    newest: &Checkpoint,
    kept: &[Checkpoint],
    leaves: Option<PublishedLeaves>,
    progress: impl FnMut(u64),
) -> Verdict {
    thread::scope(|scope| {
        let (hashed, batches) = mpsc::sync_channel(WAITING);
        scope.spawn(move || hash(records, &hashed));
        check(batches.into_iter().flatten(), newest, kept, leaves, progress)
    })
}

/// A record with its leaf hash.
type Leaf = io::Result<(Bytes, Hash)>;

fn hash(mut records: impl Iterator<Item = io::Result<Bytes>>, hashed: &mpsc::SyncSender<Vec<Leaf>>) {
    loop {
        let batch = records.by_ref().take(BATCH).map(|record| {
            let bytes = record?;
            let leaf = leaf_hash(&bytes);
            Ok((bytes, leaf))
        });
        let batch: Vec<Leaf> = batch.collect();
        // Nobody takes any more: the verification has broken off.
        if batch.is_empty() || hashed.send(batch).is_err() {
            return;
        }
    }
}

fn check(
    records: impl Iterator<Item = Leaf>,
    newest: &Checkpoint,
    kept: &[Checkpoint],
    leaves: Option<PublishedLeaves>,
    mut progress: impl FnMut(u64),
) -> Verdict {
    let mut check = Check { findings: Vec::new(), more: false };
    let mut comparison = Comparison::new(Some(newest.clone()), kept.to_vec(), leaves);
    let mut versions: AHashMap<Box<str>, u64> = AHashMap::new();
    let mut expected = 1;
    for record in records {
        match record {
            Ok((bytes, leaf)) => {
                let position = check.place(bytes, &mut expected, &mut versions);
                comparison.take(position.saturating_sub(1), leaf);
            }
            Err(error) => {
                check.found(Finding::RecordUnreadable { place: expected, detail: error.to_string() });
                break;
            }
        }
        progress(comparison.size());
    }
    let (records, root) = (comparison.size(), comparison.root());
    let compared = comparison.end();
    check.more |= compared.more;
    compared.of_records.into_iter().for_each(|mismatch| check.found(finding(mismatch)));
    compared.of_all.into_iter().for_each(|mismatch| check.found_of_all(finding(mismatch)));
    match records {
        found if found < newest.size => check.found_of_all(Finding::TailCut { found, signed: newest.size }),
        found if found > newest.size => {
            check.found_of_all(Finding::RecordsAdded { found, signed: newest.size })
        }
        _ => {}
    }
    for kept in kept.iter().filter(|kept| kept.size > newest.size) {
        check.found_of_all(Finding::OlderThanKept { kept: kept.size, newest: newest.size });
    }
    Verdict { records, root, findings: check.findings, more: check.more }
}

fn finding(mismatch: Mismatch) -> Finding {
    match mismatch {
        Mismatch::Record { position } => Finding::RecordChanged { position },
        Mismatch::Among { first, last } => Finding::RecordAmongChanged { first, last },
        Mismatch::Root { size } => Finding::RootDiffers { size },
        Mismatch::Rewritten { size } => Finding::HistoryRewritten { size },
        Mismatch::Tile { path } => Finding::TileWrong { tile: path },
    }
}

struct Check {
    findings: Vec<Finding>,
    more: bool,
}

impl Check {
    fn found(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS { self.findings.push(finding) } else { self.more = true }
    }

    /// About the whole, so it is said however much there is about single records.
    fn found_of_all(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Positions and versions must count up by one. Answers with the record's position.
    fn place(&mut self, bytes: Bytes, expected: &mut u64, versions: &mut AHashMap<Box<str>, u64>) -> u64 {
        let event = match RecordedEvent::decode(bytes) {
            Ok(event) => event,
            Err(error) => {
                self.found(Finding::RecordUnreadable { place: *expected, detail: error.to_string() });
                *expected += 1;
                return *expected - 1;
            }
        };
        let position = event.position().get();
        if position > *expected {
            self.found(Finding::RecordMissing { after: *expected - 1, expected: *expected, found: position });
        } else if position < *expected {
            self.found(Finding::RecordMisplaced { expected: *expected, found: position });
        }
        *expected = position.max(*expected) + 1;
        let version = event.version().get();
        let last = match versions.get_mut(event.stream()) {
            Some(last) => last,
            None => versions.entry(event.stream().into()).or_insert(0),
        };
        if version != *last + 1 {
            let stream = event.stream().to_owned();
            self.found(Finding::VersionGap { position, stream, expected: *last + 1, found: version });
        }
        *last = version;
        position
    }
}
