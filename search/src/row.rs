//! What the search remembers of a product and of a SKU's stock, between events. The index is made from
//! this and from nothing else.

use super::availability::Availability;
use daybook_domain::{
    LocationId, ProductId,
    inventory::{InventoryEvent, LocationQuantity},
    product::{ProductSpec, ProductStatus, SkuPrices},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ProductRow {
    pub(super) status: ProductStatus,
    pub(super) spec: ProductSpec,
    /// Position of its first event.
    pub(super) created: u64,
    /// Whether each of its variants can be bought, in their order, as the index says or will say.
    pub(super) availability: Vec<Availability>,
}

impl ProductRow {
    pub(super) fn set_prices(&mut self, changed: Vec<SkuPrices>) {
        for change in changed {
            if let Some(variant) = self.spec.variants.iter_mut().find(|v| v.sku == change.sku) {
                variant.prices = change.prices;
            }
        }
    }
}

/// A SKU's stock per location, and the products that sell it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SkuRow {
    pub(super) owners: Vec<ProductId>,
    pub(super) locations: Vec<LocationRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LocationRow {
    pub(super) location: LocationId,
    pub(super) on_hand: i64,
    pub(super) reserved: i64,
    pub(super) safety_stock: i64,
    pub(super) backorder_limit: i64,
}

impl LocationRow {
    fn availability(&self) -> Availability {
        let free = self.on_hand.saturating_sub(self.reserved).saturating_sub(self.safety_stock);
        if free > 0 {
            Availability::InStock
        } else if free.saturating_add(self.backorder_limit) > 0 {
            Availability::Backorderable
        } else {
            Availability::OutOfStock
        }
    }
}

impl SkuRow {
    /// Whether a unit can be sold from somewhere.
    pub(super) fn availability(&self) -> Availability {
        self.locations.iter().map(LocationRow::availability).max().unwrap_or_default()
    }

    pub(super) fn apply(&mut self, event: &InventoryEvent) {
        match event {
            InventoryEvent::StockReceived(e) => self.at(&e.location).on_hand = e.on_hand,
            InventoryEvent::StockAdjusted(e) => self.at(&e.location).on_hand = e.on_hand,
            InventoryEvent::StockCounted(e) => self.at(&e.location).on_hand = e.on_hand,
            InventoryEvent::StockReturned(e) => self.at(&e.location).on_hand = e.on_hand,
            InventoryEvent::StockTransferred(e) => {
                self.at(&e.from).on_hand = e.from_on_hand;
                self.at(&e.to).on_hand = e.to_on_hand;
            }
            InventoryEvent::StockPolicySet(e) => {
                let row = self.at(&e.location);
                row.safety_stock = i64::from(e.safety_stock);
                row.backorder_limit = i64::from(e.backorder_limit);
            }
            InventoryEvent::StockReserved(e) => self.reserve(&e.allocations, 1),
            InventoryEvent::ReservationReleased(e) => self.reserve(&e.allocations, -1),
            InventoryEvent::ReservationReduced(e) => self.reserve(&e.allocations, -1),
            InventoryEvent::ReservationExpired(e) => self.reserve(&e.allocations, -1),
            InventoryEvent::ReservationMoved(e) => {
                let units = i64::from(e.quantity.get());
                for (location, change) in [(&e.from, -units), (&e.to, units)] {
                    let row = self.at(location);
                    row.reserved = row.reserved.saturating_add(change);
                }
            }
            InventoryEvent::ReservationCommitted(_)
            | InventoryEvent::StockShort(_)
            | InventoryEvent::StockCovered(_) => {}
            InventoryEvent::StockShipped(e) => {
                self.reserve(e.set_aside_at(), -1);
                for allocation in &e.allocations {
                    let row = self.at(&allocation.location);
                    row.on_hand = row.on_hand.saturating_sub(i64::from(allocation.quantity.get()));
                }
            }
        }
    }

    fn reserve(&mut self, allocations: &[LocationQuantity], sign: i64) {
        for allocation in allocations {
            let row = self.at(&allocation.location);
            let units = i64::from(allocation.quantity.get());
            row.reserved = row.reserved.saturating_add(sign * units);
        }
    }

    fn at(&mut self, location: &LocationId) -> &mut LocationRow {
        if let Some(index) = self.locations.iter().position(|row| row.location == *location) {
            return &mut self.locations[index];
        }
        let location = location.clone();
        let row = LocationRow { location, on_hand: 0, reserved: 0, safety_stock: 0, backorder_limit: 0 };
        self.locations.push(row);
        self.locations.last_mut().expect("one was just pushed")
    }
}
