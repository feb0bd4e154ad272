//! What can be asked about keys, and why it may be refused.

use super::{KeyRole, Scope};
use crate::{KeyId, Timestamp, command::commands, rejection::rejections};

commands! {
    /// What can be asked about keys.
    AccessCommand { CreateKey, RotateKey, RevokeKey, }
}

/// Makes a key; the secret was made where it was asked for, and is not in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateKey {
    pub key_id: KeyId,
    pub name: String,
    pub roles: Vec<KeyRole>,
    /// Beside those of the roles.
    pub scopes: Vec<Scope>,
    /// In hex.
    pub secret_sha256: String,
    pub expires_at: Option<Timestamp>,
}

/// Gives a key another secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotateKey {
    pub key_id: KeyId,
    /// In hex.
    pub secret_sha256: String,
    /// Until when the secret before is good, too.
    pub previous_valid_until: Timestamp,
}

/// The key is of no use any more, at once and for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeKey {
    pub key_id: KeyId,
    pub reason: String,
}

rejections! {
    /// Why it is refused.
    AccessRejection {
        #[class(Missing)]
        #[error("no such key")]
        KeyNotFound {},
        #[class(Conflict)]
        #[error("key {key_id} exists already")]
        KeyExists { key_id: KeyId },
        #[class(Conflict)]
        #[error("key {key_id} is called {name:?} already")]
        NameTaken { name: String, key_id: KeyId },
        #[class(Conflict)]
        #[error("the key is revoked; make another")]
        KeyIsRevoked {},
        #[class(Conflict)]
        #[error("{most} keys are the most there can be; revoke some")]
        TooManyKeys { most: usize },
        #[class(Invalid)]
        #[error("{field}: {detail}")]
        InvalidKey { field: String, detail: String },
    }
}
