//! Open reservations of one SKU: held until a time, or committed.
//!
//! Ordered maps, because a hash map with a million entries stops the shard for a while when it grows.

use super::{LocationQuantity, StockReserved, reservation::Reservation};
use crate::{LocationId, OrderId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// So many holds are written down as over in one decision.
const LAPSED: usize = 1_000;

/// The reservations by their order, and the held ones by the time they end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<OrderId, Reservation>")]
pub(super) struct Reservations {
    #[serde(flatten)]
    by_order: BTreeMap<OrderId, Reservation>,
    /// The held reservations, the one that expires first first; follows from `by_order`.
    #[serde(skip)]
    expiries: BTreeSet<(Timestamp, OrderId)>,
    /// All, the oldest first; follows from `by_order`.
    #[serde(skip)]
    by_age: BTreeMap<u64, OrderId>,
    /// Those with units that are not there, the oldest first; follows from `by_order`.
    #[serde(skip)]
    uncovered: BTreeSet<(u64, OrderId)>,
}

impl From<BTreeMap<OrderId, Reservation>> for Reservations {
    fn from(by_order: BTreeMap<OrderId, Reservation>) -> Self {
        let mut all = Self::default();
        for (order_id, reservation) in by_order {
            all.insert(order_id, reservation);
        }
        all
    }
}

impl Reservations {
    pub(super) fn len(&self) -> usize {
        self.by_order.len()
    }

    pub(super) fn get(&self, order_id: OrderId) -> Option<&Reservation> {
        self.by_order.get(&order_id)
    }

    /// The held reservations whose time is up at `now`, the one that expired first first.
    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = (OrderId, &Reservation)> {
        let due = self.expiries.iter().take_while(move |(until, _)| *until <= now);
        due.filter_map(|(_, order_id)| Some((*order_id, self.by_order.get(order_id)?)))
    }

    /// Holds at a location whose time is up, as many as have `wanted` units there.
    pub(super) fn lapsed_at(
        &self,
        location: &LocationId,
        now: Timestamp,
        wanted: i64,
    ) -> Vec<(OrderId, &Reservation)> {
        let (mut lapsed, mut found) = (Vec::new(), 0);
        for (order_id, reservation) in self.due(now) {
            if found >= wanted || lapsed.len() >= LAPSED {
                break;
            }
            let here = reservation.units_at(location);
            if here > 0 {
                found += here;
                lapsed.push((order_id, reservation));
            }
        }
        lapsed
    }

    /// All, the newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = OrderId> {
        self.by_age.values().rev().copied()
    }

    /// Those with units that are not there, the oldest first.
    pub(super) fn uncovered(&self) -> impl Iterator<Item = OrderId> {
        self.uncovered.iter().map(|(_, order_id)| *order_id)
    }

    /// Units are set aside, of which `uncovered` are not there.
    pub(super) fn hold(&mut self, reserved: &StockReserved, uncovered: Vec<LocationQuantity>) {
        let age = self.by_age.last_key_value().map_or(0, |(age, _)| age + 1);
        let reservation = Reservation::new(age, reserved, uncovered);
        self.insert(reserved.order_id, reservation);
    }

    pub(super) fn commit(&mut self, order_id: OrderId) {
        self.change(order_id, Reservation::commit);
    }

    /// Takes the reservation away, and answers what it still held.
    pub(super) fn remove(&mut self, order_id: OrderId) -> Option<Reservation> {
        let reservation = self.by_order.remove(&order_id)?;
        if let Some(until) = reservation.until() {
            self.expiries.remove(&(until, order_id));
        }
        self.by_age.remove(&reservation.age());
        self.uncovered.remove(&(reservation.age(), order_id));
        Some(reservation)
    }

    /// Changes a reservation; without any unit it is over.
    pub(super) fn change<T>(
        &mut self,
        order_id: OrderId,
        change: impl FnOnce(&mut Reservation) -> T,
    ) -> Option<T> {
        let reservation = self.by_order.get_mut(&order_id)?;
        let until = reservation.until();
        let answer = change(reservation);
        let waiting = (reservation.age(), order_id);
        if reservation.uncovered().is_empty() {
            self.uncovered.remove(&waiting);
        } else {
            self.uncovered.insert(waiting);
        }
        let is_committed = reservation.until().is_none();
        let is_over = reservation.allocations().is_empty();
        if let Some(until) = until.filter(|_| is_committed) {
            self.expiries.remove(&(until, order_id));
        }
        if is_over {
            self.remove(order_id);
        }
        Some(answer)
    }

    fn insert(&mut self, order_id: OrderId, reservation: Reservation) {
        if let Some(until) = reservation.until() {
            self.expiries.insert((until, order_id));
        }
        if !reservation.uncovered().is_empty() {
            self.uncovered.insert((reservation.age(), order_id));
        }
        self.by_age.insert(reservation.age(), order_id);
        self.by_order.insert(order_id, reservation);
    }
}
