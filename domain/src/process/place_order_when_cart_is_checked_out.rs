//! A checked-out cart becomes an order. The order's id follows from the cart's, so it becomes only one.

use super::{Process, Reaction, Trigger};
use crate::{
    Command, Event, EventData as _, Interests,
    cart::{CartCheckedOut, CartEvent},
    order::{OrderCommand, PlaceOrder},
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
}
