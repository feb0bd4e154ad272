//! What the stock of a SKU answers to commands. Reservations are in `reserve.rs`.
//!
//! No decision leaves a location below its floor (`available ≥ −backorder_limit`). A loss that would is
//! refused, not hidden: the shop first says what gives, by cancelling orders or by lowering the floor with
//! `SetStockPolicy` (less safety stock, more backorders), and then records the loss.

use super::{
    AdjustStock, CountStock, Inventory, InventoryCommand, InventoryEvent, InventoryRejection, ReceiveStock,
    ReturnStock, SetStockPolicy, StockAdjusted, StockCounted, StockPolicySet, StockReceived, StockReturned,
    StockTransferred, TransferStock, state::Stock,
};
use crate::{
    Context, LocationId, Quantity, Sku,
    text::{looks_like_card_number, objection},
};

pub(super) type Decision = Result<Vec<InventoryEvent>, InventoryRejection>;

const TEXT_CHARS: usize = 500;
/// More locations than any retailer has; keeps choosing between them quick.
const LOCATIONS: usize = 5_000;
/// Far from overflow, far beyond any warehouse.
const ON_HAND: i64 = 1_000_000_000_000;

impl Inventory {
    /// The events that follow from the command, or why there are none. A SKU that nothing happened to has
    /// no stock, and every command is decided alike for it.
    pub fn decide(&self, command: InventoryCommand, context: &Context) -> Decision {
        use InventoryCommand as C;
        match command {
            C::ReceiveStock(receive) => self.receive(receive),
            C::AdjustStock(adjust) => self.adjust(adjust),
            C::CountStock(count) => self.count(count),
            C::TransferStock(transfer) => self.transfer(transfer),
            C::SetStockPolicy(policy) => self.set_policy(policy),
            C::ReserveStock(reserve) => self.reserve(reserve, context.now),
            C::CommitReservation(commit) => self.commit(&commit, context.now),
            C::ReleaseReservation(release) => Ok(self.release(&release)),
            C::ExpireReservations(_) => Ok(self.expire(context.now)),
            C::ShipReserved(ship) => self.ship_reserved(&ship),
            C::ReturnStock(back) => self.take_back(back),
        }
    }

    fn receive(&self, receive: ReceiveStock) -> Decision {
        let ReceiveStock { sku, location, quantity, reference } = receive;
        if let Some(reference) = &reference {
            check_text("reference", reference)?;
        }
        let on_hand = self.more(&location, quantity)?;
        Ok(vec![InventoryEvent::StockReceived(StockReceived { sku, location, quantity, reference, on_hand })])
    }

    fn take_back(&self, back: ReturnStock) -> Decision {
        let ReturnStock { sku, order_id, return_id, location, quantity } = back;
        let on_hand = self.more(&location, quantity)?;
        let returned = StockReturned { sku, order_id, return_id, location, quantity, on_hand };
        Ok(vec![InventoryEvent::StockReturned(returned)])
    }

    fn adjust(&self, adjust: AdjustStock) -> Decision {
        let AdjustStock { sku, location, delta, reason } = adjust;
        check_text("reason", &reason)?;
        if delta == 0 || delta.unsigned_abs() > u64::from(Quantity::MAX) {
            return Err(invalid("delta", "from -999999 to 999999, and not 0".to_owned()));
        }
        let stock = match self.locations.get(&location) {
            Some(stock) => *stock,
            None if delta > 0 => self.new_location()?,
            None => return Err(InventoryRejection::UnknownLocation { location }),
        };
        let on_hand = check_on_hand(stock.on_hand.saturating_add(delta))?;
        if delta < 0 {
            above_floor(&location, &Stock { on_hand, ..stock })?;
        }
        Ok(vec![InventoryEvent::StockAdjusted(StockAdjusted { sku, location, delta, reason, on_hand })])
    }

