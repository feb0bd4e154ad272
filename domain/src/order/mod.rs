//! Orders: what was sold, and what became of it.
//!
//! ```text
//! lifecycle   Placed --ConfirmOrder--> Confirmed --all delivered--> Completed
//!                |--RejectOrder--> Rejected(reason)
//!                '--CancelOrder (also when Confirmed, nothing shipped yet)--> Cancelled
//! fulfilment  Unfulfilled → Allocated → PartiallyShipped → Shipped → PartiallyDelivered → Delivered
//!                                                        → PartiallyReturned → Returned
//! money       given back (returns, credits) ≤ captured with the shipments
//! line        ordered = open + allocated + shipped + cancelled ; returned ≤ delivered ≤ shipped
//! ```

mod amounts;
mod command;
mod credit;
mod decide;
mod event;
mod goods;
mod state;

pub use command::{
    AllocateOrder, CancelOrder, ConfirmOrder, CreditOrder, DeliverOrder, OrderCommand, OrderRejection,
    PlaceOrder, RejectOrder, ReturnGoods, ShipOrder,
};
pub use event::{
    Allocation, AllocationDiscarded, Charge, ChargeKind, LineQuantity, OrderAllocated, OrderCancelled,
    OrderCompleted, OrderConfirmed, OrderCredited, OrderDelivered, OrderEvent, OrderLine, OrderPlaced,
    OrderRejected, OrderReturned, OrderShipped, RejectReason, ReturnCondition, ReturnedLine, SkuQuantity,
};
pub use state::{Fulfilment, Lifecycle, Order};
