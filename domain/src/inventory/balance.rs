//! What follows for promises when units come, go or are lost: reservations move to where there are units, are short, or
//! are covered again. In the same decision as the fact, so that every reserved unit is always either there or known to
//! be missing.
//!
//! The newest reservations give way first, and the oldest are covered first. A hold whose time is up gives way before all.

use super::{
    InventoryEvent, LocationQuantity, OrderUnits, ReservationExpired, ReservationMoved, StockCovered,
    StockShort,
    reservation::Reservation,
    reservations::Reservations,
    stock::{StockByLocation, units},
};
use crate::{LocationId, OrderId, Sku, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// So many orders are named in one decision. What is left is `rest` of the event, and the next decision goes on.
const ORDERS: usize = 1_000;

/// The stock as it will be after a decision's events, and the events that follow from it.
pub(super) struct Balance<'i> {
    sku: &'i Sku,
    locations: StockByLocation,
    reservations: &'i Reservations,
    /// Reservations as they will be, where that differs; none: over.
    changed: BTreeMap<OrderId, Option<Reservation>>,
    /// Where units come or go.
    touched: BTreeSet<LocationId>,
    events: Vec<InventoryEvent>,
    named: usize,
}

impl<'i> Balance<'i> {
    /// The stock as it is.
    pub(super) fn new(sku: &'i Sku, locations: &StockByLocation, reservations: &'i Reservations) -> Self {
        Self {
            sku,
            locations: locations.clone(),
            reservations,
            changed: BTreeMap::new(),
            touched: BTreeSet::new(),
            events: Vec::new(),
            named: 0,
        }
    }

    pub(super) fn touch(&mut self, location: &LocationId) {
        self.touched.insert(location.clone());
    }

    /// The stock as it will be after an event of the decision.
    pub(super) fn take_in(&mut self, event: &InventoryEvent) {
        use InventoryEvent as E;
        match event {
            E::StockReceived(event) => self.set(&event.location, event.on_hand),
            E::StockAdjusted(event) => self.set(&event.location, event.on_hand),
            E::StockCounted(event) => self.set(&event.location, event.on_hand),
            E::StockReturned(event) => self.set(&event.location, event.on_hand),
            E::StockTransferred(event) => {
                self.set(&event.from, event.from_on_hand);
                self.set(&event.to, event.to_on_hand);
            }
            E::StockPolicySet(event) => {
                let stock = self.locations.at(&event.location);
                (stock.safety_stock, stock.backorder_limit) = (event.safety_stock, event.backorder_limit);
                self.touch(&event.location);
            }
            E::StockReserved(event) => {
                let uncovered = self.locations.reserve(&event.allocations);
                // It is the newest; how new does not matter within the decision that makes it.
                let reservation = Reservation::new(u64::MAX, event, uncovered);
                self.changed.insert(event.order_id, Some(reservation));
            }
            E::ReservationReleased(event) => self.let_go(event.order_id),
            E::ReservationReduced(event) => {
                let gone = self.change(event.order_id, |reservation| reservation.release(&event.allocations));
                self.locations.release(&event.allocations, &gone.unwrap_or_default());
                self.touched.extend(event.allocations.iter().map(|part| part.location.clone()));
            }
            E::ReservationExpired(event) => self.let_go(event.order_id),
            E::StockShipped(event) => {
                let gone = self.change(event.order_id, |reservation| reservation.take(event.set_aside_at()));
                self.locations.release(event.set_aside_at(), &gone.unwrap_or_default());
                self.locations.take(&event.allocations);
                let places = event.allocations.iter().chain(event.set_aside_at());
                self.touched.extend(places.map(|part| part.location.clone()));
            }
            E::ReservationCommitted(_) | E::ReservationMoved(_) | E::StockShort(_) | E::StockCovered(_) => {}
        }
    }

    fn set(&mut self, location: &LocationId, on_hand: i64) {
        self.locations.at(location).on_hand = on_hand;
        self.touch(location);
    }

    fn let_go(&mut self, order_id: OrderId) {
        let Some(reservation) = self.get(order_id) else { return };
        let (allocations, uncovered) = (reservation.allocations().to_vec(), reservation.uncovered().to_vec());
        self.locations.release(&allocations, &uncovered);
        self.touched.extend(allocations.into_iter().map(|part| part.location));
        self.changed.insert(order_id, None);
    }

    /// What follows, now that units have come or gone.
    pub(super) fn settle(mut self, now: Timestamp) -> Vec<InventoryEvent> {
        for location in self.touched.clone() {
            self.give_way(&location, now);
        }
        // With those where holds gave way.
        let touched = std::mem::take(&mut self.touched);
        for location in &touched {
            self.cover(location);
        }
        for location in &touched {
            self.draw_in(location);
        }
        self.events
    }

    fn get(&self, order_id: OrderId) -> Option<&Reservation> {
        match self.changed.get(&order_id) {
            Some(changed) => changed.as_ref(),
            None => self.reservations.get(order_id),
        }
    }

    fn change<T>(&mut self, order_id: OrderId, change: impl FnOnce(&mut Reservation) -> T) -> Option<T> {
        let mut reservation = self.get(order_id)?.clone();
        let answer = change(&mut reservation);
        self.changed.insert(order_id, Some(reservation));
        Some(answer)
    }

    /// Reserved units at the location that are not there and not known to be missing.
    fn unknown(&self, location: &LocationId) -> i64 {
        self.locations.get(location).map_or(0, |stock| stock.short().saturating_sub(stock.uncovered))
    }

