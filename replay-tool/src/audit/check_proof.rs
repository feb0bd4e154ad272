//! `audit check-proof`: a customer's or auditor's check of what a shop has proven to them, offline: the answer of
//! `GET /orders/{id}/proof` or `GET /audit/proof`, or what `audit proof --json` prints.

use super::{keys, witnessed, witnesses};
use crate::{
    claimed::say_times,
    cli::ToolVerdict,
    out::{Out, Tone, count},
    when,
};
use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use daybook_audit::{Checkpoint, ClaimedTimes, InclusionProof, Witnessed, leaf_hash};
use daybook_event_log::RecordedEvent;
use serde::Deserialize;
use serde_json::json;
use std::{fs, io::Read as _, path::PathBuf};

/// `audit check-proof`
#[derive(Debug, Args)]
pub(crate) struct CheckProof {
    /// The proof, as JSON; - for standard input
    #[arg(value_name = "FILE", env = "DAYBOOK_REPLAY_PROOF")]
    proof: PathBuf,
    /// The shop's public key as you were given it, and those it changed to; without it the proof's own is taken,
    /// which proves less
    #[arg(long, env = "DAYBOOK_REPLAY_KEY", value_delimiter = ',', num_args = 1.., value_name = "VKEY")]
    key: Vec<String>,
    /// Witnesses that must have cosigned the proof's checkpoint; each one named is required
    #[arg(long, env = "DAYBOOK_REPLAY_WITNESS", value_delimiter = ',', num_args = 1.., value_name = "VKEY")]
    witness: Vec<String>,
}

/// What is in the file.
#[derive(Debug, Deserialize)]
struct ProofFile {
    order_id: Option<String>,
    /// Of an order.
    events: Option<Vec<ProvenEvent>>,
    /// Of one event.
    #[serde(flatten)]
    event: Option<ProvenEvent>,
    checkpoint: String,
    key: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ProvenEvent {
    position: u64,
    #[serde(rename = "type")]
    event_type: Option<String>,
    version: Option<u64>,
    record: String,
    proof: InclusionProof,
}

/// What a check showed.
#[derive(Debug, Default)]
struct CheckedProof {
    events: Vec<RecordedEvent>,
    times: ClaimedTimes,
    checkpoint: Option<Checkpoint>,
    witnessed: Vec<Witnessed>,
    findings: Vec<String>,
}

impl CheckProof {
    pub(super) fn run(self, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let name = self.proof.display().to_string();
        let text = if name == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        } else {
            fs::read_to_string(&self.proof).with_context(|| name.clone())?
        };
        let file: ProofFile = serde_json::from_str(&text).with_context(|| {
            format!("{name}: not a proof; expected what GET /orders/{{id}}/proof answers or `audit proof --json` prints")
        })?;
        let mut checked = CheckedProof::default();
        self.check_note(&file, &mut checked)?;
        let proven = match (&file.events, &file.event) {
            (Some(events), _) => events.iter().collect(),
            (None, Some(event)) => vec![event],
            (None, None) => Vec::new(),
        };
        proven.iter().for_each(|one| checked.take(one));
        if proven.is_empty() {
            checked.findings.push("there is no event in it".to_owned());
        }
        if let Some(order_id) = &file.order_id {
            checked.is_an_order(order_id);
        }
        let holds = checked.findings.is_empty();
        if out.json {
            out.json(&json!({
                "holds": holds, "order_id": file.order_id, "events": checked.events.len(),
                "records_signed": checked.checkpoint.as_ref().map(|signed| signed.size),
                "findings": checked.findings, "own_key": self.key.is_empty(), "witnessed": checked.witnessed,
            }))?;
        } else {
            self.say(&file, &checked, out)?;
        }
        Ok(if holds { ToolVerdict::AllIsWell } else { ToolVerdict::Found })
    }

