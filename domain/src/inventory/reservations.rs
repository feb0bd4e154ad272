//! Open reservations of one SKU: held until a time, or committed.
//!
//! Ordered maps, because a hash map with a million entries stops the shard for a while when it grows.

use super::{LocationQuantity, StockReserved};
use crate::{OrderId, Quantity, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The reservations by their order, and the held ones by the time they end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<OrderId, Reservation>")]
pub(super) struct Reservations {
    #[serde(flatten)]
    by_order: BTreeMap<OrderId, Reservation>,
    /// The held reservations, the one that expires first first; follows from `by_order`.
    #[serde(skip)]
    expiries: BTreeSet<(Timestamp, OrderId)>,
}

/// Units set aside for one order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Reservation {
    allocations: Vec<LocationQuantity>,
    /// None: committed, for good.
    until: Option<Timestamp>,
}

impl From<BTreeMap<OrderId, Reservation>> for Reservations {
    fn from(by_order: BTreeMap<OrderId, Reservation>) -> Self {
        let held = |(order_id, reservation): (&OrderId, &Reservation)| Some((reservation.until?, *order_id));
        let expiries = by_order.iter().filter_map(held).collect();
        Self { by_order, expiries }
    }
}

impl Reservation {
    pub(super) fn allocations(&self) -> &[LocationQuantity] {
        &self.allocations
    }

    pub(super) const fn until(&self) -> Option<Timestamp> {
        self.until
    }

    fn take(&mut self, allocations: &[LocationQuantity]) {
        for LocationQuantity { location, quantity } in allocations {
            let Some(at) = self.allocations.iter().position(|each| each.location == *location) else {
                continue;
            };
            let rest = self.allocations[at].quantity.get().saturating_sub(quantity.get());
            match Quantity::new(rest) {
                Ok(rest) => self.allocations[at].quantity = rest,
                Err(_) => {
                    self.allocations.remove(at);
                }
            }
        }
    }
}

impl Reservations {
    pub(super) fn len(&self) -> usize {
        self.by_order.len()
    }

    pub(super) fn get(&self, order_id: OrderId) -> Option<&Reservation> {
        self.by_order.get(&order_id)
    }

    /// The holds whose time is up, the oldest first.
    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = (OrderId, &Reservation)> {
        let due = self.expiries.iter().take_while(move |(until, _)| *until <= now);
        due.filter_map(|(_, order_id)| Some((*order_id, self.by_order.get(order_id)?)))
    }

    pub(super) fn hold(&mut self, reserved: &StockReserved) {
        let (allocations, until) = (reserved.allocations.clone(), Some(reserved.until));
        self.by_order.insert(reserved.order_id, Reservation { allocations, until });
        self.expiries.insert((reserved.until, reserved.order_id));
    }

    pub(super) fn commit(&mut self, order_id: OrderId) {
        if let Some(reservation) = self.by_order.get_mut(&order_id)
            && let Some(until) = reservation.until.take()
        {
            self.expiries.remove(&(until, order_id));
        }
    }

    /// Takes the reservation away, and answers what it still held.
    pub(super) fn remove(&mut self, order_id: OrderId) -> Vec<LocationQuantity> {
        let Some(reservation) = self.by_order.remove(&order_id) else { return Vec::new() };
        if let Some(until) = reservation.until {
            self.expiries.remove(&(until, order_id));
        }
        reservation.allocations
    }

    /// Units of the reservation left; without any more it is over.
    pub(super) fn ship(&mut self, order_id: OrderId, allocations: &[LocationQuantity]) {
        let Some(reservation) = self.by_order.get_mut(&order_id) else { return };
        reservation.take(allocations);
        if reservation.allocations.is_empty() {
            self.remove(order_id);
        }
    }
}
