//! Checks records against checkpoints, and says in plain words what holds and what does not.

use crate::{
    comparison::{Comparison, Mismatch},
    merkle::{Hash, leaf_hash},
    note::Checkpoint,
    published::PublishedLeaves,
    sequence::Sequence,
    times::ClaimedTimes,
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
    #[error("records {first} to {last} are missing")]
    RecordsMissing { first: u64, last: u64 },
    #[error("{}", swapped(*first, *second, *count))]
    RecordsSwapped { first: u64, second: u64, count: u64 },
    #[error(
        "records {first} to {last} stand after record {after}, where they do not belong: they were moved"
    )]
    RecordsMoved { first: u64, last: u64, after: u64 },
    #[error(
        "records that say they are {first} to {last} stand after record {after}, and others are here: they were inserted"
    )]
    RecordsRepeated { first: u64, last: u64, after: u64 },
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
        "the checkpoint over {size} records that was kept or cosigned is not of this history: it was rewritten or forked before record {size}"
    )]
    HistoryRewritten { size: u64 },
    #[error(
        "the checkpoint that was kept or cosigned covers {kept} records, the newest here only {newest}: what came after was dropped, or this is an older bundle"
    )]
    OlderThanKept { kept: u64, newest: u64 },
    #[error("{tile} is not what belongs there; no record is accused by it")]
    TileWrong { tile: String },
    #[error(
        "{tile} contradicts records {first} to {last}; which of both was changed cannot be known, as the tiles above it are changed, too"
    )]
    TileOrRecords { tile: String, first: u64, last: u64 },
    #[error("{path} was changed after the bundle was made")]
    FileChanged { path: String },
    #[error("{path} is missing")]
    FileMissing { path: String },
    #[error("{path} is no part of the bundle: it was added")]
    FileAdded { path: String },
    #[error(
        "nobody vouches for {path}: the manifest is not signed, and this program would write another one"
    )]
    FileUnvouched { path: String },
    #[error("{place} is none of the keys that were named")]
    KeyDiffers { place: String },
    #[error("no checkpoint here is cosigned by {witness}{detail}")]
    NotWitnessed { witness: String, detail: String },
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
    /// What the records say about when; nothing of it is proven.
    pub times: ClaimedTimes,
}

fn swapped(first: u64, second: u64, count: u64) -> String {
    match count {
        1 => format!("records {first} and {second} were swapped"),
        _ => {
            let (first_end, second_end) = (first + count - 1, second + count - 1);
            format!("records {first} to {first_end} and {second} to {second_end} were swapped")
        }
    }
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
    let mut check = Check::default();
    let mut comparison = Comparison::new(Some(newest.clone()), kept.to_vec(), leaves);
    for record in records {
        let place = comparison.size() + 1;
        match record {
            Ok((bytes, leaf)) => {
                let position = check.take(bytes, place);
                comparison.take(position.saturating_sub(1), leaf);
            }
            Err(error) => {
                check.found(Finding::RecordUnreadable { place, detail: error.to_string() });
                break;
            }
        }
        progress(comparison.size());
    }
    let (records, root) = (comparison.size(), comparison.root());
    let compared = comparison.end();
    check.end_of_records();
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
    Verdict { records, root, findings: check.findings, more: check.more, times: check.times }
}

fn finding(mismatch: Mismatch) -> Finding {
    match mismatch {
        Mismatch::Record { position } => Finding::RecordChanged { position },
        Mismatch::Among { first, last } => Finding::RecordAmongChanged { first, last },
        Mismatch::Root { size } => Finding::RootDiffers { size },
        Mismatch::Rewritten { size } => Finding::HistoryRewritten { size },
        Mismatch::Tile { path } => Finding::TileWrong { tile: path },
        Mismatch::TileOrRecords { path, first, last } => Finding::TileOrRecords { tile: path, first, last },
    }
}

#[derive(Default)]
struct Check {
    findings: Vec<Finding>,
    more: bool,
    sequence: Sequence,
    versions: AHashMap<Box<str>, u64>,
    /// Versions that do not follow one another. Records out of place make such of innocent ones, so these count only where
    /// every record stands in place.
    version_gaps: Vec<Finding>,
    times: ClaimedTimes,
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
    fn take(&mut self, bytes: Bytes, place: u64) -> u64 {
        let event = match RecordedEvent::decode(bytes) {
            Ok(event) => event,
            Err(error) => {
                self.found(Finding::RecordUnreadable { place, detail: error.to_string() });
                self.sequence.take(None);
                return place;
            }
        };
        let position = event.position().get();
        self.sequence.take(Some(position));
        self.times.take(&event);
        let version = event.version().get();
        let last = match self.versions.get_mut(event.stream()) {
            Some(last) => last,
            None => self.versions.entry(event.stream().into()).or_insert(0),
        };
        if version != *last + 1 && self.version_gaps.len() < MAX_FINDINGS {
            let stream = event.stream().to_owned();
            let gap = Finding::VersionGap { position, stream, expected: *last + 1, found: version };
            self.version_gaps.push(gap);
        }
        *last = version;
        position
    }

    /// What the order of all records shows.
    fn end_of_records(&mut self) {
        let sequence = std::mem::take(&mut self.sequence);
        self.more |= sequence.more;
        let in_order = sequence.is_in_order();
        sequence.findings().into_iter().for_each(|finding| self.found(finding));
        let gaps = std::mem::take(&mut self.version_gaps);
        gaps.into_iter().filter(|_| in_order).for_each(|gap| self.found(gap));
    }
}
