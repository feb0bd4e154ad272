//! The business says no. Every reason is data that a client can act on. All rejections together are
//! [`Rejection`](crate::Rejection), made by `aggregates!`.

use serde::Serialize;
use std::{error::Error, fmt::Debug};

/// What a rejection means for the client that gave the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What the command speaks of does not exist.
    Missing,
    /// The state forbids it, so it may work later.
    Conflict,
    /// It can never work, whatever the state.
    Invalid,
    /// Clients handle it in a way of its own: a type of problem by this name.
    Own(&'static str),
}

/// A rejection as data, without the fields of one occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RejectionKind {
    /// Stable, for clients and metrics; for example `OutOfStock`.
    pub name: &'static str,
    pub class: Class,
}

/// The rejections of one aggregate; implemented by `rejections!`.
pub trait RejectionSet: Error + Debug + Clone + PartialEq + Serialize + Send + Sync + 'static {
    /// All kinds, in the order of the declaration.
    const KINDS: &'static [RejectionKind];

    fn kind(&self) -> RejectionKind;
}

/// Declares an aggregate's rejections: closed, each with its class, its message and its data.
macro_rules! rejections {
    ($(#[$doc:meta])* $name:ident {
        $(
            #[class($($class:tt)+)]
            $(#[$meta:meta])*
            $variant:ident { $($field:ident : $type:ty),* $(,)? },
        )+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, thiserror::Error)]
        #[serde(tag = "reason")]
        pub enum $name {
            $( $(#[$meta])* $variant { $($field: $type),* }, )+
        }

        impl $crate::RejectionSet for $name {
            const KINDS: &'static [$crate::RejectionKind] = &[
                $($crate::RejectionKind { name: stringify!($variant), class: $crate::Class::$($class)+ },)+
            ];

            fn kind(&self) -> $crate::RejectionKind {
                match self {
                    $(Self::$variant { .. } => $crate::RejectionKind {
                        name: stringify!($variant), class: $crate::Class::$($class)+,
                    },)+
                }
            }
        }
    };
}
pub(crate) use rejections;
