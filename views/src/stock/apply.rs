//! What each event changes of the stock as shown, and the movements that explain it.

use super::{LocationStock, Movement, MovementKind, StockView, view::Hold};
use daybook_domain::{
    Event, Interests, LocationId, OrderId, Sku, Timestamp,
    inventory::{Inventory, InventoryEvent, LocationQuantity},
};
use daybook_event_log::Position;
use daybook_projections::{ApplyError, DecodedEvent, Flush, Projection};
use daybook_read_store::{Checkpoint, IdForm, IdPlace, RowKind, StoreError, Table, Tx, UserKey, key};

/// Rows: `s` SKU → [`StockView`]; `m` SKU, 0, position, n → [`Movement`]; `h` SKU, 0, order → [`Hold`]; `w` 0, SKU that
/// is short → nothing.
#[derive(Debug, Default)]
pub struct StockProjection {
    stock: Table<StockView>,
    holds: Table<Hold>,
    buffer: Vec<u8>,
}

pub(crate) fn stock_key(sku: &Sku) -> UserKey {
    key(b's', &[sku.as_str().as_bytes()])
}

/// What the keys of all movements begin with.
pub(crate) const MOVEMENTS: &[u8] = b"m";

pub(super) fn movements_prefix(sku: &Sku) -> UserKey {
    key(b'm', &[sku.as_str().as_bytes(), &[0]])
}

pub(crate) fn holds_prefix(sku: &Sku) -> UserKey {
    key(b'h', &[sku.as_str().as_bytes(), &[0]])
}

/// What the keys of all SKUs that are short begin with.
pub(super) const SHORT: &[u8] = b"w\0";

fn short_key(sku: &Sku) -> UserKey {
    key(b'w', &[&[0], sku.as_str().as_bytes()])
}

fn hold_key(sku: &Sku, order: OrderId) -> UserKey {
    key(b'h', &[sku.as_str().as_bytes(), &[0], order.uuid().as_bytes()])
}

impl Projection for StockProjection {
    const NAME: &'static str = "stock";
    const VERSION: u32 = 2;
    const KINDS: &'static [RowKind] = &[
        RowKind::views(b's', "stock", IdForm::Text),
        RowKind::records(b'm', "stock_movements"),
        RowKind::records(b'h', "stock_holds"),
        RowKind::leads(b'w', "stock_short", b's', IdPlace::EndOfKey),
    ];
    const INTERESTS: Interests = Interests::all_of::<Inventory>();

    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let Event::Inventory(inventory_event) = event.event else { return Ok(()) };
        let sku = inventory_event.sku();
        let row = stock_key(sku);
        if event.version() == 1 {
            self.stock.put_new(row.clone(), begin(sku));
        }
        let stock = self.stock.edit(&row, tx)?.ok_or_else(|| ApplyError::missing("stock of", sku))?;
        let mut moves = Moves { stock, event, tx, buffer: &mut self.buffer, n: 0 };
        let was_short = moves.stock.short > 0;
        moves.take(inventory_event);
        let stock = moves.stock;
        stock.derive();
        let is_short = stock.short > 0;
        stock.updated_at = event.occurred_at();
        stock.version = event.version();
        stock.position = stock.position.max(event.position());
        match (was_short, is_short) {
            (false, true) => tx.put(short_key(sku), []),
            (true, false) => tx.remove(short_key(sku)),
            (true, true) | (false, false) => {}
        }
        self.hold(inventory_event, tx)
    }

    fn flush(&mut self, up_to: Checkpoint, _when: Flush, tx: &mut Tx<'_>) -> Result<Position, StoreError> {
        self.stock.flush(tx)?;
        self.holds.flush(tx)?;
        Ok(up_to.position)
    }

    fn committed(&mut self) {
        self.stock.settle();
        self.holds.settle();
    }

    fn discard(&mut self) {
        self.stock.discard();
        self.holds.discard();
    }
}

