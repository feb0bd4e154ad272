//! The aggregate: the stock of one SKU at all locations, and what is reserved of it.
//!
//! Facts are always recordable, promises are bounded. What came, was counted, was lost, left or came back is recorded
//! whatever is promised; only what is sold, or moved to another location, must be there. What a fact takes from
//! promises is decided with it (`balance.rs`). Safety stock and backorder limits bound selling alone.
//!
//! A hold whose time is up counts as free stock at once. It is written down as expired only when another
//! order needs its units, in the same decision, so that the stream always adds up; until then the order it
//! was for may still be in time by its own clock (an import replays many orders' times at once).

use super::{
    AdjustStock, CommitReservation, CountStock, InventoryCommand, InventoryEvent, InventoryRejection,
    LocationQuantity, OrderUnits, ReceiveStock, ReleaseReservation, ReleaseUnits, ReservationCommitted,
    ReservationReduced, ReservationReleased, ReserveStock, ReturnStock, SetStockPolicy, ShipReserved, Stock,
    StockAdjusted, StockCounted, StockPolicySet, StockReceived, StockReserved, StockReturned, StockShipped,
    StockTransferred, TransferStock,
    balance::Balance,
    expired::{expired, out_of_stock, reclaim},
    limits::{LOCATIONS, check_on_hand, check_text, invalid},
    reservation::Reservation,
    reservations::Reservations,
    stock::StockByLocation,
};
use crate::{CacheClass, Context, Decider, LocationId, OrderId, Quantity, Sku, Timestamp};
use serde::{Deserialize, Serialize};

type Decision = Result<Vec<InventoryEvent>, InventoryRejection>;

/// One sweep writes down at most this many, so that no batch gets out of hand; the next does the rest.
const SWEEP: usize = 1_000;

/// All locations and all open reservations of one SKU.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Inventory {
    sku: Option<Sku>,
    locations: StockByLocation,
    reservations: Reservations,
}

impl Decider for Inventory {
    const NAME: &'static str = "inventory";
    const STATE_VERSION: u32 = 2;
    const CACHE: CacheClass = CacheClass::Hot;
    type Id = Sku;
    type Command = InventoryCommand;
    type Event = InventoryEvent;
    type Rejection = InventoryRejection;

    /// A SKU that nothing happened to has no stock, and every command is decided alike for it.
    fn decide(&self, command: InventoryCommand, context: &Context) -> Decision {
        use InventoryCommand as C;
        let now = context.now;
        let events = match command {
            C::ReceiveStock(receive) => self.receive(receive),
            C::AdjustStock(adjust) => self.adjust(adjust),
            C::CountStock(count) => self.count(count),
            C::TransferStock(transfer) => self.transfer(transfer, now),
            C::SetStockPolicy(policy) => self.set_policy(policy),
            C::ReserveStock(reserve) => self.reserve(reserve, now),
            C::CommitReservation(commit) => self.commit(&commit, now),
            C::ReleaseReservation(release) => Ok(self.release(&release)),
            C::ReleaseUnits(release) => self.release_units(&release),
            C::ExpireReservations(_) => Ok(self.expire(now)),
            C::ShipReserved(ship) => self.ship_reserved(ship),
            C::ReturnStock(back) => self.take_back(back),
            C::BalanceStock(balance) => return Ok(self.rest_of(&balance.location, now)),
        }?;
        Ok(self.with_consequences(events, now))
    }

