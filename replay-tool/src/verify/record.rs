//! The log itself, in one pass: frames, order, versions, whether today's code reads it, and the signed root.

use super::{Finding, VerifyReport};
use crate::{progress::Progress, source::Opened};
use ahash::AHashMap;
use anyhow::Context as _;
use daybook_audit::{Checkpoint, Comparison, Mismatch, PublicKey, PublishedLeaves, leaf_hash};
use daybook_domain::{Event, EventError};
use daybook_event_log::{LogError, Position, RecordedEvent};
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
        report: &mut VerifyReport,
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
        if let Some(folder) = folder.filter(|folder| keys.is_empty() && folder.join("checkpoint").exists()) {
            let place = folder.join("public-key").display().to_string();
            let detail = "it is missing; name the shop's key by --key to check what was signed".to_owned();
            report.found(Finding::Audit { place, detail });
            return Ok(signed);
        }
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
fn checkpoint(
    path: &Path,
    keys: &[PublicKey],
    report: &mut VerifyReport,
) -> anyhow::Result<Option<Checkpoint>> {
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

pub(super) async fn check(opened: &Opened, signed: Signed, report: &mut VerifyReport) -> anyhow::Result<()> {
    let sizes: Vec<u64> =
        signed.newest.iter().chain(&signed.kept).map(|checkpoint| checkpoint.size).collect();
    let newest = signed.newest.as_ref().map(|newest| newest.size);
    let mut check = Check {
        versions: AHashMap::new(),
        last: 0,
        until: signed.largest(),
        comparison: Comparison::new(signed.newest, signed.kept, signed.leaves),
        gap: false,
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
                page.iter().for_each(|event| check.take(event, report));
                progress.reach(check.last);
            }
            Err(LogError::Damaged { place, detail }) => {
                let detail = format!("{place}: {detail}");
                check.over_the_damage(opened, limit, detail, report).await;
            }
            Err(error) => {
                report.found(Finding::Unreadable {
                    from: check.last + 1,
                    to: opened.head,
                    detail: error.to_string(),
                });
                break;
            }
        }
    }
    report.streams = check.versions.len() as u64;
    report.events_per_second = progress.rate(report.events);
    check.end(newest, report);
    for size in sizes.into_iter().filter(|size| *size > opened.head) {
        report.found(Finding::TailCut { signed: size, head: opened.head });
    }
    Ok(())
}

struct Check {
    versions: AHashMap<Box<str>, u64>,
    last: u64,
    /// Nothing is signed beyond this size.
    until: u64,
    comparison: Comparison,
    /// Some events could not be read, so versions may be missing in any stream.
    gap: bool,
}

impl Check {
    fn take(&mut self, event: &RecordedEvent, report: &mut VerifyReport) {
        let (position, version) = (event.position().get(), event.version().get());
        report.events += 1;
        report.times.take(event);
        if position != self.last + 1 {
            report.found(Finding::PositionGap { after: self.last, found: position });
        }
        self.last = position.max(self.last + 1);
        let known = match self.versions.get_mut(event.stream()) {
            Some(known) => known,
            None => self.versions.entry(event.stream().into()).or_insert(0),
        };
        if version != *known + 1 && !(self.gap && version > *known) {
            let (stream, expected) = (event.stream().to_owned(), *known + 1);
            report.found(Finding::VersionGap { position, stream, expected, found: version });
        }
        *known = version;
        let kind = (event.aggregate(), event.event_type());
        match Event::decode(kind.0, kind.1, event.schema_version(), event.payload()) {
            Ok(_) => {}
            Err(EventError::UnknownAggregate(_)) => report.events_of_others += 1,
            Err(error) => {
                let (stream, detail) = (event.stream().to_owned(), error.to_string());
                report.found(Finding::Undecodable { position, stream, detail });
            }
        }
        if self.last <= self.until {
            self.comparison.take(self.last - 1, leaf_hash(event.as_bytes()));
        }
    }

    /// Takes what can be read before the damage, says which events it has swallowed, and goes on behind them.
    async fn over_the_damage(
        &mut self,
        opened: &Opened,
        limit: usize,
        detail: String,
        report: &mut VerifyReport,
    ) {
        let (log, begin) = (&opened.log, self.last + 1);
        let (mut sound, mut bad) = (0, limit);
        while bad - sound > 1 {
            let middle = sound + (bad - sound) / 2;
            match log.read_all(Position::new(begin), middle).await {
                Ok(page) => {
                    sound = page.len().max(sound);
                    if page.len() < middle {
                        break;
                    }
                }
                Err(_) => bad = middle,
            }
        }
        if sound > 0
            && let Ok(page) = log.read_all(Position::new(begin), sound).await
        {
            page.iter().for_each(|event| self.take(event, report));
        }
        let from = self.last + 1;
        let (mut lost, mut step) = (from, 1);
        let mut next = opened.head + 1;
        while lost + step <= opened.head {
            if log.read_all(Position::new(lost + step), 1).await.is_ok() {
                next = lost + step;
                break;
            }
            lost += step;
            step *= 2;
        }
        while next - lost > 1 {
            let middle = lost + (next - lost) / 2;
            let readable = log.read_all(Position::new(middle), 1).await.is_ok();
            if readable { next = middle } else { lost = middle }
        }
        report.found(Finding::Unreadable { from, to: next - 1, detail });
        self.last = next - 1;
        self.gap = true;
        self.comparison.skip();
    }

    /// What the comparison with all that was signed showed.
    fn end(self, newest: Option<u64>, report: &mut VerifyReport) {
        let compared = self.comparison.end();
        report.signed = newest.filter(|_| compared.reached_newest);
        report.kept = compared.kept;
        report.more += u64::from(compared.more);
        for mismatch in compared.of_records {
            report.found(finding(mismatch));
        }
        for mismatch in compared.of_all {
            report.found_of_all(finding(mismatch));
        }
    }
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
