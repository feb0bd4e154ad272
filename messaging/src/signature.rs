//! Signatures of messages: whoever may publish to our subjects could else send what looks like an event. A message is
//! signed with a key that the nodes of a shop share, for its place in the stream, so a copy of a genuine message is no
//! genuine message. Other programs need not know of it: they trust NATS, or read the log.

use async_nats::HeaderMap;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt::{self, Write as _};
use uuid::Uuid;

/// Header with the signature, in hexadecimal.
pub(crate) const SIGNATURE_HEADER: &str = "Daybook-Signature";

/// The key that the nodes of a shop sign messages with.
#[derive(Clone)]
pub struct MessageKey([u8; 32]);

/// Without the key.
impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageKey")
    }
}

impl MessageKey {
    /// The key that other nodes have, too.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// A key for the only node of a shop; the next start makes another one.
    #[must_use]
    pub fn by_chance() -> Self {
        let halves = [Uuid::new_v4(), Uuid::new_v4()];
        let mut secret = [0; 32];
        for (half, bytes) in halves.iter().zip(secret.chunks_exact_mut(16)) {
            bytes.copy_from_slice(half.as_bytes());
        }
        Self(secret)
    }

    /// The signature of the message that is to be the stream's `sequence`.
    pub(crate) fn sign(&self, sequence: u64, payload: &[u8]) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.mac(sequence, payload).finalize().into_bytes() {
            // Writing to a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Whether the message that is the stream's `sequence` was signed for this place with this key.
    pub(crate) fn has_signed(&self, headers: &HeaderMap, sequence: u64, payload: &[u8]) -> bool {
        let Some(signature) = headers.get(SIGNATURE_HEADER).and_then(|said| bytes(said.as_str())) else {
            return false;
        };
        self.mac(sequence, payload).verify_slice(&signature).is_ok()
    }

    fn mac(&self, sequence: u64, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("keys of any length are taken");
        mac.update(&sequence.to_be_bytes());
        mac.update(payload);
        mac
    }
}

/// What a text in hexadecimal says.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(std::str::from_utf8);
    pairs.map(|pair| u8::from_str_radix(pair.ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_one_key_one_place_and_one_payload() {
        let (key, other) = (MessageKey::new([7; 32]), MessageKey::new([8; 32]));
        let signed = |signature: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(SIGNATURE_HEADER, signature);
            headers
        };
        let headers = signed(&key.sign(3, b"event"));
        assert!(key.has_signed(&headers, 3, b"event"));
        assert!(!key.has_signed(&headers, 4, b"event"), "a copy at another place");
        assert!(!key.has_signed(&headers, 3, b"Event"));
        assert!(!other.has_signed(&headers, 3, b"event"));
        assert!(!key.has_signed(&HeaderMap::new(), 3, b"event"));
        for wrong in ["", "7", "zz", "ß", "00"] {
            assert!(!key.has_signed(&signed(wrong), 3, b"event"), "{wrong:?}");
        }
        assert!(!format!("{key:?}").contains('7'));
    }
}
