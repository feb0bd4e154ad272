//! `verify`: whether everything still fits together. Each finding is named; with any, the program ends with 1.

mod record;
mod views;

use crate::{
    audit::keys,
    cli::{ToolVerdict, Usage},
    out::{Out, Tone, count},
    source::Source,
};
use clap::Args;
use daybook_event_log::LogError;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  daybook-replay --data ./shop verify
  daybook-replay --data ./shop-copy verify --skip-views
  daybook-replay --data ./shop verify --checkpoint ./kept --key shop+c74f20a3+ARpc…

What is checked: every frame of the log and its checksum; that positions and the versions of each stream have no
gap; that today's program reads every event; that the Merkle tree over the log has the root that was signed; that
the read models' rows are those that a replay makes. The read models of a running shop are in use, so they are
left out: stop the shop, or verify a copy.";

/// `verify`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Verify {
    /// Do not compare the read models with freshly replayed ones
    #[arg(long, env = "DAYBOOK_REPLAY_SKIP_VIEWS")]
    skip_views: bool,
    /// Do not compare the log with the signed checkpoint
    #[arg(long, env = "DAYBOOK_REPLAY_SKIP_AUDIT")]
    skip_audit: bool,
    /// Checkpoints you kept from earlier visits: the log must go on from what they cover
    #[arg(long, env = "DAYBOOK_REPLAY_CHECKPOINT", value_delimiter = ',', num_args = 1.., value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The shop's public key as you were given it, and those it changed to; without it the shop's own is taken,
    /// which proves less
    #[arg(long, env = "DAYBOOK_REPLAY_KEY", value_delimiter = ',', num_args = 1.., value_name = "VKEY")]
    key: Vec<String>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub(crate) enum Finding {
    #[error("the log cannot be opened: {detail}")]
    Unopened { detail: String },
    #[error("positions {from} to {to} cannot be read: {detail}")]
    Unreadable { from: u64, to: u64, detail: String },
    #[error("after position {after} comes {found}: the log has a gap or is out of order")]
    PositionGap { after: u64, found: u64 },
    #[error("the log says it ends at {head}, but its last event is at {found}")]
    EndMissing { head: u64, found: u64 },
    #[error("position {position} is version {found} of {stream}, but version {expected} belongs there")]
    VersionGap { position: u64, stream: String, expected: u64, found: u64 },
    #[error("today's program cannot read position {position} ({stream}): {detail}")]
    Undecodable { position: u64, stream: String, detail: String },
    #[error("{place}: {detail}")]
    Audit { place: String, detail: String },
    #[error("position {position} is not what was signed: it was changed, or put where another one was")]
    RecordChanged { position: u64 },
    #[error(
        "one of positions {first} to {last} is not what was signed, and the hashes of all were put right for it"
    )]
    RecordAmongChanged { first: u64, last: u64 },
    #[error(
        "the published hashes of {tile} are not what belongs there; the log is what was signed, and a shop started without DATA/audit/tiles makes them again"
    )]
    TileWrong { tile: String },
    #[error("the first {size} events do not have the root that was signed: the log was changed")]
    RootDiffers { size: u64 },
    #[error(
        "the checkpoint you kept, over {size} events, is not of this history: it was rewritten or forked before position {size}"
    )]
    HistoryRewritten { size: u64 },
    #[error("{signed} events were signed, but the log ends at {head}: its end was cut off")]
    TailCut { signed: u64, head: u64 },
    #[error("read model {view}: row {key} is {problem}")]
    Row { view: String, key: String, problem: &'static str },
    #[error("read model {view}: the event at position {position} could not be applied: {detail}")]
    DeadLetter { view: String, position: u64, detail: String },
    #[error("the read models cannot be compared: {detail}")]
    Views { detail: String },
}

