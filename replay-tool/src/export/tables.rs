//! An export of tables: which files there are, where it got to, how it goes on.

use super::{Written, parquet::Table};
use crate::{selection::Selection, source::Opened};
use anyhow::Context as _;
use daybook_event_log::RecordedEvent;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, io, path::Path};

/// The file in the folder that says how far it got.
const PROGRESS: &str = "progress.json";
/// After so many events the files are ended and new ones begun, so that an interruption costs no more than these.
const PART_EVENTS: u64 = 4_000_000;

/// How far the export got.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reached {
    /// Everything up to here that was asked for is in whole files.
    position: u64,
}

/// Writes the tables to `folder`; a folder that is not empty is only gone on with.
pub(super) async fn write(
    opened: &Opened,
    selection: &Selection,
    folder: &Path,
    resume: bool,
) -> anyhow::Result<Written> {
    let named = || format!("{}", folder.display());
    let reached = begin(folder, resume).with_context(named)?;
    let (from, to) = selection.stretch(opened).await?;
    let mut written = Written::default();
    let mut first = from.max(reached + 1);
    while first <= to {
        let last = first.saturating_add(PART_EVENTS - 1).min(to);
        part(opened, selection, folder, (first, last), &mut written).await?;
        let reached = serde_json::to_vec(&Reached { position: last })?;
        let path = folder.join(PROGRESS);
        fs::write(path.with_extension("new"), reached)?;
        fs::rename(path.with_extension("new"), path)?;
        first = last + 1;
    }
    Ok(written)
}

fn begin(folder: &Path, resume: bool) -> anyhow::Result<u64> {
    fs::create_dir_all(folder)?;
    match fs::read(folder.join(PROGRESS)) {
        Ok(reached) if resume => {
            let reached: Reached = serde_json::from_slice(&reached).context(PROGRESS)?;
            Ok(reached.position)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let empty = fs::read_dir(folder)?.next().is_none();
            // Without a note of how far it got, only unfinished first files can be here.
            anyhow::ensure!(
                empty || resume,
                "the folder is not empty; name a new one, or go on with it by --resume"
            );
            Ok(0)
        }
        Ok(_) => anyhow::bail!("there is an export already; name a new folder, or go on with it by --resume"),
        Err(error) => Err(error.into()),
    }
}

async fn part(
    opened: &Opened,
    selection: &Selection,
    folder: &Path,
    stretch: (u64, u64),
    written: &mut Written,
) -> anyhow::Result<()> {
    let mut tables: BTreeMap<Box<str>, Table> = BTreeMap::new();
    opened
        .scan("exporting", stretch, |event| {
            if !selection.wants(event) {
                return Ok(());
            }
            written.events += 1;
            let table = match tables.get_mut(event.event_type()) {
                Some(table) => table,
                None => tables.entry(event.event_type().into()).or_insert(open(folder, event, stretch.0)?),
            };
            table.add(event).with_context(|| format!("position {}", event.position()))
        })
        .await?;
    for table in tables.into_values() {
        written.bytes += table.finish()?;
    }
    Ok(())
}

/// `OrderPlaced/000000000001.parquet`: the number is the position from which on events were looked at.
fn open(folder: &Path, event: &RecordedEvent, first: u64) -> anyhow::Result<Table> {
    let named = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let folder = folder.join(event.event_type().chars().map(named).collect::<String>());
    fs::create_dir_all(&folder)?;
    Table::begin(folder.join(format!("{first:012}.parquet")), event.aggregate(), event.event_type())
}
