//! A confirmed order ends its cart.

use super::{Process, Reaction, Trigger};
use crate::{
    Command, Event,
    cart::{CartCommand, CompleteCart},
    order::OrderEvent,
};

#[derive(Debug)]
pub(super) struct CompleteCartWhenOrderIsConfirmed;

impl Process for CompleteCartWhenOrderIsConfirmed {
    fn name(&self) -> &'static str {
        "complete_cart_when_order_is_confirmed"
    }

    fn concerns(&self, aggregate: &str, event_type: &str) -> bool {
        (aggregate, event_type) == ("order", "OrderConfirmed")
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Order(OrderEvent::OrderConfirmed(confirmed)) = trigger.event else {
            return Reaction::Nothing;
        };
        let complete = CartCommand::CompleteCart(CompleteCart { order_id: confirmed.order_id });
        Reaction::Commands(vec![Command::Cart(confirmed.cart_id, complete)])
    }
}
