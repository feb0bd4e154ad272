//! Which log is looked at: a data directory, a Postgres server, or an exported file. Nothing is written to it.

mod json_line;

use crate::{cli::Usage, progress::Progress};
use anyhow::Context as _;
use clap::Args;
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, LogImport, RecordedEvent};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use json_line::read_line;
use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// Above these options in every command's help.
const HEADING: &str = "Which log";
/// Somebody sits and waits: a server that does not answer at once is said not to.
const CONNECT_FOR: Duration = Duration::from_secs(3);

/// Where the log is.
#[derive(Debug, Clone, Args)]
pub(crate) struct Source {
    /// Data directory of a shop, running or not, or a copy of one
    #[arg(long, env = "DAYBOOK_DATA", global = true, value_name = "DIR", help_heading = HEADING)]
    pub(crate) data: Option<PathBuf>,

    /// Postgres server that keeps the log
    #[arg(
        long,
        env = "DAYBOOK_REPLAY_STORE",
        global = true,
        value_name = "postgres://…",
        help_heading = HEADING,
        hide_env_values = true
    )]
    pub(crate) store: Option<String>,

    /// Exported file: all events of a log as JSON Lines or CloudEvents, one a line
    #[arg(
        long,
        env = "DAYBOOK_REPLAY_FILE",
        global = true,
        value_name = "EVENTS.jsonl",
        help_heading = HEADING
    )]
    pub(crate) file: Option<PathBuf>,
}

/// A log that was opened for reading.
pub(crate) struct Opened {
    pub(crate) log: Arc<dyn EventLog>,
    /// The last event there was when it was opened: what comes later is not looked at.
    pub(crate) head: u64,
    /// Holds what was loaded from a file, for as long as it is looked at.
    _loaded: Option<TempDir>,
}

impl Source {
    pub(crate) async fn open(&self) -> anyhow::Result<Opened> {
        let (log, loaded): (Arc<dyn EventLog>, _) = if let Some(file) = &self.file {
            let (log, folder) = load(file).await.with_context(|| format!("{}", file.display()))?;
            (Arc::new(log), Some(folder))
        } else if let Some(url) = &self.store {
            if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
                let problem = "--store names no server: expected postgres://user:password@host:port/database";
                return Err(Usage(problem.to_owned()).into());
            }
            let options = PostgresOptions { connect_for: CONNECT_FOR, ..PostgresOptions::new(url) };
            (Arc::new(PostgresLog::open_read_only(options).await?), None)
        } else {
            (Arc::new(EmbeddedLog::open_read_only(self.log_folder()?)?), None)
        };
        let head = log.head().borrow().get();
        Ok(Opened { log, head, _loaded: loaded })
    }

    /// The data directory, where one is named.
    pub(crate) fn data(&self) -> Result<&Path, Usage> {
        self.data.as_deref().ok_or_else(|| {
            Usage(
                "which shop? name its data directory with --data, or a log with --store or --file".to_owned(),
            )
        })
    }

    /// The log within the data directory; a bare log directory is taken as well.
    fn log_folder(&self) -> anyhow::Result<PathBuf> {
        let data = self.data()?;
        anyhow::ensure!(data.is_dir(), "{} is not a directory; name a shop's data directory", data.display());
        let log = data.join("log");
        Ok(if log.is_dir() { log } else { data.to_owned() })
    }
}

/// Events handed on at a time.
const PAGE: usize = 4_096;

async fn load(path: &Path) -> anyhow::Result<(EmbeddedLog, TempDir)> {
    let file = File::open(path)?;
    let mut progress = Progress::new("loading", file.metadata()?.len());
    let folder = tempfile::Builder::new().prefix("daybook-replay-").tempdir()?;
    let log = EmbeddedLog::open(folder.path(), EmbeddedOptions::default())?;
    let (mut page, mut bytes): (Vec<RecordedEvent>, u64) = (Vec::with_capacity(PAGE), 0);
    let mut input = BufReader::with_capacity(1 << 20, file);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = input.read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        if line.trim_ascii().is_empty() {
            continue;
        }
        page.push(read_line(&line).with_context(|| format!("line {number}"))?);
        if page.len() == PAGE {
            log.append_recorded(&page).await.context(WHOLE)?;
            page.clear();
            progress.reach(bytes);
        }
    }
    log.append_recorded(&page).await.context(WHOLE)?;
    Ok((log, folder))
}

const WHOLE: &str = "a file to be looked at holds all events of a log, in order (an export without filters)";
