//! The imported year as files, in every format that `daybook-replay export` writes: events per second and the files'
//! sizes. The figure at the top is JSON Lines'. At the end every format says that it wrote every event, and the lines
//! of the text formats are counted.

use super::{Effort, year::Year};
use crate::{
    folder,
    machine::bytes_below,
    report::{Report, round},
    server::replay_tool,
};
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use std::{io::Read as _, path::Path};

const FORMATS: [&str; 4] = ["jsonl", "cloudevents", "csv", "parquet"];

pub(super) async fn run(_effort: Effort) -> anyhow::Result<Report> {
    let year = Year::get().await?;
    let folder = folder::for_run()?;
    let mut report = Report::bare("events", false, 0.0);
    report.add("events", year.events);
    for format in FORMATS {
        let out = folder.path().join(format);
        let said = replay(&year, &["export", "--format", format, "--out", &out.display().to_string()])?;
        let rate = said["events_per_second"].as_f64().context("the export names no rate")?;
        ensure!(said["events"] == year.events, "{format}: {said} are not {} events", year.events);
        let bytes = if out.is_dir() { bytes_below(&out) } else { out.metadata()?.len() };
        if format == "jsonl" || format == "cloudevents" {
            let lines = lines(&out)?;
            ensure!(lines == year.events, "{format} has {lines} lines for {} events", year.events);
        }
        if format == FORMATS[0] {
            report.throughput_per_s = rate;
        }
        let bytes_per_event = round(bytes as f64 / year.events as f64);
        report.add(
            format,
            json!({
                "events_per_s": rate,
                "mib": bytes >> 20,
                "bytes_per_event": bytes_per_event,
                "mib_per_s": round(rate * bytes_per_event / (1 << 20) as f64),
            }),
        );
    }
    Ok(report)
}

/// What `daybook-replay --json` says to a command.
pub(super) fn replay(year: &Year, arguments: &[&str]) -> anyhow::Result<Value> {
    let output = replay_tool(&year.data)?.args(arguments).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "daybook-replay {arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).with_context(|| format!("the answer to {arguments:?}"))
}

fn lines(path: &Path) -> anyhow::Result<u64> {
    let (mut file, mut buffer, mut lines) = (std::fs::File::open(path)?, vec![0; 1 << 20], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(lines);
        }
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
    }
}
