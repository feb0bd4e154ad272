//! Retries: an `Idempotency-Key` names one request for ever. The command's id follows from the key alone,
//! and a digest of method, path and body tells a retry from another request under the same key. Both are
//! stored with the command's events, so a retry is recognised after a restart and without expiry.
//! (After the IETF draft `draft-ietf-httpapi-idempotency-key-header`.)

use super::conditional::the_only;
use crate::problem::{Problem, kind};
use axum::http::{HeaderMap, HeaderName, Method};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Keys are digested under this name, so that they collide with no other derived id. Never to be changed.
const KEYS: Uuid = Uuid::from_u128(0x6b0f_2a3c_9d1e_4f5a_8b7c_d6e5_f4a3_b2c1);

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key given, if any: 1 to 255 visible ASCII characters.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = the_only(headers, &KEY)? else { return Ok(None) };
    value
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()))
        .map(Some)
        .ok_or_else(|| {
            Problem::new(
                &kind::INVALID_HEADER,
                "Idempotency-Key must be 1 to 255 visible ASCII characters, for example a UUID",
            )
            .with("header", "Idempotency-Key")
        })
}

/// The command id that this key stands for.
pub(super) fn command_id(key: &str) -> Uuid {
    Uuid::new_v5(&KEYS, key.as_bytes())
}

/// The id of what a command creates: the same for every retry of it.
pub(crate) fn created_id(command_id: Uuid, retry_safe: bool) -> Uuid {
    if retry_safe { Uuid::new_v5(&command_id, b"created") } else { command_id }
}

/// Digest of a request: its method, its path and its body without spelling differences.
pub(crate) fn digest(method: &Method, path: &str, body: &impl Serialize) -> u64 {
    struct Feed<'a>(&'a mut Sha256);
    impl std::io::Write for Feed<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut hash = Sha256::new();
    hash.update(method.as_str());
    hash.update(b" ");
    hash.update(path);
    hash.update(b"\n");
    serde_json::to_writer(Feed(&mut hash), body).expect("bodies were read from JSON, so they can be written");
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_digest_tells_method_path_and_body_apart() {
        let base = digest(&Method::POST, "/carts", &json!({"currency": "GBP"}));
        assert_eq!(base, digest(&Method::POST, "/carts", &json!({"currency": "GBP"})));
        assert_ne!(base, digest(&Method::PUT, "/carts", &json!({"currency": "GBP"})));
        assert_ne!(base, digest(&Method::POST, "/carts/1", &json!({"currency": "GBP"})));
        assert_ne!(base, digest(&Method::POST, "/carts", &json!({"currency": "EUR"})));
    }

    /// Keys and digests of released versions stand in logs; changing them would break retries.
    #[test]
    fn command_ids_and_digests_never_change() {
        assert_eq!(command_id("order-4711").to_string(), "345bc576-db27-5528-92b3-8a7a148b5f0f");
        assert_eq!(digest(&Method::POST, "/carts", &json!({})), 0x3fad3f0983802f80);
    }
}