/// What was found, and what was looked at.
#[derive(Debug, Default, Serialize)]
pub(crate) struct VerifyReport {
    events: u64,
    streams: u64,
    events_per_second: u64,
    /// Events under the signed checkpoint; none: nothing was compared.
    signed: Option<u64>,
    /// Kept checkpoints that were compared.
    kept: u64,
    /// Rows of read models; none: nothing was compared.
    rows: Option<u64>,
    notes: Vec<String>,
    findings: Vec<Finding>,
    /// Findings beyond those that are listed.
    more: u64,
}

/// More are only counted.
const MAX_FINDINGS: usize = 100;

impl VerifyReport {
    fn found(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS { self.findings.push(finding) } else { self.more += 1 }
    }

    /// Whether every event could be read.
    fn log_is_whole(&self) -> bool {
        let unread =
            |finding: &Finding| matches!(finding, Finding::Unreadable { .. } | Finding::EndMissing { .. });
        !self.findings.iter().any(unread) && self.more == 0
    }

    /// About the whole, so it is listed however much there is about single events.
    fn found_of_all(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

impl Verify {
    pub(crate) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let mut report = VerifyReport::default();
        let opened = match source.open().await {
            Ok(opened) => opened,
            Err(error) => {
                // What is damaged is what was looked for; anything else is in the way of looking.
                let Some(damage @ LogError::Damaged { .. }) = error.downcast_ref() else { return Err(error) };
                report.found(Finding::Unopened { detail: damage.to_string() });
                if out.json {
                    out.json(&report)?
                } else {
                    say(&report, out)?
                }
                return Ok(ToolVerdict::Found);
            }
        };
        // Only a data directory has read models and a tree beside its log.
        let data = source.data.as_deref().filter(|_| source.file.is_none() && source.store.is_none());
        let tree = data.filter(|_| !self.skip_audit).map(|data| data.join("audit"));
        let keys = keys(&self.key)?;
        if tree.is_none() && keys.is_empty() && !self.checkpoint.is_empty() {
            let problem =
                "there is no key beside this log; name the shop's by --key to check kept checkpoints";
            return Err(Usage(problem.to_owned()).into());
        }
        let signed = record::Signed::read(tree.as_deref(), &self.checkpoint, &keys, &mut report)?;
        record::check(&opened, signed, &mut report).await?;
        if let Some(data) = data.filter(|_| !self.skip_views) {
            // A replay would break off where the log does, and what was found would not be told.
            if report.log_is_whole() {
                views::compare(&data.join("read"), &opened, &mut report).await?;
            } else {
                let note = "the log cannot be replayed whole, so the read models are compared with nothing";
                report.notes.push(note.to_owned());
            }
        }
        if out.json {
            out.json(&report)?;
        } else {
            say(&report, out)?;
        }
        Ok(if report.findings.is_empty() { ToolVerdict::AllIsWell } else { ToolVerdict::Found })
    }
}

fn say(report: &VerifyReport, out: &mut Out) -> anyhow::Result<()> {
    for finding in &report.findings {
        out.line(format_args!("{} {finding}", out.tone(Tone::Bad, "WRONG:")))?;
    }
    if report.more > 0 {
        out.line(format_args!("… and {} more", count(report.more)))?;
    }
    for note in &report.notes {
        out.line(out.tone(Tone::Faint, format_args!("note: {note}")))?;
    }
    let good = report.findings.is_empty();
    let (events, streams) = (count(report.events), count(report.streams));
    let rate = count(report.events_per_second);
    let head = if good { out.tone(Tone::Good, "All is well:") } else { "Looked at:".to_owned() };
    out.line(format_args!("{head} {events} events in {streams} streams, {rate} events/s"))?;
    if let Some(signed) = report.signed {
        out.line(format_args!("{} of them under the signed checkpoint", count(signed)))?;
    }
    if report.kept > 0 {
        out.line(format_args!("checkpoints you kept that were compared with it: {}", count(report.kept)))?;
    }
    if let Some(rows) = report.rows {
        out.line(format_args!("{} rows of read models compared with a replay", count(rows)))?;
    }
    Ok(())
}
