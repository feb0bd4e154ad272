//! Inventory: one stream per SKU with all its locations, so that choosing where to ship from, and
//! splitting, is one linearizable decision.
//!
//! ```text
//! per location   available = on_hand − reserved − safety_stock; sold while above −backorder_limit
//!                uncovered = reserved − what is on hand of it
//! reservation    Held(until) → Committed → Shipped ; Released(reason) ; Expired
//! ```
//!
//! Expiry is decided by time when stock is read for a decision, so a late sweeper never matters.

mod balance;
mod change_units;
mod commands;
mod events;
mod expired;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod inventory;
mod limits;
mod reservation;
mod reservations;
mod samples;
mod stock;

pub use change_units::{UnitsAtPlace, change_units, change_units_at};
pub use commands::{
    AdjustStock, BalanceStock, CommitReservation, CountStock, ExpireReservations, InventoryCommand,
    InventoryRejection, ReceiveStock, ReleaseReservation, ReleaseUnits, ReserveStock, ReturnStock,
    SetStockPolicy, ShipReserved, TransferStock,
};
pub use events::{
    InventoryEvent, LocationQuantity, OrderUnits, ReleaseReason, ReservationCommitted, ReservationExpired,
    ReservationMoved, ReservationReduced, ReservationReleased, StockAdjusted, StockCounted, StockCovered,
    StockPolicySet, StockReceived, StockReserved, StockReturned, StockShipped, StockShort, StockTransferred,
};
pub use inventory::Inventory;
pub use limits::TEXT_CHARS;
pub use stock::{Stock, missing_units};
