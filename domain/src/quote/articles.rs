//! Stage 1: the unit price of an article, from the price lists that fit the market, the buyer, the time and the
//! quantity. What fits is decided here; which lists there are is told by the inputs.

use super::{QuoteInputs, request::Market};
use crate::{Currency, ProductId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Whether prices contain tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceMode {
    Inclusive,
    Exclusive,
}

/// An article as the catalog and the price lists know it.
#[derive(Debug, Clone, PartialEq)]
pub struct PricedArticle {
    pub product_id: ProductId,
    pub title: String,
    pub options: BTreeMap<String, String>,
    pub tax_class: String,
    pub categories: BTreeSet<String>,
    pub brand: Option<String>,
    pub weight_grams: u64,
    pub prices: Vec<ListedPrice>,
}

/// What one price list says of an article. Empty sets fit all.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedPrice {
    pub list: String,
    pub version: u64,
    pub priority: i32,
    pub currency: Currency,
    pub mode: PriceMode,
    pub countries: BTreeSet<String>,
    pub groups: BTreeSet<String>,
    pub channels: BTreeSet<String>,
    pub from: Option<Timestamp>,
    /// The first moment at which it is no longer valid.
    pub until: Option<Timestamp>,
    pub tiers: Vec<PriceTier>,
}

/// A unit price from a quantity on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceTier {
    pub min_units: u64,
    pub unit_price: i64,
}

/// The price that was chosen, with where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChosenPrice<'a> {
    pub(super) list: &'a str,
    pub(super) version: u64,
    pub(super) unit_price: i64,
}

impl ListedPrice {
    fn fits(&self, currency: Currency, market: &Market, groups: &BTreeSet<String>, now: Timestamp) -> bool {
        self.currency == currency
            && self.mode == market.prices
            && (self.countries.is_empty() || self.countries.contains(&market.country))
            && (self.channels.is_empty() || self.channels.contains(&market.channel))
            && (self.groups.is_empty() || !self.groups.is_disjoint(groups))
            && self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
    }

    /// The price of the highest tier that the quantity reaches.
    fn unit_price(&self, units: u64) -> Option<i64> {
        let reached = self.tiers.iter().filter(|tier| tier.min_units <= units);
        reached.max_by_key(|tier| tier.min_units).map(|tier| tier.unit_price)
    }
}

impl PricedArticle {
    /// Of the lists that fit the highest priority, then the lowest price, then the first id. `units` are all units of
    /// the article in the request, so that it does not matter in how many lines they stand.
    pub(super) fn price(
        &self,
        units: u64,
        currency: Currency,
        inputs: &QuoteInputs,
        now: Timestamp,
    ) -> Option<ChosenPrice<'_>> {
        let fitting = self
            .prices
            .iter()
            .filter(|price| price.fits(currency, &inputs.market, &inputs.buyer.groups, now));
        let priced = fitting.filter_map(|price| Some((price, price.unit_price(units)?)));
        let best = priced.min_by(|(a, a_price), (b, b_price)| {
            b.priority.cmp(&a.priority).then(a_price.cmp(b_price)).then(a.list.cmp(&b.list))
        });
        best.map(|(price, unit_price)| ChosenPrice { list: &price.list, version: price.version, unit_price })
    }
}
