//! What a key may be for: scopes, and roles that are named bundles of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! scopes {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)+) => {
        /// One thing that a caller may be allowed to do. To write includes to read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[schemars(inline)]
        pub enum Scope {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl Scope {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it is written.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

scopes! {
    ProductsWrite "products:write",
    InventoryRead "inventory:read",
    InventoryWrite "inventory:write",
    CartsRead "carts:read",
    CartsWrite "carts:write",
    OrdersRead "orders:read",
    OrdersWrite "orders:write",
    PaymentsRead "payments:read",
    PaymentsWrite "payments:write",
    /// Many commands in one request; each needs its own scope beside.
    CommandsBulk "commands:bulk",
    /// The whole record: every event, with what it says about people.
    EventsRead "events:read",
    /// Proofs about the record.
    AuditRead "audit:read",
    /// What counts events, and the node's state.
    NodeRead "node:read",
    NodeOperate "node:operate",
    KeysRead "keys:read",
    KeysWrite "keys:write",
    /// To say for whom one asks: `X-Daybook-Actor` is believed.
    ActAs "act_as",
}

impl Scope {
    const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// What this scope includes.
    const fn reads(self) -> Option<Self> {
        match self {
            Self::InventoryWrite => Some(Self::InventoryRead),
            Self::CartsWrite => Some(Self::CartsRead),
            Self::OrdersWrite => Some(Self::OrdersRead),
            Self::PaymentsWrite => Some(Self::PaymentsRead),
            Self::NodeOperate => Some(Self::NodeRead),
            Self::KeysWrite => Some(Self::KeysRead),
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u32);

impl Scopes {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// With this scope and what it includes.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        let more = match scope.reads() {
            Some(read) => read.bit(),
            None => 0,
        };
        Self(self.0 | scope.bit() | more)
    }

    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        scopes.into_iter().fold(Self::NONE, Self::with)
    }
}

/// A named bundle of scopes: what somebody of that trade does all day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum KeyRole {
    /// The shop's website or app: carts and orders of its customers, for whom it speaks.
    Shopfront,
    /// Products, prices, stock and orders.
    Merchant,
    /// Stock, and the goods of orders.
    Warehouse,
    /// The record, to be counted.
    Analyst,
    /// The record and its proofs.
    Auditor,
    /// The node: its read models, dead letters and metrics.
    Operator,
    /// Everything, keys included.
    Owner,
}

impl KeyRole {
    pub const ALL: [Self; 7] = [
        Self::Shopfront,
        Self::Merchant,
        Self::Warehouse,
        Self::Analyst,
        Self::Auditor,
        Self::Operator,
        Self::Owner,
    ];

    #[must_use]
    pub fn scopes(self) -> Scopes {
        use Scope as S;
        let scopes: &[Scope] = match self {
            Self::Shopfront => &[S::CartsWrite, S::OrdersWrite, S::PaymentsWrite, S::ActAs],
            Self::Merchant => &[
                S::ProductsWrite,
                S::InventoryWrite,
                S::CartsRead,
                S::OrdersWrite,
                S::PaymentsRead,
                S::CommandsBulk,
            ],
            Self::Warehouse => &[S::InventoryWrite, S::OrdersWrite],
            Self::Analyst => &[S::EventsRead, S::InventoryRead],
            Self::Auditor => &[S::EventsRead, S::AuditRead, S::OrdersRead],
            Self::Operator => &[S::NodeOperate],
            Self::Owner => Scope::ALL,
        };
        scopes.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyRole, Scope, Scopes};

    #[test]
    fn to_write_includes_to_read_and_nothing_else() {
        let scopes: Scopes = [Scope::OrdersWrite].into_iter().collect();
        assert_eq!(scopes.iter().collect::<Vec<_>>(), [Scope::OrdersRead, Scope::OrdersWrite]);
        assert!(Scope::ALL.iter().all(|scope| KeyRole::Owner.scopes().has(*scope)));
        for role in KeyRole::ALL.into_iter().filter(|role| *role != KeyRole::Owner) {
            assert!(!role.scopes().has(Scope::KeysRead), "{role:?} sees keys");
        }
    }
}
