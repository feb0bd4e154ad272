//! Units that will not leave are for others to buy. When nothing is left to ship, what they would have cost is let go too.

use super::{Process, Reaction, Refusal, Trigger, release_rest};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    inventory::{InventoryCommand, InventoryRejection, ReleaseUnits},
    order::{LinesCancelled, OrderEvent},
};

#[derive(Debug)]
pub(super) struct ReleaseStockAndPaymentWhenLinesAreCancelled;

impl Process for ReleaseStockAndPaymentWhenLinesAreCancelled {
    fn name(&self) -> &'static str {
        "release_stock_and_payment_when_lines_are_cancelled"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[LinesCancelled::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Order(OrderEvent::LinesCancelled(cancelled)) = trigger.event else {
            return Reaction::Nothing;
        };
        let order_id = cancelled.order_id;
        let stock = cancelled.skus.iter().map(|units| {
            let release = ReleaseUnits { order_id, quantity: units.quantity };
            Command::Inventory(units.sku.clone(), InventoryCommand::ReleaseUnits(release))
        });
        let payment = cancelled.release.map(|amount| release_rest(cancelled.payment_id, amount));
        Reaction::Commands(stock.chain(payment).collect())
    }

    /// The whole order was cancelled meanwhile, and all its stock let go. Else stock stays set aside for nobody, or money stays
    /// authorised: somebody has to look.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        let is_let_go =
            matches!(rejection, Rejection::Inventory(InventoryRejection::ReservationNotFound { .. }));
        Refusal::expected_if(is_let_go)
    }
}
