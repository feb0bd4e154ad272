//! A placed order has stock set aside, SKU by SKU. All of it, or the order is rejected.
//!
//! What was set aside before a no is let go here and not only by the rejection: the order may have come to
//! nothing before, and then there is no further rejection to do it.

use super::{Process, Reaction, Refusal, StepOutcome, Trigger, units_per_sku};
use crate::{
    Command, Event, EventData as _, Interests, OrderId, Quantity, Rejection, Sku,
    inventory::{
        InventoryCommand, InventoryEvent, InventoryRejection, ReleaseReason, ReleaseReservation,
        ReserveStock, StockReserved,
    },
    order::{
        AllocateOrder, Allocation, OrderCommand, OrderEvent, OrderPlaced, OrderRejection, RejectOrder,
        RejectReason,
    },
};
use std::{collections::BTreeMap, time::Duration};

#[derive(Debug)]
pub(super) struct ReserveStockWhenOrderIsPlaced {
    pub(super) hold: Duration,
}

impl Process for ReserveStockWhenOrderIsPlaced {
    fn name(&self) -> &'static str {
        "reserve_stock_when_order_is_placed"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderPlaced::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Order(OrderEvent::OrderPlaced(placed)) = trigger.event else {
            return Reaction::Nothing;
        };
        let until = trigger.occurred_at.after(self.hold);
        let order_id = placed.order_id;
        let reserve = wanted(placed).into_iter().map(|(sku, quantity)| {
            let reserve = ReserveStock { sku: sku.clone(), order_id, quantity, until };
            Command::Inventory(sku.clone(), InventoryCommand::ReserveStock(reserve))
        });
        Reaction::Commands(reserve.collect())
    }

    /// An order that came to nothing lets go of all it may hold when that event has its turn.
    fn conclusions(&self) -> &'static [&'static str] {
        &["OrderAllocated", "AllocationDiscarded", "OrderRejected", "OrderCancelled"]
    }

    fn resolve(&self, trigger: Trigger<'_>, outcomes: &[StepOutcome]) -> Vec<Command> {
        let Event::Order(OrderEvent::OrderPlaced(placed)) = trigger.event else { return Vec::new() };
        let order_id = placed.order_id;
        let mut allocations = Vec::with_capacity(outcomes.len());
        let mut reserved = Vec::new();
        let mut refused = None;
        for ((sku, quantity), outcome) in wanted(placed).into_iter().zip(outcomes) {
            match found(outcome, order_id) {
                Ok(reservation) => {
                    reserved.push(sku);
                    let parts = reservation.allocations.iter().map(|part| Allocation {
                        sku: sku.clone(),
                        location: part.location.clone(),
                        quantity: part.quantity,
                    });
                    allocations.extend(parts);
                }
                Err(available) if refused.is_none() => {
                    let (sku, requested) = (sku.clone(), quantity.get());
                    refused = Some(RejectReason::OutOfStock { sku, requested, available });
                }
                Err(_) => {}
            }
        }
        let Some(reason) = refused else {
            let allocate = OrderCommand::AllocateOrder(AllocateOrder { allocations });
            return vec![Command::Order(order_id, allocate)];
        };
        let mut commands: Vec<Command> = reserved.into_iter().map(|sku| release(sku, order_id)).collect();
        commands.push(Command::Order(order_id, OrderCommand::RejectOrder(RejectOrder { reason })));
        commands
    }

    /// What cannot be set aside is for `resolve` to say. The order may have come to nothing meanwhile. Any other refusal
    /// says nothing of how much there is: a customer must not be told that it is sold out.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(
            rejection,
            Rejection::Inventory(InventoryRejection::OutOfStock { .. })
                | Rejection::Order(OrderRejection::WrongState { .. })
        ))
    }
}

fn wanted(placed: &OrderPlaced) -> BTreeMap<&Sku, Quantity> {
    units_per_sku(placed.lines.iter().map(|line| (&line.sku, line.quantity)))
}

/// The reservation; or how many units could be had.
fn found(outcome: &StepOutcome, order_id: OrderId) -> Result<&StockReserved, i64> {
    match outcome {
        Ok(events) => {
            let reservation = events.iter().find_map(|event| match event {
                Event::Inventory(InventoryEvent::StockReserved(reserved)) => Some(reserved),
                _ => None,
            });
            let reservation = reservation.filter(|reserved| reserved.order_id == order_id);
            Ok(reservation.expect("a reservation that was not refused is in its outcome"))
        }
        Err(Rejection::Inventory(InventoryRejection::OutOfStock { available, .. })) => Err(*available),
        // The engine makes a dead letter of it, as of each refusal that is not expected.
        Err(other) => unreachable!("{other:?} is not expected, so it has no outcome to resolve"),
    }
}

fn release(sku: &Sku, order_id: OrderId) -> Command {
    let release = ReleaseReservation { order_id, reason: ReleaseReason::OrderRejected };
    Command::Inventory(sku.clone(), InventoryCommand::ReleaseReservation(release))
}
