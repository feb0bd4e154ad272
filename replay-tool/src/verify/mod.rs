//! `verify`: whether everything still fits together. Each finding is named; with any, the program ends with 1.

mod record;
mod views;

pub(crate) use views::hold_read_models;

use crate::{
    audit::keys,
    claimed::{say_times, times_json},
    cli::{ToolVerdict, Usage},
    out::{Out, Tone, count},
    source::Source,
};
use clap::Args;
use daybook_audit::ClaimedTimes;
use daybook_event_log::LogError;
use serde::{Serialize, Serializer};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  daybook-replay --data ./shop verify
  daybook-replay --data ./shop-copy verify --skip-views
  daybook-replay --data ./shop verify --checkpoint ./kept --key shop+c74f20a3+ARpc…

What is checked: every frame of the log and its checksum; that positions and the versions of each stream have no
gap; that today's program reads every event of its own aggregates; that the Merkle tree over the log has the root that
was signed; that the read models' rows are those that a replay makes. The read models of a running shop are in use, so
they are left out: stop the shop, or verify a copy. With --store and --data, the log on the server is looked at, and
the read models and the tree in that node's data directory are compared with it.";

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
        "the published hashes of {tile} are not what belongs there; no event is accused by it, and a shop started without DATA/audit/tiles makes them again"
    )]
    TileWrong { tile: String },
    #[error(
        "the published hashes of {tile} contradict positions {first} to {last}; which of both was changed cannot be known, as the tiles above it are changed, too"
    )]
    TileOrRecords { tile: String, first: u64, last: u64 },
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
    /// Events of aggregates that are not Daybook's: other programs may write such beside it, and their fields are theirs.
    events_of_others: u64,
    events_per_second: u64,
    /// Events under the signed checkpoint; none: nothing was compared.
    signed: Option<u64>,
    /// Kept checkpoints that were compared.
    kept: u64,
    /// When the events say that they were written down and happened.
    #[serde(rename = "claimed_times", serialize_with = "as_claimed")]
    times: ClaimedTimes,
    /// Rows of read models; none: nothing was compared.
    rows: Option<u64>,
    notes: Vec<String>,
    findings: Vec<Finding>,
    /// Findings beyond those that are listed.
    more: u64,
}

fn as_claimed<S: Serializer>(times: &ClaimedTimes, to: S) -> Result<S::Ok, S::Error> {
    times_json(times).serialize(to)
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
        // A data directory has read models and a tree; its log may be elsewhere, on a server or in an exported file.
        let data = source.data.as_deref();
        let tree = data.filter(|_| !self.skip_audit).map(|data| data.join("audit"));
        let keys = keys(&self.key)?;
        if tree.is_none() && keys.is_empty() && !self.checkpoint.is_empty() {
            let problem =
                "there is no key beside this log; name the shop's by --key to check kept checkpoints";
            return Err(Usage(problem.to_owned()).into());
        }
        let signed = record::Signed::read(tree.as_deref(), &self.checkpoint, &keys, &mut report)?;
        record::check(&opened, signed, &mut report).await?;
        if data.is_none() {
            let note = "no data directory is named, so neither read models nor what the shop signed are looked at; name \
                        a node's with --data";
            report.notes.push(note.to_owned());
        }
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
    // Nothing is said to be well that was not looked at.
    let looked_at_all = report.signed.is_some() && report.rows.is_some();
    let head = match (good, looked_at_all) {
        (true, true) => out.tone(Tone::Good, "All is well:"),
        (true, false) => out.tone(Tone::Good, "What was looked at is well:"),
        (false, _) => "Looked at:".to_owned(),
    };
    out.line(format_args!("{head} {events} events in {streams} streams, {rate} events/s"))?;
    if report.events_of_others > 0 {
        let number = count(report.events_of_others);
        out.line(format_args!(
            "{number} of them are of other programs' aggregates, whose fields are not looked at"
        ))?;
    }
    if let Some(signed) = report.signed {
        out.line(format_args!("{} of them under the signed checkpoint", count(signed)))?;
    }
    if report.kept > 0 {
        out.line(format_args!("checkpoints you kept that were compared with it: {}", count(report.kept)))?;
    }
    if let Some(rows) = report.rows {
        out.line(format_args!("{} rows of read models compared with a replay", count(rows)))?;
    }
    say_times(&report.times, out)?;
    Ok(())
}
