//! Holds whose time is up: how their units are had by another order.

use super::{
    InventoryEvent, InventoryRejection, LocationQuantity, ReservationExpired, reservation::Reservation,
    reservations::Reservations, stock::StockByLocation,
};
use crate::{OrderId, Quantity, Sku, Timestamp};

/// Takes the units of expired holds, oldest first, as many as are needed. `available` is what could be had without them.
pub(super) fn reclaim(
    mut locations: StockByLocation,
    reservations: &Reservations,
    sku: &Sku,
    quantity: Quantity,
    mut available: i64,
    now: Timestamp,
    events: &mut Vec<InventoryEvent>,
) -> Result<Vec<LocationQuantity>, InventoryRejection> {
    let mut missing = i64::from(quantity.get()).saturating_sub(available);
    for (order_id, reservation) in reservations.due(now) {
        locations.release(reservation.allocations(), reservation.uncovered());
        for part in reservation.allocations() {
            missing = missing.saturating_sub(i64::from(part.quantity.get()));
        }
        events.push(expired(sku, order_id, reservation));
        // Only then is trying worth its while: a location below zero may need more than was missing.
        if missing <= 0 {
            match locations.allocate(quantity) {
                Ok(allocations) => return Ok(allocations),
                Err(now_available) => available = now_available,
            }
        }
    }
    if missing > 0 {
        available = locations.allocate(quantity).err().unwrap_or(available);
    }
    Err(out_of_stock(sku.clone(), quantity, available))
}

pub(super) fn out_of_stock(sku: Sku, requested: Quantity, available: i64) -> InventoryRejection {
    InventoryRejection::OutOfStock { sku, requested: requested.get(), available }
}

pub(super) fn expired(sku: &Sku, order_id: OrderId, reservation: &Reservation) -> InventoryEvent {
    let (sku, allocations) = (sku.clone(), reservation.allocations().to_vec());
    InventoryEvent::ReservationExpired(ReservationExpired { sku, order_id, allocations })
}
