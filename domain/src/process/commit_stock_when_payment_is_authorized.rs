//! Once the money is set aside, the stock is for good, and then the order is confirmed. If a reservation ran out
//! meanwhile, the order is rejected, which lets go of the rest and of the money.

use super::{Process, Reaction, Refusal, StepOutcome, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    inventory::{CommitReservation, InventoryCommand},
    order::{ConfirmOrder, OrderCommand, OrderRejection, RejectOrder, RejectReason},
    payment::{PaymentAuthorized, PaymentEvent},
};

#[derive(Debug)]
pub(super) struct CommitStockWhenPaymentIsAuthorized;

impl Process for CommitStockWhenPaymentIsAuthorized {
    fn name(&self) -> &'static str {
        "commit_stock_when_payment_is_authorized"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[PaymentAuthorized::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Some(PaymentAuthorized { order_id, skus, .. }) = authorized(trigger) else {
            return Reaction::Nothing;
        };
        let commit = skus.iter().map(|sku| {
            let commit = CommitReservation { order_id: *order_id };
            Command::Inventory(sku.clone(), InventoryCommand::CommitReservation(commit))
        });
        Reaction::Commands(commit.collect())
    }

    fn resolve(&self, trigger: Trigger<'_>, outcomes: &[StepOutcome]) -> Vec<Command> {
        let Some(PaymentAuthorized { order_id, skus, .. }) = authorized(trigger) else {
            return Vec::new();
        };
        let lost = skus.iter().zip(outcomes).find(|(_, outcome)| outcome.is_err());
        let command = match lost {
            None => OrderCommand::ConfirmOrder(ConfirmOrder {}),
            Some((sku, _)) => {
                let reason = RejectReason::ReservationExpired { sku: sku.clone() };
                OrderCommand::RejectOrder(RejectOrder { reason })
            }
        };
        vec![Command::Order(*order_id, command)]
    }

    /// A reservation that is lost is for `resolve` to say. The order may have come to nothing meanwhile; then the
    /// money goes back with it.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(
            rejection,
            Rejection::Inventory(_) | Rejection::Order(OrderRejection::WrongState { .. })
        ))
    }
}

fn authorized(trigger: Trigger<'_>) -> Option<&PaymentAuthorized> {
    match trigger.event {
        Event::Payment(PaymentEvent::PaymentAuthorized(authorized)) => Some(authorized),
        _ => None,
    }
}
