//! `audit export`: the bundle is made beside its place and moved there when it is whole, so that what stands under its
//! name can be handed over. What a run that was broken off has left is replaced by the next.

use super::TreeFolder;
use crate::{
    cli::ToolVerdict,
    out::{Out, count},
    progress::Progress,
    source::Source,
};
use anyhow::{Context as _, bail};
use clap::Args;
use daybook_audit::bundle::{self, BundleError};
use daybook_domain::{ReleasedSchema, released_schemas};
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
    pub(super) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
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
        write_schemas(&unfinished.join("schemas"), &released_schemas())?;
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
        Ok(ToolVerdict::AllIsWell)
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

/// What the fields of each event are, for readers of the payloads: every version that the records may have. Not
/// signed: the records speak for themselves.
fn write_schemas(folder: &Path, schemas: &[ReleasedSchema]) -> anyhow::Result<()> {
    for schema in schemas {
        let name = schema.path();
        let path = folder.join(name.strip_prefix("events/").unwrap_or(&name));
        let write = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(&path, schema.text)
        };
        write().with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_has_the_schema_of_every_released_version() {
        let folder = tempfile::tempdir().unwrap();
        let first =
            ReleasedSchema { aggregate: "lamp", event_type: "LampLit", version: 1, revision: 1, text: "{}" };
        let more = ReleasedSchema { revision: 2, ..first };
        let second = ReleasedSchema { version: 2, text: "{\"type\":\"object\"}", ..first };
        write_schemas(folder.path(), &[first, more, second]).unwrap();
        for (name, text) in
            [("LampLit.v1.json", "{}"), ("LampLit.v1.r2.json", "{}"), ("LampLit.v2.json", second.text)]
        {
            assert_eq!(fs::read_to_string(folder.path().join("lamp").join(name)).unwrap(), text);
        }
    }
}
