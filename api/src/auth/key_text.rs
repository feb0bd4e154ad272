//! A key as its holder has it: `dbs_` or, for an owner's, `dbo_`, then 46 letters and digits: the key's id (8), the secret
//! (32, of 190 random bits) and a checksum (6, CRC-32), all in base 62. So a scanner for secrets knows one offline, and a
//! typing error is told from a wrong key. The log has the SHA-256 of all of it and nothing else.

use daybook_domain::KeyId;
use sha2::{Digest, Sha256};
use std::{fmt, fmt::Write as _, str::FromStr};
use uuid::Uuid;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PREFIXES: [&str; 2] = ["dbs_", "dbo_"];
const ID_CHARS: usize = 8;
const SECRET_CHARS: usize = 32;
const CHECKSUM_CHARS: usize = 6;
const PREFIX_CHARS: usize = 4;

/// A whole key, secret included. It is shown once, and never logged: `Debug` leaves the secret out.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText {
    text: String,
    key_id: KeyId,
}

/// What is no key, without repeating it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedKey {
    #[error("a key begins with dbs_ or dbo_ and has 46 letters and digits after that")]
    Shape,
    #[error("the key's checksum does not fit: a character is wrong or missing")]
    Checksum,
}

impl KeyText {
    /// A new key with this id.
    #[must_use]
    pub fn new(key_id: KeyId, is_owner: bool) -> Self {
        let mut text = PREFIXES[usize::from(is_owner)].to_owned();
        text.push_str(key_id.as_str());
        text.push_str(&random_digits());
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self { text, key_id }
    }

    /// A key's id that follows from a UUID, so that a repeated request names the same key.
    #[must_use]
    pub fn id_of(uuid: Uuid) -> KeyId {
        let digest = Sha256::digest(uuid.as_bytes());
        let mut number = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let mut id = String::with_capacity(ID_CHARS);
        for _ in 0..ID_CHARS {
            id.push(char::from(DIGITS[(number % 62) as usize]));
            number /= 62;
        }
        id.parse().expect("eight letters or digits are an id")
    }

    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// To be handed to its holder, and to nobody else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What the log keeps of it: SHA-256, in hex.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in Sha256::digest(self.text.as_bytes()) {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

impl FromStr for KeyText {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let rest = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)).ok_or(MalformedKey::Shape)?;
        let is_shaped = rest.len() == ID_CHARS + SECRET_CHARS + CHECKSUM_CHARS
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_shaped {
            return Err(MalformedKey::Shape);
        }
        let (body, given) = text.split_at(PREFIX_CHARS + ID_CHARS + SECRET_CHARS);
        if given != checksum(body) {
            return Err(MalformedKey::Checksum);
        }
        let key_id = rest[..ID_CHARS].parse().map_err(|_| MalformedKey::Shape)?;
        Ok(Self { text: text.to_owned(), key_id })
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}…", &self.text[..PREFIX_CHARS], self.key_id)
    }
}

/// Digits of the secret: each byte of random data below 248 gives one, so that all are equally likely.
fn random_digits() -> String {
    let mut digits = String::with_capacity(SECRET_CHARS);
    while digits.len() < SECRET_CHARS {
        // 122 of its 128 bits are random; what is fixed is hashed away.
        let block = Sha256::digest([Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat());
        let usable = block.iter().filter(|byte| **byte < 248).map(|byte| DIGITS[usize::from(*byte % 62)]);
        digits.extend(usable.take(SECRET_CHARS - digits.len()).map(char::from));
    }
    digits
}

fn checksum(body: &str) -> String {
    let mut number = crc32fast::hash(body.as_bytes());
    let mut digits = [0; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_shown_and_errors_in_it_are_told() {
        let key = KeyText::new(KeyText::id_of(Uuid::from_u128(7)), true);
        assert!(key.reveal().starts_with("dbo_") && key.reveal().len() == 50, "{}", key.reveal());
        assert_eq!(key.reveal().parse(), Ok(key.clone()));
        assert_eq!(key.digest().len(), 64);
        assert!(!format!("{key:?}").contains(&key.reveal()[12..]), "{key:?}");
        let mut wrong = key.reveal().to_owned();
        let last = if wrong.pop() == Some('0') { '1' } else { '0' };
        wrong.push(last);
        assert_eq!(wrong.parse::<KeyText>(), Err(MalformedKey::Checksum));
        for shape in ["", "dbs_", "sk_live_123", &key.reveal()[..49], &key.reveal().replace("dbo_", "dbx_")] {
            assert_eq!(shape.parse::<KeyText>(), Err(MalformedKey::Shape), "{shape}");
        }
        assert_ne!(key.reveal(), KeyText::new(key.key_id().clone(), true).reveal());
    }
}
