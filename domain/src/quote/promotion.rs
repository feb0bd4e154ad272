//! A promotion in one of its versions: what it takes off which articles, when, and with which others. Its validation
//! names what can never work; what it saves in a given basket is computed by the stages.

use super::{ArticleMatch, request::Market, request::QuoteBuyer, request::normal_code};
use crate::{Currency, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// At which stage a promotion works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromotionClass {
    Line,
    Order,
    Shipping,
}

/// What a promotion takes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, tag = "kind")]
pub enum PromotionKind {
    /// Basis points of each line, of the sum or of carriage; at most `max` in all.
    Percent { basis_points: u32, max: Option<i64> },
    /// An amount off each unit.
    AmountEach { amount: i64 },
    /// A unit price.
    PriceEach { price: i64 },
    /// An amount off the sum or off carriage.
    Amount { amount: i64 },
    /// For so many units bought so many others at a part of their price; `reward` is what may be rewarded, if not the same.
    BuyGet {
        buy: u32,
        get: u32,
        off_basis_points: u32,
        max_repeats: Option<u32>,
        reward: Option<ArticleMatch>,
        spread: SavingSpread,
    },
    /// Units of several sets together at one price.
    Bundle { sets: Vec<BundleSet>, price: i64 },
}

/// Which units bear the saving of a multi-buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavingSpread {
    #[default]
    Proportional,
    RewardOnly,
}

/// So many units of these articles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleSet {
    pub units: u32,
    #[serde(rename = "match")]
    pub articles: ArticleMatch,
}

/// What must be so for a promotion to apply. Empty sets ask for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PromotionCondition {
    pub currencies: BTreeSet<String>,
    pub channels: BTreeSet<String>,
    pub countries: BTreeSet<String>,
    pub groups: BTreeSet<String>,
    /// What the matching lines have to come to at the promotion's stage.
    pub min: Option<i64>,
    pub min_units: Option<u64>,
}

impl PromotionCondition {
    /// Whether lines that come to `sum` with so many units are enough.
    pub(super) fn is_met(&self, sum: i64, units: u64) -> bool {
        self.min.is_none_or(|min| sum >= min) && self.min_units.is_none_or(|min| units >= min)
    }
}

/// One version of a promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    pub id: String,
    pub version: u64,
    pub class: PromotionClass,
    #[serde(flatten)]
    pub kind: PromotionKind,
    #[serde(rename = "match")]
    pub articles: ArticleMatch,
    pub when: PromotionCondition,
    /// None for everybody, else one of these codes has to be entered.
    pub codes: Option<BTreeSet<String>>,
    /// None: with the other classes, not with its own.
    pub combines_with: Option<BTreeSet<PromotionClass>>,
    pub group: Option<String>,
    pub exclusive: bool,
    pub priority: i32,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// How often it may still be used, as far as this node knows.
    pub uses_left: Option<u64>,
    pub per_customer: bool,
}

impl Promotion {
    pub(super) fn is_active(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// The code that was entered for it.
    pub(super) fn entered<'a>(&self, codes: &'a [String]) -> Option<&'a str> {
        let own: BTreeSet<String> = self.codes.iter().flatten().map(|code| normal_code(code)).collect();
        codes.iter().find(|code| own.contains(&normal_code(code))).map(String::as_str)
    }

    /// Whether market and buyer are those it is for.
    pub(super) fn is_for(&self, currency: Currency, market: &Market, buyer: &QuoteBuyer) -> bool {
        let has = |set: &BTreeSet<String>, value: &str| set.is_empty() || set.contains(value);
        has(&self.when.currencies, currency.as_str())
            && has(&self.when.channels, &market.channel)
            && has(&self.when.countries, &market.country)
            && (self.when.groups.is_empty() || !self.when.groups.is_disjoint(&buyer.groups))
    }

    fn allows(&self, class: PromotionClass) -> bool {
        self.combines_with.as_ref().map_or(class != self.class, |classes| classes.contains(&class))
    }

    /// Whether both may apply to one order. `common` says whether some line matches both.
    pub(super) fn agrees_with(&self, other: &Self, common: bool) -> bool {
        let competing = self.group.is_some() && self.group == other.group;
        let lines = self.class == PromotionClass::Line && other.class == PromotionClass::Line;
        !competing
            && !self.exclusive
            && !other.exclusive
            && ((lines && !common) || (self.allows(other.class) && other.allows(self.class)))
    }

    pub(super) fn is_multi_buy(&self) -> bool {
        matches!(self.kind, PromotionKind::BuyGet { .. } | PromotionKind::Bundle { .. })
    }

    /// What is wrong with it, in words for the merchant.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        let class = self.class;
        let wrong = match &self.kind {
            PromotionKind::Percent { basis_points, max } => {
                if !(1..=10_000).contains(basis_points) {
                    Some("basis_points has to be 1 to 10000")
                } else {
                    max.filter(|max| *max <= 0).map(|_| "max has to be above 0")
                }
            }
            PromotionKind::AmountEach { amount } | PromotionKind::Amount { amount } if *amount <= 0 => {
                Some("amount has to be above 0")
            }
            PromotionKind::AmountEach { .. } | PromotionKind::PriceEach { .. }
                if class != PromotionClass::Line =>
            {
                Some("an amount or a price of each unit is of the class line")
            }
            PromotionKind::Amount { .. } if class == PromotionClass::Line => {
                Some("an amount off the whole is of the class order or shipping")
            }
            PromotionKind::PriceEach { price } | PromotionKind::Bundle { price, .. } if *price < 0 => {
                Some("price has to be 0 or more")
            }
            PromotionKind::BuyGet { .. } | PromotionKind::Bundle { .. } if class != PromotionClass::Line => {
                Some("a multi-buy is of the class line")
            }
            PromotionKind::BuyGet { get: 0, .. } => Some("get has to be at least 1"),
            PromotionKind::BuyGet { off_basis_points, .. } if !(1..=10_000).contains(off_basis_points) => {
                Some("off_basis_points has to be 1 to 10000")
            }
            PromotionKind::Bundle { sets, .. }
                if sets.is_empty() || sets.len() > 20 || sets.iter().any(|set| set.units == 0) =>
            {
                Some("sets have to be 1 to 20, each of at least one unit")
            }
            _ => None,
        };
        let never = self.articles.objection();
        let dates = match (self.from, self.until) {
            (Some(from), Some(until)) if until <= from => Some("until has to be after from"),
            _ => None,
        };
        wrong.or(never).or(dates).map(|what| format!("promotion {}: {what}", self.id))
    }
}
