//! Which files a bundle has to have, and has: edited, missing and added ones are named.

use super::{
    CHECKPOINT, COSIGNED, MANIFEST, PUBLIC_KEY, README, README_NAME, RECORDS,
    manifest::{Manifest, digest_of},
};
use crate::{
    edge::TreeEdge,
    merkle::Hash,
    note::PublicKey,
    tiles::{WIDTH, tile_path},
    verify::Finding,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

/// More findings about files are not listed.
const MOST_LISTED: usize = 100;

/// What the files of a bundle showed.
#[derive(Debug, Default)]
pub(super) struct CheckedFiles {
    pub(super) findings: Vec<Finding>,
    /// When the manifest says the bundle was made.
    pub(super) made: Option<String>,
    pub(super) manifest_is_signed: bool,
    pub(super) more: bool,
}

/// The digests of what this program writes into a bundle beside `files`, to tell an edited README where no manifest vouches
/// for it.
#[must_use]
pub fn own_files<'f>(files: impl IntoIterator<Item = (String, &'f str)>) -> BTreeMap<String, Hash> {
    let readme = (README_NAME.to_owned(), README);
    std::iter::once(readme).chain(files).map(|(path, text)| (path, digest_of(text.as_bytes()))).collect()
}

/// Compares the files of `folder`, with `size` records, with its manifest.
pub(super) fn check_files(
    folder: &Path,
    (size, origin): (u64, &str),
    keys: &[PublicKey],
    own: &BTreeMap<String, Hash>,
) -> io::Result<CheckedFiles> {
    let mut checked = CheckedFiles::default();
    let mut there = BTreeSet::new();
    list(folder, "", &mut there, &mut checked.findings)?;
    let manifest = manifest(folder, origin, keys, &mut checked)?;
    let mut expected: BTreeSet<String> =
        [RECORDS, MANIFEST, CHECKPOINT, PUBLIC_KEY].map(str::to_owned).into();
    if let Some(manifest) = &manifest {
        expected.extend(manifest.files.keys().cloned());
        checked.made = Some(manifest.made.clone());
    } else {
        // Nothing says which others belong here.
        let more =
            there.iter().filter(|path| *path == README_NAME || *path == COSIGNED || own.contains_key(*path));
        expected.extend(more.cloned());
    }
    let digests = manifest.map(|manifest| manifest.files).unwrap_or_default();
    for path in &expected {
        if !there.contains(path) {
            checked.found(Finding::FileMissing { path: path.clone() });
        } else if let Some(digest) = digests.get(path)
            && digest_of(&fs::read(folder.join(path))?) != *digest
        {
            checked.found(Finding::FileChanged { path: path.clone() });
        } else if !checked.manifest_is_signed && is_for_readers(path) {
            let vouched = own.get(path) == Some(&digest_of(&fs::read(folder.join(path))?));
            if !vouched {
                checked.found(Finding::FileUnvouched { path: path.clone() });
            }
        }
    }
    for path in tiles(size) {
        if !there.remove(&path) {
            checked.found(Finding::FileMissing { path });
        }
    }
    for path in there.difference(&expected) {
        checked.found(Finding::FileAdded { path: path.clone() });
    }
    Ok(checked)
}

impl CheckedFiles {
    fn found(&mut self, finding: Finding) {
        if self.findings.len() < MOST_LISTED { self.findings.push(finding) } else { self.more = true }
    }
}

/// The manifest, as far as it can be read.
fn manifest(
    folder: &Path,
    origin: &str,
    keys: &[PublicKey],
    checked: &mut CheckedFiles,
) -> io::Result<Option<Manifest>> {
    let path = folder.join(MANIFEST);
    let note = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        note => note?,
    };
    let mut wrong = |detail: String| {
        checked.findings.push(Finding::SignatureWrong { place: path.display().to_string(), detail });
    };
    let note = String::from_utf8_lossy(&note).into_owned();
    match Manifest::read(&note, keys) {
        Ok((manifest, _)) if manifest.origin != origin => {
            wrong(format!("it is of the log {:?}, and the checkpoint of {origin:?}", manifest.origin));
            Ok(Some(manifest))
        }
        Ok((manifest, signed)) => {
            checked.manifest_is_signed = signed;
            Ok(Some(manifest))
        }
        Err(error) => {
            wrong(error.to_string());
            // What it lists is still worth comparing, though nobody vouches for it.
            let text = note.rfind("\n\n").map(|end| format!("{}\n", &note[..=end]));
            Ok(text.and_then(|text| Manifest::read(&text, keys).ok()).map(|(manifest, _)| manifest))
        }
    }
}

/// Whether nothing but the manifest says what the file has to be.
fn is_for_readers(path: &str) -> bool {
    ![RECORDS, MANIFEST, CHECKPOINT, COSIGNED, PUBLIC_KEY].contains(&path)
}

/// The paths of all files below a folder.
fn list(
    folder: &Path,
    within: &str,
    there: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{within}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), &format!("{path}/"), there, findings)?;
        } else if kind.is_file() {
            there.insert(path);
        } else {
            findings.push(Finding::FileAdded { path });
        }
    }
    Ok(())
}

/// The tiles that a tree of this size has.
fn tiles(size: u64) -> impl Iterator<Item = String> {
    TreeEdge::widths(size).flat_map(|(level, full, width)| {
        let edge = (width > 0).then(|| tile_path(level, full, width));
        (0..full).map(move |index| tile_path(level, index, WIDTH)).chain(edge)
    })
}
