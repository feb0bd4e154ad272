//! The business says no. Every reason is data that a client can act on.

use crate::{
    cart::CartRejection, inventory::InventoryRejection, order::OrderRejection, payment::PaymentRejection,
    product::ProductRejection,
};
use serde::Serialize;

/// Why a command was refused. Nothing was written.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(untagged)]
pub enum Rejection {
    #[error(transparent)]
    Product(#[from] ProductRejection),
    #[error(transparent)]
    Cart(#[from] CartRejection),
    #[error(transparent)]
    Order(#[from] OrderRejection),
    #[error(transparent)]
    Inventory(#[from] InventoryRejection),
    #[error(transparent)]
    Payment(#[from] PaymentRejection),
}

impl Rejection {
    /// The reason's name, for example `OutOfStock`; stable, for clients and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Product(rejection) => rejection.name(),
            Self::Cart(rejection) => rejection.name(),
            Self::Order(rejection) => rejection.name(),
            Self::Inventory(rejection) => rejection.name(),
            Self::Payment(rejection) => rejection.name(),
        }
    }
}

/// Declares an aggregate's rejections: closed, with stable names.
macro_rules! rejections {
    ($(#[$doc:meta])* $name:ident { $( $(#[$meta:meta])* $variant:ident { $($field:ident : $type:ty),* $(,)? }, )+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, thiserror::Error)]
        #[serde(tag = "reason")]
        pub enum $name {
            $( $(#[$meta])* $variant { $($field: $type),* }, )+
        }

        impl $name {
            /// The reason's stable name.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant),)+
                }
            }
        }
    };
}
pub(crate) use rejections;
