//! What happens to the stock of a SKU. Events carry the change and, as `on_hand`, its result.

use crate::{LocationId, OrderId, Quantity, ReturnId, ShipmentId, Sku, Timestamp, event::events};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

events! {
    /// What happens to the stock of a SKU.
    InventoryEvent of super::Inventory, upcast by upcast {
        StockReceived = 1,
        StockAdjusted = 1,
        StockCounted = 1,
        StockTransferred = 1,
        StockPolicySet = 1,
        StockReserved = 1,
        ReservationCommitted = 1,
        ReservationReleased = 1,
        ReservationReduced = 1,
        ReservationExpired = 1,
        StockShipped = 1,
        StockReturned = 1,
        ReservationMoved = 1,
        StockShort = 1,
        StockCovered = 1,
    }
}

/// No inventory event has an older schema yet.
fn upcast(_event_type: &str, _from_version: u16, payload: serde_json::Value) -> serde_json::Value {
    payload
}

/// Units at a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocationQuantity {
    pub location: LocationId,
    pub quantity: Quantity,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReceived {
    pub sku: Sku,
    pub location: LocationId,
    pub quantity: Quantity,
    /// For example a delivery note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    pub on_hand: i64,
}

/// More or less by hand, for a reason that is always given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockAdjusted {
    pub sku: Sku,
    pub location: LocationId,
    pub delta: i64,
    pub reason: String,
    pub on_hand: i64,
}

/// Somebody counted; what they found is what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockCounted {
    pub sku: Sku,
    pub location: LocationId,
    pub previous: i64,
    pub on_hand: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockTransferred {
    pub sku: Sku,
    pub from: LocationId,
    pub to: LocationId,
    pub quantity: Quantity,
    pub from_on_hand: i64,
    pub to_on_hand: i64,
}

/// How deep a location may be sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockPolicySet {
    pub sku: Sku,
    pub location: LocationId,
    /// Units never sold.
    pub safety_stock: u32,
    /// Units that may be sold without being there.
    pub backorder_limit: u32,
}

/// Set aside for one order until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReserved {
    pub sku: Sku,
    pub order_id: OrderId,
    pub allocations: Vec<LocationQuantity>,
    pub until: Timestamp,
}

/// Set aside for good: the order is paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationCommitted {
    pub sku: Sku,
    pub order_id: OrderId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ReleaseReason {
    OrderRejected,
    OrderCancelled,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationReleased {
    pub sku: Sku,
    pub order_id: OrderId,
    pub allocations: Vec<LocationQuantity>,
    pub reason: ReleaseReason,
}

/// Lines of an order were cancelled: some of the units set aside for it are let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationReduced {
    pub sku: Sku,
    pub order_id: OrderId,
    /// What is let go. Of the units at a location those that are not there go first.
    pub allocations: Vec<LocationQuantity>,
    /// How many of the units that stay set aside for the order are not there, wherever.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncovered: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationExpired {
    pub sku: Sku,
    pub order_id: OrderId,
    pub allocations: Vec<LocationQuantity>,
}

/// Left the building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockShipped {
    pub sku: Sku,
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    /// Where they were.
    pub allocations: Vec<LocationQuantity>,
    /// Where they had been set aside, if not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserved_at: Vec<LocationQuantity>,
}

/// Came back and can be sold again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReturned {
    pub sku: Sku,
    pub order_id: OrderId,
    pub return_id: ReturnId,
    pub location: LocationId,
    pub quantity: Quantity,
    pub on_hand: i64,
}

/// What is set aside for an order is to come from another location, because it is not at the first any more or is at the
/// other at last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationMoved {
    pub sku: Sku,
    pub order_id: OrderId,
    pub from: LocationId,
    pub to: LocationId,
    pub quantity: Quantity,
    /// How many of the units set aside for the order are still not there, wherever.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncovered: u32,
}

/// Units of one order's reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderUnits {
    pub order_id: OrderId,
    pub quantity: Quantity,
    /// How many of the units set aside for the order are not there now, wherever.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncovered: u32,
}

/// Units that are promised are not there any more, and no other location has them. The newest reservations are short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockShort {
    pub sku: Sku,
    pub location: LocationId,
    /// By order, the units that it now waits for.
    pub uncovered: Vec<OrderUnits>,
    /// Units that further orders wait for, which further events name.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rest: u32,
}

/// Units came for reservations that were short or sold on backorder, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockCovered {
    pub sku: Sku,
    pub location: LocationId,
    /// By order, the units that it waited for.
    pub covered: Vec<OrderUnits>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
const fn is_zero(units: &u32) -> bool {
    *units == 0
}

impl StockShipped {
    /// Where the units that left had been set aside.
    #[must_use]
    pub fn set_aside_at(&self) -> &[LocationQuantity] {
        if self.reserved_at.is_empty() { &self.allocations } else { &self.reserved_at }
    }
}

impl InventoryEvent {
    /// The SKU whose stock it is about.
    pub fn sku(&self) -> &Sku {
        match self {
            Self::StockReceived(event) => &event.sku,
            Self::StockAdjusted(event) => &event.sku,
            Self::StockCounted(event) => &event.sku,
            Self::StockTransferred(event) => &event.sku,
            Self::StockPolicySet(event) => &event.sku,
            Self::StockReserved(event) => &event.sku,
            Self::ReservationCommitted(event) => &event.sku,
            Self::ReservationReleased(event) => &event.sku,
            Self::ReservationReduced(event) => &event.sku,
            Self::ReservationExpired(event) => &event.sku,
            Self::StockShipped(event) => &event.sku,
            Self::StockReturned(event) => &event.sku,
            Self::ReservationMoved(event) => &event.sku,
            Self::StockShort(event) => &event.sku,
            Self::StockCovered(event) => &event.sku,
        }
    }
}
