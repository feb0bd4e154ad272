//! The shop's stock and orders twice: as they were, and as they would have been.
//!
//! The recorded demand, deliveries, counts and returns drive both. What was *decided* is decided again for the
//! second one, by the domain's own code: whether an order gets its stock, and from where. What was not a decision
//! of the shop (payments declined, orders cancelled, goods sent back) happens as it did, to orders that exist.
//! An order that was refused and now gets its stock counts as sold; it is never shipped here.
//!
//! Events come in the order of the log; times are business times. A hold that was paid for does not lapse
//! ([`PaidHolds`]), any other lapses by its time, and then its order is lost: so no unit is sold twice.

use super::{
    holds::PaidHolds,
    quantities::{find, sellable, sum, takes_units, units, unsold},
    rules::Rules,
    tally::{Both, Tally},
};
use ahash::{AHashMap, AHashSet};
use daybook_domain::{
    Actor, Context, Decider as _, Event, LocationId, OrderId, Quantity, Sku, Timestamp,
    inventory::{
        Inventory, InventoryCommand, InventoryEvent, InventoryRejection, ReleaseReason, ReleaseReservation,
        ReleaseUnits, ReservationCommitted, ReserveStock, ShipReserved, StockAdjusted, StockCounted,
        StockPolicySet, StockReceived, StockReserved, StockReturned, StockTransferred,
    },
    order::{OrderEvent, OrderLine, OrderPlaced, OrderRejected, OrderReturned, RejectReason},
};
use std::collections::BTreeMap;

/// Both shops.
pub(super) struct Sandbox<'r> {
    rules: &'r Rules,
    paid: &'r PaidHolds,
    /// As it was.
    past: AHashMap<Sku, Inventory>,
    /// As it would have been.
    stock: AHashMap<Sku, Inventory>,
    orders: AHashMap<OrderId, Order>,
    /// Deliveries that are still to come, by when. Each SKU has its own time: that of what takes its units, because
    /// streams are written side by side, and an import writes them far apart.
    late: AHashMap<Sku, BTreeMap<(i64, u64), StockReceived>>,
    pub(super) tally: Tally,
}

/// An order in both shops.
pub(super) struct Order {
    pub(super) number: String,
    pub(super) lines: Vec<OrderLine>,
    /// Whether it stood in the end.
    pub(super) stood: bool,
    pub(super) stands: bool,
    /// It was refused for want of stock, and would not have been.
    gained: bool,
}

impl<'r> Sandbox<'r> {
    pub(super) fn new(rules: &'r Rules, paid: &'r PaidHolds) -> Self {
        Self {
            rules,
            paid,
            past: AHashMap::new(),
            stock: AHashMap::new(),
            orders: AHashMap::new(),
            late: AHashMap::new(),
            tally: Tally::default(),
        }
    }

    /// What happened next, and where it stands in the log.
    pub(super) fn take(&mut self, event: &Event, position: u64, now_ns: i64) {
        match event {
            Event::Inventory(event) => {
                if takes_units(event) {
                    self.deliver_late(event.sku(), now_ns);
                }
                self.move_stock(event, position, now_ns);
            }
            Event::Order(OrderEvent::OrderPlaced(placed)) => self.place(placed),
            Event::Order(OrderEvent::OrderRejected(rejected)) => self.reject(rejected, now_ns),
            Event::Order(OrderEvent::OrderCancelled(cancelled)) => self.undo(cancelled.order_id),
            Event::Order(OrderEvent::OrderReturned(returned)) => self.take_back(returned),
            _ => {}
        }
    }

    /// What the rules name and was never seen.
    pub(super) fn unknown(&self) -> Vec<String> {
        let skus: AHashSet<Sku> = self.past.keys().cloned().collect();
        let locations = self.past.values().flat_map(Inventory::locations).map(|(at, _)| at.clone()).collect();
        let lines = self.orders.values().flat_map(|order| &order.lines);
        self.rules.unknown(&skus, &locations, &lines.map(|line| line.net.currency).collect())
    }

