//! An order that comes to nothing leaves nothing behind: its stock is let go, its payment voided, its cart ended.
//!
//! Money is only let go if the order was allocated, for only then is it asked for. The payment remembers a
//! void that overtakes its authorisation. Stock that is set aside after this comes back by
//! `AllocationDiscarded`, which the order records when told of it too late.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    CartId, Command, Event, EventData as _, Interests, OrderId, PaymentId, Rejection, Sku,
    cart::{AbandonCart, AbandonReason, CartCommand, CartRejection, CompleteCart},
    inventory::{InventoryCommand, ReleaseReason, ReleaseReservation},
    order::{AllocationDiscarded, OrderCancelled, OrderEvent, OrderRejected},
    payment::{PaymentCommand, RequestVoid},
};

#[derive(Debug)]
pub(super) struct ReleaseAllWhenOrderComesToNothing;

impl Process for ReleaseAllWhenOrderComesToNothing {
    fn name(&self) -> &'static str {
        "release_all_when_order_comes_to_nothing"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderRejected::KIND, OrderCancelled::KIND, AllocationDiscarded::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Order(event) = trigger.event else { return Reaction::Nothing };
        let commands = match event {
            OrderEvent::OrderRejected(rejected) => {
                let order_id = rejected.order_id;
                let mut commands = release(&rejected.skus, order_id, ReleaseReason::OrderRejected);
                commands.extend(rejected.allocated.then(|| void(rejected.payment_id, order_id)));
                commands.push(abandon(rejected.cart_id));
                commands
            }
            OrderEvent::OrderCancelled(cancelled) => {
                let order_id = cancelled.order_id;
                let mut commands = release(&cancelled.skus, order_id, ReleaseReason::OrderCancelled);
                commands.extend(cancelled.allocated.then(|| void(cancelled.payment_id, order_id)));
                commands.push(complete(cancelled.cart_id, order_id));
                commands
            }
            OrderEvent::AllocationDiscarded(late) => {
                release(&late.skus, late.order_id, ReleaseReason::OrderRejected)
            }
            _ => return Reaction::Nothing,
        };
        Reaction::Commands(commands)
    }

    /// The cart is over already. Stock and money are let go, or somebody has to look.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(rejection, Rejection::Cart(CartRejection::CartNotActive { .. })))
    }
}

fn release(skus: &[Sku], order_id: OrderId, reason: ReleaseReason) -> Vec<Command> {
    let release = ReleaseReservation { order_id, reason };
    let command =
        |sku: &Sku| Command::Inventory(sku.clone(), InventoryCommand::ReleaseReservation(release.clone()));
    skus.iter().map(command).collect()
}

fn void(payment_id: PaymentId, order_id: OrderId) -> Command {
    let operation_id = payment_id.operation_id("void");
    let void = RequestVoid { payment_id, order_id, operation_id };
    Command::Payment(payment_id, PaymentCommand::RequestVoid(void))
}

fn abandon(cart_id: CartId) -> Command {
    let abandon = AbandonCart { reason: AbandonReason::OrderRejected, unchanged_since: None };
    Command::Cart(cart_id, CartCommand::AbandonCart(abandon))
}

/// There was an order, even if nothing came of it; the cart may be ended already.
fn complete(cart_id: CartId, order_id: OrderId) -> Command {
    Command::Cart(cart_id, CartCommand::CompleteCart(CompleteCart { order_id }))
}
