//! Notes as they are signed (C2SP *signed-note*): a text, an empty line, and a line for each signature. What the text says,
//! and who may sign what, is not known here.

use crate::note::{NoteError, from_base64};

/// More signatures under a note are not read.
const MOST_SIGNATURES: usize = 64;

/// A note that was taken apart.
pub(crate) struct SignedNote<'n> {
    /// What was signed, with its last line feed.
    pub(crate) text: &'n str,
    pub(crate) signatures: Vec<NoteSignature<'n>>,
}

/// One line below a note.
pub(crate) struct NoteSignature<'n> {
    pub(crate) name: &'n str,
    pub(crate) key_hash: [u8; 4],
    /// What follows the key's hash.
    pub(crate) bytes: Vec<u8>,
    /// The line itself.
    line: &'n str,
}

impl<'n> SignedNote<'n> {
    pub(crate) fn read(note: &'n str) -> Result<Self, NoteError> {
        let end =
            note.rfind("\n\n").ok_or(NoteError::NotACheckpoint("no empty line before the signatures"))?;
        let signatures = note[end + 2..].lines().map(NoteSignature::read).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(NoteError::NotACheckpoint("it has more than 64 signatures"));
        }
        Ok(Self { text: &note[..=end], signatures })
    }

    /// The signatures of the key with this name and hash.
    pub(crate) fn of(&self, name: &str, key_hash: [u8; 4]) -> impl Iterator<Item = &[u8]> {
        let of = move |one: &&NoteSignature<'_>| one.name == name && one.key_hash == key_hash;
        self.signatures.iter().filter(of).map(|one| one.bytes.as_slice())
    }
}

impl<'n> NoteSignature<'n> {
    fn read(line: &'n str) -> Result<Self, NoteError> {
        let malformed = NoteError::NotACheckpoint("a signature line is malformed");
        let mut words = line.split(' ');
        let (Some("\u{2014}"), Some(name), Some(signature), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(malformed);
        };
        let signature =
            from_base64(signature).ok_or(NoteError::NotACheckpoint("a signature is not base64"))?;
        let (key_hash, bytes) = signature.split_first_chunk().ok_or(malformed)?;
        Ok(Self { name, key_hash: *key_hash, bytes: bytes.to_vec(), line })
    }
}

/// A note below whose text these signature lines stand.
pub(crate) fn with_signatures(text: &str, lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!("{text}\n{lines}")
}

/// The first note with those signatures of the second one below its own that it does not have; none if they are not about
/// the same text.
#[must_use]
pub fn merge_signatures(note: &str, other: &str) -> Option<String> {
    let (ours, theirs) = (SignedNote::read(note).ok()?, SignedNote::read(other).ok()?);
    if ours.text != theirs.text {
        return None;
    }
    let mut lines: Vec<String> = ours.signatures.iter().map(|one| one.line.to_owned()).collect();
    for one in theirs.signatures {
        if !lines.iter().any(|line| line == one.line) {
            lines.push(one.line.to_owned());
        }
    }
    Some(with_signatures(ours.text, &lines))
}
