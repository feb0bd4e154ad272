//! What each event changes of an order as shown: the order's own, and those of its payment.

use super::{FulfilmentState, OrderNeed, OrderState, OrderView, TimelineEntry, change};
use crate::payment;
use daybook_domain::{
    Event, Interests, OrderId, OrderNumber,
    order::{Order, OrderEvent, OrderPlaced},
    payment::Payment,
};
use daybook_event_log::Position;
use daybook_projections::{ApplyError, DecodedEvent, Flush, Projection};
use daybook_read_store::{Checkpoint, IdForm, IdPlace, RowKind, StoreError, Table, Tx, UserKey, key};

/// Rows: `o` order → [`OrderView`]; `n` number → order; `r` reference, 0, order → nothing; `c` customer, 0,
/// position from the end, order → nothing; `w` need, 0, when placed, order → nothing.
#[derive(Debug, Default)]
pub struct OrderProjection {
    orders: Table<OrderView>,
}

pub(crate) fn order_key(id: OrderId) -> UserKey {
    key(b'o', &[id.uuid().as_bytes()])
}

pub(super) fn number_key(number: &OrderNumber) -> UserKey {
    key(b'n', &[number.as_str().as_bytes()])
}

pub(super) fn reference_prefix(reference: &str) -> UserKey {
    key(b'r', &[reference.as_bytes(), &[0]])
}

pub(super) fn customer_prefix(customer: &str) -> UserKey {
    key(b'c', &[customer.as_bytes(), &[0]])
}

pub(super) fn need_prefix(need: OrderNeed) -> UserKey {
    key(b'w', &[need.name().as_bytes(), &[0]])
}

fn need_key(need: OrderNeed, order: &OrderView) -> UserKey {
    let placed = (order.placed_at.as_nanos().cast_unsigned() ^ (1 << 63)).to_be_bytes();
    key(b'w', &[need.name().as_bytes(), &[0], &placed, order.order_id.uuid().as_bytes()])
}

impl Projection for OrderProjection {
    const NAME: &'static str = "order";
    const VERSION: u32 = 4;
    const KINDS: &'static [RowKind] = &[
        RowKind::views(b'o', "orders", IdForm::Uuid),
        RowKind::leads(b'n', "orders_by_number", b'o', IdPlace::Value),
        RowKind::leads(b'r', "orders_by_reference", b'o', IdPlace::EndOfKey),
        RowKind::leads(b'c', "orders_by_customer", b'o', IdPlace::EndOfKey),
        RowKind::leads(b'w', "orders_by_need", b'o', IdPlace::EndOfKey),
    ];
    const INTERESTS: Interests = Interests::all_of::<Order>().and(Interests::all_of::<Payment>());

    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let order_id = match event.event {
            Event::Order(OrderEvent::OrderPlaced(placed)) => {
                self.place(placed, event, tx);
                return Ok(());
            }
            Event::Order(_) => event.record.aggregate_id().parse().map_err(|_| missing(event))?,
            Event::Payment(payment_event) => payment::ids(payment_event).1,
            _ => return Ok(()),
        };
        let order = self.orders.edit(&order_key(order_id), tx)?.ok_or_else(|| missing(event))?;
        match event.event {
            Event::Order(order_event) => {
                let needed = OrderNeed::ALL.map(|need| order.needs.contains(&need));
                change::change(order, order_event, event.occurred_at())?;
                order.fulfilment = FulfilmentState::of(&order.lines);
                order.derive_needs();
                for (need, was_needed) in OrderNeed::ALL.into_iter().zip(needed) {
                    match (was_needed, order.needs.contains(&need)) {
                        (false, true) => tx.put(need_key(need, order), []),
                        (true, false) => tx.remove(need_key(need, order)),
                        (true, true) | (false, false) => {}
                    }
                }
                order.version = event.version();
            }
            Event::Payment(payment_event) => order.payment.apply(payment_event)?,
            _ => {}
        }
        note(order, event);
        Ok(())
    }

    fn flush(&mut self, up_to: Checkpoint, _when: Flush, tx: &mut Tx<'_>) -> Result<Position, StoreError> {
        self.orders.flush(tx)?;
        Ok(up_to.position)
    }

    fn committed(&mut self) {
        self.orders.settle();
    }

    fn discard(&mut self) {
        self.orders.discard();
    }
}

fn missing(event: &DecodedEvent<'_>) -> ApplyError {
    ApplyError::missing("order", format_args!("for {}", event.record.stream()))
}

impl OrderProjection {
    fn place(&mut self, placed: &OrderPlaced, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) {
        let id = placed.order_id;
        tx.put(number_key(&placed.number), id.uuid().as_bytes());
        if let Some(reference) = &placed.reference {
            tx.put(key(b'r', &[reference.as_bytes(), &[0], id.uuid().as_bytes()]), []);
        }
        if let Some(customer) = &placed.customer_id {
            let (id, newest_first) = (id.uuid(), u64::MAX - event.position());
            let parts = [customer.as_str().as_bytes(), &[0], &newest_first.to_be_bytes(), id.as_bytes()];
            tx.put(key(b'c', &parts), []);
        }
        let mut order = OrderView {
            order_id: id,
            number: placed.number.clone(),
            reference: placed.reference.clone(),
            cart_id: placed.cart_id,
            payment_id: placed.payment_id,
            customer_id: placed.customer_id.clone(),
            currency: placed.currency,
            country: placed.country,
            state: OrderState::Placed,
            rejected_because: None,
            cancelled_because: None,
            fulfilment: FulfilmentState::Unfulfilled,
            payment: payment::PaymentSummary::default(),
            lines: placed.lines.iter().map(change::line).collect(),
            charges: placed.charges.clone(),
            total: placed.total,
            allocations: Vec::new(),
            shortages: Vec::new(),
            needs: Vec::new(),
            shipments: Vec::new(),
            cancellations: Vec::new(),
            returns: Vec::new(),
            credits: Vec::new(),
            contact: placed.personal.clone(),
            timeline: Vec::with_capacity(16),
            placed_at: event.occurred_at(),
            updated_at: event.occurred_at(),
            version: event.version(),
            position: event.position(),
        };
        note(&mut order, event);
        self.orders.put_new(order_key(id), order);
    }
}

/// Writes the event into the timeline. Events that waited as dead letters come late, so their place is sought.
fn note(order: &mut OrderView, event: &DecodedEvent<'_>) {
    let entry = TimelineEntry {
        event: event.record.event_type().to_owned(),
        occurred_at: event.occurred_at(),
        recorded_at: event.recorded_at(),
        actor: event.record.actor().to_owned(),
        position: event.position(),
    };
    let at = order.timeline.partition_point(|earlier| earlier.position < entry.position);
    order.timeline.insert(at, entry);
    order.updated_at = order.updated_at.max(event.occurred_at());
    order.position = order.position.max(event.position());
}
