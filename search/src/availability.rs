//! Whether a unit can be sold: what a customer asks before the price. A product's variants have one each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a unit can be sold.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Availability {
    /// No unit can be sold.
    #[default]
    OutOfStock,
    /// A unit can be sold that is not there yet.
    Backorderable,
    /// A unit can be sold without waiting.
    InStock,
}

impl Availability {
    /// The worst first: each one's place is its number in the index.
    pub const ALL: [Self; 3] = [Self::OutOfStock, Self::Backorderable, Self::InStock];

    /// As it is asked for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OutOfStock => "out_of_stock",
            Self::Backorderable => "backorderable",
            Self::InStock => "in_stock",
        }
    }

    pub(super) fn of_number(number: u64) -> Self {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number)).copied().unwrap_or_default()
    }
}
