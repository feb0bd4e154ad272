//! Choosing where an order's units come from.
//!
//! From as few locations as possible, and what is there before what is not:
//! 1. the one location that has enough; of several the one with least to spare, so that large stocks stay
//!    for large orders;
//! 2. else what is there, the largest stock first;
//! 3. else one location that may sell that many on backorder;
//! 4. else what is there and then backorders, the largest first.
//!
//! Locations that are equal are taken in the order of their ids, so that a decision can be repeated.

use super::{LocationQuantity, state::Stock};
use crate::{LocationId, Quantity};
use std::collections::BTreeMap;

/// Where the units come from; or, if that cannot be, how many could be had.
pub(super) fn allocate(
    locations: &BTreeMap<LocationId, Stock>,
    quantity: Quantity,
) -> Result<Vec<LocationQuantity>, i64> {
    let units = i64::from(quantity.get());
    let one = |location: &LocationId| Ok(vec![LocationQuantity { location: location.clone(), quantity }]);
    if let Some(location) = best_fit(locations, Stock::available, units) {
        return one(location);
    }
    let sum = |of: fn(&Stock) -> i64| {
        // A location that sells on backorder may be below zero; it does not take from the others.
        locations.values().map(|stock| of(stock).max(0)).fold(0, i64::saturating_add)
    };
    if sum(Stock::available) >= units {
        return Ok(greedy(locations, units, false));
    }
    if let Some(location) = best_fit(locations, Stock::sellable, units) {
        return one(location);
    }
    match sum(Stock::sellable) {
        sellable if sellable >= units => Ok(greedy(locations, units, true)),
        sellable => Err(sellable),
    }
}

fn best_fit(
    locations: &BTreeMap<LocationId, Stock>,
    of: fn(&Stock) -> i64,
    units: i64,
) -> Option<&LocationId> {
    let enough = locations.iter().filter(|(_, stock)| of(stock) >= units);
    enough.min_by_key(|(_, stock)| of(stock)).map(|(location, _)| location)
}

fn greedy(locations: &BTreeMap<LocationId, Stock>, units: i64, backorders: bool) -> Vec<LocationQuantity> {
    let mut left = units;
    let mut taken: BTreeMap<&LocationId, i64> = BTreeMap::new();
    let mut take = |of: fn(&Stock) -> i64| {
        let mut largest: Vec<(&LocationId, i64)> =
            locations.iter().map(|(at, stock)| (at, of(stock))).collect();
        largest.sort_by_key(|(_, units)| -units);
        for (location, units) in largest {
            let units = units.min(left);
            if units > 0 {
                *taken.entry(location).or_default() += units;
                left -= units;
            }
        }
    };
    take(Stock::available);
    if backorders {
        take(|stock| stock.sellable() - stock.available().max(0));
    }
    let taken = taken.into_iter().filter_map(|(location, units)| {
        let quantity = Quantity::new(u32::try_from(units).ok()?).ok()?;
        Some(LocationQuantity { location: location.clone(), quantity })
    });
    taken.collect()
}
