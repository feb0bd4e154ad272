//! Orders: status, ledger and timeline, by id, number, reference and customer.

mod apply;
mod change;
mod queries;
mod view;

pub use apply::OrderProjection;
pub use queries::Orders;
pub use view::{
    CancellationView, CreditView, FulfilmentState, OrderLineView, OrderNeed, OrderState, OrderView,
    ReturnView, ShipmentView, TimelineEntry, UnknownNeed,
};
