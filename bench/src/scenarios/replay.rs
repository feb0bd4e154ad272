//! The log of the imported year, replayed into empty read models, and into nothing at all. At the end the
//! replayed read models stand where the log ends.

use super::{Effort, import::import};
use crate::{report::Report, server};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, Position};
use daybook_projections::ReadModels;
use std::{sync::Arc, time::Instant};

pub(super) async fn run(_effort: Effort) -> anyhow::Result<Report> {
    let folder = server::folder()?;
    import(folder.path())?;
    let log: Arc<dyn EventLog> =
        Arc::new(EmbeddedLog::open(folder.path().join("shop/log"), EmbeddedOptions::default())?);
    let head = *log.head().borrow();
    let start = Instant::now();
    let (mut read, mut bytes) = (0_u64, 0_u64);
    while read < head.get() {
        let batch = log.read_all(Position::new(read + 1), 8_192).await?;
        anyhow::ensure!(!batch.is_empty(), "the log ends at {read}, not at {head}");
        read += batch.len() as u64;
        bytes += batch.iter().map(|event| event.as_bytes().len() as u64).sum::<u64>();
    }
    let null_sink = read as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    let models = ReadModels::replay(log.clone(), None, &folder.path().join("replayed")).await?;
    let seconds = start.elapsed().as_secs_f64();
    let mut report = Report::bare("replay", "events", false, head.get() as f64 / seconds);
    report.add("events", head.get());
    report.add("null_sink_events_per_s", null_sink);
    report.add("bytes_per_event", bytes as f64 / read as f64);
    drop(models);
    log.close().await?;
    Ok(report)
}
