//! A confirmed order ends its cart.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    cart::{CartCommand, CartRejection, CompleteCart},
    order::{OrderConfirmed, OrderEvent},
};

#[derive(Debug)]
pub(super) struct CompleteCartWhenOrderIsConfirmed;

impl Process for CompleteCartWhenOrderIsConfirmed {
    fn name(&self) -> &'static str {
        "complete_cart_when_order_is_confirmed"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderConfirmed::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Order(OrderEvent::OrderConfirmed(confirmed)) = trigger.event else {
            return Reaction::Nothing;
        };
        let complete = CartCommand::CompleteCart(CompleteCart { order_id: confirmed.order_id });
        Reaction::Commands(vec![Command::Cart(confirmed.cart_id, complete)])
    }

    /// The cart is over already.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(rejection, Rejection::Cart(CartRejection::CartNotActive { .. })))
    }
}
