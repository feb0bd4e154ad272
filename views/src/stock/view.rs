//! The stock of a SKU as the shop shows it.

use daybook_domain::{
    LocationId, OrderId, Sku, Timestamp,
    inventory::{LocationQuantity, ReservationMoved, change_units_at, missing_units},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much of a SKU is where, and how much of it can be sold.
///
/// Stock held for an order whose time is up can be sold again from that moment on, whether or not the log says
/// so yet. A query made at such a moment shows those units as `lapsed`, no longer as `reserved`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockView {
    pub sku: Sku,
    pub on_hand: i64,
    pub reserved: i64,
    /// What can be sold from stock, over all locations.
    pub available: i64,
    /// Units set aside for orders that are not there, over all locations: lost, or sold on backorder.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub short: i64,
    /// By location, in the order of their ids.
    pub locations: Vec<LocationStock>,
    /// Orders that hold stock until a time and are not paid for yet.
    pub holds: u64,
    /// No hold lapses before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_last_until: Option<Timestamp>,
    pub updated_at: Timestamp,
    /// The stream's version, for conditional requests.
    pub version: u64,
    /// The log position of its last change.
    pub position: u64,
}

/// The stock of a SKU at one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocationStock {
    pub location: LocationId,
    /// Negative when more was shipped than the books knew of.
    pub on_hand: i64,
    pub reserved: i64,
    /// Units never sold.
    pub safety_stock: u32,
    /// Units that may be sold without being there.
    pub backorder_limit: u32,
    /// on_hand − reserved − safety_stock; may go down to −backorder_limit.
    pub available: i64,
    /// Units set aside for orders that are not there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub short: i64,
    /// Units whose hold has lapsed; they count as available.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lapsed: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_zero(units: &i64) -> bool {
    *units == 0
}

impl LocationStock {
    pub(super) fn new(location: LocationId) -> Self {
        let (on_hand, reserved, available, lapsed) = (0, 0, 0, 0);
        Self { location, on_hand, reserved, safety_stock: 0, backorder_limit: 0, available, short: 0, lapsed }
    }

    pub(super) fn derive(&mut self) {
        self.available =
            self.on_hand.saturating_sub(self.reserved).saturating_sub(i64::from(self.safety_stock));
        self.short = missing_units(self.on_hand, self.reserved);
    }
}

impl StockView {
    /// Sums up the locations.
    pub(super) fn derive(&mut self) {
        let sum = |amount: fn(&LocationStock) -> i64| self.locations.iter().map(amount).sum();
        (self.on_hand, self.reserved, self.available) =
            (sum(|at| at.on_hand), sum(|at| at.reserved), sum(|at| at.available));
        self.short = sum(|at| at.short);
    }

    /// Counts a hold whose time is up as free.
    pub(super) fn lapse(&mut self, hold: &Hold) {
        for LocationQuantity { location, quantity } in &hold.allocations {
            if let Some(stock) = self.locations.iter_mut().find(|stock| stock.location == *location) {
                let units = i64::from(quantity.get());
                stock.reserved -= units;
                stock.lapsed += units;
                stock.derive();
            }
        }
    }
}

/// Stock set aside for an order that is not paid for yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hold {
    pub(super) until: Timestamp,
    pub(super) allocations: Vec<LocationQuantity>,
}

impl Hold {
    pub(super) fn move_units(&mut self, moved: &ReservationMoved) {
        let units = i64::from(moved.quantity.get());
        change_units_at(&mut self.allocations, &moved.from, -units);
        change_units_at(&mut self.allocations, &moved.to, units);
    }
}

/// One change of the stock at one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Movement {
    pub kind: MovementKind,
    pub location: LocationId,
    /// By how much `on_hand` changed.
    pub on_hand_delta: i64,
    /// By how much `reserved` changed.
    pub reserved_delta: i64,
    /// What was there afterwards.
    pub on_hand: i64,
    /// What of it was set aside afterwards.
    pub reserved: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A delivery note, shipment or return it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The order that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// Who caused it.
    pub actor: String,
    /// When it happened in the world.
    pub at: Timestamp,
    pub position: u64,
}

/// What moved stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum MovementKind {
    Received,
    Adjusted,
    Counted,
    TransferredOut,
    TransferredIn,
    Reserved,
    /// A reservation, or some units of it, was let go because the order or its lines were cancelled, or it came to nothing.
    Released,
    /// A reservation was let go because its time was up.
    Expired,
    Shipped,
    Returned,
    /// What is set aside for an order is to come from another location.
    ReservationMovedOut,
    /// … and this is the other.
    ReservationMovedIn,
}
