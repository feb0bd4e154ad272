//! The log itself, in one pass: frames, order, versions, whether today's code reads it, and the signed root.

use super::{Finding, Report};
use crate::{progress::Progress, source::Opened};
use ahash::AHashMap;
use anyhow::Context as _;
use daybook_audit::{Checkpoint, Frontier, PublicKey, PublishedLeaves, leaf_hash};
use daybook_domain::Event;
use daybook_event_log::{Position, RecordedEvent};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Events read at a time.
const PAGE: u64 = 8_192;

/// What the log must have been at some sizes.
#[derive(Default)]
pub(super) struct Signed {
    /// What the shop signed last.
    newest: Option<Checkpoint>,
    /// What an auditor kept.
    kept: Vec<Checkpoint>,
    leaves: Option<PublishedLeaves>,
}

impl Signed {
    /// Reads the shop's checkpoint in `folder` and those that were kept; only those with a good signature of one of
    /// `keys` (none: of the folder's own key) count.
    pub(super) fn read(
        folder: Option<&Path>,
        kept: &[PathBuf],
        keys: &[PublicKey],
        report: &mut Report,
    ) -> anyhow::Result<Self> {
        let own = folder.map(|folder| folder.join("public-key")).filter(|path| path.exists());
        let own: Option<PublicKey> = match own.filter(|_| keys.is_empty()) {
            Some(path) => {
                Some(fs::read_to_string(&path)?.parse().with_context(|| format!("{}", path.display()))?)
            }
            None => None,
        };
        let keys: Vec<PublicKey> = own.into_iter().chain(keys.iter().cloned()).collect();
        let mut signed = Self::default();
        match folder.map(|folder| folder.join("checkpoint")).filter(|path| path.exists()) {
            Some(path) => signed.newest = checkpoint(&path, &keys, report)?,
            None if folder.is_some() => {
                report
                    .notes
                    .push("nothing was signed yet, so the log is compared with no checkpoint".to_owned());
            }
            None => {}
        }
        for path in kept {
            signed.kept.extend(checkpoint(path, &keys, report)?);
        }
        signed.leaves = folder
            .zip(signed.newest.as_ref())
            .and_then(|(folder, newest)| PublishedLeaves::open(folder, newest));
        Ok(signed)
    }

    fn largest(&self) -> u64 {
        self.newest.iter().chain(&self.kept).map(|checkpoint| checkpoint.size).max().unwrap_or(0)
    }
}

/// The checkpoint in a file, if its signature is good.
fn checkpoint(path: &Path, keys: &[PublicKey], report: &mut Report) -> anyhow::Result<Option<Checkpoint>> {
    let place = path.display().to_string();
    let note = fs::read_to_string(path).with_context(|| place.clone())?;
    match Checkpoint::verify_by_any(&note, keys) {
        Ok(checkpoint) => Ok(Some(checkpoint)),
        Err(error) => {
            report.found(Finding::Audit { place, detail: error.to_string() });
            Ok(None)
        }
    }
}

pub(super) async fn check(opened: &Opened, signed: Signed, report: &mut Report) -> anyhow::Result<()> {
    let sizes: Vec<u64> =
        signed.newest.iter().chain(&signed.kept).map(|checkpoint| checkpoint.size).collect();
    let mut check = Check {
        versions: AHashMap::new(),
        last: 0,
        tree: Frontier::default(),
        until: signed.largest(),
        signed,
    };
    let mut progress = Progress::new("verifying", opened.head);
    while check.last < opened.head {
        let limit = usize::try_from((opened.head - check.last).min(PAGE)).unwrap_or(1);
        match opened.log.read_all(Position::new(check.last + 1), limit).await {
            Ok(page) if page.is_empty() => {
                report.found(Finding::EndMissing { head: opened.head, found: check.last });
                break;
            }
            Ok(page) => {
                for event in &page {
                    check.take(event, report)?;
                }
                progress.reach(check.last);
            }
            Err(error) => {
                report.found(Finding::Unreadable { after: check.last, detail: error.to_string() });
                break;
            }
        }
    }
    for size in sizes.into_iter().filter(|size| *size > opened.head) {
        report.found(Finding::TailCut { signed: size, head: opened.head });
    }
    report.streams = check.versions.len() as u64;
    report.events_per_second = progress.rate(report.events);
    Ok(())
}

struct Check {
    versions: AHashMap<Box<str>, u64>,
    last: u64,
    tree: Frontier,
    /// The tree is not needed beyond this size.
    until: u64,
    signed: Signed,
}

impl Check {
    fn take(&mut self, event: &RecordedEvent, report: &mut Report) -> anyhow::Result<()> {
        let (position, version) = (event.position().get(), event.version().get());
        report.events += 1;
        if position != self.last + 1 {
            report.found(Finding::PositionGap { after: self.last, found: position });
        }
        self.last = position.max(self.last + 1);
        let known = match self.versions.get_mut(event.stream()) {
            Some(known) => known,
            None => self.versions.entry(event.stream().into()).or_insert(0),
        };
        if version != *known + 1 {
            let (stream, expected) = (event.stream().to_owned(), *known + 1);
            report.found(Finding::VersionGap { position, stream, expected, found: version });
        }
        *known = version;
        let kind = (event.aggregate(), event.event_type());
        if let Err(error) = Event::decode(kind.0, kind.1, event.schema_version(), event.payload()) {
            let (stream, detail) = (event.stream().to_owned(), error.to_string());
            report.found(Finding::Undecodable { position, stream, detail });
        }
        if self.tree.size() < self.until { self.compare(event, report) } else { Ok(()) }
    }

    /// Compares the event, and all so far, with what was signed.
    fn compare(&mut self, event: &RecordedEvent, report: &mut Report) -> anyhow::Result<()> {
        let leaf = leaf_hash(event.as_bytes());
        let index = self.tree.size();
        if let Some(leaves) = &mut self.signed.leaves
            && leaves.leaf(index)?.is_some_and(|published| published != leaf)
        {
            report.found(Finding::RecordChanged { position: index + 1 });
        }
        self.tree.push(leaf);
        let size = self.tree.size();
        if let Some(newest) = self.signed.newest.as_ref().filter(|newest| newest.size == size) {
            report.signed = Some(size);
            if self.tree.root() != newest.root {
                report.found_of_all(Finding::RootDiffers { size });
            }
        }
        for kept in self.signed.kept.iter().filter(|kept| kept.size == size) {
            report.kept += 1;
            if self.tree.root() != kept.root {
                report.found_of_all(Finding::HistoryRewritten { size });
            }
        }
        Ok(())
    }
}
