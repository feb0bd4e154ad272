//! `rebuild`: fills the read models of a stopped shop again, beside the old ones, and switches when they are
//! whole. The one command that writes to a data directory, and only to what can be made again from the log.

use crate::{
    cli::{ToolVerdict, Usage},
    out::{Out, Tone, count},
    progress::Progress,
    source::{Opened, Source},
    verify::hold_read_models,
};
use anyhow::Context as _;
use clap::Args;
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, Position};
use daybook_projections::{Options, ReadModels};
use daybook_search::{Search, SearchConfig};
use daybook_views::Views;
use serde_json::json;
use std::{
    fs::{self, File},
    path::Path,
    sync::Arc,
};

const EXAMPLES: &str = "\
Examples:
  daybook-replay --data ./shop rebuild          stop the shop first; interrupted, the same command goes on
  daybook-replay --data ./shop rebuild && daybook-replay --data ./shop verify
  daybook-replay --data ./node --store postgres://… rebuild    a node's read models from the log on the server

The new read models are filled in DATA/read.new, and take the place of DATA/read when they stand at the log's end
with nothing left aside. Running shops rebuild a single read model by themselves, over their admin interface.";

/// `rebuild`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rebuild {
    /// Leave the search index out (the shop then fills it by itself when it starts)
    #[arg(long, env = "DAYBOOK_REPLAY_SKIP_SEARCH")]
    skip_search: bool,
}

/// Events between two looks at the clock; each stretch is committed, so this much may be lost by an interruption.
const STRETCH: u64 = 250_000;

impl Rebuild {
    pub(crate) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let data = source.data.as_deref().ok_or_else(|| Usage(WHICH_NODE.to_owned()))?;
        let (log, _loaded) = open(source, data).await?;
        let head = log.head().borrow().get();
        // Where the log is not this node's own, its read models are what says whether it runs.
        let held = hold_read_models(&data.join("read"))?;
        anyhow::ensure!(
            held.is_some(),
            "the read models in {} are in use by a running shop; stop it first",
            data.join("read").display()
        );
        let (old, new, aside) = (data.join("read"), data.join("read.new"), data.join("read.old"));
        let filled = self.fill(&log, head, &new).await?;
        if !filled.aside.is_empty() {
            for line in &filled.aside {
                out.line(format_args!("{} {line}", out.tone(Tone::Bad, "WRONG:")))?;
            }
            out.line("The old read models stay; what was filled is removed.")?;
            fs::remove_dir_all(&new)?;
            return Ok(ToolVerdict::Found);
        }
        drop(held);
        switch(&old, &new, &aside).with_context(|| format!("{}", old.display()))?;
        log.close().await?;
        if out.json {
            out.json(&json!({
                "events": filled.events, "position": head, "rows": filled.rows,
                "seconds": filled.seconds, "events_per_second": filled.rate,
            }))?;
        } else {
            let (events, rows, rate) = (count(filled.events), count(filled.rows), count(filled.rate));
            let seconds = filled.seconds;
            out.line(format_args!("{events} events into {rows} rows in {seconds:.1} s ({rate} events/s)"))?;
            out.line(format_args!("{} now answers up to position {head}", old.display()))?;
        }
        Ok(ToolVerdict::AllIsWell)
    }

    async fn fill(&self, log: &Arc<dyn EventLog>, head: u64, new: &Path) -> anyhow::Result<Filled> {
        let search = (!self.skip_search).then(|| Search::default().definition(SearchConfig::default()));
        let more = search.into_iter().collect();
        let models =
            Views::open_with(new, Options::default(), more).with_context(|| format!("{}", new.display()))?;
        let least =
            |models: &ReadModels| models.freshness().iter().map(|one| one.position).min().unwrap_or(0);
        // Where each stands is known only when all have been looked at; this applies nothing.
        models.catch_up(log, Some(Position::ZERO)).await?;
        let begun = least(&models);
        let mut progress = Progress::new("rebuilding", head.saturating_sub(begun));
        let mut reached = begun;
        while reached < head {
            let until = reached.saturating_add(STRETCH).min(head);
            models.catch_up(log, Some(Position::new(until))).await?;
            reached = until;
            progress.reach(reached - begun);
        }
        let mut aside = Vec::new();
        let mut rows = 0;
        for name in models.names().collect::<Vec<_>>() {
            for letter in models.dead_letters(name, 100)? {
                let (position, error) = (letter.position, letter.error.unwrap_or_default());
                aside.push(format!("read model {name} cannot take position {position}: {error}"));
            }
            rows += models.rows(name)?.len() as u64;
        }
        let standing = least(&models);
        if standing < head {
            aside.push(format!("a read model stands at {standing}, and the log ends at {head}"));
        }
        models.shutdown()?;
        let events = head - begun;
        Ok(Filled {
            events,
            rows,
            seconds: progress.elapsed().as_secs_f64(),
            rate: progress.rate(events),
            aside,
        })
    }
}

const WHICH_NODE: &str =
    "read models are in a data directory: name it with --data, also where the log is on a server (--store)";

/// The log that fills the read models, in such a way that no shop can start meanwhile where the log is its own.
async fn open(source: &Source, data: &Path) -> anyhow::Result<(Arc<dyn EventLog>, Option<Opened>)> {
    if source.store.is_some() || source.file.is_some() {
        anyhow::ensure!(data.is_dir(), "{} is not a directory; name a node's data directory", data.display());
        let opened = source.open().await?;
        return Ok((opened.log.clone(), Some(opened)));
    }
    let folder = data.join("log");
    anyhow::ensure!(
        folder.is_dir(),
        "{} has no log; name a shop's data directory, and with --store where its log is on a server",
        data.display()
    );
    // Opened for writing, though nothing is written: so no shop can start meanwhile.
    let log = EmbeddedLog::open(&folder, EmbeddedOptions { compress: false, ..EmbeddedOptions::default() })?;
    Ok((Arc::new(log), None))
}

struct Filled {
    events: u64,
    rows: u64,
    seconds: f64,
    rate: u64,
    /// What could not be applied.
    aside: Vec<String>,
}

/// At every moment either the old or the new ones, or both, are there whole; a shop that finds none fills them.
fn switch(old: &Path, new: &Path, aside: &Path) -> std::io::Result<()> {
    if aside.exists() {
        fs::remove_dir_all(aside)?;
    }
    if old.exists() {
        fs::rename(old, aside)?;
    }
    fs::rename(new, old)?;
    if let Some(folder) = old.parent() {
        File::open(folder)?.sync_all()?;
    }
    if aside.exists() {
        fs::remove_dir_all(aside)?;
    }
    Ok(())
}
