//! The stock of one SKU as its events have made it.
//!
//! Totals per location are kept, not computed, so that a decision costs the same with a million open
//! reservations as with one. Ordered maps, because a hash map of that size stops the world when it grows.

use super::{InventoryCommand, InventoryEvent, InventoryRejection, LocationQuantity};
use crate::{LocationId, OrderId, Sku, Timestamp, aggregate::aggregate};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

aggregate!(Inventory, "inventory", InventoryCommand, InventoryEvent, InventoryRejection);

/// All locations and all open reservations of one SKU.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Inventory {
    pub(super) sku: Option<Sku>,
    pub(super) locations: BTreeMap<LocationId, Stock>,
    pub(super) reservations: BTreeMap<OrderId, Reservation>,
    /// The held reservations, the one that expires first first; follows from `reservations`.
    #[serde(skip)]
    pub(super) expiries: BTreeSet<(Timestamp, OrderId)>,
}

/// What a snapshot keeps.
#[derive(Deserialize)]
struct Stored {
    sku: Option<Sku>,
    locations: BTreeMap<LocationId, Stock>,
    reservations: BTreeMap<OrderId, Reservation>,
}

/// The stock at one location. `on_hand` may be negative when more was shipped than the books knew of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stock {
    pub on_hand: i64,
    pub reserved: i64,
    pub safety_stock: u32,
    pub backorder_limit: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Reservation {
    pub(super) allocations: Vec<LocationQuantity>,
    /// None: committed, for good.
    pub(super) until: Option<Timestamp>,
}

impl Stock {
    /// Units that may still be sold without ordering more; negative when goods are sold that are not there.
    #[must_use]
    pub const fn available(&self) -> i64 {
        self.on_hand.saturating_sub(self.reserved).saturating_sub(self.safety_stock as i64)
    }

    /// How low `available` may go.
    #[must_use]
    pub const fn floor(&self) -> i64 {
        -(self.backorder_limit as i64)
    }

    /// Units that may still be sold, backorders included.
    #[must_use]
    pub const fn sellable(&self) -> i64 {
        self.available().saturating_sub(self.floor())
    }
}

impl From<Stored> for Inventory {
    fn from(stored: Stored) -> Self {
        let Stored { sku, locations, reservations } = stored;
        let held = |(order_id, reservation): (&OrderId, &Reservation)| Some((reservation.until?, *order_id));
        let expiries = reservations.iter().filter_map(held).collect();
        Self { sku, locations, reservations, expiries }
    }
}

impl Inventory {
    /// Changes whenever snapshots written before cannot be used any more.
    pub const STATE_VERSION: u32 = 1;

    /// The stock at every location.
    pub fn locations(&self) -> impl Iterator<Item = (&LocationId, &Stock)> {
        self.locations.iter()
    }

    /// How many reservations are open.
    #[must_use]
    pub fn open_reservations(&self) -> usize {
        self.reservations.len()
    }

    /// Takes over what happened.
    pub fn evolve(&mut self, event: &InventoryEvent) {
        use InventoryEvent as E;
        match event {
            E::StockReceived(received) => self.set(&received.sku, &received.location, received.on_hand),
            E::StockAdjusted(adjusted) => self.set(&adjusted.sku, &adjusted.location, adjusted.on_hand),
            E::StockCounted(counted) => self.set(&counted.sku, &counted.location, counted.on_hand),
            E::StockReturned(returned) => self.set(&returned.sku, &returned.location, returned.on_hand),
            E::StockTransferred(transferred) => {
                self.set(&transferred.sku, &transferred.from, transferred.from_on_hand);
                self.set(&transferred.sku, &transferred.to, transferred.to_on_hand);
            }
            E::StockPolicySet(policy) => {
                let stock = self.stock_mut(&policy.sku, &policy.location);
                stock.safety_stock = policy.safety_stock;
                stock.backorder_limit = policy.backorder_limit;
            }
            E::StockReserved(reserved) => {
                for LocationQuantity { location, quantity } in &reserved.allocations {
                    let stock = self.stock_mut(&reserved.sku, location);
                    stock.reserved = stock.reserved.saturating_add(i64::from(quantity.get()));
                }
                let (allocations, until) = (reserved.allocations.clone(), Some(reserved.until));
                self.reservations.insert(reserved.order_id, Reservation { allocations, until });
                self.expiries.insert((reserved.until, reserved.order_id));
            }
            E::ReservationCommitted(committed) => {
                if let Some(reservation) = self.reservations.get_mut(&committed.order_id)
                    && let Some(until) = reservation.until.take()
                {
                    self.expiries.remove(&(until, committed.order_id));
                }
            }
            E::ReservationReleased(released) => self.let_go(released.order_id),
            E::ReservationExpired(expired) => self.let_go(expired.order_id),
            E::StockShipped(shipped) => self.ship(shipped.order_id, &shipped.allocations),
        }
    }

    fn set(&mut self, sku: &Sku, location: &LocationId, on_hand: i64) {
        self.stock_mut(sku, location).on_hand = on_hand;
    }

    fn stock_mut(&mut self, sku: &Sku, location: &LocationId) -> &mut Stock {
        self.sku.get_or_insert_with(|| sku.clone());
        if !self.locations.contains_key(location) {
            self.locations.insert(location.clone(), Stock::default());
        }
        self.locations.get_mut(location).expect("the location was just made sure of")
    }

    fn let_go(&mut self, order_id: OrderId) {
        let Some(reservation) = self.reservations.remove(&order_id) else { return };
        if let Some(until) = reservation.until {
            self.expiries.remove(&(until, order_id));
        }
        for LocationQuantity { location, quantity } in &reservation.allocations {
            if let Some(stock) = self.locations.get_mut(location) {
                stock.reserved = stock.reserved.saturating_sub(i64::from(quantity.get()));
            }
        }
    }

    fn ship(&mut self, order_id: OrderId, allocations: &[LocationQuantity]) {
        for LocationQuantity { location, quantity } in allocations {
            if let Some(stock) = self.locations.get_mut(location) {
                stock.on_hand = stock.on_hand.saturating_sub(i64::from(quantity.get()));
                stock.reserved = stock.reserved.saturating_sub(i64::from(quantity.get()));
            }
        }
        let Some(reservation) = self.reservations.get_mut(&order_id) else { return };
        for LocationQuantity { location, quantity } in allocations {
            let Some(at) = reservation.allocations.iter().position(|each| each.location == *location) else {
                continue;
            };
            let rest = reservation.allocations[at].quantity.get().saturating_sub(quantity.get());
            match crate::Quantity::new(rest) {
                Ok(rest) => reservation.allocations[at].quantity = rest,
                Err(_) => {
                    reservation.allocations.remove(at);
                }
            }
        }
        if reservation.allocations.is_empty() {
            self.let_go(order_id);
        }
    }
}
