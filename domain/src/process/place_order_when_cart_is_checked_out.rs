//! A checked-out cart becomes an order. The order's id follows from the cart's, so it becomes only one.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    cart::{CartCheckedOut, CartEvent},
    order::{OrderCommand, OrderRejection, PlaceOrder},
};

#[derive(Debug)]
pub(super) struct PlaceOrderWhenCartIsCheckedOut;

impl Process for PlaceOrderWhenCartIsCheckedOut {
    fn name(&self) -> &'static str {
        "place_order_when_cart_is_checked_out"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[CartCheckedOut::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Cart(CartEvent::CartCheckedOut(checkout)) = trigger.event else {
            return Reaction::Nothing;
        };
        let place = OrderCommand::PlaceOrder(PlaceOrder { checkout: checkout.clone() });
        Reaction::Commands(vec![Command::Order(checkout.order_id, place)])
    }

    /// A cart becomes one order; anything else leaves a cart that was accepted without one.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(rejection, Rejection::Order(OrderRejection::OrderExists { .. })))
    }
}
