//! An active cart: whose it is, what is in it, and how it ends. Its lines are in `lines.rs`.
//!
//! Everything that blocks a checkout is found at once, not one by one. Stock is not looked at here: it is
//! reserved when the order is placed.

use super::{
    AbandonCart, AbandonReason, AddLines, AssignCustomer, CartAbandoned, CartAssigned, CartCheckedOut,
    CartContactSet, CartCreated, CartEvent, CartLines, CartMerged, CartRejection, ChangeLineQuantity,
    CheckOutCart, CheckoutBlocker, CreateCart, MergeCart, RemoveLine, RepriceCart, SetContact,
    cart::Decision,
    limits::{CHANGES, CHARGES, TOKEN_CHARS, check_personal, check_size, check_text, invalid},
};
use crate::{
    CartId, CountryCode, Currency, CustomerId, Money, Personal,
    card_number::looks_like_card_number,
    order::{Charge, ChargeKind},
    text::objection,
};
use serde::{Deserialize, Serialize};

/// What an active cart knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveCart {
    cart_id: CartId,
    currency: Currency,
    country: Option<CountryCode>,
    customer_id: Option<CustomerId>,
    #[serde(flatten)]
    lines: CartLines,
    personal: Personal,
    /// How many events there were.
    version: u64,
}

impl ActiveCart {
    pub(super) fn new(created: &CartCreated) -> Self {
        Self {
            cart_id: created.cart_id,
            currency: created.currency,
            country: created.country,
            customer_id: created.customer_id.clone(),
            lines: CartLines::default(),
            personal: Personal::default(),
            version: 1,
        }
    }

    /// Applies what changes an active cart without ending it.
    pub(super) fn evolve(&mut self, event: &CartEvent) {
        self.version = self.version.saturating_add(1);
        match event {
            CartEvent::CartAssigned(assigned) => self.customer_id = Some(assigned.customer_id.clone()),
            CartEvent::CartContactSet(contact) => {
                self.country = contact.country;
                self.personal.clone_from(&contact.personal);
            }
            CartEvent::CartLinesAdded(added) => self.lines.add(added),
            CartEvent::CartLineQuantityChanged(changed) => self.lines.set_quantity(changed),
            CartEvent::CartLineRemoved(removed) => self.lines.remove(removed.line_id),
            CartEvent::CartRepriced(repriced) => self.lines.set_prices(repriced),
            CartEvent::CartCreated(_)
            | CartEvent::CartCheckedOut(_)
            | CartEvent::CartOrdered(_)
            | CartEvent::CartMerged(_)
            | CartEvent::CartAbandoned(_) => {}
        }
    }

    /// Refuses one change more than a cart takes. How it ends is no change: it can be checked out, merged and abandoned.
    pub(super) fn within_bound(&self, decision: Decision) -> Decision {
        match decision {
            Ok(events) if !events.is_empty() && self.version >= CHANGES => {
                Err(CartRejection::TooManyChanges { changes: self.version, allowed: CHANGES })
            }
            decision => decision,
        }
    }

    /// Begins a cart, with lines if there are any already.
    pub(super) fn create(create: CreateCart) -> Decision {
        let CreateCart { cart_id, currency, country, customer_id, lines } = create;
        let created = CartCreated { cart_id, currency, country, customer_id };
        let cart = Self::new(&created);
        let mut events = Vec::with_capacity(2);
        events.push(CartEvent::CartCreated(created));
        if !lines.is_empty() {
            events.extend(cart.add_lines(AddLines { lines })?);
        }
        Ok(events)
    }

    pub(super) fn add_lines(&self, add: AddLines) -> Decision {
        self.lines.decide_add(add, self.currency)
    }

    pub(super) fn change_quantity(&self, change: &ChangeLineQuantity) -> Decision {
        self.lines.decide_quantity(change)
    }

    pub(super) fn remove_line(&self, remove: &RemoveLine) -> Decision {
        self.lines.decide_remove(remove)
    }

    pub(super) fn reprice(&self, reprice: &RepriceCart) -> Decision {
        self.lines.decide_reprice(reprice, self.currency)
    }

    pub(super) fn assign(&self, assign: AssignCustomer) -> Decision {
        match &self.customer_id {
            None => Ok(vec![CartEvent::CartAssigned(CartAssigned { customer_id: assign.customer_id })]),
            Some(customer) if *customer == assign.customer_id => Ok(Vec::new()),
            Some(customer) => Err(CartRejection::CartHasCustomer { customer_id: customer.clone() }),
        }
    }