    /// Both shops' orders and what was refused, and whether stock came out the same.
    pub(super) fn finish(mut self, now_ns: i64) -> (AHashMap<OrderId, Order>, Tally) {
        let skus: Vec<Sku> = self.past.keys().cloned().collect();
        for sku in &skus {
            self.deliver_late(sku, now_ns);
            self.follow_policy(sku, now_ns);
        }
        self.tally.same_stock = self.late.values().all(BTreeMap::is_empty) && self.past == self.stock;
        let left = |shop: &AHashMap<Sku, Inventory>| shop.values().map(unsold).sum();
        self.tally.units_left = Both { was: left(&self.past), would_be: left(&self.stock) };
        (self.orders, self.tally)
    }

    fn place(&mut self, placed: &OrderPlaced) {
        let order = Order {
            number: placed.number.to_string(),
            lines: placed.lines.clone(),
            stood: true,
            stands: true,
            gained: false,
        };
        self.orders.insert(placed.order_id, order);
    }

    fn undo(&mut self, order_id: OrderId) {
        if let Some(order) = self.orders.get_mut(&order_id) {
            (order.stood, order.stands) = (false, false);
        }
    }

    fn take_back(&mut self, returned: &OrderReturned) {
        let Some(order) = self.orders.get(&returned.order_id) else { return };
        for back in &returned.lines {
            let Some(line) = order.lines.iter().find(|line| line.line_id == back.line_id) else { continue };
            self.tally.returned(self.rules, line, back.quantity.get(), order.stands);
        }
    }

    /// Refused then; for want of stock it may be different now.
    fn reject(&mut self, rejected: &OrderRejected, now_ns: i64) {
        let order_id = rejected.order_id;
        let RejectReason::OutOfStock { sku, requested, available } = &rejected.reason else {
            return self.undo(order_id);
        };
        self.tally.refused(now_ns, sku, *requested, true);
        let Some(order) = self.orders.get_mut(&order_id) else { return };
        order.stood = false;
        if !order.stands {
            return;
        }
        let wanted = units(&order.lines);
        wanted.keys().for_each(|sku| self.deliver_late(sku, now_ns));
        // Only what is there beyond what was there then can make a difference: when exactly the stock was
        // looked at then is not in the record.
        let more = sellable(self.stock.get(sku)).saturating_sub(sellable(self.past.get(sku)));
        if more < i64::from(*requested).saturating_sub(*available) || !self.gain(order_id, &wanted, now_ns) {
            self.tally.refused(now_ns, sku, *requested, false);
            if let Some(order) = self.orders.get_mut(&order_id) {
                order.stands = false;
            }
        }
    }

    /// Sets aside for good what the order has not yet; all or nothing.
    fn gain(&mut self, order_id: OrderId, wanted: &BTreeMap<Sku, u32>, now_ns: i64) -> bool {
        let mut taken = Vec::new();
        for (sku, units) in wanted {
            match self.reserve(sku, order_id, *units, Timestamp::from_nanos(i64::MAX), now_ns) {
                Ok(()) => taken.push(sku),
                Err(InventoryRejection::AlreadyReserved { .. }) => {}
                Err(_) => {
                    taken.iter().for_each(|sku| self.release(sku, order_id));
                    return false;
                }
            }
        }
        for sku in wanted.keys() {
            let committed = ReservationCommitted { sku: sku.clone(), order_id };
            self.stock_of(sku).evolve(&InventoryEvent::ReservationCommitted(committed));
        }
        if let Some(order) = self.orders.get_mut(&order_id) {
            order.gained = true;
        }
        true
    }

