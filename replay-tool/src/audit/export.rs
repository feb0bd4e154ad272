//! `audit export`: the bundle is made beside its place and moved there when it is whole, so that what stands under its
//! name can be handed over. What a run that was broken off has left is replaced by the next.

use super::TreeFolder;
use crate::{
    cli::Verdict,
    out::{Out, count},
    progress::Progress,
    source::Source,
};
use anyhow::{Context as _, bail};
use clap::Args;
use daybook_audit::bundle::{self, BundleError};
use daybook_domain::{Event, EventKind};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// All that a bundle has in it.
const PARTS: [&str; 6] = ["records", "tile", "checkpoint", "public-key", "README.md", "schemas"];

/// `audit export`
#[derive(Debug, Args)]
pub(crate) struct ExportBundle {
    /// A folder that does not exist yet; it is there when the bundle is whole
    #[arg(value_name = "DIR", env = "DAYBOOK_REPLAY_BUNDLE")]
    folder: PathBuf,
    #[command(flatten)]
    tree: TreeFolder,
}

impl ExportBundle {
    pub(super) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<Verdict> {
        let signed = self.tree.read(source)?;
        if self.folder.exists() {
            return Err(BundleError::Exists { path: self.folder.display().to_string() }.into());
        }
        let unfinished = beside(&self.folder)?;
        remove_leftover(&unfinished)?;
        let opened = source.open().await?;
        let mut progress = Progress::new("bundling", signed.checkpoint.size);
        let reach = |done, _| progress.reach(done);
        let checkpoint = bundle::export(&*opened.log, &signed.note, &signed.key, &unfinished, reach).await?;
        write_schemas(&unfinished.join("schemas"))?;
        fs::rename(&unfinished, &self.folder)
            .with_context(|| format!("moving {} to {}", unfinished.display(), self.folder.display()))?;
        let rate = progress.rate(checkpoint.size);
        drop(progress);
        if out.json {
            out.json(&json!({
                "bundle": self.folder, "records": checkpoint.size, "root": checkpoint.root,
                "key": signed.key.to_string(), "records_per_second": rate,
            }))?;
        } else {
            let records = count(checkpoint.size);
            out.line(format_args!(
                "{}: {records} records ({} records/s)",
                self.folder.display(),
                count(rate)
            ))?;
            out.line(format_args!("root {}, signed by {}", checkpoint.root, signed.key))?;
            out.line("its README.md says how to verify it, also without Daybook")?;
        }
        Ok(Verdict::AllIsWell)
    }
}

/// Where it is made: `DIR.unfinished`.
fn beside(folder: &Path) -> anyhow::Result<PathBuf> {
    let Some(name) = folder.file_name() else { bail!("{} is not the name of a folder", folder.display()) };
    let mut name = name.to_owned();
    name.push(".unfinished");
    Ok(folder.with_file_name(name))
}

/// Removes what a run left that was broken off, and nothing that is somebody else's.
fn remove_leftover(folder: &Path) -> anyhow::Result<()> {
    let why = || format!("{}", folder.display());
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(why)? {
        let name = entry.with_context(why)?.file_name();
        if !PARTS.iter().any(|part| name == *part) {
            bail!(
                "{} is in the way: it has {} in it, which is no part of a bundle; move it away",
                folder.display(),
                name.display()
            );
        }
    }
    fs::remove_dir_all(folder).with_context(why)
}

/// What the fields of each event are, for readers of the payloads. Not signed: the records speak for themselves.
fn write_schemas(folder: &Path) -> anyhow::Result<()> {
    for (EventKind { aggregate, name: event_type, version, .. }, schema) in Event::schemas() {
        let folder = folder.join(aggregate);
        fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
        let path = folder.join(format!("{event_type}.v{version}.json"));
        fs::write(&path, serde_json::to_vec_pretty(&schema)?)
            .with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}
