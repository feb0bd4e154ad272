//! An export of tables: which files there are, where it got to, how it goes on.
//!
//! One file per event type and per list that is a table of its own (`OrderPlaced.lines`), or one of each per day in Hive's
//! folders (`day=2011-06-30`). However many days
//! there are, only so many files are open at a time and only so much waits in memory: the one that was not written
//! to for longest is ended, and a later event of its day begins another file beside it.

use super::{Partition, Written, columns::lists, parquet::ParquetTable};
use crate::{selection::Selection, source::Opened, when};
use ahash::AHashMap;
use anyhow::Context as _;
use daybook_event_log::RecordedEvent;
use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path};

/// The file in the folder that says how far it got.
const PROGRESS: &str = "progress.json";
/// After so many events the files are ended and new ones begun, so that an interruption costs no more than these.
const PART_EVENTS: u64 = 4_000_000;
/// Files open at a time.
const MOST_OPEN: usize = 256;
/// Bytes of payload waiting to be written, over all files.
const MOST_WAITING: usize = 64 << 20;

/// How far the export got.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reached {
    /// Everything up to here that was asked for is in whole files.
    position: u64,
    #[serde(default)]
    partition: Partition,
}

/// Writes the tables to `folder`; a folder that is not empty is only gone on with.
pub(super) async fn write(
    opened: &Opened,
    selection: &Selection,
    partition: Partition,
    folder: &Path,
    resume: bool,
) -> anyhow::Result<Written> {
    let named = || format!("{}", folder.display());
    let reached = begin(folder, partition, resume).with_context(named)?;
    let (from, to) = selection.stretch(opened).await?;
    let mut written = Written::default();
    let mut first = from.max(reached + 1);
    while first <= to {
        let last = first.saturating_add(PART_EVENTS - 1).min(to);
        let mut tables = Tables { folder, partition, open: AHashMap::new(), clock: 0, waiting: 0, bytes: 0 };
        let take = |event: &RecordedEvent| {
            if !selection.wants(event) {
                return Ok(());
            }
            written.events += 1;
            let day = when::day_of(selection.by.of(event));
            tables.add(event, day).with_context(|| format!("position {}", event.position()))
        };
        opened.scan("exporting", (first, last), take).await?;
        written.bytes += tables.finish()?;
        let reached = serde_json::to_vec(&Reached { position: last, partition })?;
        let path = folder.join(PROGRESS);
        fs::write(path.with_extension("new"), reached)?;
        fs::rename(path.with_extension("new"), path)?;
        first = last + 1;
    }
    Ok(written)
}

fn begin(folder: &Path, partition: Partition, resume: bool) -> anyhow::Result<u64> {
    fs::create_dir_all(folder)?;
    match fs::read(folder.join(PROGRESS)) {
        Ok(reached) if resume => {
            let reached: Reached = serde_json::from_slice(&reached).context(PROGRESS)?;
            anyhow::ensure!(
                reached.partition == partition,
                "it was begun with another --partition; name the same one, or a new folder"
            );
            remove_after(folder, reached.position)?;
            Ok(reached.position)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let empty = fs::read_dir(folder)?.next().is_none();
            // Without a note of how far it got, only files of a part that was not finished can be here.
            anyhow::ensure!(
                empty || resume,
                "the folder is not empty; name a new one, or go on with it by --resume"
            );
            remove_after(folder, 0)?;
            Ok(0)
        }
        Ok(_) => anyhow::bail!("there is an export already; name a new folder, or go on with it by --resume"),
        Err(error) => Err(error.into()),
    }
}

/// Removes what was written after `position`: it is written again. Files that are not of an export stay.
fn remove_after(folder: &Path, position: u64) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_after(&entry.path(), position)?;
        } else if super::parquet::first_position(&entry.path()).is_some_and(|first| first > position) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The files that are being written.
struct Tables<'f> {
    folder: &'f Path,
    partition: Partition,
    /// By table (an event type, or a list of one) and, where that makes a difference, day; with when they were last written
    /// to.
    open: AHashMap<(Box<str>, i64), (ParquetTable, u64)>,
    /// Counts events.
    clock: u64,
    /// Bytes of payload that wait.
    waiting: usize,
    /// Bytes of finished files.
    bytes: u64,
}

impl Tables<'_> {
    fn add(&mut self, event: &RecordedEvent, day: i64) -> anyhow::Result<()> {
        let day = if self.partition == Partition::Day { day } else { 0 };
        self.clock += 1;
        self.add_to(event, None, day)?;
        for list in lists(event.aggregate(), event.event_type()) {
            self.add_to(event, Some(list), day)?;
        }
        Ok(())
    }

    fn add_to(&mut self, event: &RecordedEvent, list: Option<&'static str>, day: i64) -> anyhow::Result<()> {
        let key = (table_name(event, list).into_boxed_str(), day);
        let (table, used) = match self.open.get_mut(&key) {
            Some(open) => open,
            None => {
                self.make_room()?;
                let table = self.begin(event, list, day)?;
                self.open.entry(key).or_insert((table, 0))
            }
        };
        *used = self.clock;
        let before = table.waiting();
        table.add(event)?;
        self.waiting = (self.waiting + table.waiting()).saturating_sub(before);
        if self.waiting > MOST_WAITING { self.write_largest() } else { Ok(()) }
    }

    /// Ends the file that was not written to for longest, if there are as many as there may be.
    fn make_room(&mut self) -> anyhow::Result<()> {
        if self.open.len() < MOST_OPEN {
            return Ok(());
        }
        let oldest = self.open.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
        if let Some((table, _)) = oldest.and_then(|key| self.open.remove(&key)) {
            self.waiting = self.waiting.saturating_sub(table.waiting());
            self.bytes += table.finish()?;
        }
        Ok(())
    }

    fn write_largest(&mut self) -> anyhow::Result<()> {
        if let Some((table, _)) = self.open.values_mut().max_by_key(|(table, _)| table.waiting()) {
            self.waiting = self.waiting.saturating_sub(table.waiting());
            table.flush()?;
        }
        Ok(())
    }

    /// `OrderPlaced/000000000001.parquet` or `OrderPlaced/day=2011-06-30/000000000001.parquet`: the number is the
    /// position of the first event in it.
    fn begin(
        &self,
        event: &RecordedEvent,
        list: Option<&'static str>,
        day: i64,
    ) -> anyhow::Result<ParquetTable> {
        let mut folder = self.folder.join(table_name(event, list));
        if self.partition == Partition::Day {
            folder.push(format!("day={}", when::date(day)));
        }
        fs::create_dir_all(&folder)?;
        ParquetTable::begin(&folder, event, list)
    }

    /// Ends all files; answers the size of all there were.
    fn finish(self) -> anyhow::Result<u64> {
        let mut bytes = self.bytes;
        for (table, _) in self.open.into_values() {
            bytes += table.finish()?;
        }
        Ok(bytes)
    }
}

/// `OrderPlaced`, or `OrderPlaced.lines` for a list of it.
fn table_name(event: &RecordedEvent, list: Option<&str>) -> String {
    let named = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut name: String = event.event_type().chars().map(named).collect();
    if let Some(list) = list {
        name.push('.');
        name.push_str(list);
    }
    name
}
