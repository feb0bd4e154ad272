//! A cart read from the log itself: its articles, currency and destination, in whatever state it is.

use crate::{history::Histories, problem::Problem};
use daybook_domain::{
    Actor, CartId, Context, CountryCode, Currency, CustomerId, Decider as _, Event, Rejection,
    cart::{AddLines, Cart, CartCommand, CartEvent, CartLine, CartRejection, NewLine},
};
use daybook_engine::{Clock, SystemClock};

/// A cart made of its events, in whatever state it is.
pub(crate) struct CartHistory {
    pub currency: Currency,
    pub country: Option<CountryCode>,
    pub customer_id: Option<CustomerId>,
    pub lines: Vec<CartLine>,
}

impl CartHistory {
    /// The cart; a problem where there is none.
    pub(crate) async fn read(histories: &Histories, id: CartId) -> Result<Self, Problem> {
        let cart = histories.of("cart", id, Self::of).await?;
        cart.ok_or_else(|| Rejection::Cart(CartRejection::CartNotFound {}).into())
    }

    fn of(events: Vec<Event>) -> Option<Self> {
        let mut cart: Option<Self> = None;
        for event in events {
            let Event::Cart(event) = event else { continue };
            match (&mut cart, event) {
                (cart @ None, CartEvent::CartCreated(created)) => {
                    *cart = Some(Self {
                        currency: created.currency,
                        country: created.country,
                        customer_id: created.customer_id,
                        lines: Vec::new(),
                    });
                }
                (Some(cart), event) => cart.evolve(event),
                (None, _) => {}
            }
        }
        cart
    }

    fn evolve(&mut self, event: CartEvent) {
        match event {
            CartEvent::CartLinesAdded(added) => self.lines.extend(added.lines),
            CartEvent::CartLineQuantityChanged(changed) => {
                if let Some(line) = self.lines.iter_mut().find(|line| line.line_id == changed.line_id) {
                    line.quantity = changed.quantity;
                }
            }
            CartEvent::CartLineRemoved(removed) => self.lines.retain(|line| line.line_id != removed.line_id),
            CartEvent::CartRepriced(repriced) => {
                for reprice in repriced.lines {
                    if let Some(line) = self.lines.iter_mut().find(|line| line.line_id == reprice.line_id) {
                        line.unit_price = reprice.unit_price;
                    }
                }
            }
            CartEvent::CartAssigned(assigned) => self.customer_id = Some(assigned.customer_id),
            CartEvent::CartContactSet(contact) => self.country = contact.country,
            CartEvent::CartCreated(_)
            | CartEvent::CartCheckedOut(_)
            | CartEvent::CartOrdered(_)
            | CartEvent::CartMerged(_)
            | CartEvent::CartAbandoned(_) => {}
        }
    }
}

/// Whether the cart `into` would take the lines of `from`, so that a merge does not end a cart whose lines have nowhere
/// to go. (Should `into` be over a moment later, the lines stay readable in the merged cart and can be copied.)
pub(crate) async fn can_take(histories: &Histories, into: CartId, from: CartId) -> Result<(), Problem> {
    let lines: Vec<NewLine> =
        CartHistory::read(histories, from).await?.lines.into_iter().map(NewLine::from).collect();
    let fold = |events: Vec<Event>| {
        let mut cart = Cart::default();
        for event in events {
            if let Event::Cart(event) = event {
                cart.evolve(&event);
            }
        }
        cart
    };
    let cart = histories.of("cart", into, fold).await?;
    let add = match (&cart, lines.is_empty()) {
        // Nothing has to go anywhere, but where it should go has to be there and open.
        (Cart::Active(_), true) => return Ok(()),
        _ => CartCommand::AddLines(AddLines { lines }),
    };
    let context = Context { now: SystemClock.now(), actor: Actor::Anonymous };
    match cart.decide(add, &context) {
        Ok(_) => Ok(()),
        Err(refusal) => Err(Problem::from(Rejection::Cart(refusal)).with("into", into.to_string())),
    }
}
