//! Goods that come back are paid back, and put back on the shelf if they can be sold again.

use super::{Process, Reaction, Refusal, Trigger, units_per_sku};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    inventory::{InventoryCommand, ReturnStock},
    order::{OrderEvent, OrderReturned, ReturnCondition},
    payment::{PaymentCommand, RequestRefund},
};

#[derive(Debug)]
pub(super) struct RestockAndRefundWhenGoodsAreReturned;

impl Process for RestockAndRefundWhenGoodsAreReturned {
    fn name(&self) -> &'static str {
        "restock_and_refund_when_goods_are_returned"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderReturned::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Order(OrderEvent::OrderReturned(returned)) = trigger.event else {
            return Reaction::Nothing;
        };
        let (order_id, return_id, payment_id) = (returned.order_id, returned.return_id, returned.payment_id);
        let sellable = returned.lines.iter().filter(|line| line.condition == ReturnCondition::Sellable);
        let restock = units_per_sku(sellable.map(|line| (&line.sku, line.quantity))).into_iter();
        let restock = restock.map(|(sku, quantity)| {
            let location = returned.location.clone();
            let back = ReturnStock { sku: sku.clone(), order_id, return_id, location, quantity };
            Command::Inventory(sku.clone(), InventoryCommand::ReturnStock(back))
        });
        let operation_id = payment_id.operation_id(&format!("refund:{return_id}"));
        let refund = RequestRefund { operation_id, amount: returned.refund };
        let refund = Command::Payment(payment_id, PaymentCommand::RequestRefund(refund));
        Reaction::Commands(restock.chain([refund]).collect())
    }

    /// Goods are back: if they are not paid back or not on the shelf, somebody has to look.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, _rejection: &Rejection) -> Refusal {
        Refusal::DeadLetter
    }
}
