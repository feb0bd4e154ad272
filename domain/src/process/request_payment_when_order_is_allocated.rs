//! Once stock is set aside, the money is: the gateway is to authorise the order's total.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    order::{OrderAllocated, OrderEvent},
    payment::{PaymentCommand, PaymentRejection, RequestAuthorization},
};

#[derive(Debug)]
pub(super) struct RequestPaymentWhenOrderIsAllocated;

impl Process for RequestPaymentWhenOrderIsAllocated {
    fn name(&self) -> &'static str {
        "request_payment_when_order_is_allocated"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderAllocated::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Order(OrderEvent::OrderAllocated(allocated)) = trigger.event else {
            return Reaction::Nothing;
        };
        let payment_id = allocated.payment_id;
        let mut skus: Vec<_> =
            allocated.allocations.iter().map(|allocation| allocation.sku.clone()).collect();
        skus.sort_unstable();
        skus.dedup();
        let request = PaymentCommand::RequestAuthorization(RequestAuthorization {
            payment_id,
            order_id: allocated.order_id,
            operation_id: payment_id.operation_id("authorize"),
            amount: allocated.amount,
            token: allocated.payment_token.clone(),
            skus,
        });
        Reaction::Commands(vec![Command::Payment(payment_id, request)])
    }

    /// The payment was called off, because the order came to nothing, or was asked for before.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(
            rejection,
            Rejection::Payment(
                PaymentRejection::PaymentInWrongState { .. } | PaymentRejection::PaymentExists {}
            )
        ))
    }
}
