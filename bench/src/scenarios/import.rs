//! The bundled year of a real retailer's trade, imported through commands into an empty shop: everything is on
//! disk, every process has run, every read model shows it.

use super::Effort;
use crate::{report::Report, server};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

pub(super) async fn run(_effort: Effort) -> anyhow::Result<Report> {
    let folder = server::folder()?;
    let (summary, seconds) = import(folder.path())?;
    let number = |name: &str| summary[name].as_u64().with_context(|| format!("the report has no {name}"));
    let mut report = Report::bare("import", "events", true, number("events")? as f64 / seconds.as_secs_f64());
    ensure!(
        number("lines_imported")? + number("lines_rejected")? == number("lines_total")?,
        "lines were lost: {summary}"
    );
    report.add("seconds", seconds.as_secs_f64());
    report.add("lines_per_s", number("lines_total")? as f64 / seconds.as_secs_f64());
    report.add("log_bytes_per_event", number("log_bytes")? as f64 / number("events")? as f64);
    report.add("summary", summary);
    Ok(report)
}

/// Imports the bundled year into `folder/shop` with the real command; the report's summary and the time it took.
pub(super) fn import(folder: &Path) -> anyhow::Result<(Value, Duration)> {
    let (file, report) = (folder.join("online-retail.csv.zst"), folder.join("report.json"));
    std::fs::write(&file, daybook_import::bundled())?;
    let start = Instant::now();
    let status = server::daybook()?
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
