//! The bundled year of a real retailer's trade, imported through commands into an empty shop: everything is on
//! disk, every process has run, every read model shows it. Then a server is started on it, for its memory. At the
//! end every line is accounted for, and the shop holds together.

use super::Effort;
use crate::{
    folder, invariants,
    machine::bytes_below,
    report::{Report, round},
    server::{self, AS_DAYBOOK, Server},
    shop,
};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

pub(super) async fn run(_effort: Effort) -> anyhow::Result<Report> {
    let folder = folder::for_run()?;
    let start = Instant::now();
    let (summary, took) = import(folder.path())?;
    let number = |name: &str| summary[name].as_u64().with_context(|| format!("the report has no {name}"));
    let (lines, events) = (number("lines_total")?, number("events")?);
    ensure!(number("lines_imported")? + number("lines_rejected")? == lines, "lines were lost: {summary}");
    let data = folder.path().join("shop");
    let (server, _) = Server::start(&data).await?;
    shop::settle(&server).await?;
    let visible = start.elapsed().as_secs_f64();
    let mut report = Report::bare("events", true, events as f64 / took.as_secs_f64());
    report.add("seconds", round(took.as_secs_f64()));
    report.add("seconds_until_a_server_shows_it", round(visible));
    report.add("lines_per_s", round(lines as f64 / took.as_secs_f64()));
    report.add("log_bytes_per_event", round(number("log_bytes")? as f64 / events as f64));
    report.add("server_rss_mib", server.process().rss_mib());
    report.add("server_peak_rss_mib", server.process().peak_rss_mib());
    report.add("read_models_mib", bytes_below(&data.join("read")) >> 20);
    report.add("verified_in_s", invariants::verify(server, &data)?);
    report.add("summary", summary);
    Ok(report)
}

/// Imports the bundled year into `folder/shop` with the real command; the report's summary and the time it took.
pub(super) fn import(folder: &Path) -> anyhow::Result<(Value, Duration)> {
    let (file, report) = (folder.join("online-retail.csv.zst"), folder.join("report.json"));
    std::fs::write(&file, daybook_import::bundled())?;
    let start = Instant::now();
    let status = server::program(AS_DAYBOOK)?
        .args(["import", "online-retail"])
        .arg(&file)
        .arg("--data")
        .arg(folder.join("shop"))
        .arg("--report")
        .arg(&report)
        .stdout(Stdio::null())
        .status()?;
    let took = start.elapsed();
    ensure!(status.success(), "the import ended with {status}");
    let text = std::fs::read(&report).context("the import wrote no report")?;
    let mut report: Value = serde_json::from_slice(&text)?;
    Ok((report["summary"].take(), took))
}
