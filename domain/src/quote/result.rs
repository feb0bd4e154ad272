//! A quote: every amount of a basket of articles with where it comes from. It is what a customer agrees to; nothing
//! computes any of it again.

use super::{PriceMode, PromotionClass, QuotedRate, TaxLevel};
use crate::{Currency, ProductId, Sku};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is to be paid and why. All amounts are minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    pub id: String,
    pub currency: Currency,
    pub prices: PriceMode,
    /// By line id.
    pub lines: Vec<QuotedLine>,
    pub charges: Vec<QuotedCharge>,
    pub promotions: Vec<AppliedPromotion>,
    /// Every promotion that is active or was entered, with what became of it.
    pub considered: Vec<ConsideredPromotion>,
    pub search: PromotionSearch,
    pub next_tier: Option<NextTier>,
    pub tax: Option<QuotedTax>,
    pub totals: QuoteTotals,
    pub tenders: Vec<QuotedTender>,
    pub method: Option<String>,
    /// Why it cannot be bought as it is; all at once.
    pub blockers: Vec<QuoteBlocker>,
}

/// Units of an article that are worth the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuotedLine {
    pub line_id: u32,
    /// The line of the request, if only some of its units took part in a multi-buy and these did not.
    pub of_line: Option<u32>,
    pub sku: Sku,
    pub product_id: ProductId,
    pub title: String,
    pub options: BTreeMap<String, String>,
    pub quantity: u64,
    pub unit_price: i64,
    /// The list with its version; none for a price that staff set.
    pub price: Option<(String, u64)>,
    pub subtotal: i64,
    /// The promotion's place in `promotions`, and what it takes off.
    pub allocations: Vec<(usize, i64)>,
    pub discount: i64,
    pub net: i64,
    pub tax: i64,
    pub gross: i64,
    pub tax_lines: Vec<TaxLine>,
}

/// A charge, as carriage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuotedCharge {
    pub charge_id: String,
    pub kind: String,
    pub label: String,
    pub subtotal: i64,
    pub allocations: Vec<(usize, i64)>,
    pub net: i64,
    pub tax: i64,
    pub gross: i64,
    pub tax_lines: Vec<TaxLine>,
}

/// Tax at one rate: the rate's place in `tax.rates`, the net amount and the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaxLine(pub usize, pub i64, pub i64);

/// A promotion of the chosen set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppliedPromotion {
    pub id: String,
    pub version: u64,
    pub class: PromotionClass,
    pub amount: i64,
    pub code: Option<String>,
}

/// What became of a promotion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsideredPromotion {
    pub id: String,
    pub reason: ConsideredReason,
    /// What it would take off alone, if it was beaten.
    pub amount: Option<i64>,
}

/// Why a promotion applies or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsideredReason {
    Applied,
    NoCode,
    NotActive,
    NotMatched,
    BeatenInGroup,
    NotCombinable,
    LimitReached,
    CustomerRequired,
    NoEffect,
}

/// How the set of promotions was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromotionSearch {
    /// All sets were compared.
    Exact,
    /// The best one first, then each that still fits and saves.
    Greedy,
}

/// What is missing for the nearest promotion on a minimum, and what it would take off then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NextTier {
    pub promotion: String,
    pub missing: i64,
    pub gain: i64,
}

/// How tax was computed, and its sums.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuotedTax {
    pub table: String,
    pub version: u64,
    #[schemars(with = "String")]
    pub date: jiff::civil::Date,
    pub level: TaxLevel,
    pub rates: Vec<QuotedRate>,
    pub by_rate: Vec<RateTotal>,
    /// The number and the proof on which a reverse charge rests.
    pub buyer_tax_number: Option<String>,
    pub evidence: Option<String>,
}

/// The rate's place in `rates`, net and tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RateTotal(pub usize, pub i64, pub i64);

/// The sums over lines and charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct QuoteTotals {
    /// Of the lines, before promotions.
    pub subtotal: i64,
    /// Of lines and charges.
    pub discount: i64,
    /// What the charges come to, as customers pay them.
    pub charges: i64,
    pub net: i64,
    pub tax: i64,
    pub total: i64,
}

/// What pays which part of the total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuotedTender {
    pub kind: String,
    pub id: Option<String>,
    pub amount: i64,
}

/// Why a quote cannot be bought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum QuoteBlocker {
    NoLines,
    NotForSale { line_id: u32, sku: Sku },
    CodeUnusable { code: String, reason: ConsideredReason },
    NoSuchMethod { method: String },
    CountryNotServed { method: String, country: String },
    TooMuchForMethod { method: String },
    TaxUnknown { tax_class: String },
}
