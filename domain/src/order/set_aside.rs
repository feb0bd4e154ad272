//! Where an order's units are set aside, as far as the order knows: the stock's own stream is the one that decides, and
//! tells the order when units move. The order needs it to ask from which location a shipment leaves.

use super::{Allocation, AllocationMoved, SkuQuantity};
use crate::{LocationId, Sku, inventory::change_units};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Units by SKU and location that neither left nor were cancelled.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct SetAside(Vec<Allocation>);

impl SetAside {
    pub(super) fn new(allocations: &[Allocation]) -> Self {
        Self(allocations.to_vec())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Locations where units of these SKUs are set aside.
    pub(super) fn locations_of(&self, skus: &[SkuQuantity]) -> BTreeSet<&LocationId> {
        let is_of = |sku: &Sku| skus.iter().any(|units| units.sku == *sku);
        self.0.iter().filter(|part| is_of(&part.sku)).map(|part| &part.location).collect()
    }

    pub(super) fn move_units(&mut self, moved: &AllocationMoved) {
        let units = i64::from(moved.quantity.get());
        self.change(&moved.sku, &moved.from, -units);
        self.change(&moved.sku, &moved.to, units);
    }

    /// Units left or were cancelled: those at `location` first, as the stock takes them.
    pub(super) fn take(&mut self, units: &SkuQuantity, location: Option<&LocationId>) {
        let parts = self.0.iter().filter(|part| part.sku == units.sku).cloned();
        let (here, elsewhere): (Vec<_>, Vec<_>) = parts.partition(|part| Some(&part.location) == location);
        let mut left = i64::from(units.quantity.get());
        for part in here.into_iter().chain(elsewhere) {
            let taken = left.min(i64::from(part.quantity.get()));
            self.change(&part.sku, &part.location, -taken);
            left -= taken;
        }
    }

    fn change(&mut self, sku: &Sku, location: &LocationId, delta: i64) {
        let is_it = |part: &Allocation| part.sku == *sku && part.location == *location;
        let new = |quantity| Allocation { sku: sku.clone(), location: location.clone(), quantity };
        change_units(&mut self.0, is_it, delta, new);
    }
}
