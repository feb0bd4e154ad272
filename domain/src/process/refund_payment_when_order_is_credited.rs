//! Money given back on an order goes back to whoever paid; no goods move.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    order::{OrderCredited, OrderEvent},
    payment::{PaymentCommand, RequestRefund},
};

#[derive(Debug)]
pub(super) struct RefundPaymentWhenOrderIsCredited;

impl Process for RefundPaymentWhenOrderIsCredited {
    fn name(&self) -> &'static str {
        "refund_payment_when_order_is_credited"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderCredited::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Order(OrderEvent::OrderCredited(credited)) = trigger.event else {
            return Reaction::Nothing;
        };
        let (payment_id, amount) = (credited.payment_id, credited.amount);
        let operation_id = payment_id.operation_id(&format!("credit:{}", credited.credit_id));
        let refund = PaymentCommand::RequestRefund(RequestRefund { operation_id, amount });
        Reaction::Commands(vec![Command::Payment(payment_id, refund)])
    }

    /// What was promised and cannot be paid back is for somebody to look at.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, _rejection: &Rejection) -> Refusal {
        Refusal::DeadLetter
    }
}
