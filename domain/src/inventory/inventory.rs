//! The aggregate: the stock of one SKU at all locations, and what is reserved of it.
//!
//! No decision leaves a location below its floor (`available ≥ −backorder_limit`). A loss that would is
//! refused, not hidden: the shop first says what gives, by cancelling orders or by lowering the floor with
//! `SetStockPolicy` (less safety stock, more backorders), and then records the loss.
//!
//! A hold whose time is up counts as free stock at once. It is written down as expired only when another
//! order needs its units, in the same decision, so that the stream always adds up; until then the order it
//! was for may still be in time by its own clock (an import replays many orders' times at once).

use super::{
    AdjustStock, CommitReservation, CountStock, InventoryCommand, InventoryEvent, InventoryRejection,
    LocationQuantity, ReceiveStock, ReleaseReservation, ReservationCommitted, ReservationExpired,
    ReservationReleased, ReserveStock, ReturnStock, SetStockPolicy, ShipReserved, Stock, StockAdjusted,
    StockCounted, StockPolicySet, StockReceived, StockReserved, StockReturned, StockShipped,
    StockTransferred, TransferStock,
    reservations::{Reservation, Reservations},
    stock::StockByLocation,
};
use crate::{
    CacheClass, Context, Decider, LocationId, OrderId, Quantity, Sku, Timestamp,
    card_number::looks_like_card_number, text::objection,
};
use serde::{Deserialize, Serialize};

type Decision = Result<Vec<InventoryEvent>, InventoryRejection>;

