//! Checkpoints as signed notes: the text an auditor keeps (C2SP *signed-note* and *tlog-checkpoint*).
//!
//! ```text
//! shop.example/daybook          origin, also the key's name
//! 1234567                       leaves
//! <root hash in base64>
//!
//! — shop.example/daybook <base64 of key hash and Ed25519 signature>
//! ```

use crate::{
    merkle::Hash,
    signed_note::{SignedNote, with_signatures},
};
use aws_lc_rs::{
    digest,
    encoding::AsBigEndian as _,
    error::KeyRejected,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{fmt, str::FromStr};

/// The algorithm byte of Ed25519 in key hashes and encoded keys.
const ED25519_KEY: u8 = 1;

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// What is wrong with a note or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("not a checkpoint: {0}")]
    NotACheckpoint(&'static str),
    #[error("not a key: {0}")]
    NotAKey(&'static str),
    #[error("the checkpoint is not signed by the key {0:?}")]
    NotSigned(String),
    #[error("the signature of {0:?} under the checkpoint is wrong")]
    WrongSignature(String),
    #[error("the checkpoint is of the log {found:?}, and the key {key:?} signs another one's")]
    OtherOrigin { found: String, key: String },
}

/// How large the tree was and what its root was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; no spaces, no plus sign.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// A key that signs checkpoints. Its secret is never shown.
pub struct SigningKey {
    name: String,
    pair: Ed25519KeyPair,
    seed: [u8; 32],
}

/// The key an auditor needs, in the C2SP *vkey* form `<name>+<hash>+<base64>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: Vec<u8>,
}

impl Checkpoint {
    fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64(&self.root.0))
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        key.sign_text(&self.body())
    }

    /// Reads a signed note without looking at its signatures.
    pub fn read(note: &str) -> Result<Self, NoteError> {
        let mut lines = SignedNote::read(note)?.text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::NotACheckpoint("fewer than three lines"));
        };
        let canonical =
            size == "0" || !size.starts_with('0') && size.bytes().all(|digit| digit.is_ascii_digit());
        let size = size
            .parse()
            .ok()
            .filter(|_| canonical)
            .ok_or(NoteError::NotACheckpoint("its size is no number"))?;
        let root = from_base64(root).and_then(|bytes| bytes.try_into().ok()).map(Hash);
        let root = root.ok_or(NoteError::NotACheckpoint("its root is not 32 bytes in base64"))?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Reads a signed note that must carry a good signature of `key`, which is a key of the log that it is about.
    pub fn verify(note: &str, key: &PublicKey) -> Result<Self, NoteError> {
        key.verify_text(note)?;
        let checkpoint = Self::read(note)?;
        if checkpoint.origin == key.name {
            return Ok(checkpoint);
        }
        Err(NoteError::OtherOrigin { found: checkpoint.origin, key: key.name.clone() })
    }

    /// Reads a signed note that must carry a good signature of one of `keys`; the error is about the last of them.
    pub fn verify_by_any(note: &str, keys: &[PublicKey]) -> Result<Self, NoteError> {
        let mut refused = NoteError::NotAKey("none was named");
        for key in keys {
            match Self::verify(note, key) {
                Ok(checkpoint) => return Ok(checkpoint),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

impl SigningKey {
    /// A new key from the operating system's randomness.
    pub fn generate(name: &str) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| NoteError::NotAKey("no randomness"))?;
        let seed = pair.seed().and_then(|seed| seed.as_be_bytes());
        let seed = seed.map_err(|_| NoteError::NotAKey("no seed"))?;
        let seed: [u8; 32] = seed.as_ref().try_into().map_err(|_| NoteError::NotAKey("no seed"))?;
        Self::from_seed(name, seed)
    }

    /// The key of a seed.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, NoteError> {
        if name.is_empty() || name.contains(['+', ' ', '\n']) {
            return Err(NoteError::NotAKey("its name is empty or has a space or a plus sign"));
        }
        let rejected = |_: KeyRejected| NoteError::NotAKey("its seed is not one");
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(rejected)?;
        Ok(Self { name: name.to_owned(), pair, seed })
    }

    /// The secret form, `PRIVATE+KEY+<name>+<hash>+<base64>`, for a file only its owner can read.
    #[must_use]
    pub fn to_secret(&self) -> String {
        let hash = hex(&self.public().hash());
        let mut key = vec![ED25519_KEY];
        key.extend_from_slice(&self.seed);
        format!("PRIVATE+KEY+{}+{hash}+{}", self.name, base64(&key))
    }

    /// Reads the secret form.
    pub fn from_secret(text: &str) -> Result<Self, NoteError> {
        let rest = text
            .trim()
            .strip_prefix("PRIVATE+KEY+")
            .ok_or(NoteError::NotAKey("no PRIVATE+KEY+ at its start"))?;
        let parts: Vec<&str> = rest.splitn(3, '+').collect();
        let [name, _, key] = parts[..] else { return Err(NoteError::NotAKey("not three parts")) };
        match from_base64(key).as_deref() {
            Some([ED25519_KEY, seed @ ..]) => {
                let seed = seed.try_into().map_err(|_| NoteError::NotAKey("its seed has not 32 bytes"))?;
                Self::from_seed(name, seed)
            }
            _ => Err(NoteError::NotAKey("not an Ed25519 key")),
        }
    }

    /// The text as a note with this key's signature below it.
    pub(crate) fn sign_text(&self, text: &str) -> String {
        let mut signature = self.public().hash().to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        with_signatures(text, &[format!("\u{2014} {} {}", self.name, base64(&signature))])
    }

    /// What an auditor needs.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey { name: self.name.clone(), key: self.pair.public_key().as_ref().to_vec() }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret key of {}", self.public())
    }
}

