//! Retries: an `Idempotency-Key` names one request of one principal to one target for ever. The command's id is derived from
//! these three with the shop's secret, so that nobody computes it, or what follows from it, from a guessed key; a digest of
//! target and body tells a retry from another request under the same key. Both are stored with the command's events, or
//! with the event that says that there were none, so a retry is recognised after a restart and without expiry.
//! (After the IETF draft `draft-ietf-httpapi-idempotency-key-header`.)

use super::{RequestTarget, conditional::the_only};
use crate::problem::{Problem, kind};
use axum::http::{HeaderMap, HeaderName};
use daybook_engine::ShopSecret;
use serde::Serialize;
use uuid::Uuid;

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

/// The command id that a key stands for: of this principal, for this target. Two principals, and two targets, never share
/// one, whatever keys they choose.
pub(super) fn command_id(secret: &ShopSecret, principal: &str, target: &RequestTarget, key: &str) -> Uuid {
    secret.id("command", &[principal, target.as_str(), key])
}

/// The id of what a command creates: the same for every retry of it.
pub(crate) fn created_id(command_id: Uuid, retry_safe: bool) -> Uuid {
    if retry_safe { Uuid::new_v5(&command_id, b"created") } else { command_id }
}

/// Digest of a request: its target and its body without spelling differences.
pub(crate) fn digest(secret: &ShopSecret, target: &RequestTarget, body: &impl Serialize) -> u64 {
    let mut digest = secret.digest("body");
    digest.part(target.as_str().as_bytes());
    serde_json::to_writer(&mut digest, body).expect("bodies were read from JSON, so they can be written");
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;
    use serde_json::json;

    fn target(method: Method, route: &str, params: &[(&str, &str)]) -> RequestTarget {
        RequestTarget::new(&method, route, params.iter().copied())
    }

    #[test]
    fn a_digest_tells_target_and_body_apart() {
        let secret = ShopSecret::new([7; 32]);
        let carts = target(Method::POST, "/carts", &[]);
        let base = digest(&secret, &carts, &json!({"currency": "GBP"}));
        assert_eq!(base, digest(&secret, &carts, &json!({"currency": "GBP"})));
        for other in [target(Method::PUT, "/carts", &[]), target(Method::POST, "/carts/{id}", &[("id", "1")])]
        {
            assert_ne!(base, digest(&secret, &other, &json!({"currency": "GBP"})));
        }
        assert_ne!(base, digest(&secret, &carts, &json!({"currency": "EUR"})));
        assert_ne!(base, digest(&ShopSecret::new([8; 32]), &carts, &json!({"currency": "GBP"})));
    }

    #[test]
    fn a_key_stands_for_another_command_of_another_principal_at_another_target_in_another_shop() {
        let secret = ShopSecret::new([7; 32]);
        let customer = |id: &str| format!("customer:{id}");
        let (mug, cup) = ([("sku", "MUG")], [("sku", "CUP")]);
        let receive = |params| target(Method::POST, "/inventory/{sku}/receive", params);
        let id = command_id(&secret, &customer("1"), &receive(&mug), "1");
        assert_eq!(id, command_id(&secret, &customer("1"), &receive(&mug), "1"));
        let count = target(Method::POST, "/inventory/{sku}/count", &mug);
        for other in [
            command_id(&secret, &customer("2"), &receive(&mug), "1"),
            command_id(&secret, "anonymous", &receive(&mug), "1"),
            command_id(&secret, &customer("1"), &receive(&cup), "1"),
            command_id(&secret, &customer("1"), &count, "1"),
            command_id(&secret, &customer("1"), &receive(&mug), "2"),
            command_id(&ShopSecret::new([8; 32]), &customer("1"), &receive(&mug), "1"),
        ] {
            assert_ne!(id, other);
        }
    }
}
