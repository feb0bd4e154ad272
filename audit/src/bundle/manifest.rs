//! The manifest of a bundle: what it has beside records and tiles, which the signed root covers, and when it was made.
//! A signed note, so that an edited README or schema, or one that is missing, is told.
//!
//! ```text
//! Daybook audit bundle 1
//! shop.example/daybook                  which log
//! made 2026-12-01T03:18:40Z
//! <SHA-256 in hexadecimal>  <path>      for each file
//!
//! — shop.example/daybook <signature>
//! ```
//!
//! Its second line is no number, so that its signature can be taken for that of no checkpoint.

use crate::{
    merkle::Hash,
    note::{NoteError, PublicKey, SigningKey},
    signed_note::{SignedNote, with_signatures},
};
use aws_lc_rs::digest;
use std::collections::BTreeMap;

const FIRST_LINE: &str = "Daybook audit bundle 1";

/// The digests of a bundle's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) origin: String,
    /// When it was made, by the clock of whoever made it.
    pub(super) made: String,
    pub(super) files: BTreeMap<String, Hash>,
}

impl Manifest {
    /// Over these files, made now.
    pub(super) fn over<'f>(origin: &str, files: impl Iterator<Item = (&'f String, &'f [u8])>) -> Self {
        let files = files.map(|(path, bytes)| (path.clone(), digest_of(bytes))).collect();
        let made = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { origin: origin.to_owned(), made, files }
    }

    /// As a note, signed if there is a key.
    pub(super) fn to_note(&self, key: Option<&SigningKey>) -> String {
        let mut text = format!("{FIRST_LINE}\n{}\nmade {}\n", self.origin, self.made);
        for (path, digest) in &self.files {
            text.push_str(&format!("{digest}  {path}\n"));
        }
        match key {
            Some(key) => key.sign_text(&text),
            None => with_signatures(&text, &[]),
        }
    }

    /// Reads it, and says whether one of these keys has signed it; an error where a signature is there and wrong.
    pub(super) fn read(note: &str, keys: &[PublicKey]) -> Result<(Self, bool), NoteError> {
        let read = SignedNote::read(note)?;
        let malformed = NoteError::NotACheckpoint("it is not a bundle's manifest");
        let mut lines = read.text.lines();
        let (Some(FIRST_LINE), Some(origin), Some(made)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed);
        };
        let made = made.strip_prefix("made ").ok_or(malformed.clone())?;
        let mut files = BTreeMap::new();
        for line in lines {
            let (digest, path) = line.split_once("  ").ok_or(malformed.clone())?;
            files.insert(path.to_owned(), Hash::from_hex(digest).ok_or(malformed.clone())?);
        }
        let manifest = Self { origin: origin.to_owned(), made: made.to_owned(), files };
        if read.signatures.is_empty() {
            return Ok((manifest, false));
        }
        let mut refused = NoteError::NotAKey("none was named");
        for key in keys {
            match key.verify_text(note) {
                Ok(_) if key.name() == manifest.origin => return Ok((manifest, true)),
                Ok(_) => {
                    let (found, key) = (manifest.origin.clone(), key.name().to_owned());
                    refused = NoteError::OtherOrigin { found, key };
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

/// SHA-256 over a file.
pub(super) fn digest_of(bytes: &[u8]) -> Hash {
    let digest = digest::digest(&digest::SHA256, bytes);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    Hash(hash)
}