    fn move_stock(&mut self, event: &InventoryEvent, position: u64, now_ns: i64) {
        use InventoryEvent as E;
        let sku = event.sku().clone();
        self.past.entry(sku.clone()).or_default().evolve(event);
        match event {
            E::StockReceived(received) => self.receive(received, now_ns),
            E::StockPolicySet(_) => self.follow_policy(&sku, now_ns),
            E::StockReserved(reserved) => self.hold(reserved, position, now_ns),
            E::StockShipped(shipped) if self.exists(shipped.order_id) => {
                let Ok(quantity) = Quantity::new(sum(&shipped.allocations)) else { return };
                let (order_id, shipment_id) = (shipped.order_id, shipped.shipment_id);
                let ship = InventoryCommand::ShipReserved(ShipReserved { order_id, shipment_id, quantity, location: None });
                // What an order does not have set aside here cannot leave; the final stock shows it.
                let _ = self.decide(&sku, ship, now_ns);
            }
            E::ReservationCommitted(one) if self.exists(one.order_id) => self.stock_of(&sku).evolve(event),
            E::ReservationReleased(one) if self.keeps_nothing(one.order_id) => {
                self.stock_of(&sku).evolve(event)
            }
            E::ReservationReduced(reduced) if self.exists(reduced.order_id) => {
                let Ok(quantity) = Quantity::new(sum(&reduced.allocations)) else { return };
                let release = ReleaseUnits { order_id: reduced.order_id, quantity };
                // As with what leaves.
                let _ = self.decide(&sku, InventoryCommand::ReleaseUnits(release), now_ns);
            }
            E::ReservationExpired(one) if self.keeps_nothing(one.order_id) => {
                self.stock_of(&sku).evolve(event);
                // Its units are another's now: it cannot be confirmed any more, whether or not the log ends before it is told so.
                self.undo(one.order_id);
            }
            E::StockReturned(back) if self.exists(back.order_id) => {
                let on_hand = self.on_hand(&sku, &back.location) + i64::from(back.quantity.get());
                self.stock_of(&sku).evolve(&E::StockReturned(StockReturned { on_hand, ..back.clone() }));
            }
            E::StockAdjusted(adjusted) => {
                let on_hand = self.on_hand(&sku, &adjusted.location) + adjusted.delta;
                self.stock_of(&sku).evolve(&E::StockAdjusted(StockAdjusted { on_hand, ..adjusted.clone() }));
            }
            E::StockCounted(counted) => {
                // What was found too much or too little is so in both shops.
                let previous = self.on_hand(&sku, &counted.location);
                let on_hand = previous + (counted.on_hand - counted.previous);
                let counted = StockCounted { previous, on_hand, ..counted.clone() };
                self.stock_of(&sku).evolve(&E::StockCounted(counted));
            }
            E::StockTransferred(moved) => self.transfer(moved),
            E::StockShipped(_)
            | E::ReservationCommitted(_)
            | E::ReservationReleased(_)
            | E::ReservationReduced(_)
            | E::ReservationExpired(_)
            | E::StockReturned(_)
            // What is decided anew says for itself which orders wait.
            | E::ReservationMoved(_)
            | E::StockShort(_)
            | E::StockCovered(_) => {}
        }
    }

    fn hold(&mut self, reserved: &StockReserved, position: u64, now_ns: i64) {
        let StockReserved { sku, order_id, allocations, until } = reserved;
        let units = sum(allocations);
        if !self.exists(*order_id) || !self.keeps_nothing(*order_id) {
            return;
        }
        let until = if self.paid.is_paid(position) { Timestamp::from_nanos(i64::MAX) } else { *until };
        if self.reserve(sku, *order_id, units, until, now_ns).is_err() {
            self.lose(*order_id, sku, units, now_ns);
        }
    }

    /// Moves what is there to be moved: units that are late, or set aside, cannot be sold at another location. How far
    /// below zero the record itself went by this transfer is taken as allowed.
    fn transfer(&mut self, moved: &StockTransferred) {
        let free = |shop: &AHashMap<Sku, Inventory>| {
            let at = shop.get(&moved.sku).and_then(|stock| find(stock, &moved.from)).unwrap_or_default();
            at.on_hand.saturating_sub(at.reserved)
        };
        let spare = free(&self.stock).saturating_sub(free(&self.past).min(0)).max(0);
        let units = i64::from(moved.quantity.get()).min(spare);
        let Some(quantity) = u32::try_from(units).ok().and_then(|units| Quantity::new(units).ok()) else {
            return;
        };
        let from_on_hand = self.on_hand(&moved.sku, &moved.from) - units;
        let to_on_hand = self.on_hand(&moved.sku, &moved.to) + units;
        let sku = moved.sku.clone();
        let moved = StockTransferred { quantity, from_on_hand, to_on_hand, ..moved.clone() };
        self.stock_of(&sku).evolve(&InventoryEvent::StockTransferred(moved));
    }

    fn receive(&mut self, received: &StockReceived, now_ns: i64) {
        match self.rules.delay_ns(&received.sku, &received.location) {
            0 => self.arrive(received.clone()),
            delay_ns => {
                let key = (now_ns.saturating_add(delay_ns), self.tally.delayed);
                self.tally.delayed += 1;
                self.late.entry(received.sku.clone()).or_default().insert(key, received.clone());
            }
        }
    }

