//! Orders: what was sold, and what became of it.
//!
//! ```text
//! lifecycle   Placed --ConfirmOrder--> Confirmed --all delivered--> Completed
//!                |--RejectOrder--> Rejected(reason)
//!                '--CancelOrder (also when Confirmed, nothing shipped yet)--> Cancelled
//!             CancelLines: units of a confirmed order that have not left will not
//! fulfilment  Unfulfilled → Allocated → PartiallyShipped → Shipped → PartiallyDelivered → Delivered
//!                                                        → PartiallyReturned → Returned
//! money       given back (returns, credits) ≤ captured with the shipments
//! line        ordered = open + allocated + shipped + cancelled ; returned ≤ delivered ≤ shipped
//! ```

mod amounts;
mod commands;
mod events;
mod line_quantities;
mod lines;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod order;
mod placed_order;
mod placing;
mod pot;
mod refunds;
mod samples;
mod set_aside;
mod shortages;

pub use commands::{
    AllocateOrder, CancelLines, CancelOrder, ConfirmOrder, CreditOrder, DeliverOrder, MoveAllocation,
    OrderCommand, OrderRejection, PlaceOrder, RejectOrder, ReturnGoods, SetShortage, ShipOrder,
};
pub use events::{
    Allocation, AllocationDiscarded, AllocationMoved, Charge, ChargeKind, LineQuantity, LinesCancelled,
    OrderAllocated, OrderCancelled, OrderCompleted, OrderConfirmed, OrderCredited, OrderDelivered,
    OrderEvent, OrderLine, OrderPlaced, OrderRejected, OrderReturned, OrderShipped, OrderShort, RejectReason,
    ReturnCondition, ReturnedLine, ShortageResolved, SkuQuantity,
};
use line_quantities::LineQuantities;
pub use lines::Fulfilment;
use lines::OrderLines;
pub use order::{Lifecycle, Order};
use placed_order::PlacedOrder;
pub use placed_order::{TEXT_CHARS, TRACKING_CHARS};
use refunds::Refunds;
use shortages::Shortages;
