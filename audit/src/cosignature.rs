//! Cosignatures of witnesses under checkpoints (C2SP *tlog-cosignature*, version 1, Ed25519).
//!
//! A witness is somebody else who was shown one checkpoint after another, checked that each is the beginning of the next,
//! and says so with a time. A shop that has a witness cannot show different histories to different people without that
//! witness taking part. Daybook verifies cosignatures and keeps them; it is no witness itself.
//!
//! ```text
//! — witness.example/w1 <base64 of key hash (4 bytes), seconds since 1970 (8, big-endian), Ed25519 signature (64)>
//! ```

use crate::{
    note::{NoteError, key_hash, key_text, read_key},
    signed_note::SignedNote,
};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use std::{fmt, str::FromStr};

/// The algorithm byte of cosignatures in key hashes and encoded keys.
const COSIGNATURE_V1: u8 = 4;

/// A witness' key, in the C2SP *vkey* form `<name>+<hash>+<base64>`, with the algorithm of cosignatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key: Vec<u8>,
}

/// What a witness has said about a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Witnessed {
    pub witness: String,
    /// How many records the checkpoint covers.
    pub size: u64,
    /// When the witness says it signed, in seconds since 1970.
    pub time_s: u64,
}

impl WitnessKey {
    /// When this witness cosigned the note; an error if it did not.
    pub fn verify(&self, note: &str) -> Result<u64, NoteError> {
        let note = SignedNote::read(note)?;
        let mut refused = NoteError::NotSigned(self.to_string());
        for bytes in note.of(&self.name, key_hash(&self.name, COSIGNATURE_V1, &self.key)) {
            if let Some((time, signature)) = bytes.split_first_chunk::<8>() {
                let time_s = u64::from_be_bytes(*time);
                let signed = format!("cosignature/v1\ntime {time_s}\n{}", note.text);
                if UnparsedPublicKey::new(&ED25519, &self.key).verify(signed.as_bytes(), signature).is_ok() {
                    return Ok(time_s);
                }
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

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, COSIGNATURE_V1, &self.key))
    }
}

impl FromStr for WitnessKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        match read_key(text)? {
            (name, COSIGNATURE_V1, key) if key.len() == 32 => Ok(Self { name, key }),
            _ => Err(NoteError::NotAKey(
                "not a witness' key, which is of the algorithm 4 (Ed25519 cosignatures)",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkpoint, merge_signatures};

    /// Made by `replay-tool/tests/independent/cosign.py`.
    const WITNESS: &str = "witness.example.com/w1+8122a5ab+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
    const NOTE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    const LINE: &str = "\u{2014} witness.example.com/w1 gSKlqwAAAABkGFDLWr4Jea05CAgwNVtwky0Jgz6WfX0QJgM//FkB/W9BoT9TX0DkTxG+2cT4p/ViKNhUM/SnUwFcYQzugGFQ15LwDw==\n";

    fn cosigned() -> String {
        format!("{NOTE}{LINE}")
    }

    #[test]
    fn a_cosignature_of_another_implementation_verifies_with_its_time() {
        let key: WitnessKey = WITNESS.parse().unwrap();
        assert_eq!(key.to_string(), WITNESS);
        assert_eq!(key.verify(&cosigned()), Ok(1_679_315_147));
        assert_eq!(Checkpoint::read(&cosigned()).unwrap().size, 20_852_163);
        assert_eq!(key.verify(NOTE), Err(NoteError::NotSigned(WITNESS.to_owned())));
    }

    #[test]
    fn no_edit_of_text_time_or_signature_verifies() {
        let key: WitnessKey = WITNESS.parse().unwrap();
        let refused = Err(NoteError::WrongSignature("witness.example.com/w1".to_owned()));
        assert_eq!(key.verify(&cosigned().replace("20852163", "20852164")), refused);
        let (begin, signature) = LINE.trim_end().rsplit_once(' ').unwrap();
        let bytes = from_base64_of(signature);
        for at in 4..bytes.len() {
            let mut edited = bytes.clone();
            edited[at] ^= 1;
            let line = format!("{begin} {}\n", crate::note::base64(&edited));
            assert_eq!(key.verify(&format!("{NOTE}{line}")), refused, "byte {at}");
        }
        let cut = format!("{begin} {}\n", crate::note::base64(&bytes[..70]));
        assert_eq!(key.verify(&format!("{NOTE}{cut}")), refused);
    }

    fn from_base64_of(text: &str) -> Vec<u8> {
        crate::note::from_base64(text).unwrap()
    }

    #[test]
    fn a_key_that_signs_checkpoints_is_no_witness() {
        let shop = crate::SigningKey::from_seed("witness.example.com/w1", [7; 32]).unwrap().public();
        assert!(shop.to_string().parse::<WitnessKey>().is_err());
        assert!(WITNESS.parse::<crate::PublicKey>().is_err());
        assert!(WITNESS.replace("w1", "w2").parse::<WitnessKey>().is_err(), "the hash is of another name");
    }

    #[test]
    fn cosignatures_are_put_below_a_note_once_and_only_below_their_own() {
        let merged = merge_signatures(NOTE, &cosigned()).unwrap();
        assert_eq!(merged, cosigned());
        assert_eq!(merge_signatures(&merged, &cosigned()), Some(cosigned()));
        assert_eq!(merge_signatures(&NOTE.replace("20852163", "20852164"), &cosigned()), None);
    }
}
