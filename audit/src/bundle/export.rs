//! Writes a bundle: records and tiles in one pass over the log, then the small files, and last the manifest over these.

use super::{
    BundleError, CHECKPOINT, COSIGNED, MANIFEST, PUBLIC_KEY, README, README_NAME, RECORDS, io_error,
    manifest::Manifest, note_error, records::write_record,
};
use crate::{
    AuditTree,
    merkle::leaf_hash,
    note::{Checkpoint, PublicKey, SigningKey},
    tile_files::TileFiles,
    tiles::Tiles,
};
use daybook_event_log::{EventLog, Position};
use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
};

/// What goes into a bundle beside the records.
#[derive(Debug)]
pub struct BundleParts<'a> {
    /// The signed checkpoint over all that goes in.
    pub note: &'a str,
    pub key: &'a PublicKey,
    /// The newest checkpoint that witnesses have cosigned.
    pub cosigned: Option<&'a str>,
    /// More files for its readers: path and text.
    pub files: &'a [(String, String)],
    /// Signs the manifest; whoever exports without the key makes a bundle whose README and schemas nobody vouches for.
    pub signer: Option<&'a SigningKey>,
}

/// Writes the bundle of everything under the checkpoint.
pub async fn export(
    log: &dyn EventLog,
    parts: &BundleParts<'_>,
    folder: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Checkpoint, BundleError> {
    let checkpoint = Checkpoint::verify(parts.note, parts.key)
        .map_err(|source| note_error(Path::new(CHECKPOINT), source))?;
    if folder.exists() {
        return Err(BundleError::Exists { path: folder.display().to_string() });
    }
    fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
    let path = folder.join(RECORDS);
    let mut out =
        BufWriter::with_capacity(1 << 20, File::create(&path).map_err(|source| io_error(&path, source))?);
    let mut tiles = Tiles::empty(TileFiles::one_each(folder));
    while tiles.size() < checkpoint.size {
        let left = usize::try_from(checkpoint.size - tiles.size()).unwrap_or(usize::MAX);
        let batch = log.read_all(Position::new(tiles.size() + 1), left.min(8_192)).await?;
        if batch.is_empty() {
            break;
        }
        for event in &batch {
            write_record(&mut out, event.as_bytes()).map_err(|source| io_error(&path, source))?;
            tiles.push(leaf_hash(event.as_bytes()))?;
        }
        progress(tiles.size(), checkpoint.size);
    }
    out.flush().map_err(|source| io_error(&path, source))?;
    tiles.write_edge()?;
    let own = [
        (CHECKPOINT.to_owned(), parts.note.to_owned()),
        (PUBLIC_KEY.to_owned(), format!("{}\n", parts.key)),
        (README_NAME.to_owned(), README.to_owned()),
    ];
    let cosigned = parts.cosigned.map(|note| (COSIGNED.to_owned(), note.to_owned()));
    let files: Vec<_> = own.iter().chain(&cosigned).chain(parts.files).collect();
    let manifest =
        Manifest::over(&checkpoint.origin, files.iter().map(|(path, text)| (path, text.as_bytes())));
    for (name, text) in files {
        write(folder, name, text)?;
    }
    write(folder, MANIFEST, &manifest.to_note(parts.signer))?;
    Ok(checkpoint)
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), BundleError> {
    let path = folder.join(name);
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(&path, text)).map_err(|source| io_error(&path, source))
}

/// The same, of the latest checkpoint of a tree.
pub async fn export_latest(
    log: &dyn EventLog,
    tree: &AuditTree,
    folder: &Path,
    progress: impl FnMut(u64, u64),
) -> Result<Checkpoint, BundleError> {
    let note = tree.note().ok_or(BundleError::NothingSigned)?;
    let (key, cosigned) = (tree.public_key(), tree.cosigned());
    let signer = Some(tree.signing_key());
    let parts = BundleParts { note: &note, key: &key, cosigned: cosigned.as_deref(), files: &[], signer };
    export(log, &parts, folder, progress).await
}
