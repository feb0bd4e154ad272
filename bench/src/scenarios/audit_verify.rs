//! What an auditor does with the imported year: takes the bundle, and verifies it offline against a checkpoint that
//! was kept. At the end the bundle holds, and the same bundle with one byte changed does not.

use super::{Effort, export::replay, year::Year};
use crate::{
    folder,
    machine::bytes_below,
    report::{Report, round},
    server::{AS_REPLAY, program},
};
use anyhow::{Context as _, ensure};
use std::{fs::File, os::unix::fs::FileExt as _, path::Path, time::Instant};

pub(super) async fn run(_effort: Effort) -> anyhow::Result<Report> {
    let year = Year::get().await?;
    let folder = folder::for_run()?;
    let bundle = folder.path().join("bundle");
    let start = Instant::now();
    let said = replay(&year, &["audit", "export", &bundle.display().to_string()])?;
    let exported = start.elapsed().as_secs_f64();
    ensure!(said["records"] == year.events, "{said}: not {} records", year.events);
    let kept = folder.path().join("kept");
    std::fs::copy(bundle.join("checkpoint"), &kept)?;
    let start = Instant::now();
    let arguments =
        ["audit", "verify", &bundle.display().to_string(), "--checkpoint", &kept.display().to_string()];
    let said = replay(&year, &arguments)?;
    let verified = start.elapsed().as_secs_f64();
    ensure!(said["holds"] == true && said["records"] == year.events, "the bundle does not hold: {said}");
    let rate = said["records_per_second"].as_f64().context("the verification names no rate")?;
    let mut report = Report::bare("records", false, rate);
    report.add("records", year.events);
    report.add("verified_in_s", round(verified));
    report.add("export_records_per_s", round(year.events as f64 / exported));
    report.add("bundle_mib", bytes_below(&bundle) >> 20);
    report.add("tiles_mib", bytes_below(&bundle.join("tile")) >> 20);
    ensure!(!holds_with_a_byte_changed(&bundle, &kept)?, "a changed byte was not noticed");
    Ok(report)
}

fn holds_with_a_byte_changed(bundle: &Path, kept: &Path) -> anyhow::Result<bool> {
    let records = File::options().read(true).write(true).open(bundle.join("records"))?;
    let (at, mut byte) = (records.metadata()?.len() / 2, [0]);
    records.read_exact_at(&mut byte, at)?;
    records.write_all_at(&[byte[0] ^ 1], at)?;
    let status = program(AS_REPLAY)?
        .args(["--json", "audit", "verify"])
        .arg(bundle)
        .arg("--checkpoint")
        .arg(kept)
        .output()?
        .status;
    Ok(status.success())
}