    fn evolve(&mut self, event: &InventoryEvent) {
        use InventoryEvent as E;
        match event {
            E::StockReceived(received) => self.set(&received.sku, &received.location, received.on_hand),
            E::StockAdjusted(adjusted) => self.set(&adjusted.sku, &adjusted.location, adjusted.on_hand),
            E::StockCounted(counted) => self.set(&counted.sku, &counted.location, counted.on_hand),
            E::StockReturned(returned) => self.set(&returned.sku, &returned.location, returned.on_hand),
            E::StockTransferred(moved) => {
                self.set(&moved.sku, &moved.from, moved.from_on_hand);
                self.set(&moved.sku, &moved.to, moved.to_on_hand);
            }
            E::StockPolicySet(policy) => {
                self.know(&policy.sku);
                let stock = self.locations.at(&policy.location);
                stock.safety_stock = policy.safety_stock;
                stock.backorder_limit = policy.backorder_limit;
            }
            E::StockReserved(reserved) => {
                self.know(&reserved.sku);
                let uncovered = self.locations.reserve(&reserved.allocations);
                self.reservations.hold(reserved, uncovered);
            }
            E::ReservationCommitted(committed) => self.reservations.commit(committed.order_id),
            E::ReservationReleased(released) => self.let_go(released.order_id),
            E::ReservationReduced(reduced) => {
                let released = &reduced.allocations;
                let gone =
                    self.reservations.change(reduced.order_id, |reservation| reservation.release(released));
                self.locations.release(released, &gone.unwrap_or_default());
            }
            E::ReservationExpired(expired) => self.let_go(expired.order_id),
            E::StockShipped(shipped) => {
                let set_aside_at = shipped.set_aside_at();
                let gone =
                    self.reservations.change(shipped.order_id, |reservation| reservation.take(set_aside_at));
                self.locations.release(set_aside_at, &gone.unwrap_or_default());
                self.locations.take(&shipped.allocations);
            }
            E::ReservationMoved(moved) => {
                let count = i64::from(moved.quantity.get());
                let covered = self.reservations.change(moved.order_id, |reservation| {
                    reservation.move_units(&moved.from, &moved.to, count)
                });
                self.locations.move_reserved(&moved.from, &moved.to, count, covered.unwrap_or_default());
            }
            E::StockShort(short) => self.uncover(&short.location, &short.uncovered, 1),
            E::StockCovered(covered) => self.uncover(&covered.location, &covered.covered, -1),
        }
    }
}

impl Inventory {
    /// The stock at every location.
    pub fn locations(&self) -> impl Iterator<Item = (&LocationId, &Stock)> {
        self.locations.iter()
    }

    /// How many reservations are open.
    #[must_use]
    pub fn open_reservations(&self) -> usize {
        self.reservations.len()
    }

    fn know(&mut self, sku: &Sku) {
        self.sku.get_or_insert_with(|| sku.clone());
    }

    fn set(&mut self, sku: &Sku, location: &LocationId, on_hand: i64) {
        self.know(sku);
        self.locations.at(location).on_hand = on_hand;
    }

    fn let_go(&mut self, order_id: OrderId) {
        if let Some(reservation) = self.reservations.remove(order_id) {
            self.locations.release(reservation.allocations(), reservation.uncovered());
        }
    }

    fn uncover(&mut self, location: &LocationId, orders: &[OrderUnits], sign: i64) {
        for OrderUnits { order_id, quantity, .. } in orders {
            let count = sign * i64::from(quantity.get());
            self.reservations.change(*order_id, |reservation| reservation.uncover(location, count));
            let stock = self.locations.at(location);
            stock.uncovered = stock.uncovered.saturating_add(count);
        }
    }

    /// A decision's events, and what follows from them for promises.
    fn with_consequences(&self, mut events: Vec<InventoryEvent>, now: Timestamp) -> Vec<InventoryEvent> {
        // Nobody waits for units and nobody has to give way: nearly always.
        let is_settled = self.reservations.uncovered().next().is_none();
        if events.is_empty() || (is_settled && !events.iter().any(|event| self.takes_promised(event))) {
            return events;
        }
        let Some(sku) = events.first().map(|event| event.sku().clone()) else { return events };
        let mut balance = Balance::new(&sku, &self.locations, &self.reservations);
        events.iter().for_each(|event| balance.take_in(event));
        events.extend(balance.settle(now));
        events
    }

    /// Whether the event takes units away that are promised.
    fn takes_promised(&self, event: &InventoryEvent) -> bool {
        let (location, on_hand) = match event {
            InventoryEvent::StockAdjusted(adjusted) => (&adjusted.location, adjusted.on_hand),
            InventoryEvent::StockCounted(counted) => (&counted.location, counted.on_hand),
            InventoryEvent::StockShipped(shipped) => return !shipped.reserved_at.is_empty(),
            _ => return false,
        };
        self.locations.get(location).is_some_and(|stock| on_hand < stock.reserved)
    }

