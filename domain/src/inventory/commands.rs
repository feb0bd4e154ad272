//! What can be asked of the stock of a SKU, and why it may be refused.

use super::ReleaseReason;
use crate::{
    LocationId, OrderId, Quantity, ReturnId, ShipmentId, Sku, Timestamp, command::commands,
    rejection::rejections,
};

commands! {
    /// What can be asked of the stock of a SKU.
    InventoryCommand {
        ReceiveStock, AdjustStock, CountStock, TransferStock, SetStockPolicy, ReserveStock, CommitReservation,
        ReleaseReservation, ReleaseUnits, ExpireReservations, ShipReserved, ReturnStock, BalanceStock,
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReceiveStock {
    pub sku: Sku,
    pub location: LocationId,
    pub quantity: Quantity,
    pub reference: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AdjustStock {
    pub sku: Sku,
    pub location: LocationId,
    /// Not zero; at most ±999,999.
    pub delta: i64,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CountStock {
    pub sku: Sku,
    pub location: LocationId,
    pub counted: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TransferStock {
    pub sku: Sku,
    pub from: LocationId,
    pub to: LocationId,
    pub quantity: Quantity,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SetStockPolicy {
    pub sku: Sku,
    pub location: LocationId,
    pub safety_stock: u32,
    pub backorder_limit: u32,
}

/// Sets units aside for an order, from as few locations as possible; all or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct ReserveStock {
    pub sku: Sku,
    pub order_id: OrderId,
    pub quantity: Quantity,
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CommitReservation {
    pub order_id: OrderId,
}

/// Lets go of what is set aside; does nothing where nothing is.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseReservation {
    pub order_id: OrderId,
    pub reason: ReleaseReason,
}

/// Lets go of some of the units that are set aside for good, those that are not there first.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseUnits {
    pub order_id: OrderId,
    pub quantity: Quantity,
}

/// Writes down what time has decided already (asked by a sweeper).
#[derive(Debug, Clone, PartialEq)]
pub struct ExpireReservations {}

/// Units left. Never refused because of what the books say is there.
#[derive(Debug, Clone, PartialEq)]
pub struct ShipReserved {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub quantity: Quantity,
    /// Where they left; none: where they were set aside.
    pub location: Option<LocationId>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReturnStock {
    pub sku: Sku,
    pub order_id: OrderId,
    pub return_id: ReturnId,
    pub location: LocationId,
    pub quantity: Quantity,
}

/// Goes on naming the orders that are short, where one decision could not name all.
#[derive(Debug, Clone, PartialEq)]
pub struct BalanceStock {
    pub location: LocationId,
}

rejections! {
    /// Why an inventory command is refused.
    InventoryRejection {
        #[class(Own("out-of-stock"))]
        #[error("{requested} of {sku} asked for, {available} available")]
        OutOfStock { sku: Sku, requested: u32, available: i64 },
        #[class(Own("not-there"))]
        #[error("{requested} to take away from {location}, {on_hand} are there; if that is not so, record a count first")]
        NotThere { location: LocationId, requested: u32, on_hand: i64 },
        #[class(Own("reserved-units"))]
        #[error("{requested} to transfer from {location}, {unreserved} of the {on_hand} there are not set aside for orders")]
        ReservedUnits { location: LocationId, requested: u32, unreserved: i64, on_hand: i64 },
        #[class(Missing)]
        #[error("nothing is reserved for order {order_id}")]
        ReservationNotFound { order_id: OrderId },
        #[class(Conflict)]
        #[error("stock for order {order_id} is reserved already")]
        AlreadyReserved { order_id: OrderId },
        #[class(Conflict)]
        #[error("the reservation for order {order_id} has expired")]
        ReservationHasExpired { order_id: OrderId },
        #[class(Conflict)]
        #[error("the reservation for order {order_id} is not committed")]
        ReservationNotCommitted { order_id: OrderId },
        #[class(Conflict)]
        #[error("{requested} to ship, {reserved} reserved")]
        MoreThanReserved { requested: u32, reserved: u32 },
        #[class(Invalid)]
        #[error("a transfer needs two different locations")]
        SameLocation {},
        #[class(Invalid)]
        #[error("{field}: {detail}")]
        InvalidMovement { field: String, detail: String },
    }
}
