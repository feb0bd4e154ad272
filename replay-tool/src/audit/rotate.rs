//! `audit rotate-key`: a new signing key, vouched for by the old one.
//!
//! The latest checkpoint gets the new key's signature beside the old one's, and is kept under `rotations/`: whoever
//! trusts the old key can see there that its holder handed over to the new one, and over which history.

use crate::{
    cli::{ToolVerdict, Usage},
    out::Out,
    source::Source,
};
use anyhow::Context as _;
use clap::Args;
use daybook_audit::{Checkpoint, SigningKey};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog as _};
use serde_json::json;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// `audit rotate-key`
#[derive(Debug, Args)]
pub(crate) struct RotateCheckpointKey {}

impl RotateCheckpointKey {
    pub(super) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let data = source.data()?;
        let folder = data.join("log");
        if source.store.is_some() || !folder.is_dir() {
            let problem = format!(
                "{} has no log of its own: stop the node, move its audit folder away and start it; it begins with a new \
                 key, which the old one cannot vouch for here",
                data.display()
            );
            return Err(Usage(problem).into());
        }
        // A running shop holds the old key in memory and would go on signing with it.
        let options = EmbeddedOptions { compress: false, ..EmbeddedOptions::default() };
        let log = EmbeddedLog::open(&folder, options)?;
        let folder = data.join("audit");
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("{}", path.display()))
        };
        let old = SigningKey::from_secret(&read("signing-key")?).context("signing-key")?;
        let note = read("checkpoint")?;
        let checkpoint = Checkpoint::verify(&note, &old.public()).context("checkpoint")?;
        let new = SigningKey::generate(old.name())?;
        let both = signed_by_both(&note, &checkpoint.sign(&new))?;
        let rotations = folder.join("rotations");
        fs::create_dir_all(&rotations)?;
        let kept = rotations.join(format!("{:012}-{}", checkpoint.size, short(&new.public().to_string())));
        replace(&kept, &both, 0o644)?;
        // In this order the checkpoint fits the key, whichever of both an interruption leaves.
        replace(&folder.join("checkpoint"), &both, 0o644)?;
        replace(&folder.join("signing-key"), &format!("{}\n", new.to_secret()), 0o600)?;
        replace(&folder.join("public-key"), &format!("{}\n", new.public()), 0o644)?;
        File::open(&folder)?.sync_all()?;
        log.close().await?;
        if out.json {
            out.json(&json!({
                "old_key": old.public().to_string(), "new_key": new.public().to_string(),
                "size": checkpoint.size, "handed_over_in": kept,
            }))?;
        } else {
            out.line(format_args!("old key: {}\nnew key: {}", old.public(), new.public()))?;
            out.line(format_args!("{} is signed by both: publish it with the new key", kept.display()))?;
        }
        Ok(ToolVerdict::AllIsWell)
    }
}

/// The first note with the second one's signature below its own.
fn signed_by_both(note: &str, other: &str) -> anyhow::Result<String> {
    let signature = other.split_once("\n\n").context("a signed note has an empty line")?.1;
    Ok(format!("{}\n{signature}", note.trim_end_matches('\n')))
}

/// The hash part of a key's text.
fn short(key: &str) -> &str {
    key.split('+').nth(1).unwrap_or_default()
}

fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let new = path.with_extension("new");
    if new.exists() {
        fs::remove_file(&new)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}
