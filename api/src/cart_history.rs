//! What commands need to know of a cart, read from the log itself, so that it is never behind.

use crate::{app::Shop, problem::Problem};
use ahash::AHashMap;
use daybook_domain::{
    Actor, CartId, Context, CountryCode, Currency, CustomerId, Decider as _, Event, Rejection,
    cart::{AddLines, Cart, CartCommand, CartEvent, CartLine, CartRejection, CurrentOffer, NewLine},
};
use daybook_engine::{Clock, SystemClock};
use parking_lot::Mutex;

/// Currencies remembered per generation; there are two generations.
const REMEMBERED: usize = 50_000;

/// A cart's currency never changes, so it is remembered: the newest carts by two generations of a map.
#[derive(Default)]
pub(crate) struct Currencies(Mutex<[AHashMap<CartId, Currency>; 2]>);

impl Currencies {
    fn get(&self, id: CartId) -> Option<Currency> {
        let maps = self.0.lock();
        maps.iter().find_map(|map| map.get(&id).copied())
    }

    fn insert(&self, id: CartId, currency: Currency) {
        let mut maps = self.0.lock();
        if maps[0].len() >= REMEMBERED {
            maps.swap(0, 1);
            maps[0].clear();
        }
        maps[0].insert(id, currency);
    }
}

/// A cart as its events tell it, whatever became of it.
pub(crate) struct CartHistory {
    pub currency: Currency,
    pub country: Option<CountryCode>,
    pub customer_id: Option<CustomerId>,
    pub lines: Vec<CartLine>,
}

impl Shop {
    /// Notes the currency of a cart that is about to be made. (If it is not made, no command can use it.)
    pub(crate) fn remember_currency(&self, id: CartId, currency: Currency) {
        self.currencies.insert(id, currency);
    }

    pub(crate) async fn cart_currency(&self, id: CartId) -> Result<Currency, Problem> {
        if let Some(currency) = self.currencies.get(id) {
            return Ok(currency);
        }
        let currency = self.cart_history(id).await?.currency;
        self.currencies.insert(id, currency);
        Ok(currency)
    }

    /// The cart; a problem where there is none.
    pub(crate) async fn cart_history(&self, id: CartId) -> Result<CartHistory, Problem> {
        let mut cart: Option<CartHistory> = None;
        for event in self.history("cart", id).await? {
            let Event::Cart(event) = event else { continue };
            match (&mut cart, event) {
                (cart @ None, CartEvent::CartCreated(created)) => {
                    *cart = Some(CartHistory {
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
        cart.ok_or_else(|| Rejection::Cart(CartRejection::CartNotFound {}).into())
    }

    /// Whether `into` would take the lines of `from`, so that a merge does not end a cart whose lines have nowhere to
    /// go. (Should `into` be over a moment later, the lines stay readable in the merged cart and can be copied.)
    pub(crate) async fn can_take(&self, into: CartId, from: CartId) -> Result<(), Problem> {
        let lines: Vec<NewLine> =
            self.cart_history(from).await?.lines.into_iter().map(NewLine::from).collect();
        let mut cart = Cart::default();
        for event in self.history("cart", into).await? {
            if let Event::Cart(event) = event {
                cart.evolve(&event);
            }
        }
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

    /// What the catalog says now of every SKU in the cart.
    pub(crate) async fn offers_for_cart(&self, id: CartId) -> Result<Vec<CurrentOffer>, Problem> {
        let cart = self.cart_history(id).await?;
        let mut offers = Vec::with_capacity(cart.lines.len());
        for line in cart.lines {
            let offer = self.offers.find(&line.sku).await?;
            let unit_price = offer.and_then(|offer| offer.price(cart.currency));
            offers.push(CurrentOffer { sku: line.sku, unit_price });
        }
        Ok(offers)
    }
}

impl CartHistory {
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
