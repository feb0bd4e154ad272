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
use daybook_audit::{
    PublicKey, SigningKey,
    bundle::{self, BundleError, BundleParts},
    read_cosigned,
};
use daybook_domain::{ReleasedSchema, released_schemas};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// All that a bundle has in it.
const PARTS: [&str; 8] =
    ["records", "tile", "checkpoint", "cosigned", "public-key", "README.md", "schemas", "manifest"];

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
        let signer = signer(&signed.folder, &signed.key);
        let files: Vec<(String, String)> =
            schemas(&released_schemas()).map(|(path, text)| (path, text.to_owned())).collect();
        let cosigned = read_cosigned(&signed.folder);
        let parts = BundleParts {
            note: &signed.note,
            key: &signed.key,
            cosigned: cosigned.as_deref(),
            files: &files,
            signer: signer.as_ref(),
        };
        let checkpoint = bundle::export(&*opened.log, &parts, &unfinished, reach).await?;
        fs::rename(&unfinished, &self.folder)
            .with_context(|| format!("moving {} to {}", unfinished.display(), self.folder.display()))?;
        let rate = progress.rate(checkpoint.size);
        let unsigned = opened.head.saturating_sub(checkpoint.size);
        drop(progress);
        if out.json {
            out.json(&json!({
                "bundle": self.folder, "records": checkpoint.size, "root": checkpoint.root,
                "key": signed.key.to_string(), "manifest_is_signed": signer.is_some(),
                "events_not_signed_yet": unsigned, "records_per_second": rate,
            }))?;
        } else {
            let records = count(checkpoint.size);
            out.line(format_args!(
                "{}: {records} records ({} records/s)",
                self.folder.display(),
                count(rate)
            ))?;
            out.line(format_args!("root {}, signed by {}", checkpoint.root, signed.key))?;
            if unsigned > 0 {
                out.line(format_args!("{} later events are not signed yet and not in it", count(unsigned)))?;
            }
            if signer.is_none() {
                out.line("the signing key cannot be read here, so nobody vouches for README and schemas")?;
            }
            out.line("its README.md says what it proves and how to verify it, also without Daybook")?;
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

/// The shop's signing key, for whoever may read it: it vouches for what the signed root does not cover.
fn signer(folder: &Path, public: &PublicKey) -> Option<SigningKey> {
    let secret = fs::read_to_string(folder.join("signing-key")).ok()?;
    SigningKey::from_secret(&secret).ok().filter(|key| key.public() == *public)
}

/// What the fields of each event are, for readers of the payloads: path and text of every version that the records may have.
pub(super) fn schemas<'s>(
    released: &'s [ReleasedSchema],
) -> impl Iterator<Item = (String, &'static str)> + use<'s> {
    let path = |schema: &ReleasedSchema| {
        let name = schema.path();
        format!("schemas/{}", name.strip_prefix("events/").unwrap_or(&name))
    };
    released.iter().map(move |schema| (path(schema), schema.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_has_the_schema_of_every_released_version() {
        let first =
            ReleasedSchema { aggregate: "lamp", event_type: "LampLit", version: 1, revision: 1, text: "{}" };
        let more = ReleasedSchema { revision: 2, ..first };
        let second = ReleasedSchema { version: 2, text: "{\"type\":\"object\"}", ..first };
        let of_lamps: Vec<_> = schemas(&[first, more, second]).collect();
        let expected =
            [("LampLit.v1.json", "{}"), ("LampLit.v1.r2.json", "{}"), ("LampLit.v2.json", second.text)];
        assert_eq!(of_lamps, expected.map(|(name, text)| (format!("schemas/lamp/{name}"), text)));
    }
}
