//! The aggregate: all keys of the shop.

use super::{
    AccessCommand, AccessEvent, AccessKey, AccessRejection, CreateKey, KeyCreated, KeyRevoked, KeyRotated,
    RevokeKey, RotateKey,
};
use crate::{CacheClass, Context, Decider, KeyId, KeyListId, text::objection};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many keys there can be, revoked ones included.
pub const MAX_KEYS: usize = 10_000;
const NAME_CHARS: usize = 100;
const REASON_CHARS: usize = 500;
/// SHA-256 in hex.
const DIGEST_CHARS: usize = 64;

type Decision = Result<Vec<AccessEvent>, AccessRejection>;

/// Every key that was ever made, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccessKeys {
    keys: BTreeMap<KeyId, AccessKey>,
}

impl Decider for AccessKeys {
    const NAME: &'static str = "access";
    const STATE_VERSION: u32 = 1;
    const CACHE: CacheClass = CacheClass::Normal;
    type Id = KeyListId;
    type Command = AccessCommand;
    type Event = AccessEvent;
    type Rejection = AccessRejection;

    fn decide(&self, command: AccessCommand, _context: &Context) -> Decision {
        match command {
            AccessCommand::CreateKey(create) => self.create(create),
            AccessCommand::RotateKey(rotate) => self.rotate(rotate),
            AccessCommand::RevokeKey(revoke) => self.revoke(revoke),
        }
    }

    fn evolve(&mut self, event: &AccessEvent) {
        match event {
            AccessEvent::KeyCreated(created) => {
                self.keys.insert(created.key_id.clone(), AccessKey::new(created));
            }
            AccessEvent::KeyRotated(rotated) => {
                if let Some(key) = self.keys.get_mut(&rotated.key_id) {
                    key.rotate(rotated);
                }
            }
            AccessEvent::KeyRevoked(revoked) => {
                if let Some(key) = self.keys.get_mut(&revoked.key_id) {
                    key.revoke();
                }
            }
        }
    }
}

impl AccessKeys {
    /// All keys, in the order of their ids.
    pub fn keys(&self) -> impl Iterator<Item = &AccessKey> {
        self.keys.values()
    }

    #[must_use]
    pub fn key(&self, key_id: &KeyId) -> Option<&AccessKey> {
        self.keys.get(key_id)
    }

    fn create(&self, create: CreateKey) -> Decision {
        let CreateKey { key_id, name, mut roles, mut scopes, secret_sha256, expires_at } = create;
        if self.keys.contains_key(&key_id) {
            return Err(AccessRejection::KeyExists { key_id });
        }
        if self.keys.len() >= MAX_KEYS {
            return Err(AccessRejection::TooManyKeys { most: MAX_KEYS });
        }
        check_text("/name", &name, NAME_CHARS)?;
        check_digest(&secret_sha256)?;
        if roles.is_empty() && scopes.is_empty() {
            return Err(invalid("/roles", "give at least one role or scope"));
        }
        if let Some(other) = self.keys.values().find(|key| key.name == name && !key.is_revoked) {
            return Err(AccessRejection::NameTaken { name, key_id: other.key_id.clone() });
        }
        roles.sort_unstable();
        roles.dedup();
        scopes.sort_unstable();
        scopes.dedup();
        let created = KeyCreated { key_id, name, roles, scopes, secret_sha256, expires_at };
        Ok(vec![AccessEvent::KeyCreated(created)])
    }

    fn rotate(&self, rotate: RotateKey) -> Decision {
        let RotateKey { key_id, secret_sha256, previous_valid_until } = rotate;
        let key = self.keys.get(&key_id).ok_or(AccessRejection::KeyNotFound {})?;
        if key.is_revoked {
            return Err(AccessRejection::KeyIsRevoked {});
        }
        check_digest(&secret_sha256)?;
        let rotated = KeyRotated { key_id, secret_sha256, previous_valid_until };
        Ok(vec![AccessEvent::KeyRotated(rotated)])
    }

    fn revoke(&self, revoke: RevokeKey) -> Decision {
        let RevokeKey { key_id, reason } = revoke;
        let key = self.keys.get(&key_id).ok_or(AccessRejection::KeyNotFound {})?;
        check_text("/reason", &reason, REASON_CHARS)?;
        if key.is_revoked {
            return Ok(Vec::new());
        }
        Ok(vec![AccessEvent::KeyRevoked(KeyRevoked { key_id, reason })])
    }
}

fn check_text(field: &str, text: &str, most_chars: usize) -> Result<(), AccessRejection> {
    objection(text, 1, most_chars).map_or(Ok(()), |detail| Err(invalid(field, &detail)))
}

fn check_digest(hex: &str) -> Result<(), AccessRejection> {
    let is_digest = hex.len() == DIGEST_CHARS && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if is_digest { Ok(()) } else { Err(invalid("/secret_sha256", "is no SHA-256 in hex")) }
}

fn invalid(field: &str, detail: &str) -> AccessRejection {
    AccessRejection::InvalidKey { field: field.to_owned(), detail: detail.to_owned() }
}
