//! An order that is not paid for while its stock is held is rejected. Too late, it is refused, harmlessly.

use super::{Deadline, Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    order::{
        OrderCancelled, OrderCommand, OrderConfirmed, OrderEvent, OrderPlaced, OrderRejected, OrderRejection,
        RejectOrder, RejectReason,
    },
};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct RejectOrderWhenPaymentTimesOut {
    pub(super) hold: Duration,
}

impl Process for RejectOrderWhenPaymentTimesOut {
    fn name(&self) -> &'static str {
        "reject_order_when_payment_times_out"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderPlaced::KIND, OrderConfirmed::KIND, OrderRejected::KIND, OrderCancelled::KIND])
    }

    fn react(&self, _trigger: Trigger<'_>) -> Reaction {
        Reaction::Nothing
    }

    fn deadline(&self, trigger: Trigger<'_>) -> Deadline {
        match trigger.event {
            Event::Order(OrderEvent::OrderPlaced(placed)) => {
                let reject =
                    OrderCommand::RejectOrder(RejectOrder { reason: RejectReason::PaymentTimedOut {} });
                Deadline::Set { after: self.hold, command: Command::Order(placed.order_id, reject) }
            }
            Event::Order(
                OrderEvent::OrderConfirmed(_) | OrderEvent::OrderRejected(_) | OrderEvent::OrderCancelled(_),
            ) => Deadline::Cleared,
            _ => Deadline::Unchanged,
        }
    }

    /// The order is over already, or confirmed.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(rejection, Rejection::Order(OrderRejection::WrongState { .. })))
    }
}
