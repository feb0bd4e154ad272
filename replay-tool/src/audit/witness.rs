//! Witnesses: what one is sent (C2SP *tlog-witness*, `add-checkpoint`), and keeping what it answered. Nothing is sent from here;
//! any HTTP client does.

use super::{TreeFolder, witnesses};
use crate::{
    cli::{ToolVerdict, Usage},
    out::{Out, count},
    source::Source,
};
use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use daybook_audit::{Checkpoint, ConsistencyProof, Tiles, keep_cosigned, read_cosigned};
use serde_json::json;
use std::{fs, path::PathBuf};

/// `audit witness-request`
#[derive(Debug, Args)]
pub(crate) struct WitnessRequest {
    /// How many records the checkpoint covers that the witness cosigned last (0: none; it answers 409 with the number it
    /// knows); without it that of the cosigned checkpoint that was kept
    #[arg(long, env = "DAYBOOK_REPLAY_OLD_SIZE", value_name = "N")]
    old_size: Option<u64>,
    #[command(flatten)]
    tree: TreeFolder,
}

/// `audit add-cosignature`
#[derive(Debug, Args)]
pub(crate) struct AddCosignature {
    /// What the witness answered (its line), or the checkpoint with that line below the shop's own
    #[arg(value_name = "FILE", env = "DAYBOOK_REPLAY_COSIGNED")]
    file: PathBuf,
    /// What the witness was sent; without it a line alone is taken to be about the latest checkpoint
    #[arg(long, env = "DAYBOOK_REPLAY_REQUEST", value_name = "FILE")]
    request: Option<PathBuf>,
    /// Witnesses that must have cosigned it; without one, lines are kept unseen, for whoever verifies to judge
    #[arg(long, env = "DAYBOOK_REPLAY_WITNESS", value_delimiter = ',', num_args = 1.., value_name = "VKEY")]
    witness: Vec<String>,
    #[command(flatten)]
    tree: TreeFolder,
}

impl WitnessRequest {
    pub(super) fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let signed = self.tree.read(source)?;
        let size = signed.checkpoint.size;
        let known = || read_cosigned(&signed.folder).and_then(|note| Checkpoint::read(&note).ok());
        let old_size = self.old_size.unwrap_or_else(|| known().map_or(0, |known| known.size));
        if old_size > size {
            let problem = format!("--old-size {old_size}: the latest checkpoint covers only {size} records");
            return Err(Usage(problem).into());
        }
        let tiles = Tiles::open(&signed.folder, size)?;
        let proof =
            ConsistencyProof::new(&tiles, old_size, size)?.map(|proof| proof.hashes).unwrap_or_default();
        if out.json {
            out.json(&json!({ "old_size": old_size, "proof": proof, "checkpoint": signed.note }))?;
            return Ok(ToolVerdict::AllIsWell);
        }
        out.line(format_args!("old {old_size}"))?;
        for hash in proof {
            out.line(STANDARD.encode(hash.0))?;
        }
        out.line("")?;
        out.line(signed.note.trim_end_matches('\n'))?;
        Ok(ToolVerdict::AllIsWell)
    }
}

impl AddCosignature {
    pub(super) fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let signed = self.tree.read(source)?;
        let read = |path: &PathBuf| fs::read_to_string(path).with_context(|| format!("{}", path.display()));
        let given = read(&self.file)?;
        let request = self.request.as_ref().map(read).transpose()?;
        // A witness answers with its line only, which is about the checkpoint that it was sent.
        let note = match request.as_deref().map(|request| request.split_once("\n\n")) {
            _ if given.contains("\n\n") => given,
            None => format!("{}{given}", signed.note),
            Some(Some((_, sent))) => format!("{sent}{given}"),
            Some(None) => bail!("the request has no checkpoint in it; name what witness-request printed"),
        };
        for key in witnesses(&self.witness)? {
            key.verify(&note).with_context(|| format!("{}", self.file.display()))?;
        }
        let kept = keep_cosigned(&signed.folder, &note, &signed.key)?;
        let size = Checkpoint::read(&kept).map_or(0, |kept| kept.size);
        let cosignatures = kept.lines().filter(|line| line.starts_with('\u{2014}')).count().saturating_sub(1);
        if out.json {
            out.json(&json!({ "size": size, "cosignatures": cosignatures, "note": kept }))?;
        } else {
            let folder = signed.folder.display();
            out.line(format_args!(
                "{folder}/cosigned: the checkpoint over {} records has {cosignatures} signatures beside the shop's",
                count(size)
            ))?;
            out.line("A running shop serves it at once; bundles take it along.")?;
        }
        Ok(ToolVerdict::AllIsWell)
    }
}
