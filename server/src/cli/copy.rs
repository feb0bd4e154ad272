//! `daybook copy`: moves a shop's events between a data directory and a Postgres server, to the byte, and compares
//! both afterwards. Read models are not copied: they are made again from the log.

use super::wrong;
use crate::{Store, data_dir::DataDir};
use anyhow::{Context, bail};
use clap::Args;
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, LogImport, Position, compare, copy};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use std::{
    io::IsTerminal,
    path::PathBuf,
    str::FromStr,
    time::{Duration, Instant},
};

/// How long a server is waited for.
const WAIT_FOR_SERVER: Duration = Duration::from_secs(15);

#[derive(Args)]
pub(super) struct Copy {
    /// Where the events are: embedded:DIR, or postgres://user:password@host:port/database
    #[arg(long, env = "DAYBOOK_COPY_FROM", value_name = "PLACE", hide_env_values = true)]
    from: String,

    /// Where to copy them: a new DIR or an empty database, or one that an earlier copy was interrupted in
    #[arg(long, env = "DAYBOOK_COPY_TO", value_name = "PLACE", hide_env_values = true)]
    to: String,
}

/// One end of a copy.
#[derive(Clone)]
enum Place {
    Embedded(PathBuf),
    Postgres(PostgresOptions),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(folder) = text.strip_prefix("embedded:").filter(|folder| !folder.is_empty()) {
            return Ok(Self::Embedded(folder.into()));
        }
        match text.parse() {
            Ok(Store::Postgres(options)) => {
                Ok(Self::Postgres(PostgresOptions { connect_for: WAIT_FOR_SERVER, ..options }))
            }
            _ => Err("expected embedded:DIR, or postgres://user:password@host:port/database".to_owned()),
        }
    }
}

impl Place {
    /// Where events are copied from; a server is not changed by it.
    async fn source(&self) -> anyhow::Result<Box<dyn LogImport>> {
        match self {
            Self::Embedded(_) => self.open().await,
            Self::Postgres(options) => Ok(Box::new(PostgresLog::open_read_only(options.clone()).await?)),
        }
    }

    async fn open(&self) -> anyhow::Result<Box<dyn LogImport>> {
        Ok(match self {
            Self::Embedded(folder) => {
                let dir = DataDir::open(folder)?;
                Box::new(EmbeddedLog::open(dir.log(), EmbeddedOptions::default())?)
            }
            Self::Postgres(options) => Box::new(PostgresLog::connect(options.clone()).await?),
        })
    }
}

impl Copy {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let from: Place = self.from.parse().map_err(|error| wrong("--from", &error))?;
        let to: Place = self.to.parse().map_err(|error| wrong("--to", &error))?;
        if let Place::Embedded(folder) = &from
            && !folder.is_dir()
        {
            bail!(
                "{} does not exist, so there is nothing to copy; name the shop's data directory",
                folder.display()
            );
        }
        let from = from.source().await.context("cannot open what to copy from")?;
        let to = to.open().await.context("cannot open what to copy to")?;
        let mut shown = CopyProgress::new();
        let copied = copy(&*from, &*to, |reached, head| shown.show(reached, head)).await;
        copied.context("the copy was interrupted; the same command goes on with it")?;
        eprintln!("copied; now comparing every event");
        let both = compare(&*from, &*to).await.context("the copy is not the same as the original")?;
        from.close().await?;
        to.close().await?;
        println!("{both} events copied and compared: both logs are the same to the byte");
        Ok(())
    }
}

/// Progress: a line that is written over on a terminal, one every few seconds elsewhere.
struct CopyProgress {
    began: Instant,
    /// Where it went on.
    first: Option<Position>,
    last: Option<Instant>,
    terminal: bool,
}

impl CopyProgress {
    fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { began: Instant::now(), first: None, last: None, terminal }
    }

    fn show(&mut self, reached: Position, head: Position) {
        let first = *self.first.get_or_insert(reached);
        let pause = Duration::from_millis(if self.terminal { 200 } else { 2_000 });
        let done = reached >= head;
        if !done && self.last.is_some_and(|last| last.elapsed() < pause) {
            return;
        }
        self.last = Some(Instant::now());
        let took_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = reached.get().saturating_sub(first.get()).saturating_mul(1_000) / took_ms;
        let line = format!("{reached} of {head} events, {rate} events/s");
        match (self.terminal, done) {
            (true, false) => eprint!("\r{line}   "),
            (true, true) => eprintln!("\r{line}   "),
            (false, _) => eprintln!("{line}"),
        }
    }
}
