//! The shop's secret, from which ids are derived that a client must not be able to compute from what it chooses itself.
//!
//! An idempotency key, or an invoice number of imported books, names one thing for ever; the id that it stands for is a
//! keyed digest (HMAC-SHA-256, RFC 2104). All nodes of a shop need the same secret, or a retry at another node would be
//! another command. Where it is kept is for the program to say; it is not in the log and not in what is exported.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::{fmt, io};
use uuid::Uuid;

/// 32 bytes that nobody outside knows.
#[derive(Clone, PartialEq, Eq)]
pub struct ShopSecret([u8; Self::BYTES]);

impl ShopSecret {
    pub const BYTES: usize = 32;

    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        let mut digest = Sha256::new();
        // Each has 122 random bits.
        for _ in 0..4 {
            digest.update(Uuid::new_v4().as_bytes());
        }
        Self(digest.finalize().into())
    }

    /// The one that was kept.
    #[must_use]
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// To be kept.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The id that `parts` stand for. Stored for ever: never change it.
    #[must_use]
    pub fn id(&self, purpose: &str, parts: &[&str]) -> Uuid {
        let mut digest = self.digest(purpose);
        for part in parts {
            digest.part(part.as_bytes());
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.mac.finalize().into_bytes()[..16]);
        Uuid::new_v8(bytes)
    }

    /// Begins a digest of content, to tell it from other content for the same purpose.
    #[must_use]
    pub fn digest(&self, purpose: &str) -> ContentDigest {
        let mac = Hmac::new_from_slice(&self.0).expect("a key of any length is taken");
        let mut digest = ContentDigest { mac };
        digest.part(purpose.as_bytes());
        digest
    }
}

/// Says nothing of what it is.
impl fmt::Debug for ShopSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShopSecret")
    }
}

/// A keyed digest of what is written to it. Without the secret a guess at the content cannot be confirmed by it.
pub struct ContentDigest {
    mac: Hmac<Sha256>,
}

impl ContentDigest {
    /// Takes in one part of several, so that moving a border between two parts changes the digest.
    pub fn part(&mut self, bytes: &[u8]) {
        self.mac.update(&(bytes.len() as u64).to_be_bytes());
        self.mac.update(bytes);
    }

    /// Its first 64 bits; never zero, which would mean "unknown".
    #[must_use]
    pub fn finish(self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.mac.finalize().into_bytes()[..8]);
        u64::from_le_bytes(first).max(1)
    }
}

impl io::Write for ContentDigest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.mac.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_the_secret_the_purpose_and_every_part() {
        let (one, other) = (ShopSecret::new([7; 32]), ShopSecret::new([8; 32]));
        let id = one.id("command", &["anonymous", "POST /carts", "1"]);
        assert_eq!(id, one.id("command", &["anonymous", "POST /carts", "1"]));
        for different in [
            other.id("command", &["anonymous", "POST /carts", "1"]),
            one.id("import", &["anonymous", "POST /carts", "1"]),
            one.id("command", &["customer:1", "POST /carts", "1"]),
            one.id("command", &["anonymous", "POST /carts1", ""]),
            one.id("command", &["anonymous", "POST /cart", "s1"]),
        ] {
            assert_ne!(id, different);
        }
    }

    /// Computed independently; ids stand in logs, so the derivation must not change.
    #[test]
    fn ids_and_digests_never_change() {
        let secret = ShopSecret::new([7; 32]);
        assert_eq!(
            secret.id("command", &["anonymous", "1"]).to_string(),
            "291fefaa-44cd-8755-ba5d-f9d60a6536c0"
        );
        let mut digest = secret.digest("request");
        digest.part(b"POST /carts");
        assert_eq!(digest.finish(), 0xe41e_b9c9_08c7_6d4e);
    }

    #[test]
    fn a_new_secret_is_another_one_and_is_not_shown() {
        assert_ne!(ShopSecret::random(), ShopSecret::random());
        assert_eq!(format!("{:?}", ShopSecret::random()), "ShopSecret");
    }
}
