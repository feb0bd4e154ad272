//! Stage 5: what carriage costs by a method's bands of weight, price or pieces, and how it is taxed. Promises of a
//! date, dimensions and packing are not computed here.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// By what a method's price is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarriageMeasure {
    Grams,
    Price,
    Pieces,
}

/// How carriage is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarriageTax {
    /// By its own class.
    Own,
    /// In parts by the classes of the goods, as their lines come to.
    Proportional,
    /// By the class of the goods with the highest rate.
    HighestRate,
    /// By the class of the dearest line.
    MainItem,
}

/// A price up to a measure; the last band may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriageBand {
    pub up_to: Option<u64>,
    pub amount: i64,
}

/// A way of carriage with its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriageMethod {
    pub id: String,
    pub label: String,
    /// Empty: everywhere.
    pub countries: BTreeSet<String>,
    pub measure: CarriageMeasure,
    /// In rising order.
    pub bands: Vec<CarriageBand>,
    /// What the goods have to come to for carriage to be free.
    pub free_from: Option<i64>,
    pub tax_class: String,
}

/// What a method's price depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct CarriageLoad {
    pub(super) grams: u64,
    pub(super) pieces: u64,
    pub(super) goods: i64,
}

impl CarriageMethod {
    pub(super) fn serves(&self, country: &str) -> bool {
        self.countries.is_empty() || self.countries.contains(country)
    }

    /// The price; none if the load is above the last band.
    pub(super) fn price(&self, load: CarriageLoad) -> Option<i64> {
        let measured = match self.measure {
            CarriageMeasure::Grams => load.grams,
            CarriageMeasure::Price => u64::try_from(load.goods).unwrap_or(0),
            CarriageMeasure::Pieces => load.pieces,
        };
        let band = self.bands.iter().find(|band| band.up_to.is_none_or(|up_to| measured <= up_to))?;
        let is_free = self.free_from.is_some_and(|free_from| load.goods >= free_from);
        Some(if is_free { 0 } else { band.amount })
    }

    /// What is wrong with it, in words for the merchant.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        let rising = self.bands.windows(2).all(|pair| match (pair[0].up_to, pair[1].up_to) {
            (Some(low), Some(high)) => low < high,
            (Some(_), None) => true,
            (None, _) => false,
        });
        let wrong = if self.bands.is_empty() {
            "at least one band is needed"
        } else if !rising {
            "bands have to rise, and only the last may be open"
        } else if self.bands.iter().any(|band| band.amount < 0) {
            "an amount is below 0"
        } else {
            return None;
        };
        Some(format!("method {}: {wrong}", self.id))
    }
}