    fn count(&self, count: CountStock) -> Decision {
        let CountStock { sku, location, counted } = count;
        let stock = self.stock(&location)?;
        let (previous, on_hand) = (stock.on_hand, i64::from(counted));
        if on_hand < previous {
            above_floor(&location, &Stock { on_hand, ..stock })?;
        }
        Ok(vec![InventoryEvent::StockCounted(StockCounted { sku, location, previous, on_hand })])
    }

    fn transfer(&self, transfer: TransferStock) -> Decision {
        let TransferStock { sku, from, to, quantity } = transfer;
        if from == to {
            return Err(InventoryRejection::SameLocation {});
        }
        let Some(stock) = self.locations.get(&from) else {
            return Err(InventoryRejection::UnknownLocation { location: from });
        };
        let from_on_hand = stock.on_hand.saturating_sub(i64::from(quantity.get()));
        above_floor(&from, &Stock { on_hand: from_on_hand, ..*stock })?;
        let to_on_hand = self.more(&to, quantity)?;
        let moved = StockTransferred { sku, from, to, quantity, from_on_hand, to_on_hand };
        Ok(vec![InventoryEvent::StockTransferred(moved)])
    }

    fn set_policy(&self, policy: SetStockPolicy) -> Decision {
        let SetStockPolicy { sku, location, safety_stock, backorder_limit } = policy;
        for (field, units) in [("safety_stock", safety_stock), ("backorder_limit", backorder_limit)] {
            if units > Quantity::MAX {
                return Err(invalid(field, "at most 999999".to_owned()));
            }
        }
        let stock = self.stock(&location)?;
        if (stock.safety_stock, stock.backorder_limit) == (safety_stock, backorder_limit)
            && self.locations.contains_key(&location)
        {
            return Ok(Vec::new());
        }
        let new = Stock { safety_stock, backorder_limit, ..stock };
        if new.sellable() < stock.sellable() {
            above_floor(&location, &new)?;
        }
        let set = StockPolicySet { sku, location, safety_stock, backorder_limit };
        Ok(vec![InventoryEvent::StockPolicySet(set)])
    }

    /// What is there after `quantity` came.
    fn more(&self, location: &LocationId, quantity: Quantity) -> Result<i64, InventoryRejection> {
        check_on_hand(self.stock(location)?.on_hand.saturating_add(i64::from(quantity.get())))
    }

    fn stock(&self, location: &LocationId) -> Result<Stock, InventoryRejection> {
        self.locations.get(location).map_or_else(|| self.new_location(), |stock| Ok(*stock))
    }

    fn new_location(&self) -> Result<Stock, InventoryRejection> {
        if self.locations.len() >= LOCATIONS {
            return Err(invalid("location", format!("{LOCATIONS} locations hold this SKU already")));
        }
        Ok(Stock::default())
    }

    pub(super) fn out_of_stock(sku: Sku, requested: Quantity, available: i64) -> InventoryRejection {
        InventoryRejection::OutOfStock { sku, requested: requested.get(), available }
    }
}

fn above_floor(location: &LocationId, stock: &Stock) -> Result<(), InventoryRejection> {
    let (available, floor) = (stock.available(), stock.floor());
    if available >= floor {
        return Ok(());
    }
    Err(InventoryRejection::BelowFloor { location: location.clone(), available, floor })
}

fn check_on_hand(on_hand: i64) -> Result<i64, InventoryRejection> {
    if on_hand.abs() <= ON_HAND {
        Ok(on_hand)
    } else {
        Err(invalid("quantity", format!("more than {ON_HAND} units would be at the location")))
    }
}

fn check_text(field: &str, text: &str) -> Result<(), InventoryRejection> {
    if let Some(detail) = objection(text, 1, TEXT_CHARS) {
        return Err(invalid(field, detail));
    }
    if looks_like_card_number(text) {
        return Err(invalid(field, "looks like a payment card's number".to_owned()));
    }
    Ok(())
}

fn invalid(field: &str, detail: String) -> InventoryRejection {
    InventoryRejection::InvalidMovement { field: field.to_owned(), detail }
}
