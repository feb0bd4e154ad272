//! Inventory: one stream per SKU with all its locations, so that choosing where to ship from, and
//! splitting, is one linearizable decision.
//!
//! ```text
//! per location   available = on_hand − reserved − safety_stock ≥ −backorder_limit
//! reservation    Held(until) → Committed → Shipped ; Released(reason) ; Expired
//! ```
//!
//! Expiry is decided by time when stock is read for a decision, so a late sweeper never matters.

mod allocate;
mod command;
mod decide;
mod event;
mod reserve;
mod state;

pub use command::{
    AdjustStock, CommitReservation, CountStock, ExpireReservations, InventoryCommand, InventoryRejection,
    ReceiveStock, ReleaseReservation, ReserveStock, ReturnStock, SetStockPolicy, ShipReserved, TransferStock,
};
pub use event::{
    InventoryEvent, LocationQuantity, ReleaseReason, ReservationCommitted, ReservationExpired,
    ReservationReleased, StockAdjusted, StockCounted, StockPolicySet, StockReceived, StockReserved,
    StockReturned, StockShipped, StockTransferred,
};
pub use state::{Inventory, Stock};
