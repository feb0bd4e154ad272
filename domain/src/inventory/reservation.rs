//! The units of a SKU that are set aside for one order.

use super::{LocationQuantity, StockReserved, change_units_at, stock::units};
use crate::{LocationId, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

/// Where they are set aside, and which of them are not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Reservation {
    /// Its place among the SKU's reservations; a later one has a greater number.
    age: u64,
    allocations: Vec<LocationQuantity>,
    /// Of the allocations those for which nothing is there: sold on backorder, or lost since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    uncovered: Vec<LocationQuantity>,
    /// None: committed, for good.
    until: Option<Timestamp>,
}

impl Reservation {
    pub(super) fn new(age: u64, reserved: &StockReserved, uncovered: Vec<LocationQuantity>) -> Self {
        let (allocations, until) = (reserved.allocations.clone(), Some(reserved.until));
        Self { age, allocations, uncovered, until }
    }

    pub(super) const fn age(&self) -> u64 {
        self.age
    }

    pub(super) fn allocations(&self) -> &[LocationQuantity] {
        &self.allocations
    }

    pub(super) fn uncovered(&self) -> &[LocationQuantity] {
        &self.uncovered
    }

    pub(super) const fn until(&self) -> Option<Timestamp> {
        self.until
    }

    pub(super) const fn commit(&mut self) {
        self.until = None;
    }

    /// Units set aside at a location.
    pub(super) fn units_at(&self, location: &LocationId) -> i64 {
        at(&self.allocations, location)
    }

    /// Those of them that are not there.
    pub(super) fn uncovered_at(&self, location: &LocationId) -> i64 {
        at(&self.uncovered, location)
    }

    /// Takes units away, and answers what that takes from those that are not there: no more of these can be left than
    /// of all.
    pub(super) fn take(&mut self, allocations: &[LocationQuantity]) -> Vec<LocationQuantity> {
        let mut gone = Vec::new();
        for LocationQuantity { location, quantity } in allocations {
            change_units_at(&mut self.allocations, location, -i64::from(quantity.get()));
            let left = self.units_at(location);
            let beyond = self.uncovered_at(location).saturating_sub(left);
            gone.extend(
                units(beyond).map(|quantity| LocationQuantity { location: location.clone(), quantity }),
            );
            change_units_at(&mut self.uncovered, location, -beyond.max(0));
        }
        gone
    }

    /// Which units are used up when this many leave a location: those set aside there, then the others. Or how many there
    /// are, if too few.
    pub(super) fn units_for(
        &self,
        quantity: Quantity,
        location: Option<&LocationId>,
    ) -> Result<Vec<LocationQuantity>, u32> {
        let mut left = i64::from(quantity.get());
        let mut taken = Vec::with_capacity(self.allocations.len());
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            self.allocations.iter().partition(|part| Some(&part.location) == location);
        for LocationQuantity { location, quantity } in here.into_iter().chain(elsewhere) {
            if let Some(quantity) = units(left.min(i64::from(quantity.get()))) {
                left -= i64::from(quantity.get());
                taken.push(LocationQuantity { location: location.clone(), quantity });
            }
        }
        if left == 0 {
            return Ok(taken);
        }
        Err(quantity.get().saturating_sub(u32::try_from(left).unwrap_or(u32::MAX)))
    }

    /// Which units are let go when this many are not wanted any more: those that are not there, then the others. Or how many
    /// there are, if too few.
    pub(super) fn units_to_release(&self, quantity: Quantity) -> Result<Vec<LocationQuantity>, u32> {
        let mut rest = self.clone();
        let mut left = i64::from(quantity.get());
        let mut released: Vec<LocationQuantity> = Vec::with_capacity(self.allocations.len());
        for part in self.uncovered.iter().chain(&self.allocations) {
            let count = left.min(i64::from(part.quantity.get())).min(rest.units_at(&part.location));
            left -= count;
            change_units_at(&mut rest.allocations, &part.location, -count);
            change_units_at(&mut released, &part.location, count);
        }
        if left == 0 {
            return Ok(released);
        }
        Err(quantity.get().saturating_sub(u32::try_from(left).unwrap_or(u32::MAX)))
    }

    /// Lets go of units, of each location first of those that are not there; answers how many of them these were.
    pub(super) fn release(&mut self, allocations: &[LocationQuantity]) -> Vec<LocationQuantity> {
        let mut gone = Vec::new();
        for LocationQuantity { location, quantity } in allocations {
            let missing = self.uncovered_at(location).min(i64::from(quantity.get()));
            change_units_at(&mut self.allocations, location, -i64::from(quantity.get()));
            change_units_at(&mut self.uncovered, location, -missing);
            gone.extend(
                units(missing).map(|quantity| LocationQuantity { location: location.clone(), quantity }),
            );
        }
        gone
    }

    /// Moves units to where they are there, first those that were not; answers how many these were.
    pub(super) fn move_units(&mut self, from: &LocationId, to: &LocationId, count: i64) -> i64 {
        let covered = self.uncovered_at(from).min(count);
        change_units_at(&mut self.uncovered, from, -covered);
        change_units_at(&mut self.allocations, from, -count);
        change_units_at(&mut self.allocations, to, count);
        covered
    }

    /// Units are not there any more, or there again if `count` is negative.
    pub(super) fn uncover(&mut self, location: &LocationId, count: i64) {
        change_units_at(&mut self.uncovered, location, count);
    }

    /// All units of it that are not there, wherever.
    pub(super) fn uncovered_units(&self) -> i64 {
        self.uncovered.iter().map(|part| i64::from(part.quantity.get())).fold(0, i64::saturating_add)
    }
}

fn at(parts: &[LocationQuantity], location: &LocationId) -> i64 {
    parts.iter().find(|part| part.location == *location).map_or(0, |part| i64::from(part.quantity.get()))
}