    pub(super) fn set_contact(&self, contact: SetContact) -> Decision {
        check_personal(&contact.personal)?;
        let SetContact { country, personal } = contact;
        // Not saying where the goods go does not unsay it.
        let country = country.or(self.country);
        if country == self.country && personal == self.personal {
            return Ok(Vec::new());
        }
        Ok(vec![CartEvent::CartContactSet(CartContactSet { country, personal })])
    }

    /// Only a guest's cart: what a customer has put together is not moved to somebody else's.
    pub(super) fn merge(&self, merge: &MergeCart) -> Decision {
        if merge.into == self.cart_id {
            return Err(CartRejection::MergeIntoItself {});
        }
        if let Some(customer_id) = &self.customer_id {
            return Err(CartRejection::CartHasCustomer { customer_id: customer_id.clone() });
        }
        let merged = CartMerged { cart_id: self.cart_id, into: merge.into, lines: self.lines.to_vec() };
        Ok(vec![CartEvent::CartMerged(merged)])
    }

    pub(super) fn abandon(&self, abandon: &AbandonCart) -> Decision {
        if abandon.reason == AbandonReason::OrderRejected {
            return Err(invalid("/reason", "the cart has no order that could be rejected"));
        }
        if let Some(unchanged_since) = abandon.unchanged_since
            && unchanged_since != self.version
        {
            return Err(CartRejection::CartHasChanged { version: self.version, unchanged_since });
        }
        Ok(vec![CartEvent::CartAbandoned(CartAbandoned { reason: abandon.reason })])
    }

    pub(super) fn check_out(&self, checkout: CheckOutCart) -> Decision {
        self.check_texts(&checkout)?;
        let CheckOutCart { payment_token, offers, charges, reference, personal } = checkout;
        let total = self
            .lines
            .total_with(&charges, Money::zero(self.currency))
            .map_err(|_| CartRejection::TotalTooLarge {})?;
        let mut blockers = Vec::new();
        if self.lines.is_empty() {
            blockers.push(CheckoutBlocker::NoLines);
        }
        if let Some(offers) = &offers {
            blockers.extend(self.lines.differences_to(offers));
        }
        if total.minor < 0 {
            blockers.push(CheckoutBlocker::NegativeTotal { total });
        }
        if !blockers.is_empty() {
            return Err(CartRejection::CheckoutBlocked { blockers });
        }
        if total.minor > 0 && payment_token.is_empty() {
            return Err(invalid("/payment_token", "must not be empty unless there is nothing to pay"));
        }
        let checked_out = CartCheckedOut {
            cart_id: self.cart_id,
            order_id: self.cart_id.order_id(),
            currency: self.currency,
            country: self.country,
            customer_id: self.customer_id.clone(),
            lines: self.lines.to_vec(),
            charges,
            total,
            payment_token,
            reference,
            personal: personal.unwrap_or_else(|| self.personal.clone()),
        };
        check_size(&checked_out)?;
        Ok(vec![CartEvent::CartCheckedOut(checked_out)])
    }

    fn check_texts(&self, checkout: &CheckOutCart) -> Result<(), CartRejection> {
        if looks_like_card_number(&checkout.payment_token) {
            return Err(CartRejection::CardNumberRefused {});
        }
        if let Some(detail) = objection(&checkout.payment_token, 0, TOKEN_CHARS) {
            return Err(invalid("/payment_token", detail));
        }
        if let Some(reference) = &checkout.reference {
            check_text("/reference", reference)?;
        }
        if let Some(personal) = &checkout.personal {
            check_personal(personal)?;
        }
        if checkout.charges.len() > CHARGES {
            return Err(invalid("/charges", format!("more than {CHARGES}")));
        }
        for (at, charge) in checkout.charges.iter().enumerate() {
            self.check_charge(&format!("/charges/{at}"), charge)?;
        }
        Ok(())
    }

    fn check_charge(&self, field: &str, charge: &Charge) -> Result<(), CartRejection> {
        let Charge { kind, label, amount } = charge;
        check_text(&format!("{field}/label"), label)?;
        if amount.currency != self.currency {
            let detail = format!("is in {}, the cart in {}", amount.currency, self.currency);
            return Err(invalid(&format!("{field}/amount"), detail));
        }
        let objection = match kind {
            ChargeKind::Discount if amount.minor > 0 => "a discount must not be positive",
            ChargeKind::Shipping if amount.minor < 0 => "shipping must not be negative",
            ChargeKind::Discount | ChargeKind::Shipping | ChargeKind::Manual => return Ok(()),
        };
        Err(invalid(&format!("{field}/amount"), objection))
    }
}
