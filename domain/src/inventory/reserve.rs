//! Reservations: held until a time, committed, shipped or let go.
//!
//! A hold whose time is up counts as free stock at once. It is written down as expired only when another
//! order needs its units, in the same decision, so that the stream always adds up; until then the order it
//! was for may still be in time by its own clock (an import replays many orders' times at once).

use super::{
    CommitReservation, Inventory, InventoryEvent, InventoryRejection, LocationQuantity, ReleaseReservation,
    ReservationCommitted, ReservationExpired, ReservationReleased, ReserveStock, ShipReserved, StockReserved,
    StockShipped,
    allocate::allocate,
    decide::Decision,
    state::{Reservation, Stock},
};
use crate::{LocationId, OrderId, Quantity, Sku, Timestamp};
use std::collections::BTreeMap;

/// One sweep writes down at most this many, so that no batch gets out of hand; the next does the rest.
const SWEEP: usize = 1_000;

impl Inventory {
    pub(super) fn reserve(&self, reserve: ReserveStock, now: Timestamp) -> Decision {
        let ReserveStock { sku, order_id, quantity, until } = reserve;
        if self.reservations.contains_key(&order_id) {
            return Err(InventoryRejection::AlreadyReserved { order_id });
        }
        let mut events = Vec::with_capacity(1);
        let allocations = match allocate(&self.locations, quantity) {
            Ok(allocations) => allocations,
            Err(available) if self.due(now).next().is_none() => {
                return Err(Self::out_of_stock(sku, quantity, available));
            }
            Err(available) => self.reclaim(&sku, quantity, available, now, &mut events)?,
        };
        events.push(InventoryEvent::StockReserved(StockReserved { sku, order_id, allocations, until }));
        Ok(events)
    }

    /// Takes the units of expired holds, oldest first, as many as are needed.
    fn reclaim(
        &self,
        sku: &Sku,
        quantity: Quantity,
        available: i64,
        now: Timestamp,
        events: &mut Vec<InventoryEvent>,
    ) -> Result<Vec<LocationQuantity>, InventoryRejection> {
        let mut locations: BTreeMap<LocationId, Stock> = self.locations.clone();
        let mut missing = i64::from(quantity.get()).saturating_sub(available);
        let mut available = available;
        for (order_id, reservation) in self.due(now) {
            for LocationQuantity { location, quantity } in &reservation.allocations {
                if let Some(stock) = locations.get_mut(location) {
                    stock.reserved = stock.reserved.saturating_sub(i64::from(quantity.get()));
                }
                missing = missing.saturating_sub(i64::from(quantity.get()));
            }
            events.push(expired(sku, order_id, reservation));
            // Only then is trying worth its while: a location below zero may need more than was missing.
            if missing <= 0 {
                match allocate(&locations, quantity) {
                    Ok(allocations) => return Ok(allocations),
                    Err(now_available) => available = now_available,
                }
            }
        }
        if missing > 0 {
            available = allocate(&locations, quantity).err().unwrap_or(available);
        }
        Err(Self::out_of_stock(sku.clone(), quantity, available))
    }

    /// The holds whose time is up, the oldest first.
    fn due(&self, now: Timestamp) -> impl Iterator<Item = (OrderId, &Reservation)> {
        let due = self.expiries.iter().take_while(move |(until, _)| *until <= now);
        due.filter_map(|(_, order_id)| Some((*order_id, self.reservations.get(order_id)?)))
    }

    pub(super) fn expire(&self, now: Timestamp) -> Vec<InventoryEvent> {
        let Some(sku) = &self.sku else { return Vec::new() };
        self.due(now).take(SWEEP).map(|(order_id, reservation)| expired(sku, order_id, reservation)).collect()
    }

    pub(super) fn commit(&self, commit: &CommitReservation, now: Timestamp) -> Decision {
        let CommitReservation { order_id } = *commit;
        let (sku, reservation) = self.reservation(order_id)?;
        match reservation.until {
            None => Ok(Vec::new()),
            Some(until) if until <= now => Err(InventoryRejection::ReservationHasExpired { order_id }),
            Some(_) => {
                let sku = sku.clone();
                Ok(vec![InventoryEvent::ReservationCommitted(ReservationCommitted { sku, order_id })])
            }
        }
    }

    pub(super) fn release(&self, release: &ReleaseReservation) -> Vec<InventoryEvent> {
        let ReleaseReservation { order_id, reason } = *release;
        let Ok((sku, reservation)) = self.reservation(order_id) else { return Vec::new() };
        let (sku, allocations) = (sku.clone(), reservation.allocations.clone());
        vec![InventoryEvent::ReservationReleased(ReservationReleased { sku, order_id, allocations, reason })]
    }

    pub(super) fn ship_reserved(&self, ship: &ShipReserved) -> Decision {
        let ShipReserved { order_id, shipment_id, quantity } = *ship;
        let (sku, reservation) = self.reservation(order_id)?;
        if reservation.until.is_some() {
            return Err(InventoryRejection::ReservationNotCommitted { order_id });
        }
        let mut left = quantity.get();
        let mut allocations = Vec::with_capacity(reservation.allocations.len());
        for LocationQuantity { location, quantity } in &reservation.allocations {
            if let Ok(quantity) = Quantity::new(left.min(quantity.get())) {
                left -= quantity.get();
                allocations.push(LocationQuantity { location: location.clone(), quantity });
            }
        }
        if left > 0 {
            let requested = quantity.get();
            return Err(InventoryRejection::MoreThanReserved { requested, reserved: requested - left });
        }
        let sku = sku.clone();
        Ok(vec![InventoryEvent::StockShipped(StockShipped { sku, order_id, shipment_id, allocations })])
    }

    fn reservation(&self, order_id: OrderId) -> Result<(&Sku, &Reservation), InventoryRejection> {
        let found = self.sku.as_ref().zip(self.reservations.get(&order_id));
        found.ok_or(InventoryRejection::ReservationNotFound { order_id })
    }
}

fn expired(sku: &Sku, order_id: OrderId, reservation: &Reservation) -> InventoryEvent {
    let (sku, allocations) = (sku.clone(), reservation.allocations.clone());
    InventoryEvent::ReservationExpired(ReservationExpired { sku, order_id, allocations })
}