impl StockProjection {
    /// Keeps the holds that may lapse: set aside, neither paid for nor let go.
    fn hold(&mut self, event: &InventoryEvent, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let (sku, order) = match event {
            InventoryEvent::StockReserved(e) => {
                let hold = Hold { until: e.until, allocations: e.allocations.clone() };
                self.holds.put_new(hold_key(&e.sku, e.order_id), hold);
                if let Some(stock) = self.stock.edit(&stock_key(&e.sku), tx)? {
                    stock.holds += 1;
                    let first = stock.holds_last_until.map_or(e.until, |first| first.min(e.until));
                    stock.holds_last_until = Some(first);
                }
                return Ok(());
            }
            InventoryEvent::ReservationMoved(e) => {
                if let Some(hold) = self.holds.edit(&hold_key(&e.sku, e.order_id), tx)? {
                    hold.move_units(e);
                }
                return Ok(());
            }
            InventoryEvent::ReservationCommitted(e) => (&e.sku, e.order_id),
            InventoryEvent::ReservationReleased(e) => (&e.sku, e.order_id),
            InventoryEvent::ReservationExpired(e) => (&e.sku, e.order_id),
            _ => return Ok(()),
        };
        let row = hold_key(sku, order);
        if self.holds.get(&row, tx)?.is_none() {
            return Ok(());
        }
        self.holds.remove(row);
        if let Some(stock) = self.stock.edit(&stock_key(sku), tx)? {
            stock.holds = stock.holds.saturating_sub(1);
            if stock.holds == 0 {
                stock.holds_last_until = None;
            }
        }
        Ok(())
    }
}

fn begin(sku: &Sku) -> StockView {
    StockView {
        sku: sku.clone(),
        on_hand: 0,
        reserved: 0,
        available: 0,
        short: 0,
        locations: Vec::new(),
        holds: 0,
        holds_last_until: None,
        updated_at: Timestamp::default(),
        version: 0,
        position: 0,
    }
}

/// The movements of one event.
struct Moves<'a, 'b, 'c> {
    stock: &'a mut StockView,
    event: &'a DecodedEvent<'b>,
    tx: &'a mut Tx<'c>,
    buffer: &'a mut Vec<u8>,
    n: u8,
}

/// What a movement says beside its amounts.
#[derive(Default, Clone, Copy)]
struct Why<'a> {
    reason: Option<&'a str>,
    reference: Option<&'a dyn std::fmt::Display>,
    order_id: Option<OrderId>,
}

