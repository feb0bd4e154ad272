//! Rates of tax with the days from which they are valid, and where the seller is registered: which rates an amount of a
//! class bears, with the reason of each. How much tax that is, is computed in `tax`.

use super::{
    CarriageTax,
    request::{Market, QuoteBuyer},
};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The rates of a shop. Example data is never the truth: who sells says which rates are right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxTable {
    pub id: String,
    pub version: u64,
    pub level: TaxLevel,
    pub rows: Vec<TaxRow>,
    pub registrations: Vec<SellerRegistration>,
    pub carriage: CarriageTax,
    /// Where the seller sits.
    pub seller_country: String,
    /// Countries between which tax passes to a buyer with a proven tax number.
    pub reverse_charge_countries: BTreeSet<String>,
    /// What a sale is to where the seller is not registered: `export`, `not_collecting` or `not_subject`.
    pub outside: TaxReason,
}

/// Where tax is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaxLevel {
    /// Once for all that bears the same rate, as EN 16931 has it.
    RateGroup,
    /// For each line and charge.
    Line,
}

/// Why an amount bears this tax, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaxReason {
    Standard,
    Reduced,
    ZeroRated,
    ReverseCharge,
    Export,
    Exempt,
    NotCollecting,
    NotSubject,
}

/// A rate of one class in one place between two days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxRow {
    pub jurisdiction: String,
    pub country: String,
    pub region: Option<String>,
    pub class: String,
    pub rate_ppm: u32,
    pub reason: TaxReason,
    /// 0: on the net amount; 1 and 2: also on the tax of the rates of lower priority.
    pub priority: u8,
    pub from: Date,
    /// The first day on which it is no longer valid.
    pub until: Option<Date>,
}

/// Where the seller collects tax, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SellerRegistration {
    pub country: String,
    pub number: String,
    pub from: Date,
}

/// A rate as a quote names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct QuotedRate {
    pub jurisdiction: String,
    pub rate_ppm: u32,
    pub reason: TaxReason,
    pub class: String,
}

/// Parts of the net amount are counted in 10^-18, in which two compound levels of rates in ppm are exact.
pub(super) const WHOLE: i128 = 1_000_000_000_000_000_000;

/// A rate with the part of the net amount that its tax is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AppliedRate {
    pub(super) rate: QuotedRate,
    pub(super) factor: i128,
}

impl TaxRow {
    fn is_valid_on(&self, date: Date) -> bool {
        self.from <= date && self.until.is_none_or(|until| date < until)
    }

    /// What two rows have in common that must not be valid at once.
    fn subject(&self) -> (&str, &str, Option<&str>, &str) {
        (&self.jurisdiction, &self.country, self.region.as_deref(), &self.class)
    }

    fn is_valid_beside(&self, other: &Self) -> bool {
        self.until.is_none_or(|until| other.from < until) && other.until.is_none_or(|until| self.from < until)
    }
}

impl TaxTable {
    /// The rates that an amount of this class bears; none if the table has no row for it.
    pub(super) fn rates(&self, class: &str, market: &Market, buyer: &QuoteBuyer) -> Option<Vec<AppliedRate>> {
        let untaxed = |reason| {
            let jurisdiction = market.country.clone();
            let rate = QuotedRate { jurisdiction, rate_ppm: 0, reason, class: class.to_owned() };
            Some(vec![AppliedRate { rate, factor: 0 }])
        };
        if buyer.exempt {
            return untaxed(TaxReason::Exempt);
        }
        if self.is_reverse_charge(market, buyer) {
            return untaxed(TaxReason::ReverseCharge);
        }
        let date = market.tax_date;
        if !self.registrations.iter().any(|own| own.country == market.country && own.from <= date) {
            return untaxed(self.outside);
        }
        let mut rows: Vec<&TaxRow> = self
            .rows
            .iter()
            .filter(|row| row.country == market.country && row.class == class && row.is_valid_on(date))
            .filter(|row| row.region.is_none() || row.region == market.region)
            .collect();
        rows.sort_by(|a, b| a.priority.cmp(&b.priority).then(a.jurisdiction.cmp(&b.jurisdiction)));
        let mut applied: Vec<(u8, AppliedRate)> = Vec::with_capacity(rows.len());
        for row in rows {
            let below: i128 = applied
                .iter()
                .filter(|(priority, _)| *priority < row.priority)
                .map(|(_, rate)| rate.factor)
                .sum();
            let base = if row.priority == 0 { WHOLE } else { WHOLE + below };
            let factor = base / 1_000_000 * i128::from(row.rate_ppm);
            let rate = QuotedRate {
                jurisdiction: row.jurisdiction.clone(),
                rate_ppm: row.rate_ppm,
                reason: row.reason,
                class: row.class.clone(),
            };
            applied.push((row.priority, AppliedRate { rate, factor }));
        }
        (!applied.is_empty()).then(|| applied.into_iter().map(|(_, rate)| rate).collect())
    }

    pub(super) fn is_reverse_charge(&self, market: &Market, buyer: &QuoteBuyer) -> bool {
        let both = |country: &str| self.reverse_charge_countries.contains(country);
        market.country != self.seller_country
            && both(&market.country)
            && both(&self.seller_country)
            && buyer.tax_number.is_some()
            && buyer.tax_evidence.is_some()
    }

    /// What is wrong with it, in words for the merchant.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        if self.rows.len() > 2_000 {
            return Some(format!("tax table {}: {} rows, 2000 are allowed", self.id, self.rows.len()));
        }
        let mut earlier: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            let same = earlier.entry(row.subject()).or_default();
            let wrong = if row.rate_ppm > 300_000 {
                Some("rate_ppm is above 300000 (30 %)".to_owned())
            } else if row.priority > 2 {
                Some("priority has to be 0, 1 or 2".to_owned())
            } else if row.until.is_some_and(|until| until <= row.from) {
                Some("until has to be after from".to_owned())
            } else {
                let overlapping = same.iter().find(|other| self.rows[**other].is_valid_beside(row));
                overlapping.map(|other| format!("it overlaps with row {}", other + 1))
            };
            same.push(at);
            if let Some(wrong) = wrong {
                return Some(format!("tax table {}, row {}: {wrong}", self.id, at + 1));
            }
        }
        None
    }
}