    fn deliver_late(&mut self, sku: &Sku, now_ns: i64) {
        while let Some(entry) =
            self.late.get_mut(sku).and_then(BTreeMap::first_entry).filter(|entry| entry.key().0 <= now_ns)
        {
            let received = entry.remove();
            self.arrive(received);
        }
    }

    fn arrive(&mut self, received: StockReceived) {
        let on_hand = self.on_hand(&received.sku, &received.location) + i64::from(received.quantity.get());
        let sku = received.sku.clone();
        self.stock_of(&sku).evolve(&InventoryEvent::StockReceived(StockReceived { on_hand, ..received }));
    }

    /// It would not have got its stock: what it has elsewhere is let go.
    fn lose(&mut self, order_id: OrderId, sku: &Sku, requested: u32, now_ns: i64) {
        self.tally.refused(now_ns, sku, requested, false);
        self.give_up(order_id);
    }

    /// The order does not stand here: what it has set aside is let go.
    fn give_up(&mut self, order_id: OrderId) {
        let Some(order) = self.orders.get_mut(&order_id) else { return };
        order.stands = false;
        for sku in units(&order.lines).into_keys() {
            self.release(&sku, order_id);
        }
    }

    fn release(&mut self, sku: &Sku, order_id: OrderId) {
        let release = ReleaseReservation { order_id, reason: ReleaseReason::OrderRejected };
        // Letting go is never refused.
        let _ = self.decide(sku, InventoryCommand::ReleaseReservation(release), 0);
    }

    fn reserve(
        &mut self,
        sku: &Sku,
        order_id: OrderId,
        units: u32,
        until: Timestamp,
        now_ns: i64,
    ) -> Result<(), InventoryRejection> {
        self.follow_policy(sku, now_ns);
        let invalid = |_| InventoryRejection::MoreThanReserved { requested: units, reserved: 0 };
        let quantity = Quantity::new(units).map_err(invalid)?;
        let reserve = ReserveStock { sku: sku.clone(), order_id, quantity, until };
        self.decide(sku, InventoryCommand::ReserveStock(reserve), now_ns)
    }

    fn decide(
        &mut self,
        sku: &Sku,
        command: InventoryCommand,
        now_ns: i64,
    ) -> Result<(), InventoryRejection> {
        let context =
            Context { now: Timestamp::from_nanos(now_ns), actor: Actor::System("what-if".to_owned()) };
        let stock = self.stock_of(sku);
        let events = stock.decide(command, &context)?;
        events.iter().for_each(|event| stock.evolve(event));
        for event in &events {
            // Its time was up and another order has its units now, as it would have been told in the shop.
            if let InventoryEvent::ReservationExpired(lapsed) = event {
                self.give_up(lapsed.order_id);
            }
        }
        Ok(())
    }

    /// Sets safety stock and backorders to what was recorded, or what the rules say instead.
    fn follow_policy(&mut self, sku: &Sku, now_ns: i64) {
        let (Some(past), rules) = (self.past.get(sku), self.rules) else { return };
        let stock = self.stock.entry(sku.clone()).or_default();
        for (location, recorded) in past.locations() {
            let recorded = (recorded.safety_stock, recorded.backorder_limit);
            let (safety_stock, backorder_limit) = rules.policy(sku, location, now_ns, recorded);
            let now = find(stock, location).map(|now| (now.safety_stock, now.backorder_limit));
            if now != Some((safety_stock, backorder_limit)) {
                let (sku, location) = (sku.clone(), location.clone());
                let set = StockPolicySet { sku, location, safety_stock, backorder_limit };
                stock.evolve(&InventoryEvent::StockPolicySet(set));
            }
        }
    }

    /// Whether the order is not lost here. Stock set aside for what is no order of this log stands as it was.
    fn exists(&self, order_id: OrderId) -> bool {
        self.orders.get(&order_id).is_none_or(|order| order.stands || !order.stood)
    }

    /// Whether the stock that was let go then is let go now, too.
    fn keeps_nothing(&self, order_id: OrderId) -> bool {
        self.orders.get(&order_id).is_none_or(|order| !order.gained)
    }

    fn stock_of(&mut self, sku: &Sku) -> &mut Inventory {
        self.stock.entry(sku.clone()).or_default()
    }

    fn on_hand(&self, sku: &Sku, location: &LocationId) -> i64 {
        self.stock.get(sku).and_then(|stock| find(stock, location)).map_or(0, |stock| stock.on_hand)
    }
}
