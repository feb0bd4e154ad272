//! What each event changes of a cart as shown.

use super::{CartLineView, CartState, CartView};
use ahash::AHashMap;
use daybook_domain::{
    CartId, Event, Interests, LineId, Money, MoneyError, Personal,
    cart::{Cart, CartCreated, CartEvent, CartLine},
};
use daybook_event_log::Position;
use daybook_projections::{ApplyError, DecodedEvent, Flush, Projection};
use daybook_read_store::{Checkpoint, IdForm, IdPlace, RowKind, StoreError, Table, Tx, UserKey, key};

/// Rows: `c` cart → [`CartView`]; `a` time of last change, cart → nothing, for active carts.
#[derive(Debug, Default)]
pub struct CartProjection {
    carts: Table<CartView>,
    /// Carts touched in this batch, with the entry that the store has among the active ones.
    touched: AHashMap<CartId, Option<UserKey>>,
}

pub(crate) fn cart_key(id: CartId) -> UserKey {
    key(b'c', &[id.uuid().as_bytes()])
}

fn active_key(cart: &CartView) -> Option<UserKey> {
    (cart.state == CartState::Active)
        .then(|| key(b'a', &[&cart.updated_at.as_nanos().to_be_bytes(), cart.cart_id.uuid().as_bytes()]))
}

impl Projection for CartProjection {
    const NAME: &'static str = "cart";
    const VERSION: u32 = 2;
    const KINDS: &'static [RowKind] = &[
        RowKind::views(b'c', "carts", IdForm::Uuid),
        RowKind::leads(b'a', "active_carts", b'c', IdPlace::EndOfKey),
    ];
    const INTERESTS: Interests = Interests::all_of::<Cart>();

    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let Event::Cart(cart_event) = event.event else { return Ok(()) };
        if let CartEvent::CartCreated(created) = cart_event {
            self.touched.insert(created.cart_id, None);
            self.carts.put_new(cart_key(created.cart_id), begin(created, event));
            return Ok(());
        }
        let id: CartId = event.record.aggregate_id().parse().map_err(|_| missing(event))?;
        let cart = self.carts.edit(&cart_key(id), tx)?.ok_or_else(|| missing(event))?;
        self.touched.entry(id).or_insert_with(|| active_key(cart));
        change(cart, cart_event)?;
        cart.updated_at = event.occurred_at();
        cart.version = event.version();
        cart.position = cart.position.max(event.position());
        Ok(())
    }

    fn flush(&mut self, up_to: Checkpoint, _when: Flush, tx: &mut Tx<'_>) -> Result<Position, StoreError> {
        for (id, before) in self.touched.drain() {
            let now = self.carts.get(&cart_key(id), tx)?.and_then(active_key);
            if now != before {
                before.into_iter().for_each(|entry| tx.remove(entry));
                now.into_iter().for_each(|entry| tx.put(entry, []));
            }
        }
        self.carts.flush(tx)?;
        Ok(up_to.position)
    }

    fn committed(&mut self) {
        self.carts.settle();
    }

    fn discard(&mut self) {
        self.carts.discard();
        self.touched.clear();
    }
}

fn missing(event: &DecodedEvent<'_>) -> ApplyError {
    ApplyError::missing("cart", event.record.aggregate_id())
}

fn begin(created: &CartCreated, event: &DecodedEvent<'_>) -> CartView {
    CartView {
        cart_id: created.cart_id,
        state: CartState::Active,
        currency: created.currency,
        country: created.country,
        customer_id: created.customer_id.clone(),
        lines: Vec::new(),
        charges: Vec::new(),
        total: Money::zero(created.currency),
        contact: Personal::default(),
        reference: None,
        order_id: None,
        merged_into: None,
        abandoned_because: None,
        created_at: event.occurred_at(),
        updated_at: event.occurred_at(),
        version: event.version(),
        position: event.position(),
    }
}

fn change(cart: &mut CartView, event: &CartEvent) -> Result<(), ApplyError> {
    match event {
        CartEvent::CartCreated(_) => {}
        CartEvent::CartLinesAdded(added) => {
            for line in &added.lines {
                put_line(cart, line)?;
            }
            retotal(cart)?;
        }
        CartEvent::CartLineQuantityChanged(changed) => {
            let line = line(cart, changed.line_id)?;
            line.quantity = changed.quantity;
            line.line_total = line.unit_price.times(changed.quantity.get())?;
            retotal(cart)?;
        }
        CartEvent::CartLineRemoved(removed) => {
            cart.lines.retain(|line| line.line_id != removed.line_id);
            retotal(cart)?;
        }
        CartEvent::CartAssigned(assigned) => cart.customer_id = Some(assigned.customer_id.clone()),
        CartEvent::CartContactSet(contact) => {
            cart.country = contact.country.or(cart.country);
            cart.contact = contact.personal.clone();
        }
        CartEvent::CartRepriced(repriced) => {
            for new in &repriced.lines {
                let line = line(cart, new.line_id)?;
                line.unit_price = new.unit_price;
                line.line_total = new.unit_price.times(line.quantity.get())?;
            }
            retotal(cart)?;
        }
        CartEvent::CartCheckedOut(out) => {
            cart.state = CartState::CheckingOut;
            cart.order_id = Some(out.order_id);
            cart.country = out.country;
            cart.charges = out.charges.clone();
            cart.total = out.total;
            cart.reference = out.reference.clone();
            cart.contact = out.personal.clone();
        }
        CartEvent::CartOrdered(ordered) => {
            cart.state = CartState::Ordered;
            cart.order_id = Some(ordered.order_id);
        }
        CartEvent::CartMerged(merged) => {
            cart.state = CartState::Merged;
            cart.merged_into = Some(merged.into);
        }
        CartEvent::CartAbandoned(abandoned) => {
            cart.state = CartState::Abandoned;
            cart.abandoned_because = Some(abandoned.reason);
        }
    }
    Ok(())
}

/// Adds a line; an id that is there already means that the line now reads so.
fn put_line(cart: &mut CartView, line: &CartLine) -> Result<(), MoneyError> {
    let view = CartLineView::new(line)?;
    // Ids only grow, so a new line is nearly always beyond the last.
    match cart.lines.binary_search_by_key(&line.line_id, |line| line.line_id) {
        Ok(at) => cart.lines[at] = view,
        Err(at) => cart.lines.insert(at, view),
    }
    Ok(())
}

fn line(cart: &mut CartView, id: LineId) -> Result<&mut CartLineView, ApplyError> {
    let at = cart.lines.binary_search_by_key(&id, |line| line.line_id);
    let at = at.map_err(|_| ApplyError::missing("line", format_args!("{id} in cart {}", cart.cart_id)))?;
    Ok(&mut cart.lines[at])
}

fn retotal(cart: &mut CartView) -> Result<(), MoneyError> {
    let lines = cart.lines.iter().map(|line| line.line_total);
    let charges = cart.charges.iter().map(|charge| charge.amount);
    cart.total = lines.chain(charges).try_fold(Money::zero(cart.currency), Money::plus)?;
    Ok(())
}