    /// What one decision could not name.
    fn rest_of(&self, location: &LocationId, now: Timestamp) -> Vec<InventoryEvent> {
        let Some(sku) = &self.sku else { return Vec::new() };
        let mut balance = Balance::new(sku, &self.locations, &self.reservations);
        balance.touch(location);
        balance.settle(now)
    }

    fn receive(&self, receive: ReceiveStock) -> Decision {
        let ReceiveStock { sku, location, quantity, reference } = receive;
        if let Some(reference) = &reference {
            check_text("/reference", reference)?;
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

    /// A loss can only be of what is there; a count says what that is.
    fn adjust(&self, adjust: AdjustStock) -> Decision {
        let AdjustStock { sku, location, delta, reason } = adjust;
        check_text("/reason", &reason)?;
        let Some(change) =
            u32::try_from(delta.unsigned_abs()).ok().filter(|n| (1..=Quantity::MAX).contains(n))
        else {
            return Err(invalid("/delta", "from -999999 to 999999, and not 0".to_owned()));
        };
        let stock = self.stock(&location)?;
        let on_hand = check_on_hand(stock.on_hand.saturating_add(delta))?;
        if delta < 0 && on_hand < 0 {
            return Err(InventoryRejection::NotThere { location, requested: change, on_hand: stock.on_hand });
        }
        Ok(vec![InventoryEvent::StockAdjusted(StockAdjusted { sku, location, delta, reason, on_hand })])
    }

    fn count(&self, count: CountStock) -> Decision {
        let CountStock { sku, location, counted } = count;
        let (previous, on_hand) = (self.stock(&location)?.on_hand, i64::from(counted));
        Ok(vec![InventoryEvent::StockCounted(StockCounted { sku, location, previous, on_hand })])
    }

    /// Only units that are there and promised to nobody move, those of the safety stock included.
    fn transfer(&self, transfer: TransferStock, now: Timestamp) -> Decision {
        let TransferStock { sku, from, to, quantity } = transfer;
        if from == to {
            return Err(InventoryRejection::SameLocation {});
        }
        let stock = self.locations.get(&from).copied().unwrap_or_default();
        let (requested, on_hand) = (quantity.get(), stock.on_hand);
        if i64::from(requested) > on_hand {
            return Err(InventoryRejection::NotThere { location: from, requested, on_hand });
        }
        let wanted = i64::from(requested) - stock.unreserved();
        let lapsed = self.reservations.lapsed_at(&from, now, wanted);
        let freed: i64 = lapsed.iter().map(|(_, reservation)| reservation.units_at(&from)).sum();
        let unreserved = stock.unreserved().saturating_add(freed);
        if i64::from(requested) > unreserved {
            let unreserved = unreserved.max(0);
            return Err(InventoryRejection::ReservedUnits { location: from, requested, unreserved, on_hand });
        }
        let from_on_hand = on_hand.saturating_sub(i64::from(requested));
        let to_on_hand = self.more(&to, quantity)?;
        let mut events: Vec<_> =
            lapsed.into_iter().map(|(order_id, reservation)| expired(&sku, order_id, reservation)).collect();
        let moved = StockTransferred { sku, from, to, quantity, from_on_hand, to_on_hand };
        events.push(InventoryEvent::StockTransferred(moved));
        Ok(events)
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
            && self.locations.get(&location).is_some()
        {
            return Ok(Vec::new());
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
            return Err(invalid("/location", format!("{LOCATIONS} locations hold this SKU already")));
        }
        Ok(Stock::default())
    }

    fn reserve(&self, reserve: ReserveStock, now: Timestamp) -> Decision {
        let ReserveStock { sku, order_id, quantity, until } = reserve;
        if self.reservations.get(order_id).is_some() {
            return Err(InventoryRejection::AlreadyReserved { order_id });
        }
        let mut events = Vec::with_capacity(1);
        let allocations = match self.locations.allocate(quantity) {
            Ok(allocations) => allocations,
            Err(available) if self.reservations.due(now).next().is_none() => {
                return Err(out_of_stock(sku, quantity, available));
            }
            Err(available) => {
                let (locations, holds) = (self.locations.clone(), &self.reservations);
                reclaim(locations, holds, &sku, quantity, available, now, &mut events)?
            }
        };
        events.push(InventoryEvent::StockReserved(StockReserved { sku, order_id, allocations, until }));
        Ok(events)
    }

    fn expire(&self, now: Timestamp) -> Vec<InventoryEvent> {
        let Some(sku) = &self.sku else { return Vec::new() };
        self.reservations
            .due(now)
            .take(SWEEP)
            .map(|(order_id, reservation)| expired(sku, order_id, reservation))
            .collect()
    }

    fn commit(&self, commit: &CommitReservation, now: Timestamp) -> Decision {
        let CommitReservation { order_id } = *commit;
        let (sku, reservation) = self.reservation(order_id)?;
        match reservation.until() {
            None => Ok(Vec::new()),
            Some(until) if until <= now => Err(InventoryRejection::ReservationHasExpired { order_id }),
            Some(_) => {
                let sku = sku.clone();
                Ok(vec![InventoryEvent::ReservationCommitted(ReservationCommitted { sku, order_id })])
            }
        }
    }

    fn release(&self, release: &ReleaseReservation) -> Vec<InventoryEvent> {
        let ReleaseReservation { order_id, reason } = *release;
        let Ok((sku, reservation)) = self.reservation(order_id) else { return Vec::new() };
        let (sku, allocations) = (sku.clone(), reservation.allocations().to_vec());
        vec![InventoryEvent::ReservationReleased(ReservationReleased { sku, order_id, allocations, reason })]
    }

    fn release_units(&self, release: &ReleaseUnits) -> Decision {
        let ReleaseUnits { order_id, quantity } = *release;
        let (sku, reservation) = self.committed(order_id)?;
        let allocations = reservation.units_to_release(quantity).map_err(|reserved| {
            InventoryRejection::MoreThanReserved { requested: quantity.get(), reserved }
        })?;
        let mut rest = reservation.clone();
        rest.release(&allocations);
        let uncovered = u32::try_from(rest.uncovered_units()).unwrap_or(u32::MAX);
        let reduced = ReservationReduced { sku: sku.clone(), order_id, allocations, uncovered };
        Ok(vec![InventoryEvent::ReservationReduced(reduced)])
    }

    fn ship_reserved(&self, ship: ShipReserved) -> Decision {
        let ShipReserved { order_id, shipment_id, quantity, location } = ship;
        let (sku, reservation) = self.committed(order_id)?;
        let taken = reservation.units_for(quantity, location.as_ref()).map_err(|reserved| {
            InventoryRejection::MoreThanReserved { requested: quantity.get(), reserved }
        })?;
        let (allocations, reserved_at) = match location {
            None => (taken, Vec::new()),
            Some(location) => match vec![LocationQuantity { location, quantity }] {
                left if left == taken => (left, Vec::new()),
                left => (left, taken),
            },
        };
        let sku = sku.clone();
        let shipped = StockShipped { sku, order_id, shipment_id, allocations, reserved_at };
        Ok(vec![InventoryEvent::StockShipped(shipped)])
    }

    /// What is set aside for good.
    fn committed(&self, order_id: OrderId) -> Result<(&Sku, &Reservation), InventoryRejection> {
        let (sku, reservation) = self.reservation(order_id)?;
        if reservation.until().is_some() {
            return Err(InventoryRejection::ReservationNotCommitted { order_id });
        }
        Ok((sku, reservation))
    }

    fn reservation(&self, order_id: OrderId) -> Result<(&Sku, &Reservation), InventoryRejection> {
        let found = self.sku.as_ref().zip(self.reservations.get(order_id));
        found.ok_or(InventoryRejection::ReservationNotFound { order_id })
    }
}
