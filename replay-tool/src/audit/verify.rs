//! `audit verify`: checks a bundle offline and says in plain words what holds, and against whom.

use super::{export::schemas, keys, witnessed, witnesses};
use crate::{
    claimed::{say_times, times_json},
    cli::ToolVerdict,
    out::{Out, Tone, count},
    progress::Progress,
};
use clap::Args;
use daybook_audit::{
    Checkpoint,
    bundle::{self, BundleVerdict, Trust, own_files},
};
use daybook_domain::released_schemas;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// `audit verify`
#[derive(Debug, Args)]
pub(crate) struct VerifyBundle {
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
    /// Witnesses that must have cosigned a checkpoint of this history; each one named is required
    #[arg(long, env = "DAYBOOK_REPLAY_WITNESS", value_delimiter = ',', num_args = 1.., value_name = "VKEY")]
    witness: Vec<String>,
}

impl VerifyBundle {
    pub(super) fn run(self, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let released = released_schemas();
        let trust = Trust {
            kept: self.checkpoint.clone(),
            keys: keys(&self.key)?,
            witnesses: witnesses(&self.witness)?,
            own_files: own_files(schemas(&released)),
        };
        let mut progress = Progress::new("verifying", claimed(&self.folder));
        let checked = bundle::verify(&self.folder, &trust, |done| {
            if done.is_multiple_of(4_096) {
                progress.reach(done);
            }
        })?;
        let rate = progress.rate(checked.verdict.records);
        drop(progress);
        let holds = checked.verdict.findings.is_empty();
        let own_key = trust.keys.is_empty();
        if out.json {
            let verdict = &checked.verdict;
            out.json(&json!({
                "holds": holds, "records": verdict.records, "root": verdict.root, "findings": verdict.findings,
                "more": verdict.more, "kept_checkpoints": self.checkpoint.len(), "own_key": own_key,
                "witnessed": checked.witnessed, "claimed_times": times_json(&verdict.times),
                "claimed_made": checked.made, "manifest_is_signed": checked.manifest_is_signed,
                "records_per_second": rate,
            }))?;
        } else {
            self.say(&checked, own_key, out)?;
        }
        Ok(if holds { ToolVerdict::AllIsWell } else { ToolVerdict::Found })
    }

    fn say(&self, checked: &BundleVerdict, own_key: bool, out: &mut Out) -> anyhow::Result<()> {
        let verdict = &checked.verdict;
        for finding in &verdict.findings {
            out.line(format_args!("{} {finding}", out.tone(Tone::Bad, "WRONG:")))?;
        }
        if verdict.more {
            out.line("… and more of the same; these are the first hundred")?;
        }
        if verdict.findings.is_empty() {
            let (records, root) = (count(verdict.records), verdict.root);
            out.line(format_args!("{} {records} records, root {root}", out.tone(Tone::Good, "It holds:")))?;
            out.line("Every record is as it was signed; none was changed, removed, inserted or moved.")?;
            self.say_what_it_proves(checked, own_key, out)?;
        }
        say_times(&verdict.times, out)?;
        if let Some(made) = &checked.made {
            out.line(format_args!("The bundle says it was made on {made}; a newer one may exist."))?;
        }
        Ok(())
    }

    fn say_what_it_proves(
        &self,
        checked: &BundleVerdict,
        own_key: bool,
        out: &mut Out,
    ) -> anyhow::Result<()> {
        match self.checkpoint.len() {
            0 => out.line("No checkpoint of your own was named, so a history rewritten as a whole by the key's holder would not show: keep this bundle's.")?,
            1 => out.line("What your kept checkpoint covers is the beginning of this very history.")?,
            kept => out.line(format_args!("What your {kept} kept checkpoints cover is the beginning of this very history."))?,
        }
        for one in &checked.witnessed {
            out.line(witnessed(one))?;
        }
        let covered = checked.witnessed.iter().map(|one| one.size).min();
        if covered.is_some_and(|covered| covered < checked.verdict.records) {
            let rest = checked.verdict.records - covered.unwrap_or(0);
            out.line(format_args!("The last {} records are under no such cosignature.", count(rest)))?;
        }
        if own_key {
            out.line("The key was the bundle's own: compare it with the one the shop publishes, or name that with --key.")?;
        }
        if !checked.manifest_is_signed {
            out.line("The manifest is not signed: README and schemas are those that this program writes.")?;
        }
        Ok(())
    }
}

/// How many records a bundle says it has; only for the progress bar.
fn claimed(folder: &Path) -> u64 {
    let note = fs::read_to_string(folder.join("checkpoint")).unwrap_or_default();
    Checkpoint::read(&note).map_or(0, |checkpoint| checkpoint.size)
}
