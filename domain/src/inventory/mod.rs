//! Inventory: one stream per SKU with all its locations, so that choosing where to ship from, and
//! splitting, is one linearizable decision.
//!
//! ```text
//! per location   available = on_hand − reserved − safety_stock ≥ −backorder_limit
//! reservation    Held(until) → Committed → Shipped ; Released(reason) ; Expired
//! ```
//!
//! Expiry is decided by time when stock is read for a decision, so a late sweeper never matters.

mod commands;
mod events;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod inventory;
mod reservations;
mod samples;
mod stock;

pub use commands::{
    AdjustStock, CommitReservation, CountStock, ExpireReservations, InventoryCommand, InventoryRejection,
    ReceiveStock, ReleaseReservation, ReserveStock, ReturnStock, SetStockPolicy, ShipReserved, TransferStock,
};
pub use events::{
    InventoryEvent, LocationQuantity, ReleaseReason, ReservationCommitted, ReservationExpired,
    ReservationReleased, StockAdjusted, StockCounted, StockPolicySet, StockReceived, StockReserved,
    StockReturned, StockShipped, StockTransferred,
};
pub use inventory::{Inventory, TEXT_CHARS};
pub use stock::Stock;
