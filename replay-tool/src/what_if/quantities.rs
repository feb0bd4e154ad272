//! Sums over stock, orders and allocations, and which events take units.

use daybook_domain::{
    LocationId, Sku,
    inventory::{Inventory, InventoryEvent, LocationQuantity, Stock},
    order::OrderLine,
};
use std::collections::BTreeMap;

/// The stock at one location.
pub(super) fn find(stock: &Inventory, location: &LocationId) -> Option<Stock> {
    stock.locations().find(|(at, _)| *at == location).map(|(_, stock)| *stock)
}

/// Units that can still be sold, at all locations.
pub(super) fn sellable(stock: Option<&Inventory>) -> i64 {
    stock.map_or(0, |stock| stock.locations().map(|(_, stock)| stock.sellable().max(0)).sum())
}

/// Units on hand that are set aside for nobody, safety stock included.
pub(super) fn unsold(stock: &Inventory) -> i64 {
    stock.locations().map(|(_, stock)| stock.on_hand.saturating_sub(stock.reserved)).sum()
}

pub(super) fn sum(allocations: &[LocationQuantity]) -> u32 {
    allocations.iter().map(|each| each.quantity.get()).fold(0, u32::saturating_add)
}

/// How many units of each SKU an order wants.
pub(super) fn units(lines: &[OrderLine]) -> BTreeMap<Sku, u32> {
    let mut units: BTreeMap<Sku, u32> = BTreeMap::new();
    for line in lines {
        let sum = units.entry(line.sku.clone()).or_default();
        *sum = sum.saturating_add(line.quantity.get());
    }
    units
}

/// Whether the event takes units from where they were. What comes in may be written down long before what goes out (an
/// import has deliveries up to ten trading days ahead of sales), so only these tell how far a SKU's business time is.
pub(super) fn takes_units(event: &InventoryEvent) -> bool {
    match event {
        InventoryEvent::StockReserved(_) | InventoryEvent::StockTransferred(_) => true,
        InventoryEvent::StockAdjusted(adjusted) => adjusted.delta < 0,
        InventoryEvent::StockCounted(counted) => counted.on_hand < counted.previous,
        _ => false,
    }
}
