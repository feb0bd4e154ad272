//! What happens to keys.

use super::{KeyRole, Scope};
use crate::{KeyId, Timestamp, event::events};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

events! {
    /// What happens to keys.
    AccessEvent of super::AccessKeys, upcast by upcast {
        KeyCreated = 1,
        KeyRotated = 1,
        KeyRevoked = 1,
    }
}

/// No event has an older schema yet.
fn upcast(_event_type: &str, _from_version: u16, payload: serde_json::Value) -> serde_json::Value {
    payload
}

/// Somebody may do something from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyCreated {
    pub key_id: KeyId,
    /// What people call it.
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<KeyRole>,
    /// Beside those of the roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
    /// SHA-256 of the secret, in hex; of 190 random bits, so that nobody finds the secret by trying.
    pub secret_sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The key has another secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyRotated {
    pub key_id: KeyId,
    pub secret_sha256: String,
    /// Until when the secret before is good, too.
    pub previous_valid_until: Timestamp,
}

/// The key is of no use any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyRevoked {
    pub key_id: KeyId,
    pub reason: String,
}
