//! `export`: events as files that other tools open. Filters, resumes after an interruption, shows progress.

mod cells;
mod columns;
mod line;
mod parquet;
mod resume;
mod tables;

use crate::{
    cli::{ToolVerdict, Usage},
    out::{Out, count, size},
    progress::Progress,
    selection::Selection,
    source::{Opened, Source},
};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use line::Form;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  daybook-replay --data ./shop export --out events.jsonl                          all of it; --file reads it again
  daybook-replay --data ./shop export --format csv --type OrderPlaced,OrderShipped --since 2011-01-01 --out orders.csv
  daybook-replay --data ./shop export --format jsonl --stream inventory-85123A --out - | jq .payload
  daybook-replay --data ./shop export --format jsonl --out events.jsonl --resume  what has come since, or is left
  daybook-replay --data ./shop export --format parquet --out ./tables
    duckdb -c \"select date_trunc('month', occurred_at), count(*), sum(total_minor)
               from 'tables/OrderPlaced/*.parquet' group by 1 order by 1\"

  daybook-replay --data ./shop export --format parquet --partition day --out ./days
    duckdb -c \"select day, count(*) from 'days/OrderPlaced/*/*.parquet' where day >= '2011-11-01' group by 1\"
    pandas.read_parquet('days/OrderPlaced'), polars.read_parquet('days/OrderPlaced/**/*.parquet')

  duckdb -c \"select sku, sum(quantity), sum(net_minor) from 'tables/OrderPlaced.lines/*.parquet' group by 1\"

Parquet times are UTC in microseconds; every table has the whole payload as JSON text in its last column. The lines of
orders have tables of their own, OrderPlaced.lines, OrderPlaced.charges, OrderShipped.lines and OrderReturned.lines, with
a row an entry; stream and position join them to their events. Days are UTC days on which it happened (--by recorded:
was written down).";

/// `export`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    /// What to write
    #[arg(long, env = "DAYBOOK_REPLAY_FORMAT", value_enum, default_value_t = Format::Jsonl)]
    format: Format,

    /// The file to write, or - for standard output; for Parquet the folder
    #[arg(long, env = "DAYBOOK_REPLAY_OUT", value_name = "PATH")]
    out: PathBuf,

    /// For Parquet: one file per event type, or one per event type and day
    #[arg(long, env = "DAYBOOK_REPLAY_PARTITION", value_enum, default_value_t = Partition::None)]
    partition: Partition,

    /// Go on after the last whole event of what is there already (with the same filters)
    #[arg(long, env = "DAYBOOK_REPLAY_RESUME")]
    resume: bool,

    #[command(flatten)]
    selection: Selection,
}

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line, with the event's fields in `payload`
    Jsonl,
    /// CloudEvents 1.0, one JSON object a line, with the event's fields in `data`
    Cloudevents,
    /// A table with the event's fields as JSON text in its last column
    Csv,
    /// A folder per event type, with the event's fields as typed columns, for DuckDB, pandas, Polars
    Parquet,
}

/// How tables are divided into files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Partition {
    /// One file per event type (and another one for each four million events looked at)
    #[default]
    None,
    /// Folders like day=2011-06-30 within each event type's, as Hive has them
    Day,
}

/// What was written.
#[derive(Debug, Default)]
struct Written {
    events: u64,
    bytes: u64,
}

impl Export {
    pub(crate) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        if self.partition == Partition::Day && self.format != Format::Parquet {
            return Err(
                Usage("--partition is for --format parquet; the others are one file".to_owned()).into()
            );
        }
        let form = match self.format {
            Format::Jsonl => Form::JsonLines,
            Format::Cloudevents => Form::CloudEvents,
            Format::Csv => Form::Csv,
            Format::Parquet => return self.run_tables(source, out).await,
        };
        if self.out == Path::new("-") {
            if self.resume {
                return Err(
                    Usage("--resume needs a file to go on with; name one with --out".to_owned()).into()
                );
            }
            let opened = source.open().await?;
            self.lines(&opened, form, 0, true, out).await?;
            return Ok(ToolVerdict::AllIsWell);
        }
        let opened = source.open().await?;
        let (file, after, fresh) = self.target(form)?;
        let mut to = BufWriter::with_capacity(1 << 20, file);
        let progress = Progress::new("exporting", 0);
        let written = self.lines(&opened, form, after, fresh, &mut to).await?;
        to.into_inner()?.sync_all().with_context(|| format!("{}", self.out.display()))?;
        self.say(&written, &progress, out)?;
        Ok(ToolVerdict::AllIsWell)
    }

    async fn run_tables(&self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        if self.out == Path::new("-") {
            return Err(Usage("Parquet needs a folder; name one with --out".to_owned()).into());
        }
        let opened = source.open().await?;
        let progress = Progress::new("exporting", 0);
        let written = tables::write(&opened, &self.selection, self.partition, &self.out, self.resume).await?;
        self.say(&written, &progress, out)?;
        Ok(ToolVerdict::AllIsWell)
    }

    /// The file, the position of the last event it has, and whether it is a new one.
    fn target(&self, form: Form) -> anyhow::Result<(File, u64, bool)> {
        let named = || format!("{}", self.out.display());
        if self.resume && self.out.exists() {
            let (file, after) = resume::reopen(&self.out, form).with_context(named)?;
            let fresh = file.metadata().with_context(named)?.len() == 0;
            return Ok((file, after, fresh));
        }
        let created = OpenOptions::new().write(true).create_new(true).open(&self.out);
        let file = created.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                anyhow::anyhow!("it is there already; name another file, or go on with this one by --resume")
            }
            _ => error.into(),
        });
        Ok((file.with_context(named)?, 0, true))
    }

    async fn lines(
        &self,
        opened: &Opened,
        form: Form,
        after: u64,
        fresh: bool,
        to: &mut impl Write,
    ) -> anyhow::Result<Written> {
        let mut written = Written::default();
        if fresh && let Some(head) = form.head() {
            to.write_all(head)?;
            written.bytes += head.len() as u64;
        }
        let (from, until) = self.selection.stretch(opened).await?;
        let mut buffer = Vec::with_capacity(4_096);
        opened
            .scan("exporting", (from.max(after + 1), until), |event| {
                if self.selection.wants(event) {
                    buffer.clear();
                    form.write(event, &mut buffer)
                        .with_context(|| format!("position {}", event.position()))?;
                    to.write_all(&buffer)?;
                    written.events += 1;
                    written.bytes += buffer.len() as u64;
                }
                Ok(())
            })
            .await?;
        to.flush()?;
        Ok(written)
    }

    fn say(&self, written: &Written, progress: &Progress, out: &mut Out) -> anyhow::Result<()> {
        let (seconds, rate) = (progress.elapsed().as_secs_f64(), progress.rate(written.events));
        if out.json {
            return out.json(&json!({
                "out": self.out,
                "events": written.events,
                "bytes": written.bytes,
                "seconds": seconds,
                "events_per_second": rate,
            }));
        }
        let (events, bytes, rate) = (count(written.events), size(written.bytes), count(rate));
        let path = self.out.display();
        Ok(out.line(format_args!("{path}: {events} events, {bytes} in {seconds:.1} s ({rate} events/s)"))?)
    }
}
