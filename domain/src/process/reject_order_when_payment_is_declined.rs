//! Without money no order.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    order::{OrderCommand, OrderRejection, RejectOrder, RejectReason},
    payment::{PaymentDeclined, PaymentEvent},
};

#[derive(Debug)]
pub(super) struct RejectOrderWhenPaymentIsDeclined;

impl Process for RejectOrderWhenPaymentIsDeclined {
    fn name(&self) -> &'static str {
        "reject_order_when_payment_is_declined"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[PaymentDeclined::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Payment(PaymentEvent::PaymentDeclined(declined)) = trigger.event else {
            return Reaction::Nothing;
        };
        let reason = RejectReason::PaymentDeclined { code: declined.code.clone() };
        let reject = OrderCommand::RejectOrder(RejectOrder { reason });
        Reaction::Commands(vec![Command::Order(declined.order_id, reject)])
    }

    /// The order is over already, or confirmed.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(rejection, Rejection::Order(OrderRejection::WrongState { .. })))
    }
}
