//! The units of a SKU at its locations, and the choice of those that an order's units come from.
//!
//! Units come from as few locations as possible, and what is there goes before what is not:
//! 1. the one location that has enough; of several the one with least to spare, so that large stocks stay
//!    for large orders;
//! 2. else what is there, the largest stock first;
//! 3. else one location that may sell that many on backorder;
//! 4. else what is there and then backorders, the largest first.
//!
//! Locations that are equal are taken in the order of their ids, so that a decision can be repeated. Totals per
//! location are kept, not computed, so that a decision costs the same with a million open reservations as with one.

use super::LocationQuantity;
use crate::{LocationId, Quantity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The stock at one location. `on_hand` may be negative when more was shipped than the books knew of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stock {
    pub on_hand: i64,
    pub reserved: i64,
    /// Of the reserved units those that are not there: sold on backorder, or lost since.
    pub uncovered: i64,
    pub safety_stock: u32,
    pub backorder_limit: u32,
}

impl Stock {
    /// Reserved units for which nothing is there: as many as should be known as `uncovered`.
    pub(super) fn short(&self) -> i64 {
        missing_units(self.on_hand, self.reserved)
    }

    /// Units that are there and promised to nobody, safety stock included.
    pub(super) const fn unreserved(&self) -> i64 {
        self.on_hand.saturating_sub(self.reserved)
    }

    /// Units that may still be sold without ordering more; negative when goods are sold that are not there.
    #[must_use]
    pub const fn available(&self) -> i64 {
        self.on_hand.saturating_sub(self.reserved).saturating_sub(self.safety_stock as i64)
    }

    /// How low `available` may go.
    #[must_use]
    pub const fn floor(&self) -> i64 {
        -(self.backorder_limit as i64)
    }

    /// Units that may still be sold, backorders included.
    #[must_use]
    pub const fn sellable(&self) -> i64 {
        self.available().saturating_sub(self.floor())
    }
}

/// Reserved units of a location for which nothing is on hand there.
#[must_use]
pub fn missing_units(on_hand: i64, reserved: i64) -> i64 {
    // What left without the books knowing of it is missing from the books, not from anybody's order.
    reserved.saturating_sub(on_hand.max(0)).max(0)
}

/// The stock at every location of one SKU.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct StockByLocation(BTreeMap<LocationId, Stock>);

impl StockByLocation {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&LocationId, &Stock)> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, location: &LocationId) -> Option<&Stock> {
        self.0.get(location)
    }

    /// The stock at a location, which begins here if nothing happened there before.
    pub(super) fn at(&mut self, location: &LocationId) -> &mut Stock {
        if !self.0.contains_key(location) {
            self.0.insert(location.clone(), Stock::default());
        }
        self.0.get_mut(location).expect("the location was just made sure of")
    }

    /// Sets units aside, and answers those of them that are not there.
    pub(super) fn reserve(&mut self, allocations: &[LocationQuantity]) -> Vec<LocationQuantity> {
        let mut uncovered = Vec::new();
        for LocationQuantity { location, quantity } in allocations {
            let stock = self.at(location);
            stock.reserved = stock.reserved.saturating_add(i64::from(quantity.get()));
            let missing = stock.short().saturating_sub(stock.uncovered).min(i64::from(quantity.get()));
            if let Some(quantity) = units(missing) {
                stock.uncovered = stock.uncovered.saturating_add(missing);
                uncovered.push(LocationQuantity { location: location.clone(), quantity });
            }
        }
        uncovered
    }

    /// Lets go of units that were set aside, of which `uncovered` were not there.
    pub(super) fn release(&mut self, allocations: &[LocationQuantity], uncovered: &[LocationQuantity]) {
        for LocationQuantity { location, quantity } in allocations {
            if let Some(stock) = self.0.get_mut(location) {
                stock.reserved = stock.reserved.saturating_sub(i64::from(quantity.get()));
            }
        }
        for LocationQuantity { location, quantity } in uncovered {
            if let Some(stock) = self.0.get_mut(location) {
                stock.uncovered = stock.uncovered.saturating_sub(i64::from(quantity.get()));
            }
        }
    }

    /// Units leave.
    pub(super) fn take(&mut self, allocations: &[LocationQuantity]) {
        for LocationQuantity { location, quantity } in allocations {
            let stock = self.at(location);
            stock.on_hand = stock.on_hand.saturating_sub(i64::from(quantity.get()));
        }
    }

    /// Reserved units are now to come from another location; `covered` of them were not there before.
    pub(super) fn move_reserved(&mut self, from: &LocationId, to: &LocationId, count: i64, covered: i64) {
        let old = self.at(from);
        old.reserved = old.reserved.saturating_sub(count);
        old.uncovered = old.uncovered.saturating_sub(covered);
        let new = self.at(to);
        new.reserved = new.reserved.saturating_add(count);
    }

    /// The location, another than this one, with the most units to sell that are there.
    pub(super) fn richest_but(&self, location: &LocationId) -> Option<(&LocationId, i64)> {
        let others = self.0.iter().filter(|(other, stock)| *other != location && stock.available() > 0);
        others.map(|(other, stock)| (other, stock.available())).max_by_key(|(_, units)| *units)
    }

    /// Where the units come from; or, if that cannot be, how many could be had.
    pub(super) fn allocate(&self, quantity: Quantity) -> Result<Vec<LocationQuantity>, i64> {
        let units = i64::from(quantity.get());
        let one = |location: &LocationId| Ok(vec![LocationQuantity { location: location.clone(), quantity }]);
        if let Some(location) = self.best_fit(Stock::available, units) {
            return one(location);
        }
        if self.sum(Stock::available) >= units {
            return Ok(self.greedy(units, false));
        }
        if let Some(location) = self.best_fit(Stock::sellable, units) {
            return one(location);
        }
        match self.sum(Stock::sellable) {
            sellable if sellable >= units => Ok(self.greedy(units, true)),
            sellable => Err(sellable),
        }
    }

    /// A location that sells on backorder may be below zero; it does not take from the others.
    fn sum(&self, of: fn(&Stock) -> i64) -> i64 {
        self.0.values().map(|stock| of(stock).max(0)).fold(0, i64::saturating_add)
    }

    fn best_fit(&self, of: fn(&Stock) -> i64, units: i64) -> Option<&LocationId> {
        let enough = self.0.iter().filter(|(_, stock)| of(stock) >= units);
        enough.min_by_key(|(_, stock)| of(stock)).map(|(location, _)| location)
    }

    fn greedy(&self, units: i64, backorders: bool) -> Vec<LocationQuantity> {
        let mut left = units;
        let mut taken: BTreeMap<&LocationId, i64> = BTreeMap::new();
        let mut take = |of: fn(&Stock) -> i64| {
            let mut largest: Vec<(&LocationId, i64)> =
                self.0.iter().map(|(at, stock)| (at, of(stock))).collect();
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
            Some(LocationQuantity { location: location.clone(), quantity: self::units(units)? })
        });
        taken.collect()
    }
}

/// As a quantity, if it is one.
pub(super) fn units(units: i64) -> Option<Quantity> {
    Quantity::new(u32::try_from(units).ok()?).ok()
}
