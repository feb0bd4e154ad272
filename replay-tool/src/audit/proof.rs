//! `audit proof`: that one event is in the log that was signed, checked before it is handed out.

use super::TreeFolder;
use crate::{
    cli::{ToolVerdict, Usage},
    out::{Out, Tone},
    source::Source,
};
use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use daybook_audit::{InclusionProof, Tiles, leaf_hash};
use daybook_event_log::Position;
use serde_json::json;

/// `audit proof`
#[derive(Debug, Args)]
pub(crate) struct Proof {
    /// The event's position in the log
    #[arg(long, env = "DAYBOOK_REPLAY_POSITION", value_name = "N")]
    position: u64,
    #[command(flatten)]
    tree: TreeFolder,
}

impl Proof {
    pub(super) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let signed = self.tree.read(source)?;
        let size = signed.checkpoint.size;
        let index = self.position.checked_sub(1).filter(|index| *index < size).ok_or_else(|| {
            Usage(format!(
                "the latest checkpoint covers positions 1 to {size}; {} is none of them",
                self.position
            ))
        })?;
        let opened = source.open().await?;
        let page = opened.log.read_all(Position::new(self.position), 1).await?;
        let event = page.first().context("the log ends before the checkpoint: its tail was cut off")?;
        let leaf = leaf_hash(event.as_bytes());
        let tiles = Tiles::open(&signed.folder, size)?;
        let proof =
            InclusionProof::new(&tiles, index, size)?.context("the tiles do not cover the checkpoint")?;
        if let Err(error) = proof.verify(leaf, signed.checkpoint.root) {
            let finding = format!("the event at position {} is not what was signed: {error}", self.position);
            if out.json {
                out.json(&json!({ "holds": false, "position": self.position, "finding": finding }))?;
            } else {
                out.line(format_args!("{} {finding}", out.tone(Tone::Bad, "WRONG:")))?;
            }
            return Ok(ToolVerdict::Found);
        }
        if out.json {
            out.json(&json!({
                "holds": true,
                "position": self.position,
                "stream": event.stream(),
                "type": event.event_type(),
                "record": STANDARD.encode(event.as_bytes()),
                "leaf_hash": leaf,
                "proof": proof,
                "checkpoint": signed.note,
                "key": signed.key.to_string(),
            }))?;
            return Ok(ToolVerdict::AllIsWell);
        }
        let what = format!("{} v{} {}", event.stream(), event.version(), event.event_type());
        out.line(format_args!(
            "{} position {} ({what}) is in the signed log of {size} records",
            out.tone(Tone::Good, "Proven:"),
            self.position
        ))?;
        out.line(format_args!("leaf {leaf}"))?;
        for (step, hash) in proof.hashes.iter().enumerate() {
            out.line(format_args!("{:>4} {hash}", step + 1))?;
        }
        out.line(format_args!("root {}", signed.checkpoint.root))?;
        out.line("With --json: the record, the proof and the signed checkpoint, for others to check.")?;
        Ok(ToolVerdict::AllIsWell)
    }
}
