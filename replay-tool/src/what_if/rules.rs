//! The rules that are to have been other than they were. JSON; what is not named stays as it was.

use crate::when;
use ahash::AHashSet;
use anyhow::Context as _;
use daybook_domain::{Currency, LocationId, Money, Sku};
use serde::{Deserialize, Deserializer, de};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Everything that may be changed. Of several rules about the same thing the first one that fits holds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rules {
    safety_stock: Vec<Units>,
    backorder_limit: Vec<Units>,
    closed: Vec<Closed>,
    replenishment_delay: Vec<Delay>,
    prices: Prices,
}

/// A number of units for some SKUs at some locations; empty lists mean all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Units {
    units: u32,
    #[serde(default)]
    skus: Vec<Sku>,
    #[serde(default)]
    locations: Vec<LocationId>,
}

/// A location that sells nothing from a time on. What arrives there stays there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    location: LocationId,
    #[serde(deserialize_with = "time")]
    from: i64,
}

/// Deliveries that arrive later than they did.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    days: u32,
    #[serde(default)]
    skus: Vec<Sku>,
    #[serde(default)]
    locations: Vec<LocationId>,
}

/// What goods cost instead. The demand stays what it was.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Prices {
    /// As decimal text, for example `1.10`.
    #[serde(deserialize_with = "factor")]
    factor: Option<Factor>,
    /// Unit prices by SKU; these go before the factor.
    list: BTreeMap<Sku, Money>,
}

/// `numerator / denominator`, the denominator a power of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Factor {
    numerator: i128,
    denominator: i128,
}

impl Rules {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let named = || format!("{}", path.display());
        let text = std::fs::read(path).with_context(named)?;
        serde_json::from_slice(&text).with_context(named)
    }

    /// Whether nothing is changed.
    pub(super) fn are_none(&self) -> bool {
        self.safety_stock.is_empty()
            && self.backorder_limit.is_empty()
            && self.closed.is_empty()
            && self.replenishment_delay.is_empty()
            && self.prices.factor.is_none()
            && self.prices.list.is_empty()
    }

    /// Safety stock and backorder limit at a time, where they were `recorded`.
    pub(super) fn policy(&self, sku: &Sku, at: &LocationId, now_ns: i64, recorded: (u32, u32)) -> (u32, u32) {
        if self.closed.iter().any(|closed| closed.location == *at && closed.from <= now_ns) {
            return (u32::MAX, 0);
        }
        let units = |rules: &[Units], recorded: u32| {
            let fits = rules.iter().find(|rule| fits(&rule.skus, sku) && fits(&rule.locations, at));
            fits.map_or(recorded, |rule| rule.units)
        };
        (units(&self.safety_stock, recorded.0), units(&self.backorder_limit, recorded.1))
    }

    /// What is named here but is not in the log, for somebody who mistyped it.
    pub(super) fn unknown(
        &self,
        skus: &AHashSet<Sku>,
        locations: &AHashSet<LocationId>,
        currencies: &BTreeSet<Currency>,
    ) -> Vec<String> {
        let units = self.safety_stock.iter().chain(&self.backorder_limit);
        let places = units.map(|rule| (&rule.skus, &rule.locations));
        let places: Vec<_> =
            places.chain(self.replenishment_delay.iter().map(|rule| (&rule.skus, &rule.locations))).collect();
        let named = places.iter().flat_map(|(skus, _)| *skus).chain(self.prices.list.keys());
        let at = places.iter().flat_map(|(_, at)| *at).chain(self.closed.iter().map(|rule| &rule.location));
        let mut unknown: BTreeSet<String> =
            named.filter(|sku| !skus.contains(sku)).map(|sku| format!("SKU {sku}")).collect();
        unknown.extend(at.filter(|at| !locations.contains(at)).map(|at| format!("location {at}")));
        let priced = self.prices.list.values().map(|price| price.currency);
        unknown.extend(priced.filter(|it| !currencies.contains(it)).map(|it| format!("currency {it}")));
        let say = |what| format!("{what} is named in the rules, but nothing in this log is about it");
        unknown.into_iter().map(say).collect()
    }

    /// How much later a delivery arrives, in ns.
    pub(super) fn delay_ns(&self, sku: &Sku, at: &LocationId) -> i64 {
        let rules = &self.replenishment_delay;
        let fits = rules.iter().find(|rule| fits(&rule.skus, sku) && fits(&rule.locations, at));
        fits.map_or(0, |rule| i64::from(rule.days).saturating_mul(when::DAY_NS))
    }

    /// What goods cost that cost `net` at this unit price. Rounded half up, minor units.
    pub(super) fn price(&self, sku: &Sku, unit_price: Money, net: i64) -> i64 {
        let (numerator, denominator) = match (self.prices.list.get(sku), self.prices.factor) {
            (Some(new), _) if new.currency == unit_price.currency && unit_price.minor != 0 => {
                (i128::from(new.minor), i128::from(unit_price.minor))
            }
            (_, Some(factor)) => (factor.numerator, factor.denominator),
            (_, None) => return net,
        };
        let doubled = 2 * i128::from(net) * numerator + denominator;
        i64::try_from(doubled.div_euclid(2 * denominator)).unwrap_or(i64::MAX)
    }
}