    /// Finds other units for the reservations that have none any more, or says that they are short.
    fn give_way(&mut self, location: &LocationId, now: Timestamp) {
        if self.unknown(location) <= 0 {
            return;
        }
        let reservations = self.reservations;
        let lapsed = reservations.due(now).filter(|(_, reservation)| reservation.units_at(location) > 0);
        for (order_id, _) in lapsed.take(ORDERS) {
            if self.unknown(location) <= 0 {
                return;
            }
            self.expire(order_id);
        }
        let mut short: Vec<OrderUnits> = Vec::new();
        for order_id in reservations.newest_first() {
            if self.unknown(location) <= 0 || self.named >= ORDERS {
                break;
            }
            while let Some(count) = self.to_give(order_id, location) {
                self.named += 1;
                if let Some((to, free)) = self.locations.richest_but(location) {
                    let (to, count) = (to.clone(), free.min(count));
                    self.move_units(order_id, location, &to, count);
                } else {
                    let uncovered = self.uncover(order_id, location, count);
                    short.extend(units(count).map(|quantity| OrderUnits { order_id, quantity, uncovered }));
                }
            }
        }
        let rest = u32::try_from(self.unknown(location).max(0)).unwrap_or(u32::MAX);
        if !short.is_empty() || rest > 0 {
            let (sku, location) = (self.sku.clone(), location.clone());
            self.events.push(InventoryEvent::StockShort(StockShort {
                sku,
                location,
                uncovered: short,
                rest,
            }));
        }
    }

    /// How many units that should be there the order has to give.
    fn to_give(&self, order_id: OrderId, location: &LocationId) -> Option<i64> {
        let reservation = self.get(order_id)?;
        let covered = reservation.units_at(location).saturating_sub(reservation.uncovered_at(location));
        Some(covered.min(self.unknown(location))).filter(|count| *count > 0)
    }

    /// Gives the units that came to the oldest reservations that wait for them here.
    fn cover(&mut self, location: &LocationId) {
        if self.unknown(location) >= 0 {
            return;
        }
        let mut covered = Vec::new();
        for order_id in self.waiting() {
            let surplus = self.unknown(location).saturating_neg();
            if surplus <= 0 || self.named >= ORDERS {
                break;
            }
            let Some(reservation) = self.get(order_id) else { continue };
            if let Some(quantity) = units(reservation.uncovered_at(location).min(surplus)) {
                self.named += 1;
                let uncovered = self.uncover(order_id, location, -i64::from(quantity.get()));
                covered.push(OrderUnits { order_id, quantity, uncovered });
            }
        }
        if !covered.is_empty() {
            let (sku, location) = (self.sku.clone(), location.clone());
            self.events.push(InventoryEvent::StockCovered(StockCovered { sku, location, covered }));
        }
    }

    /// Moves the oldest reservations that wait elsewhere to units that are free here.
    fn draw_in(&mut self, location: &LocationId) {
        let free = |balance: &Self| balance.locations.get(location).map_or(0, super::Stock::available);
        if free(self) <= 0 {
            return;
        }
        for order_id in self.waiting() {
            let Some(reservation) = self.get(order_id) else { continue };
            let elsewhere: Vec<LocationQuantity> =
                reservation.uncovered().iter().filter(|part| part.location != *location).cloned().collect();
            for LocationQuantity { location: from, quantity } in elsewhere {
                let count = free(self).min(i64::from(quantity.get()));
                if count <= 0 || self.named >= ORDERS {
                    return;
                }
                self.named += 1;
                self.move_units(order_id, &from, location, count);
            }
        }
    }

    /// The orders that wait for units, the oldest first, those that began to wait in this decision last.
    fn waiting(&self) -> Vec<OrderId> {
        let mut waiting: Vec<OrderId> = self.reservations.uncovered().take(2 * ORDERS).collect();
        let new = self.changed.iter().filter_map(|(order_id, changed)| Some((order_id, changed.as_ref()?)));
        let new = new.filter(|(order_id, reservation)| {
            !reservation.uncovered().is_empty() && !waiting.contains(order_id)
        });
        let mut new: Vec<(u64, OrderId)> = new.map(|(order_id, it)| (it.age(), *order_id)).collect();
        new.sort_unstable();
        waiting.extend(new.into_iter().map(|(_, order_id)| order_id));
        waiting
    }

    fn expire(&mut self, order_id: OrderId) {
        let Some(reservation) = self.get(order_id) else { return };
        let (sku, allocations) = (self.sku.clone(), reservation.allocations().to_vec());
        self.let_go(order_id);
        let expired = ReservationExpired { sku, order_id, allocations };
        self.events.push(InventoryEvent::ReservationExpired(expired));
    }

    fn move_units(&mut self, order_id: OrderId, from: &LocationId, to: &LocationId, count: i64) {
        let Some(quantity) = units(count) else { return };
        let covered = self.change(order_id, |reservation| reservation.move_units(from, to, count));
        let covered = covered.unwrap_or_default();
        self.locations.move_reserved(from, to, count, covered);
        let uncovered = self.uncovered_units(order_id);
        self.events.push(InventoryEvent::ReservationMoved(ReservationMoved {
            sku: self.sku.clone(),
            order_id,
            from: from.clone(),
            to: to.clone(),
            quantity,
            uncovered,
        }));
    }

    /// Answers how many of the order's units are not there now.
    fn uncover(&mut self, order_id: OrderId, location: &LocationId, count: i64) -> u32 {
        self.change(order_id, |reservation| reservation.uncover(location, count));
        let stock = self.locations.at(location);
        stock.uncovered = stock.uncovered.saturating_add(count);
        self.uncovered_units(order_id)
    }

    fn uncovered_units(&self, order_id: OrderId) -> u32 {
        let units = self.get(order_id).map_or(0, Reservation::uncovered_units);
        u32::try_from(units).unwrap_or(u32::MAX)
    }
}
