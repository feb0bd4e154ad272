//! Whoever a request comes from, as its key says.

use daybook_domain::{
    Actor, KeyId,
    access::{AccessKey, Scope, Scopes},
};

/// The holder of a key, and what they may do. Put into a request's extensions by the gate.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    key_id: KeyId,
    scopes: Scopes,
}

impl Principal {
    pub(super) fn of(key: &AccessKey) -> Self {
        Self { key_id: key.key_id.clone(), scopes: key.all_scopes() }
    }

    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    pub(crate) const fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// Who it is where nobody says for whom it asks.
    pub(crate) fn actor(&self) -> Actor {
        let id = format!("key-{}", self.key_id);
        Actor::Staff(id.parse().expect("letters, digits and a hyphen are an id"))
    }
}