fn fits<T: PartialEq>(list: &[T], one: &T) -> bool {
    list.is_empty() || list.contains(one)
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    when::parse(&String::deserialize(from)?).map_err(de::Error::custom)
}

fn factor<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Factor>, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || de::Error::custom("expected a decimal text as in \"1.10\", with at most six decimals");
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |part: &str| part.len() <= 6 && part.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) {
        return Err(wrong());
    }
    let numerator = format!("{whole}{decimals}").parse().map_err(|_| wrong())?;
    let denominator = 10_i128.pow(u32::try_from(decimals.len()).map_err(|_| wrong())?);
    Ok(Some(Factor { numerator, denominator }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> Rules {
        serde_json::from_str(json).expect("rules")
    }

    fn gbp(minor: i64) -> Money {
        Money::new(minor, "GBP".parse().expect("a currency"))
    }

    #[test]
    fn prices_follow_the_list_and_then_the_factor_and_round_half_up() {
        let (mug, cup): (Sku, Sku) = ("MUG".parse().expect("a SKU"), "CUP".parse().expect("a SKU"));
        let rules = rules(r#"{"prices":{"factor":"1.10","list":{"MUG":{"minor":300,"currency":"GBP"}}}}"#);
        assert_eq!(rules.price(&mug, gbp(250), 500), 600);
        assert_eq!(rules.price(&cup, gbp(250), 5), 6, "5.5 rounds up");
        assert_eq!(Rules::default().price(&mug, gbp(250), 499), 499);
    }

    #[test]
    fn the_first_rule_that_fits_holds_and_a_closed_location_sells_nothing() {
        let (mug, main): (Sku, LocationId) =
            ("MUG".parse().expect("a SKU"), "main".parse().expect("a location"));
        let rules = rules(
            r#"{"safety_stock":[{"units":7,"skus":["MUG"]},{"units":1}],"closed":[{"location":"main","from":"2011-01-01"}]}"#,
        );
        assert_eq!(rules.policy(&mug, &main, 0, (3, 4)), (7, 4));
        assert_eq!(rules.policy(&"CUP".parse().expect("a SKU"), &main, 0, (3, 4)), (1, 4));
        assert_eq!(rules.policy(&mug, &main, i64::MAX, (3, 4)), (u32::MAX, 0));
    }

    #[test]
    fn a_rule_that_is_misspelt_is_refused() {
        assert!(serde_json::from_str::<Rules>(r#"{"savety_stock":[]}"#).is_err());
        assert!(serde_json::from_str::<Rules>(r#"{"prices":{"factor":"1,1"}}"#).is_err());
    }
}
