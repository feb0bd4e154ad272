//! What looking back takes on a large log, in time and memory: all of it counted, a thing of the past, a search of the
//! past, and everything replayed. Memory includes the pages of the log that are mapped.

use super::{Effort, replay::Replayed};
use crate::{
    data::Prepared,
    folder,
    machine::Process,
    report::{Report, round},
    server::replay_tool,
};
use anyhow::{Context as _, ensure};
use daybook_event_log::{EmbeddedLog, EventLog, Position, RecordedEvent};
use serde_json::{Value, json};
use std::{
    fs::File,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// How often the program's memory is looked at; its peak is known to the kernel, but only while it lives.
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub(super) async fn look_back(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let prepared = Prepared::of(effort.history()).await?;
    let log: Arc<dyn EventLog> = Arc::new(EmbeddedLog::open_read_only(prepared.data.join("log"))?);
    let head = log.head().borrow().get();
    let middle = head / 2;
    // Up to the middle, not from it on: an order that is met later may not have been there yet.
    let page = log.read_all(Position::new(middle.saturating_sub(999).max(1)), 1_000).await?;
    let known = |event: &&RecordedEvent| event.aggregate() == "order" && event.position().get() <= middle;
    let order = page.iter().find(known).context("no order in the middle")?;
    let middle = middle.to_string();
    let as_of = ["as-of", "--position", &middle];
    let answers = folder::for_run()?;
    let asked: [(&str, Vec<&str>); 3] = [
        ("stats", vec!["stats"]),
        ("as_of_order", [&as_of[..], &["order", order.aggregate_id()]].concat()),
        ("as_of_search", [&as_of[..], &["search", "white mug"]].concat()),
    ];
    let mut shown = json!({ "events": head });
    for (name, arguments) in &asked {
        shown[name] = ask(&prepared.data, arguments, &answers.path().join(name))?;
    }
    let replayed = Replayed::of(&log, &answers.path().join("replayed")).await?;
    shown["replay"] = json!({
        "events_per_s": round(head as f64 / replayed.seconds),
        "peak_rss_mib_more_than_before": replayed.rss_mib,
    });
    replayed.models.shutdown()?;
    log.close().await?;
    report.add("large_log", shown);
    Ok(())
}

/// Runs `daybook-replay` to its end, answering how long it took and the most memory it had.
fn ask(data: &Path, arguments: &[&str], answer: &Path) -> anyhow::Result<Value> {
    let start = Instant::now();
    let mut child = replay_tool(data)?.args(arguments).stdout(File::create(answer)?).spawn()?;
    let process = Process(child.id());
    let mut peak = 0;
    let status = loop {
        peak = peak.max(process.peak_rss_mib());
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let seconds = start.elapsed().as_secs_f64();
    ensure!(status.success(), "daybook-replay {arguments:?}: {status}");
    let text = std::fs::read(answer)?;
    let said: Value =
        serde_json::from_slice(&text).with_context(|| format!("the answer to {arguments:?}"))?;
    ensure!(said.as_object().is_some_and(|said| !said.is_empty()), "{arguments:?} answered {said}");
    Ok(json!({ "seconds": round(seconds), "peak_rss_mib": peak }))
}
