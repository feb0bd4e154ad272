//! The log of the imported year, replayed into nothing at all and into empty read models (all but search). Per core:
//! events per second of CPU time. Also what looking back takes on a large log. At the end every row of the replayed read
//! models is the live one's.

use super::{Effort, large, year::Year};
use crate::{
    folder,
    machine::Process,
    report::{Report, round},
};
use anyhow::ensure;
use daybook_event_log::{EmbeddedLog, EventLog, Position};
use daybook_projections::Options;
use daybook_views::Views;
use std::{path::Path, sync::Arc, time::Instant};

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let year = Year::get().await?;
    let log: Arc<dyn EventLog> = Arc::new(EmbeddedLog::open_read_only(year.data.join("log"))?);
    let head = *log.head().borrow();
    ensure!(head.get() == year.events, "the log ends at {head}, not at {}", year.events);
    let (null_sink, bytes) = read_only(&*log, head).await?;
    let folder = folder::for_run()?;
    let replayed = Replayed::of(&log, &folder.path().join("replayed")).await?;
    let events = head.get() as f64;
    let mut report = Report::bare("events", false, events / replayed.seconds);
    report.add("events", head.get());
    report.add("events_per_core_s", round(events / replayed.cpu_seconds));
    report.add("cores", round(replayed.cpu_seconds / replayed.seconds));
    report.add("peak_rss_mib_more_than_before", replayed.rss_mib);
    report.add("null_sink_events_per_s", round(null_sink));
    report.add("bytes_per_event", round(bytes / events));
    report.add("rows_compared", compare(&replayed.models, &year)?);
    replayed.models.shutdown()?;
    log.close().await?;
    large::look_back(effort, &mut report).await?;
    Ok(report)
}

/// Empty read models that were filled from a log, and what that took.
pub(super) struct Replayed {
    pub(super) models: Views,
    pub(super) seconds: f64,
    cpu_seconds: f64,
    /// More than before, at the peak.
    pub(super) rss_mib: u64,
}

impl Replayed {
    pub(super) async fn of(log: &Arc<dyn EventLog>, dir: &Path) -> anyhow::Result<Self> {
        let own = Process::own();
        own.reset_peak();
        let (start, cpu, rss) = (Instant::now(), own.cpu_seconds(), own.rss_mib());
        let models = Views::replay(log.clone(), None, dir).await?;
        let (seconds, cpu_seconds) = (start.elapsed().as_secs_f64(), own.cpu_seconds() - cpu);
        Ok(Self { models, seconds, cpu_seconds, rss_mib: own.peak_rss_mib().saturating_sub(rss) })
    }
}

/// Events per second when nothing is done with them; also their bytes.
async fn read_only(log: &dyn EventLog, head: Position) -> anyhow::Result<(f64, f64)> {
    let start = Instant::now();
    let (mut read, mut bytes) = (0_u64, 0_u64);
    while read < head.get() {
        let batch = log.read_all(Position::new(read + 1), 8_192).await?;
        ensure!(!batch.is_empty(), "the log ends at {read}, not at {head}");
        read += batch.len() as u64;
        bytes += batch.iter().map(|event| event.as_bytes().len() as u64).sum::<u64>();
    }
    Ok((read as f64 / start.elapsed().as_secs_f64(), bytes as f64))
}

/// Replay equals live, row by row; answers how many rows.
fn compare(replayed: &Views, year: &Year) -> anyhow::Result<usize> {
    let live = Views::open(&year.data.join("read"), Options::default())?;
    let mut compared = 0;
    for name in replayed.names().collect::<Vec<_>>() {
        let (ours, theirs) = (replayed.rows(name)?, live.rows(name)?);
        let same = ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|(a, b)| a.0 == b.0 && a.1.json() == b.1.json());
        ensure!(same, "read model {name} comes out otherwise when it is replayed");
        ensure!(!ours.is_empty(), "read model {name} is empty");
        compared += ours.len();
    }
    Ok(compared)
}