impl PublicKey {
    fn hash(&self) -> [u8; 4] {
        key_hash(&self.name, ED25519_KEY, &self.key)
    }

    /// The text of a note that must carry a good signature of this key.
    pub(crate) fn verify_text<'n>(&self, note: &'n str) -> Result<&'n str, NoteError> {
        let note = SignedNote::read(note)?;
        let mut refused = NoteError::NotSigned(self.to_string());
        for signature in note.of(&self.name, self.hash()) {
            let key = UnparsedPublicKey::new(&ED25519, &self.key);
            if key.verify(note.text.as_bytes(), signature).is_ok() {
                return Ok(note.text);
            }
            refused = NoteError::WrongSignature(self.name.clone());
        }
        Err(refused)
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first four bytes of SHA-256 over name, line feed, algorithm and key.
pub(crate) fn key_hash(name: &str, algorithm: u8, key: &[u8]) -> [u8; 4] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(name.as_bytes());
    context.update(&[b'\n', algorithm]);
    context.update(key);
    let digest = context.finish();
    std::array::from_fn(|at| digest.as_ref()[at])
}

/// A key as text: `<name>+<hash>+<base64 of algorithm and key>`.
pub(crate) fn key_text(name: &str, algorithm: u8, key: &[u8]) -> String {
    let encoded: Vec<u8> = std::iter::once(algorithm).chain(key.iter().copied()).collect();
    format!("{name}+{}+{}", hex(&key_hash(name, algorithm, key)), base64(&encoded))
}

/// The algorithm and key in such a text, once its hash was found to fit.
pub(crate) fn read_key(text: &str) -> Result<(String, u8, Vec<u8>), NoteError> {
    let parts: Vec<&str> = text.trim().splitn(3, '+').collect();
    let [name, hash, key] = parts[..] else { return Err(NoteError::NotAKey("not <name>+<hash>+<key>")) };
    let key = from_base64(key).ok_or(NoteError::NotAKey("its last part is not base64"))?;
    let Some((algorithm, key)) = key.split_first() else { return Err(NoteError::NotAKey("it is empty")) };
    if hex(&key_hash(name, *algorithm, key)) != hash {
        return Err(NoteError::NotAKey("its hash does not fit"));
    }
    Ok((name.to_owned(), *algorithm, key.to_vec()))
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, ED25519_KEY, &self.key))
    }
}

impl FromStr for PublicKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        match read_key(text)? {
            (name, ED25519_KEY, key) => Ok(Self { name, key }),
            _ => Err(NoteError::NotAKey("not an Ed25519 key that signs checkpoints")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example key and note of Go's `golang.org/x/mod/sumdb/note` documentation.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n\n\
                        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn signatures_of_another_implementation_verify() {
        let key: PublicKey = PETER.parse().unwrap();
        assert_eq!(key.to_string(), PETER);
        // The signature is good; the text is just no checkpoint.
        assert_eq!(Checkpoint::verify(NOTE, &key), Err(NoteError::NotACheckpoint("fewer than three lines")));
        let edited = NOTE.replace("the answer", "an answer");
        assert_eq!(
            Checkpoint::verify(&edited, &key),
            Err(NoteError::WrongSignature("PeterNeumann".to_owned()))
        );
    }

    #[test]
    fn a_checkpoint_survives_signing_and_no_edit() {
        let key = SigningKey::from_seed("shop.example/daybook", [7; 32]).unwrap();
        let again = SigningKey::from_secret(&key.to_secret()).unwrap();
        let checkpoint =
            Checkpoint { origin: "shop.example/daybook".to_owned(), size: 42, root: Hash([9; 32]) };
        let note = checkpoint.sign(&again);
        assert_eq!(Checkpoint::verify(&note, &key.public()), Ok(checkpoint));
        let edited = note.replace("\n42\n", "\n43\n");
        assert!(Checkpoint::verify(&edited, &key.public()).is_err());
        let other = SigningKey::from_seed("shop.example/daybook", [8; 32]).unwrap();
        assert!(matches!(Checkpoint::verify(&note, &other.public()), Err(NoteError::NotSigned(_))));
    }
}