impl Moves<'_, '_, '_> {
    fn take(&mut self, event: &InventoryEvent) {
        use InventoryEvent as E;
        use MovementKind as K;
        match event {
            E::StockReceived(e) => {
                let reference = e.reference.as_ref().map(|reference| reference as _);
                let why = Why { reference, ..Why::default() };
                self.move_to(K::Received, &e.location, e.on_hand, why);
            }
            E::StockAdjusted(e) => {
                let why = Why { reason: Some(&e.reason), ..Why::default() };
                self.move_to(K::Adjusted, &e.location, e.on_hand, why);
            }
            E::StockCounted(e) => self.move_to(K::Counted, &e.location, e.on_hand, Why::default()),
            E::StockTransferred(e) => {
                self.move_to(K::TransferredOut, &e.from, e.from_on_hand, Why::default());
                self.move_to(K::TransferredIn, &e.to, e.to_on_hand, Why::default());
            }
            E::StockPolicySet(e) => {
                let at = self.at(&e.location);
                (at.safety_stock, at.backorder_limit) = (e.safety_stock, e.backorder_limit);
                at.derive();
            }
            E::StockReserved(e) => self.move_all(K::Reserved, &e.allocations, (0, 1), order(e.order_id)),
            E::ReservationCommitted(_) => {}
            E::ReservationReleased(e) => {
                let reason = match e.reason {
                    daybook_domain::inventory::ReleaseReason::OrderRejected => "order_rejected",
                    daybook_domain::inventory::ReleaseReason::OrderCancelled => "order_cancelled",
                };
                let why = Why { reason: Some(reason), ..order(e.order_id) };
                self.move_all(K::Released, &e.allocations, (0, -1), why);
            }
            E::ReservationReduced(e) => {
                let why = Why { reason: Some("lines_cancelled"), ..order(e.order_id) };
                self.move_all(K::Released, &e.allocations, (0, -1), why);
            }
            E::ReservationExpired(e) => self.move_all(K::Expired, &e.allocations, (0, -1), order(e.order_id)),
            E::StockShipped(e) => {
                let why = Why { reference: Some(&e.shipment_id), ..order(e.order_id) };
                if e.reserved_at.is_empty() {
                    self.move_all(K::Shipped, &e.allocations, (-1, -1), why);
                } else {
                    self.move_all(K::Shipped, &e.allocations, (-1, 0), why);
                    self.move_all(K::Shipped, &e.reserved_at, (0, -1), why);
                }
            }
            E::StockReturned(e) => {
                let why = Why { reference: Some(&e.return_id), ..order(e.order_id) };
                self.move_to(K::Returned, &e.location, e.on_hand, why);
            }
            E::ReservationMoved(e) => {
                let units = i64::from(e.quantity.get());
                self.move_by(K::ReservationMovedOut, &e.from, (0, -units), order(e.order_id));
                self.move_by(K::ReservationMovedIn, &e.to, (0, units), order(e.order_id));
            }
            // They say which orders wait; what is there and what is set aside stays as it is.
            E::StockShort(_) | E::StockCovered(_) => {}
        }
    }

    fn at(&mut self, location: &LocationId) -> &mut LocationStock {
        let locations = &mut self.stock.locations;
        let n = match locations.binary_search_by(|stock| stock.location.cmp(location)) {
            Ok(n) => n,
            Err(n) => {
                locations.insert(n, LocationStock::new(location.clone()));
                n
            }
        };
        &mut locations[n]
    }

    fn move_to(&mut self, kind: MovementKind, location: &LocationId, on_hand: i64, why: Why<'_>) {
        let delta = on_hand.saturating_sub(self.at(location).on_hand);
        self.move_by(kind, location, (delta, 0), why);
    }

    fn move_all(
        &mut self,
        kind: MovementKind,
        allocations: &[LocationQuantity],
        (on_hand, reserved): (i64, i64),
        why: Why<'_>,
    ) {
        for LocationQuantity { location, quantity } in allocations {
            let units = i64::from(quantity.get());
            self.move_by(kind, location, (on_hand * units, reserved * units), why);
        }
    }

    fn move_by(
        &mut self,
        kind: MovementKind,
        location: &LocationId,
        (on_hand_delta, reserved_delta): (i64, i64),
        why: Why<'_>,
    ) {
        let at = self.at(location);
        at.on_hand = at.on_hand.saturating_add(on_hand_delta);
        at.reserved = at.reserved.saturating_add(reserved_delta);
        at.derive();
        let movement = Movement {
            kind,
            location: location.clone(),
            on_hand_delta,
            reserved_delta,
            on_hand: at.on_hand,
            reserved: at.reserved,
            reason: why.reason.map(str::to_owned),
            reference: why.reference.map(ToString::to_string),
            order_id: why.order_id,
            actor: self.event.record.actor().to_owned(),
            at: self.event.occurred_at(),
            position: self.event.position(),
        };
        self.buffer.clear();
        serde_json::to_writer(&mut *self.buffer, &movement)
            .expect("movements have text keys and no failing serializers");
        let sku = self.stock.sku.as_str().as_bytes();
        let position = self.event.position().to_be_bytes();
        self.tx.put(key(b'm', &[sku, &[0], &position, &[self.n]]), self.buffer.as_slice());
        self.n = self.n.saturating_add(1);
    }
}

fn order(order_id: OrderId) -> Why<'static> {
    Why { order_id: Some(order_id), ..Why::default() }
}
