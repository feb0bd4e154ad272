//! The newest checkpoint that witnesses have cosigned, as a file beside the tree. A shop signs every second, a witness far less
//! often; what it returns is put here, and is served and bundled from here. Which witnesses count is for whoever verifies.

use crate::{
    note::{Checkpoint, PublicKey},
    signed_note::merge_signatures,
    tiles::Tiles,
    tree::AuditError,
};
use daybook_subscriptions::replace_file;
use std::{fs, io, path::Path};

const COSIGNED: &str = "cosigned";

/// The cosigned checkpoint in a tree's folder; none: there is none, or it cannot be read.
#[must_use]
pub fn read_cosigned(folder: &Path) -> Option<String> {
    let note = fs::read_to_string(folder.join(COSIGNED)).ok()?;
    Checkpoint::read(&note).is_ok().then_some(note)
}

/// Keeps a checkpoint that was cosigned: it must be signed by `key` and be of the tree in `folder`. Of one checkpoint, all
/// cosignatures are kept; of several checkpoints, the largest. Answers what is kept now.
pub fn keep_cosigned(folder: &Path, note: &str, key: &PublicKey) -> Result<String, AuditError> {
    let path = folder.join(COSIGNED);
    let refused = |detail: String| AuditError::NotCosigned { detail };
    let given = Checkpoint::verify(note, key).map_err(|error| refused(error.to_string()))?;
    let latest = fs::read_to_string(folder.join("checkpoint")).map_err(|source| io_error(folder, source))?;
    let latest = Checkpoint::verify(&latest, key).map_err(|error| refused(format!("checkpoint: {error}")))?;
    if given.size == 0 || given.size > latest.size {
        let detail = format!("it covers {} records, and the latest checkpoint {}", given.size, latest.size);
        return Err(refused(detail));
    }
    let root = Tiles::open(folder, latest.size)?.root_over(0, given.size)?;
    if root != given.root {
        return Err(refused(format!("the first {} records have another root", given.size)));
    }
    let kept = match read_cosigned(folder) {
        Some(kept) => match merge_signatures(&kept, note) {
            Some(merged) => merged,
            None if Checkpoint::read(&kept).is_ok_and(|kept| kept.size > given.size) => kept,
            None => note.to_owned(),
        },
        None => note.to_owned(),
    };
    replace_file(&path, kept.as_bytes()).map_err(|source| io_error(&path, source))?;
    Ok(kept)
}

fn io_error(path: &Path, source: io::Error) -> AuditError {
    AuditError::Io { path: path.display().to_string(), source }
}
