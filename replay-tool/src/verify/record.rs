//! The log itself, in one pass: frames, order, versions, whether today's code reads it, and the signed root.

use super::{Finding, Report};
use crate::{progress::Progress, source::Opened};
use ahash::AHashMap;
use anyhow::Context as _;
use daybook_audit::{Checkpoint, PublicKey, Tiles, leaf_hash};
use daybook_domain::Event;
use daybook_event_log::{Position, RecordedEvent};
use std::{fs, path::Path};

/// Events read at a time.
const PAGE: u64 = 8_192;

/// The checkpoint in the folder, if its signature is good.
pub(super) fn signed(folder: &Path, report: &mut Report) -> Option<Checkpoint> {
    if !folder.join("checkpoint").exists() {
        report.notes.push("nothing was signed yet, so the log is compared with no checkpoint".to_owned());
        return None;
    }
    let read = || -> anyhow::Result<Checkpoint> {
        let key: PublicKey = fs::read_to_string(folder.join("public-key")).context("public-key")?.parse()?;
        let note = fs::read_to_string(folder.join("checkpoint")).context("checkpoint")?;
        Ok(Checkpoint::verify(&note, &key)?)
    };
    match read() {
        Ok(checkpoint) => Some(checkpoint),
        Err(error) => {
            let place = folder.display().to_string();
            report.found(Finding::Audit { place, detail: format!("{error:#}") });
            None
        }
    }
}

pub(super) async fn check(
    opened: &Opened,
    signed: Option<&Checkpoint>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let scratch = tempfile::Builder::new().prefix("daybook-verify-").tempdir()?;
    let mut check = Check { versions: AHashMap::new(), last: 0, tree: Tiles::empty(scratch.path()), signed };
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
    if let Some(signed) = signed.filter(|signed| signed.size > opened.head) {
        report.found(Finding::TailCut { signed: signed.size, head: opened.head });
    }
    report.streams = check.versions.len() as u64;
    report.events_per_second = progress.rate(report.events);
    Ok(())
}

struct Check<'s> {
    versions: AHashMap<Box<str>, u64>,
    last: u64,
    tree: Tiles,
    signed: Option<&'s Checkpoint>,
}

impl Check<'_> {
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
        let Some(signed) = self.signed.filter(|signed| self.tree.size() < signed.size) else { return Ok(()) };
        self.tree.push(leaf_hash(event.as_bytes()))?;
        if self.tree.size() == signed.size {
            report.signed = Some(signed.size);
            if self.tree.root() != signed.root {
                report.found(Finding::RootDiffers { size: signed.size });
            }
        }
        Ok(())
    }
}
