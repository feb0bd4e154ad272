//! Verifies a bundle with nothing but itself and what the auditor kept.

use super::{
    BundleError, CHECKPOINT, COSIGNED, PUBLIC_KEY, RECORDS, files::check_files, io_error, note_error, read,
    records::Records,
};
use crate::{
    cosignature::{WitnessKey, Witnessed},
    merkle::Hash,
    note::{Checkpoint, NoteError, PublicKey},
    published::PublishedLeaves,
    verify::{Finding, Verdict, verify_records},
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What the auditor has from elsewhere than the bundle.
#[derive(Debug, Default)]
pub struct Trust {
    /// Files with checkpoints that were kept from earlier visits.
    pub kept: Vec<PathBuf>,
    /// The keys as they were handed over, more than one where the shop changed its key; none: the bundle's own, which
    /// proves less.
    pub keys: Vec<PublicKey>,
    /// Witnesses each of which must have cosigned a checkpoint of this history.
    pub witnesses: Vec<WitnessKey>,
    /// Digests of the files that the verifying program writes into a bundle itself ([`super::own_files`]).
    pub own_files: BTreeMap<String, Hash>,
}

/// What a verification of a bundle showed.
#[derive(Debug, Serialize)]
pub struct BundleVerdict {
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What each witness that was asked for has cosigned.
    pub witnessed: Vec<Witnessed>,
    /// When the bundle says it was made.
    pub made: Option<String>,
    /// Whether README and schemas are signed for.
    pub manifest_is_signed: bool,
}

/// Verifies the bundle in `folder`.
pub fn verify(folder: &Path, trust: &Trust, progress: impl FnMut(u64)) -> Result<BundleVerdict, BundleError> {
    let mut findings = Vec::new();
    let keys = keys(folder, trust, &mut findings)?;
    let mut checked = |path: &Path| -> Result<(Option<Checkpoint>, String), BundleError> {
        let note = read(path)?;
        match Checkpoint::verify_by_any(&note, &keys) {
            Ok(checkpoint) => Ok((Some(checkpoint), note)),
            Err(error) => {
                let place = path.display().to_string();
                findings.push(Finding::SignatureWrong { place, detail: error.to_string() });
                Ok((Checkpoint::read(&note).ok(), note))
            }
        }
    };
    let path = folder.join(CHECKPOINT);
    let (newest, note) = checked(&path)?;
    let newest = newest.ok_or_else(|| note_error(&path, NoteError::NotACheckpoint("it cannot be read")))?;
    let mut notes = vec![(newest.size, note)];
    let mut kept = Vec::new();
    let cosigned = Some(folder.join(COSIGNED)).filter(|path| path.exists());
    for path in trust.kept.iter().chain(&cosigned) {
        let (checkpoint, note) = checked(path)?;
        if let Some(checkpoint) = checkpoint {
            notes.push((checkpoint.size, note));
            kept.push(checkpoint);
        }
    }
    let witnessed = witnessed(&notes, &trust.witnesses, &mut findings);
    let files = check_files(folder, (newest.size, &newest.origin), &keys, &trust.own_files)
        .map_err(|source| io_error(folder, source))?;
    let leaves = PublishedLeaves::open(folder, &newest);
    let path = folder.join(RECORDS);
    let records = Records::open(&path).map_err(|source| io_error(&path, source))?;
    let mut verdict = verify_records(records, &newest, &kept, leaves, progress);
    // A tile that is not there is told as that.
    let missing = |tile: &str| {
        files.findings.iter().any(|one| matches!(one, Finding::FileMissing { path } if path == tile))
    };
    verdict.findings.retain(|one| !matches!(one, Finding::TileWrong { tile } if missing(tile)));
    findings.append(&mut verdict.findings);
    findings.extend(files.findings);
    verdict.more |= files.more;
    verdict.findings = findings;
    Ok(BundleVerdict { verdict, witnessed, made: files.made, manifest_is_signed: files.manifest_is_signed })
}

/// The keys to verify by; where they were handed over, the bundle's own must be one of them.
fn keys(folder: &Path, trust: &Trust, findings: &mut Vec<Finding>) -> Result<Vec<PublicKey>, BundleError> {
    let path = folder.join(PUBLIC_KEY);
    let own =
        read(&path).and_then(|text| text.parse::<PublicKey>().map_err(|source| note_error(&path, source)));
    if trust.keys.is_empty() {
        return Ok(vec![own?]);
    }
    if !own.is_ok_and(|own| trust.keys.contains(&own)) {
        findings.push(Finding::KeyDiffers { place: path.display().to_string() });
    }
    Ok(trust.keys.clone())
}

/// What each witness has cosigned at most; one that has cosigned nothing here is a finding.
fn witnessed(
    notes: &[(u64, String)],
    witnesses: &[WitnessKey],
    findings: &mut Vec<Finding>,
) -> Vec<Witnessed> {
    let mut found = Vec::new();
    for key in witnesses {
        let mut refused = String::new();
        let cosigned = notes.iter().filter_map(|(size, note)| match key.verify(note) {
            Ok(time_s) => Some(Witnessed { witness: key.name().to_owned(), size: *size, time_s }),
            Err(error @ NoteError::WrongSignature(_)) => {
                refused = format!(": {error}");
                None
            }
            Err(_) => None,
        });
        match cosigned.max_by_key(|one| one.size) {
            Some(one) => found.push(one),
            None => {
                let (witness, detail) = (key.to_string(), refused);
                findings.push(Finding::NotWitnessed { witness, detail });
            }
        }
    }
    found
}
