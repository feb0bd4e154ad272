//! `audit`: takes the record away with proof, and checks such proofs offline. The proofs themselves are
//! daybook-audit's; here they are asked for and told in plain words.

mod export;
mod proof;
mod rotate;

use crate::{
    cli::{ToolVerdict, Usage},
    out::{Out, Tone, count},
    progress::Progress,
    source::Source,
};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use daybook_audit::{Checkpoint, PublicKey, bundle};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  daybook-replay --data ./shop audit checkpoint                    what was signed last; keep it
  daybook-replay --data ./shop audit export ./bundle               everything under it, self-contained
  daybook-replay audit verify ./bundle --checkpoint ./kept-2025 --checkpoint ./kept-2026 --key shop+c74f20a3+ARpc…
  daybook-replay --data ./shop audit proof --position 4711         that one event is in the signed log";

/// `audit …`
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Audit {
    /// Write a self-contained bundle of everything under the latest checkpoint
    Export(export::ExportBundle),
    /// Check a bundle offline, against the checkpoints you kept
    Verify(Verify),
    /// Show the latest signed checkpoint and the key that signed it
    Checkpoint(ShowCheckpoint),
    /// Prove that one event is in the log that was signed
    Proof(proof::Proof),
    /// Sign with a new key from now on (for a stopped shop)
    RotateKey(rotate::RotateKey),
}

/// `audit verify`
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The bundle's folder
    #[arg(value_name = "DIR", env = "DAYBOOK_REPLAY_BUNDLE")]
    folder: PathBuf,
    /// Checkpoints you kept from earlier visits; without one, only what the key's holder signs now is checked
    #[arg(long, env = "DAYBOOK_REPLAY_CHECKPOINT", value_delimiter = ',', num_args = 1.., value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The shop's public key as you were given it, and those it changed to; without it the bundle's own is taken,
    /// which proves less
    #[arg(long, env = "DAYBOOK_REPLAY_KEY", value_delimiter = ',', num_args = 1.., value_name = "VKEY")]
    key: Vec<String>,
}

/// `audit checkpoint`
#[derive(Debug, Args)]
pub(crate) struct ShowCheckpoint {
    #[command(flatten)]
    tree: TreeFolder,
}

/// Where checkpoint, key and tiles are.
#[derive(Debug, Args)]
pub(crate) struct TreeFolder {
    /// The folder with checkpoint, public-key and tiles, where it is not DATA/audit
    #[arg(long, env = "DAYBOOK_REPLAY_TREE", value_name = "DIR")]
    tree: Option<PathBuf>,
}

/// What the shop signed last.
pub(crate) struct Signed {
    pub(crate) folder: PathBuf,
    pub(crate) note: String,
    pub(crate) key: PublicKey,
    pub(crate) checkpoint: Checkpoint,
}

impl TreeFolder {
    fn read(&self, source: &Source) -> anyhow::Result<Signed> {
        let folder = match &self.tree {
            Some(folder) => folder.clone(),
            None => source.data()?.join("audit"),
        };
        let read = |name: &str| {
            let path = folder.join(name);
            let why = || {
                format!("{}: nothing was signed here; a running shop signs within a second", path.display())
            };
            fs::read_to_string(&path).with_context(why)
        };
        let (key, note) = (read("public-key")?, read("checkpoint")?);
        let key: PublicKey =
            key.parse().with_context(|| format!("{}", folder.join("public-key").display()))?;
        let checkpoint = Checkpoint::verify(&note, &key)
            .with_context(|| format!("{}", folder.join("checkpoint").display()))?;
        Ok(Signed { folder, note, key, checkpoint })
    }
}

impl Audit {
    pub(crate) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        match self {
            Self::Export(export) => export.run(source, out).await,
            Self::Verify(verify) => verify.run(out),
            Self::Checkpoint(show) => show.run(source, out),
            Self::Proof(proof) => proof.run(source, out).await,
            Self::RotateKey(rotate) => rotate.run(source, out).await,
        }
    }
}

impl Verify {
    fn run(self, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let keys = keys(&self.key)?;
        let total = claimed(&self.folder);
        let mut progress = Progress::new("verifying", total);
        let verdict = bundle::verify(&self.folder, &self.checkpoint, &keys, |done| {
            if done.is_multiple_of(4_096) {
                progress.reach(done);
            }
        })?;
        let rate = progress.rate(verdict.records);
        drop(progress);
        let holds = verdict.findings.is_empty();
        if out.json {
            out.json(&json!({
                "holds": holds, "records": verdict.records, "root": verdict.root, "findings": verdict.findings,
                "more": verdict.more, "kept_checkpoints": self.checkpoint.len(), "own_key": keys.is_empty(),
                "records_per_second": rate,
            }))?;
        } else {
            self.say(&verdict, keys.is_empty(), out)?;
        }
        Ok(if holds { ToolVerdict::AllIsWell } else { ToolVerdict::Found })
    }

    fn say(&self, verdict: &daybook_audit::Verdict, own_key: bool, out: &mut Out) -> anyhow::Result<()> {
        for finding in &verdict.findings {
            out.line(format_args!("{} {finding}", out.tone(Tone::Bad, "WRONG:")))?;
        }
        if verdict.more {
            out.line("… and more of the same; these are the first hundred")?;
        }
        if !verdict.findings.is_empty() {
            return Ok(());
        }
        let records = count(verdict.records);
        out.line(format_args!(
            "{} {records} records, root {}",
            out.tone(Tone::Good, "It holds:"),
            verdict.root
        ))?;
        out.line("Every record is as it was signed; none was changed, removed, inserted or moved.")?;
        match self.checkpoint.len() {
            0 => out.line("No checkpoint of your own was named, so a history rewritten as a whole would not show: keep this bundle's.")?,
            1 => out.line("What your kept checkpoint covers is the beginning of this very history.")?,
            kept => out.line(format_args!("What your {kept} kept checkpoints cover is the beginning of this very history."))?,
        }
        if own_key {
            out.line("The key was the bundle's own: compare it with the one the shop publishes, or name that with --key.")?;
        }
        Ok(())
    }
}

/// Public keys as they stand on the command line.
pub(crate) fn keys(named: &[String]) -> Result<Vec<PublicKey>, Usage> {
    let read = |text: &String| text.parse::<PublicKey>().map_err(|error| Usage(format!("--key: {error}")));
    named.iter().map(read).collect()
}

/// How many records a bundle says it has; only for the progress bar.
fn claimed(folder: &Path) -> u64 {
    let note = fs::read_to_string(folder.join("checkpoint")).unwrap_or_default();
    Checkpoint::read(&note).map_or(0, |checkpoint| checkpoint.size)
}

impl ShowCheckpoint {
    fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let signed = self.tree.read(source)?;
        if out.json {
            out.json(&json!({
                "origin": signed.checkpoint.origin, "size": signed.checkpoint.size,
                "root": signed.checkpoint.root, "key": signed.key.to_string(), "note": signed.note,
            }))?;
            return Ok(ToolVerdict::AllIsWell);
        }
        // The note alone on standard output, so that `> kept` keeps exactly it.
        eprintln!(
            "key: {}\nIts signature is good. Keep what follows, and the key; a later bundle is verified against it.",
            signed.key
        );
        out.line(signed.note.trim_end_matches('\n'))?;
        Ok(ToolVerdict::AllIsWell)
    }
}