    fn check_note(&self, file: &ProofFile, checked: &mut CheckedProof) -> anyhow::Result<()> {
        let mut trusted = keys(&self.key)?;
        if trusted.is_empty() {
            let own = file.key.as_ref().context("the proof names no key; name the shop's with --key")?;
            trusted.push(own.parse().context("the proof's key")?);
        }
        match Checkpoint::verify_by_any(&file.checkpoint, &trusted) {
            Ok(signed) => checked.checkpoint = Some(signed),
            Err(error) => checked.findings.push(error.to_string()),
        }
        for key in witnesses(&self.witness)? {
            let size = checked.checkpoint.as_ref().map_or(0, |signed| signed.size);
            match key.verify(&file.checkpoint) {
                Ok(time_s) => {
                    checked.witnessed.push(Witnessed { witness: key.name().to_owned(), size, time_s });
                }
                Err(error) => checked.findings.push(format!("not cosigned by {key}: {error}")),
            }
        }
        Ok(())
    }

    fn say(&self, file: &ProofFile, checked: &CheckedProof, out: &mut Out) -> anyhow::Result<()> {
        for finding in &checked.findings {
            out.line(format_args!("{} {finding}", out.tone(Tone::Bad, "WRONG:")))?;
        }
        let (true, Some(signed)) = (checked.findings.is_empty(), &checked.checkpoint) else { return Ok(()) };
        let (number, size) = (checked.events.len(), count(signed.size));
        let what = if number == 1 { "1 event".to_owned() } else { format!("{number} events") };
        let good = out.tone(Tone::Good, "It holds:");
        out.line(format_args!("{good} {what} in a log of {size} records that {} has signed", signed.origin))?;
        for event in &checked.events {
            let (stream, version, kind) = (event.stream(), event.version(), event.event_type());
            let recorded = when::show(event.recorded_at_ns());
            out.line(format_args!(
                "  position {}: {stream} v{version} {kind}, written down {recorded}",
                event.position()
            ))?;
        }
        say_times(&checked.times, out)?;
        if file.order_id.is_some() {
            out.line("These are all events of the order up to the last one shown; later ones may exist.")?;
        }
        for one in &checked.witnessed {
            out.line(witnessed(one))?;
        }
        if checked.witnessed.is_empty() {
            out.line("The key's holder could show others another history; a witness (--witness), or comparing the checkpoint with what others were given, tells.")?;
        }
        if self.key.is_empty() {
            out.line("The key was the proof's own: compare it with the one the shop publishes, or name that with --key.")?;
        }
        Ok(())
    }
}

impl CheckedProof {
    /// One event: its bytes, and that they are in the signed tree.
    fn take(&mut self, proven: &ProvenEvent) {
        let position = proven.position;
        let mut wrong = |what: &str| self.findings.push(format!("the event at position {position}: {what}"));
        let Ok(bytes) = STANDARD.decode(&proven.record) else { return wrong("its record is not base64") };
        let leaf = leaf_hash(&bytes);
        let event = match RecordedEvent::decode(bytes.into()) {
            Ok(event) => event,
            Err(error) => return wrong(&format!("its record cannot be read: {error}")),
        };
        if event.position().get() != position || proven.proof.leaf_index + 1 != position {
            wrong("record and proof are of another position");
        }
        if proven.event_type.as_ref().is_some_and(|named| named != event.event_type())
            || proven.version.is_some_and(|version| version != event.version().get())
        {
            wrong("what is said beside the record is not in the record");
        }
        if let Some(signed) = &self.checkpoint {
            if proven.proof.tree_size != signed.size {
                wrong("its proof is about another checkpoint");
            } else if let Err(error) = proven.proof.verify(leaf, signed.root) {
                wrong(&error.to_string());
            }
        }
        self.times.take(&event);
        self.events.push(event);
    }

    /// All events must be the order's, from its first one on.
    fn is_an_order(&mut self, order_id: &str) {
        let stream = format!("order-{order_id}");
        for (version, event) in (1_u64..).zip(&self.events) {
            if event.stream() != stream {
                self.findings.push(format!(
                    "position {} is of {}, not of {stream}",
                    event.position(),
                    event.stream()
                ));
            } else if event.version().get() != version {
                let found = event.version();
                self.findings.push(format!("{stream} v{version} is missing: v{found} stands in its place"));
                return;
            }
        }
    }
}
