//! What a route declares of its callers: the scope they will need, whose data it touches, whether a retry is safe, what
//! a request may cost, and when it is refused under load.
//!
//! [`Access`] is enforced by the gate (`auth/gate.rs`) and, as far as a shop is open, by `edge/layer.rs`; limits are enforced by
//! the extractors that read bodies, and a test holds the declarations against them.

use daybook_domain::access::Scope;
use std::fmt;

/// Who may call a route.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    /// The scope that a caller's key has to have; none: anyone may call.
    scope: Option<Scope>,
    /// Whether a customer may call it for what is their own, without the scope.
    or_own: bool,
    /// Without a key answered to the loopback interface only, even where the shop is open.
    is_loopback_only: bool,
}

impl Access {
    /// Any caller.
    pub(crate) const PUBLIC: Self = Self { scope: None, or_own: false, is_loopback_only: false };

    /// Callers with this scope.
    pub(crate) const fn scope(scope: Scope) -> Self {
        Self { scope: Some(scope), or_own: false, is_loopback_only: false }
    }

    /// Also the customer whose own data it is.
    pub(crate) const fn or_own(self) -> Self {
        Self { or_own: true, ..self }
    }

    /// Without a key, only the server's own machine.
    pub(crate) const fn loopback_only(self) -> Self {
        Self { is_loopback_only: true, ..self }
    }

    pub(crate) const fn is_loopback_only(self) -> bool {
        self.is_loopback_only
    }

    /// The scope that a key needs; none: the route is public.
    pub(crate) const fn needed(self) -> Option<Scope> {
        self.scope
    }

    #[cfg(test)]
    pub(crate) const fn is_for_owner(self) -> bool {
        self.or_own
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scope.map_or("public", Scope::name))?;
        f.write_str(if self.or_own { "|own" } else { "" })?;
        f.write_str(if self.is_loopback_only { "@loopback" } else { "" })
    }
}

/// Whose data a route touches. Reads will check the row, commands check in `decide`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The shop's: catalog, stock, the record, the node.
    Shop,
    /// The customer's of the cart in the path.
    Cart,
    /// The customer's of the order in the path.
    Order,
    /// The customer's of the payment's order.
    Payment,
    /// The customer's that the query names.
    Customer,
}

impl Owner {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Cart => "cart",
            Self::Order => "order",
            Self::Payment => "payment",
            Self::Customer => "customer",
        }
    }
}

/// What happens when a request is sent again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// A read: nothing happens.
    Read,
    /// A command: with the same `Idempotency-Key` it is executed once.
    Key,
    /// Many commands: each line has a key of its own.
    KeyPerLine,
    /// It is done again.
    Repeats,
}

impl Retry {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Key => "key",
            Self::KeyPerLine => "key-per-line",
            Self::Repeats => "repeats",
        }
    }
}

/// What one request may cost. The figures are the operator's (`crate::Limits`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestLimits {
    /// No body is read; the answer begins within `request_timeout`.
    NoBody,
    /// A body of `body_bytes` within `body_timeout`; the answer begins within `request_timeout`.
    Body,
    /// Lines of `body_bytes`, each within `body_timeout`, as many as wished, `bulk_concurrency` at a time.
    Lines,
}

impl RequestLimits {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NoBody => "no-body",
            Self::Body => "body",
            Self::Lines => "lines",
        }
    }
}

/// When a route is refused under load.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// First: it brings a new customer, and whoever has a cart goes first.
    NewCustomer,
    /// When queues are full.
    Normal,
}

impl Load {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NewCustomer => "new-customer",
            Self::Normal => "normal",
        }
    }
}
