//! Stock that is set aside moves, is lost or comes: the orders it is set aside for are told, so that people see which orders
//! wait and where the others ship from.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, OrderId, Rejection, Sku,
    inventory::{
        BalanceStock, InventoryCommand, InventoryEvent, OrderUnits, ReservationMoved, ReservationReduced,
        StockCovered, StockShort,
    },
    order::{MoveAllocation, OrderCommand, SetShortage},
};

#[derive(Debug)]
pub(super) struct TellOrdersWhenTheirStockChanges;

impl Process for TellOrdersWhenTheirStockChanges {
    fn name(&self) -> &'static str {
        "tell_orders_when_their_stock_changes"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[
            ReservationMoved::KIND,
            ReservationReduced::KIND,
            StockShort::KIND,
            StockCovered::KIND,
        ])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Inventory(event) = trigger.event else { return Reaction::Nothing };
        let stock_version = trigger.version;
        let tell = |sku: &Sku, orders: &[OrderUnits]| -> Vec<Command> {
            let tell = |units: &OrderUnits| {
                let short = SetShortage { sku: sku.clone(), uncovered: units.uncovered, stock_version };
                order(units.order_id, OrderCommand::SetShortage(short))
            };
            orders.iter().map(tell).collect()
        };
        Reaction::Commands(match event {
            InventoryEvent::ReservationMoved(moved) => {
                let ReservationMoved { sku, order_id, from, to, quantity, uncovered } = moved.clone();
                let moved = MoveAllocation { sku, from, to, quantity, uncovered, stock_version };
                vec![order(order_id, OrderCommand::MoveAllocation(moved))]
            }
            InventoryEvent::ReservationReduced(reduced) => {
                let ReservationReduced { sku, order_id, uncovered, .. } = reduced.clone();
                let short = SetShortage { sku, uncovered, stock_version };
                vec![order(order_id, OrderCommand::SetShortage(short))]
            }
            InventoryEvent::StockShort(short) => {
                let mut commands = tell(&short.sku, &short.uncovered);
                if short.rest > 0 {
                    let rest = BalanceStock { location: short.location.clone() };
                    commands
                        .push(Command::Inventory(short.sku.clone(), InventoryCommand::BalanceStock(rest)));
                }
                commands
            }
            InventoryEvent::StockCovered(covered) => tell(&covered.sku, &covered.covered),
            _ => return Reaction::Nothing,
        })
    }

    /// Orders whose stock is set aside take all of this.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, _rejection: &Rejection) -> Refusal {
        Refusal::DeadLetter
    }
}

fn order(order_id: OrderId, command: OrderCommand) -> Command {
    Command::Order(order_id, command)
}
