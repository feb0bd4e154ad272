//! Numbers of events: in the whole log ([`Position`]) and within one stream ([`Version`]).
//!
//! They are different types so that one is never taken for the other. Both count from 1; zero means
//! "before the first".

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Before the first event.
            pub const ZERO: Self = Self(0);

            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The number after this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// This number moved on by `count`.
            #[must_use]
            pub const fn plus(self, count: u64) -> Self {
                Self(self.0.saturating_add(count))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter! {
    /// An event's number in the whole log: dense, from 1, in commit order.
    Position
}

counter! {
    /// An event's number within its stream: dense, from 1. (KurrentDB's revision is version − 1.)
    Version
}
