//! `daybook import`: takes over what was sold before, through the same commands as everything else, without
//! serving.

use super::{progress::ImportProgress, serve::Signals};
use crate::{Daybook, ServeOptions};
use anyhow::Context;
use clap::{Args, Subcommand};
use daybook_import::{ImportOptions, Report, import_online_retail};
use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

#[derive(Subcommand)]
pub(super) enum Import {
    /// A year of trade in the format of the UCI data set "Online Retail" (CSV, or CSV compressed with zstd)
    OnlineRetail(OnlineRetail),
}

#[derive(Args)]
pub(super) struct OnlineRetail {
    /// The file
    #[arg(env = "DAYBOOK_IMPORT_FILE", value_name = "FILE")]
    file: PathBuf,

    /// Directory that holds the shop; made if it is not there
    #[arg(long, env = "DAYBOOK_DATA", value_name = "DIR")]
    data: PathBuf,

    /// Where to write the report as JSON: what was imported, and every rejected line with its reason
    #[arg(long, env = "DAYBOOK_REPORT", value_name = "FILE")]
    report: Option<PathBuf>,

    /// Which books the file is from; invoices of one source are imported once
    #[arg(long, env = "DAYBOOK_IMPORT_SOURCE", value_name = "NAME", default_value = "online-retail")]
    source: String,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Self::OnlineRetail(OnlineRetail { file, data, report, source }) = self;
        let mut signals = Signals::listen()?;
        let opened = File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let daybook = Daybook::open(ServeOptions { unattended: true, ..ServeOptions::new(data) }).await?;
        let imported = tokio::select! {
            imported = import(&daybook, opened, ImportOptions { source }) => imported,
            signal = signals.first() => {
                signals.next_ends_at_once();
                daybook.shutdown().await?;
                // Being told to stop is no failure; whoever has to know whether it is whole looks for the report.
                println!("stopped by a signal ({signal}), not all is imported; start the same import again, it goes on where it was");
                return Ok(());
            }
        };
        let written = imported.and_then(|imported| {
            if let Some(report) = &report {
                write_report(report, &imported)?;
            }
            Ok(imported)
        });
        daybook.shutdown().await?;
        print!("{}", summary(&written?)?);
        Ok(())
    }
}

/// Imports a file into an open shop, and shows how far it is.
pub(super) async fn import(
    daybook: &Daybook,
    file: impl Read,
    options: ImportOptions,
) -> anyhow::Result<Report> {
    let shown = ImportProgress::new();
    let report =
        import_online_retail(daybook.engine(), file, options, |progress| shown.show(progress)).await?;
    show_everything(daybook).await?;
    Ok(report)
}

/// Waits until the read models show what was imported, and says so if that takes a while.
async fn show_everything(daybook: &Daybook) -> anyhow::Result<()> {
    let (models, head) = (daybook.read_models(), *daybook.engine().log().head().borrow());
    while models.wait_for(head, Duration::from_secs(2)).await.is_err() {
        if let Some(failure) = models.failure() {
            return Err(failure).context("the read models stopped");
        }
        eprintln!("read models: {} events to go", models.lag());
    }
    Ok(())
}

/// Writes the report so that a reader never sees half of it.
pub(super) fn write_report(path: &Path, report: &Report) -> anyhow::Result<()> {
    let unfinished = path.with_extension("new");
    let write = || {
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            fs::create_dir_all(dir)?;
        }
        let mut text = serde_json::to_vec_pretty(report)?;
        text.push(b'\n');
        fs::write(&unfinished, text)?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| format!("cannot write the report {}", path.display()))
}

/// What an import came to, for people: the report's summary, a figure a line. The report itself has them in full.
pub(super) fn summary(report: &Report) -> anyhow::Result<String> {
    let serde_json::Value::Object(figures) = serde_json::to_value(&report.summary)? else {
        anyhow::bail!("the report has no summary");
    };
    let mut text = String::new();
    for (name, value) in figures {
        let shown = match (name.as_str(), value.as_f64()) {
            ("seconds", Some(seconds)) => format!("{seconds:.1}"),
            _ => grouped(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        };
        text.push_str(&format!("  {:<16} {shown}\n", name.replace('_', " ")));
    }
    Ok(text)
}

/// A decimal number with its thousands apart: `9 747 747.934`.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.find('.').map_or((number, ""), |at| number.split_at(at));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut apart = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            apart.push('\u{a0}');
        }
        apart.push(digit);
    }
    format!("{sign}{apart}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart_and_keep_their_decimals() {
        let shown = |number| grouped(number).replace('\u{a0}', " ");
        assert_eq!(shown("9747747.934"), "9 747 747.934");
        assert_eq!(shown("-1234"), "-1 234");
        assert_eq!(shown("541"), "541");
    }
}
