//! Stock reckoned up from its movements alone, to hold the aggregate against.

use daybook_domain::{
    LocationId, OrderId, Sku,
    inventory::{Inventory, InventoryEvent, LocationQuantity},
};
use std::collections::BTreeMap;

/// Adds up what is set aside for one order, per SKU.
pub(crate) fn follow(event: &InventoryEvent, order: OrderId, open: &mut BTreeMap<Sku, i64>) {
    use InventoryEvent as E;
    let (sku, of, parts, sign) = match event {
        E::StockReserved(e) => (&e.sku, e.order_id, e.allocations.as_slice(), 1),
        E::ReservationReleased(e) => (&e.sku, e.order_id, e.allocations.as_slice(), -1),
        E::ReservationExpired(e) => (&e.sku, e.order_id, e.allocations.as_slice(), -1),
        E::ReservationReduced(e) => (&e.sku, e.order_id, e.allocations.as_slice(), -1),
        E::StockShipped(e) => (&e.sku, e.order_id, e.set_aside_at(), -1),
        _ => return,
    };
    if of == order {
        let units: i64 = parts.iter().map(|part| i64::from(part.quantity.get())).sum();
        *open.entry(sku.clone()).or_default() += sign * units;
    }
}

/// on_hand, reserved and shipped are what the movements make them.
pub(crate) fn reconcile(stock: &Inventory, events: &[&InventoryEvent]) {
    use InventoryEvent as E;
    let mut on_hand: BTreeMap<LocationId, i64> = BTreeMap::new();
    let mut reserved: BTreeMap<LocationId, i64> = BTreeMap::new();
    let add = |to: &mut BTreeMap<LocationId, i64>, parts: &[LocationQuantity], sign: i64| {
        for part in parts {
            *to.entry(part.location.clone()).or_default() += sign * i64::from(part.quantity.get());
        }
    };
    for event in events {
        let one =
            |location: &LocationId, quantity| vec![LocationQuantity { location: location.clone(), quantity }];
        match event {
            E::StockReceived(e) => add(&mut on_hand, &one(&e.location, e.quantity), 1),
            E::StockReturned(e) => add(&mut on_hand, &one(&e.location, e.quantity), 1),
            E::StockAdjusted(e) => *on_hand.entry(e.location.clone()).or_default() += e.delta,
            E::StockCounted(e) => *on_hand.entry(e.location.clone()).or_default() += e.on_hand - e.previous,
            E::StockTransferred(e) => {
                add(&mut on_hand, &one(&e.from, e.quantity), -1);
                add(&mut on_hand, &one(&e.to, e.quantity), 1);
            }
            E::StockReserved(e) => add(&mut reserved, &e.allocations, 1),
            E::ReservationReleased(e) => add(&mut reserved, &e.allocations, -1),
            E::ReservationReduced(e) => add(&mut reserved, &e.allocations, -1),
            E::ReservationExpired(e) => add(&mut reserved, &e.allocations, -1),
            E::StockShipped(e) => {
                add(&mut on_hand, &e.allocations, -1);
                add(&mut reserved, e.set_aside_at(), -1);
            }
            E::ReservationMoved(e) => {
                add(&mut reserved, &one(&e.from, e.quantity), -1);
                add(&mut reserved, &one(&e.to, e.quantity), 1);
            }
            E::StockPolicySet(_) | E::ReservationCommitted(_) | E::StockShort(_) | E::StockCovered(_) => {}
        }
    }
    for (location, at) in stock.locations() {
        assert_eq!(at.on_hand, on_hand.get(location).copied().unwrap_or(0), "on_hand at {location}");
        assert_eq!(at.reserved, reserved.get(location).copied().unwrap_or(0), "reserved at {location}");
        assert!(at.reserved >= 0, "less than nothing is reserved at {location}");
    }
}

/// Nothing is sold, and no reservation is moved, to where it is not there, but for backorders.
pub(crate) fn sold_within_policy(stock: &Inventory, after: &InventoryEvent) {
    let InventoryEvent::StockReserved(reserved) = after else { return };
    for (location, at) in stock.locations() {
        if reserved.allocations.iter().any(|part| part.location == *location) {
            assert!(at.available() >= at.floor(), "{location} is sold too deep by {after:?}");
        }
    }
}

/// After a decision, each reserved unit that is not there is known to be missing, and no other.
pub(crate) fn missing_units_are_known(stock: &Inventory) {
    for (location, at) in stock.locations() {
        assert_eq!(at.uncovered, (at.reserved - at.on_hand.max(0)).max(0), "at {location}: {at:?}");
    }
}
