//! Goods that leave leave the stock, and their price is taken. What of the authorisation nobody needs any more is let go.

use super::{Process, Reaction, Refusal, Trigger, release_rest};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    inventory::{InventoryCommand, ShipReserved},
    order::{OrderEvent, OrderShipped},
    payment::{PaymentCommand, RequestCapture},
};

#[derive(Debug)]
pub(super) struct ShipStockAndCapturePaymentWhenOrderIsShipped;

impl Process for ShipStockAndCapturePaymentWhenOrderIsShipped {
    fn name(&self) -> &'static str {
        "ship_stock_and_capture_payment_when_order_is_shipped"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderShipped::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Order(OrderEvent::OrderShipped(shipped)) = trigger.event else {
            return Reaction::Nothing;
        };
        let (order_id, shipment_id, payment_id) = (shipped.order_id, shipped.shipment_id, shipped.payment_id);
        let ship = shipped.skus.iter().map(|units| {
            let location = shipped.location.clone();
            let ship = ShipReserved { order_id, shipment_id, quantity: units.quantity, location };
            Command::Inventory(units.sku.clone(), InventoryCommand::ShipReserved(ship))
        });
        let operation_id = payment_id.operation_id(&format!("capture:{shipment_id}"));
        let capture = RequestCapture { operation_id, amount: shipped.amount };
        let capture = Command::Payment(payment_id, PaymentCommand::RequestCapture(capture));
        let release = shipped.release.map(|amount| release_rest(payment_id, amount));
        Reaction::Commands(ship.chain([capture]).chain(release).collect())
    }

    /// Goods have left: if their price is not taken, or the stock does not say so, somebody has to look.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, _rejection: &Rejection) -> Refusal {
        Refusal::DeadLetter
    }
}
