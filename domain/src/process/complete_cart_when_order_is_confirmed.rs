//! A confirmed order ends its cart.

use super::{Process, Reaction, Trigger};
use crate::{
    Command, Event, EventData as _, Interests,
    cart::{CartCommand, CompleteCart},
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
}
