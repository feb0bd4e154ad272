//! `audit`: takes the record away with proof, and checks such proofs offline. The proofs themselves are
//! daybook-audit's; here they are asked for and told in plain words.

mod check_proof;
mod export;
mod proof;
mod rotate;
mod verify;
mod witness;

use crate::{
    cli::{ToolVerdict, Usage},
    out::{Out, count},
    source::Source,
    when,
};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use daybook_audit::{Checkpoint, PublicKey, WitnessKey, Witnessed};
use serde_json::json;
use std::{fs, path::PathBuf};

const EXAMPLES: &str = "\
Examples:
  daybook-replay --data ./shop audit checkpoint                    what was signed last; keep it
  daybook-replay --data ./shop audit export ./bundle               everything under it, self-contained
  daybook-replay audit verify ./bundle --checkpoint ./kept-2025 --checkpoint ./kept-2026 --key shop+c74f20a3+ARpc…
  daybook-replay --data ./shop audit proof --position 4711         that one event is in the signed log
  curl -s localhost:8080/orders/0199a5b0-…/proof > proof.json      what the log says about an order, and then offline:
  daybook-replay audit check-proof proof.json --key shop+c74f20a3+ARpc…
  daybook-replay --data ./shop audit witness-request > request     for a witness (C2SP tlog-witness); its answer is
  daybook-replay --data ./shop audit add-cosignature answer --request request    kept, served and bundled";

/// `audit …`
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Audit {
    /// Write a self-contained bundle of everything under the latest checkpoint
    Export(export::ExportBundle),
    /// Check a bundle offline, against what you have from elsewhere: checkpoints, keys, witnesses
    Verify(verify::VerifyBundle),
    /// Show the latest signed checkpoint and the key that signed it
    Checkpoint(ShowCheckpoint),
    /// Prove that one event is in the log that was signed
    Proof(proof::Proof),
    /// Check a proof of an order or an event offline, with nothing but the proof and a key
    CheckProof(check_proof::CheckProof),
    /// Write what a witness has to be sent so that it cosigns the latest checkpoint
    WitnessRequest(witness::WitnessRequest),
    /// Keep a checkpoint that a witness has cosigned, so that it is served and bundled
    AddCosignature(witness::AddCosignature),
    /// Sign with a new key from now on (for a stopped shop)
    RotateKey(rotate::RotateCheckpointKey),
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
            Self::CheckProof(check) => check.run(out),
            Self::WitnessRequest(request) => request.run(source, out),
            Self::AddCosignature(add) => add.run(source, out),
            Self::RotateKey(rotate) => rotate.run(source, out).await,
        }
    }
}

/// Public keys as they stand on the command line.
pub(crate) fn keys(named: &[String]) -> Result<Vec<PublicKey>, Usage> {
    let read = |text: &String| text.parse::<PublicKey>().map_err(|error| Usage(format!("--key: {error}")));
    named.iter().map(read).collect()
}

/// Witnesses' keys as they stand on the command line.
fn witnesses(named: &[String]) -> Result<Vec<WitnessKey>, Usage> {
    let read =
        |text: &String| text.parse::<WitnessKey>().map_err(|error| Usage(format!("--witness: {error}")));
    named.iter().map(read).collect()
}

/// What a witness has said, for people.
fn witnessed(one: &Witnessed) -> String {
    let time = i64::try_from(one.time_s).ok().and_then(|seconds| seconds.checked_mul(1_000_000_000));
    let time = time.map_or_else(|| one.time_s.to_string(), when::show);
    format!("{} cosigned the first {} records on {time} (UTC, its clock).", one.witness, count(one.size))
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
