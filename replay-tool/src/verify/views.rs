//! The read models as they are against the same ones replayed: row by row.
//!
//! Opening a read store writes to it, so a copy is opened; a store that is in use cannot be copied whole.

use super::{Finding, VerifyReport};
use crate::source::Opened;
use daybook_event_log::Position;
use daybook_projections::{Options, ReadModels};
use daybook_read_store::Row;
use daybook_views::Views;
use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

pub(super) async fn compare(folder: &Path, opened: &Opened, report: &mut VerifyReport) -> anyhow::Result<()> {
    if !folder.join("rows").is_dir() {
        report.notes.push("there are no read models, so none are compared".to_owned());
        return Ok(());
    }
    let Some(_held) = hold_read_models(folder)? else {
        let note =
            "the read models are in use by a running shop and are not compared; stop it, or verify a copy";
        report.notes.push(note.to_owned());
        return Ok(());
    };
    let scratch = tempfile::Builder::new().prefix("daybook-verify-").tempdir()?;
    let (copy, fresh) = (scratch.path().join("copy"), scratch.path().join("fresh"));
    copy_folder(&folder.join("rows"), &copy.join("rows"))?;
    let live = match Views::open(&copy, Options::default()) {
        Ok(live) => live,
        Err(error) => {
            report.found(Finding::Views { detail: error.to_string() });
            return Ok(());
        }
    };
    let (shortest, longest) = reached(&live);
    if shortest != longest || longest.get() > opened.head {
        let detail = format!(
            "they stand at positions {shortest} to {longest} and the log ends at {}; start the shop once and stop it again",
            opened.head
        );
        report.found(Finding::Views { detail });
        return Ok(());
    }
    let replayed = Views::replay(opened.log.clone(), Some(longest), &fresh).await?;
    let mut rows = 0;
    for name in replayed.names().collect::<Vec<_>>() {
        rows += one(name, &live, &replayed, report)?;
    }
    report.rows = Some(rows);
    Ok(())
}

/// Up to where the read models have come: the least and the most.
fn reached(models: &ReadModels) -> (Position, Position) {
    let positions = models.freshness().into_iter().map(|freshness| Position::new(freshness.position));
    let positions: Vec<_> = positions.collect();
    (positions.iter().min().copied().unwrap_or_default(), positions.iter().max().copied().unwrap_or_default())
}

fn one(
    name: &str,
    live: &ReadModels,
    replayed: &ReadModels,
    report: &mut VerifyReport,
) -> anyhow::Result<u64> {
    for letter in live.dead_letters(name, super::MAX_FINDINGS)? {
        let (position, detail) =
            (letter.position, letter.error.unwrap_or_else(|| "waits behind another".to_owned()));
        report.found(Finding::DeadLetter { view: name.to_owned(), position, detail });
    }
    let mut there: BTreeMap<Vec<u8>, Row> = live.rows(name)?.into_iter().collect();
    let expected = replayed.rows(name)?;
    let rows = expected.len() as u64;
    let mut found = |key: &[u8], problem| {
        report.found(Finding::Row { view: name.to_owned(), key: readable(key), problem });
    };
    for (key, row) in expected {
        match there.remove(&key) {
            None => found(&key, "missing"),
            Some(live) if live.json() != row.json() => found(&key, "not what a replay makes of it"),
            Some(_) => {}
        }
    }
    there.keys().for_each(|key| found(key, "there, but a replay does not make it"));
    Ok(rows)
}

/// Keys are a letter and then text or binary ids.
fn readable(key: &[u8]) -> String {
    match std::str::from_utf8(key) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => key.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// The store's own lock, so that nobody opens it meanwhile; none if somebody has.
pub(crate) fn hold_read_models(folder: &Path) -> io::Result<Option<File>> {
    let file = match File::open(folder.join("rows").join("lock")) {
        Ok(file) => file,
        // Nothing is there that could be in use; its folder stands for it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            File::open(folder).or_else(|_| File::open(folder.parent().unwrap_or(folder)))?
        }
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
