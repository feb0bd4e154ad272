//! The units of one line of an order, and what they cost.

use super::{OrderLine, pot::Pot};
use crate::{LineId, LocationId, Sku};
use serde::{Deserialize, Serialize};

/// `ordered = open + allocated + shipped + cancelled`, `returned ≤ delivered ≤ shipped`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LineQuantities {
    line_id: LineId,
    sku: Sku,
    /// Where its stock comes from, or the first of several places.
    location: Option<LocationId>,
    /// What the units that did not leave cost together, discounts taken off.
    to_ship: Pot,
    /// What the units that are with the customer, or on their way, cost together.
    out: Pot,
    ordered: u32,
    allocated: u32,
    shipped: u32,
    delivered: u32,
    returned: u32,
    cancelled: u32,
}

impl LineQuantities {
    pub(super) fn new(line: &OrderLine) -> Self {
        Self {
            line_id: line.line_id,
            sku: line.sku.clone(),
            location: None,
            to_ship: Pot::new(line.quantity.get(), line.net.minor),
            out: Pot::default(),
            ordered: line.quantity.get(),
            allocated: 0,
            shipped: 0,
            delivered: 0,
            returned: 0,
            cancelled: 0,
        }
    }

    pub(super) const fn line_id(&self) -> LineId {
        self.line_id
    }

    pub(super) const fn sku(&self) -> &Sku {
        &self.sku
    }

    pub(super) const fn location(&self) -> Option<&LocationId> {
        self.location.as_ref()
    }

    pub(super) const fn ordered(&self) -> u32 {
        self.ordered
    }

    pub(super) const fn allocated(&self) -> u32 {
        self.allocated
    }

    pub(super) const fn shipped(&self) -> u32 {
        self.shipped
    }

    pub(super) const fn delivered(&self) -> u32 {
        self.delivered
    }

    pub(super) const fn returned(&self) -> u32 {
        self.returned
    }

    /// Shipped and not delivered yet.
    pub(super) const fn in_transit(&self) -> u32 {
        self.shipped.saturating_sub(self.delivered)
    }

    /// Delivered and not returned.
    pub(super) const fn returnable(&self) -> u32 {
        self.delivered.saturating_sub(self.returned)
    }

    /// Neither delivered nor cancelled.
    pub(super) const fn undelivered(&self) -> u32 {
        self.kept().saturating_sub(self.delivered)
    }

    /// Ordered and not cancelled.
    pub(super) const fn kept(&self) -> u32 {
        self.ordered.saturating_sub(self.cancelled)
    }

    /// Neither set aside nor shipped nor cancelled.
    const fn open(&self) -> u32 {
        self.ordered
            .saturating_sub(self.allocated)
            .saturating_sub(self.shipped)
            .saturating_sub(self.cancelled)
    }

    /// Sets all open units aside.
    pub(super) fn allocate(&mut self, location: Option<LocationId>) {
        self.allocated = self.open();
        self.location = location;
    }

    pub(super) fn come_from(&mut self, location: LocationId) {
        self.location = Some(location);
    }

    pub(super) fn ship(&mut self, units: u32) {
        self.allocated = self.allocated.saturating_sub(units);
        self.shipped = self.shipped.saturating_add(units);
        let worth = self.to_ship.take(units);
        self.out.put(units, worth);
    }

    pub(super) const fn deliver(&mut self, units: u32) {
        self.delivered = self.delivered.saturating_add(units);
    }

    pub(super) fn take_back(&mut self, units: u32) {
        self.returned = self.returned.saturating_add(units);
        self.out.take(units);
    }

    /// Units that were set aside will not leave.
    pub(super) fn cancel(&mut self, units: u32) {
        self.allocated = self.allocated.saturating_sub(units);
        self.cancelled = self.cancelled.saturating_add(units);
        self.to_ship.take(units);
    }

    /// Cancels whatever did not leave.
    pub(super) fn cancel_rest(&mut self) {
        self.cancel(self.kept().saturating_sub(self.shipped));
        self.allocated = 0;
    }

    /// What the next `units` to be shipped or cancelled cost, in minor units.
    pub(super) fn price_of_next_to_ship(&self, units: u32) -> i64 {
        self.to_ship.worth_of(units)
    }

    /// What the next `units` to be returned had cost, in minor units.
    pub(super) fn price_of_next_returned(&self, units: u32) -> i64 {
        self.out.worth_of(units)
    }
}
