//! Payments: where the money of an order is, and every request to the gateway.

mod apply;
mod queries;
mod summary;
mod view;

pub use apply::PaymentProjection;
pub(crate) use apply::ids;
pub use queries::Payments;
pub use summary::{PaymentState, PaymentSummary};
pub use view::{OperationState, OperationView, PaymentView};
