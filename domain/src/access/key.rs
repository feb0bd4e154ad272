//! One key: whose it is, what it may do, and until when.

use super::{KeyCreated, KeyRole, KeyRotated, Scope, Scopes};
use crate::{KeyId, Timestamp};
use serde::{Deserialize, Serialize};

/// A key as the log knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    pub key_id: KeyId,
    /// What people call it.
    pub name: String,
    pub roles: Vec<KeyRole>,
    /// Beside those of the roles.
    pub scopes: Vec<Scope>,
    /// SHA-256 of the secret, in hex.
    secret_sha256: String,
    /// The secret before the last rotation, and until when it is good.
    previous: Option<(String, Timestamp)>,
    pub expires_at: Option<Timestamp>,
    pub is_revoked: bool,
}

impl AccessKey {
    pub(super) fn new(created: &KeyCreated) -> Self {
        Self {
            key_id: created.key_id.clone(),
            name: created.name.clone(),
            roles: created.roles.clone(),
            scopes: created.scopes.clone(),
            secret_sha256: created.secret_sha256.clone(),
            previous: None,
            expires_at: created.expires_at,
            is_revoked: false,
        }
    }

    pub(super) fn rotate(&mut self, rotated: &KeyRotated) {
        let before = std::mem::replace(&mut self.secret_sha256, rotated.secret_sha256.clone());
        self.previous = Some((before, rotated.previous_valid_until));
    }

    pub(super) fn revoke(&mut self) {
        self.is_revoked = true;
        self.previous = None;
        self.secret_sha256 = String::new();
    }

    /// Whether it is of use at this time.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        !self.is_revoked && self.expires_at.is_none_or(|end| now < end)
    }

    /// Digests, in hex, of the secrets that are good at this time.
    pub fn secrets_at(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let previous = self.previous.iter().filter(move |(_, until)| now < *until);
        let all = previous.map(|(digest, _)| digest.as_str()).chain([self.secret_sha256.as_str()]);
        all.filter(move |digest| !digest.is_empty() && self.is_valid_at(now))
    }

    /// Everything that it may do.
    #[must_use]
    pub fn all_scopes(&self) -> Scopes {
        let own: Scopes = self.scopes.iter().copied().collect();
        self.roles.iter().fold(own, |all, role| all.and(role.scopes()))
    }
}