pub const TEXT_CHARS: usize = 500;
/// More locations than any retailer has; keeps choosing between them quick.
const LOCATIONS: usize = 5_000;
/// Far from overflow, far beyond any warehouse.
const ON_HAND: i64 = 1_000_000_000_000;
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
    const STATE_VERSION: u32 = 1;
    const CACHE: CacheClass = CacheClass::Hot;
    type Id = Sku;
    type Command = InventoryCommand;
    type Event = InventoryEvent;
    type Rejection = InventoryRejection;

    /// A SKU that nothing happened to has no stock, and every command is decided alike for it.
    fn decide(&self, command: InventoryCommand, context: &Context) -> Decision {
        use InventoryCommand as C;
        match command {
            C::ReceiveStock(receive) => self.receive(receive),
            C::AdjustStock(adjust) => self.adjust(adjust),
            C::CountStock(count) => self.count(count),
            C::TransferStock(transfer) => self.transfer(transfer),
            C::SetStockPolicy(policy) => self.set_policy(policy),
            C::ReserveStock(reserve) => self.reserve(reserve, context.now),
            C::CommitReservation(commit) => self.commit(&commit, context.now),
            C::ReleaseReservation(release) => Ok(self.release(&release)),
            C::ExpireReservations(_) => Ok(self.expire(context.now)),
            C::ShipReserved(ship) => self.ship_reserved(&ship),
            C::ReturnStock(back) => self.take_back(back),
        }
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
                self.locations.reserve(&reserved.allocations);
                self.reservations.hold(reserved);
            }
            E::ReservationCommitted(committed) => self.reservations.commit(committed.order_id),
            E::ReservationReleased(released) => self.let_go(released.order_id),
            E::ReservationExpired(expired) => self.let_go(expired.order_id),
            E::StockShipped(shipped) => {
                self.locations.ship(&shipped.allocations);
                self.reservations.ship(shipped.order_id, &shipped.allocations);
            }
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
        let allocations = self.reservations.remove(order_id);
        self.locations.release(&allocations);
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

    fn adjust(&self, adjust: AdjustStock) -> Decision {
        let AdjustStock { sku, location, delta, reason } = adjust;
        check_text("/reason", &reason)?;
        if delta == 0 || delta.unsigned_abs() > u64::from(Quantity::MAX) {
            return Err(invalid("/delta", "from -999999 to 999999, and not 0".to_owned()));
        }
        let stock = match self.locations.get(&location) {
            Some(stock) => *stock,
            None if delta > 0 => self.new_location()?,
            None => return Err(InventoryRejection::UnknownLocation { location }),
        };
        let on_hand = check_on_hand(stock.on_hand.saturating_add(delta))?;
        if delta < 0 {
            above_floor(&location, &Stock { on_hand, ..stock })?;
        }
        Ok(vec![InventoryEvent::StockAdjusted(StockAdjusted { sku, location, delta, reason, on_hand })])
    }

    fn count(&self, count: CountStock) -> Decision {
        let CountStock { sku, location, counted } = count;
        let stock = self.stock(&location)?;
        let (previous, on_hand) = (stock.on_hand, i64::from(counted));
        if on_hand < previous {
            above_floor(&location, &Stock { on_hand, ..stock })?;
        }
        Ok(vec![InventoryEvent::StockCounted(StockCounted { sku, location, previous, on_hand })])
    }

    fn transfer(&self, transfer: TransferStock) -> Decision {
        let TransferStock { sku, from, to, quantity } = transfer;
        if from == to {
            return Err(InventoryRejection::SameLocation {});
        }
        let Some(stock) = self.locations.get(&from) else {
            return Err(InventoryRejection::UnknownLocation { location: from });
        };
        let from_on_hand = stock.on_hand.saturating_sub(i64::from(quantity.get()));
        above_floor(&from, &Stock { on_hand: from_on_hand, ..*stock })?;
        let to_on_hand = self.more(&to, quantity)?;
        let moved = StockTransferred { sku, from, to, quantity, from_on_hand, to_on_hand };
        Ok(vec![InventoryEvent::StockTransferred(moved)])
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
        let new = Stock { safety_stock, backorder_limit, ..stock };
        if new.sellable() < stock.sellable() {
            above_floor(&location, &new)?;
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

    fn out_of_stock(sku: Sku, requested: Quantity, available: i64) -> InventoryRejection {
        InventoryRejection::OutOfStock { sku, requested: requested.get(), available }
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
        let mut locations = self.locations.clone();
        let mut missing = i64::from(quantity.get()).saturating_sub(available);
        let mut available = available;
        for (order_id, reservation) in self.reservations.due(now) {
            locations.release(reservation.allocations());
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
        Err(Self::out_of_stock(sku.clone(), quantity, available))
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

    fn ship_reserved(&self, ship: &ShipReserved) -> Decision {
        let ShipReserved { order_id, shipment_id, quantity } = *ship;
        let (sku, reservation) = self.reservation(order_id)?;
        if reservation.until().is_some() {
            return Err(InventoryRejection::ReservationNotCommitted { order_id });
        }
        let mut left = quantity.get();
        let mut allocations = Vec::with_capacity(reservation.allocations().len());
        for LocationQuantity { location, quantity } in reservation.allocations() {
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
        let found = self.sku.as_ref().zip(self.reservations.get(order_id));
        found.ok_or(InventoryRejection::ReservationNotFound { order_id })
    }
}

fn expired(sku: &Sku, order_id: OrderId, reservation: &Reservation) -> InventoryEvent {
    let (sku, allocations) = (sku.clone(), reservation.allocations().to_vec());
    InventoryEvent::ReservationExpired(ReservationExpired { sku, order_id, allocations })
}

fn above_floor(location: &LocationId, stock: &Stock) -> Result<(), InventoryRejection> {
    let (available, floor) = (stock.available(), stock.floor());
    if available >= floor {
        return Ok(());
    }
    Err(InventoryRejection::BelowFloor { location: location.clone(), available, floor })
}

fn check_on_hand(on_hand: i64) -> Result<i64, InventoryRejection> {
    if on_hand.abs() <= ON_HAND {
        Ok(on_hand)
    } else {
        Err(invalid("/quantity", format!("more than {ON_HAND} units would be at the location")))
    }
}

fn check_text(field: &str, text: &str) -> Result<(), InventoryRejection> {
    if let Some(detail) = objection(text, 1, TEXT_CHARS) {
        return Err(invalid(field, detail));
    }
    if looks_like_card_number(text) {
        return Err(invalid(field, "looks like a payment card's number".to_owned()));
    }
    Ok(())
}

fn invalid(field: &str, detail: String) -> InventoryRejection {
    InventoryRejection::InvalidMovement { field: field.to_owned(), detail }
}
