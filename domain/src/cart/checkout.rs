//! From a cart to an order: everything that blocks the checkout is found at once, not one by one.

use super::{
    CartCheckedOut, CartEvent, CartLine, CartRejection, CheckOutCart, CheckoutBlocker, CurrentOffer,
    PriceChange,
    decide::Decision,
    limits::{CHARGES, check_personal, check_text, invalid},
    lines::offers_by_sku,
    state::Basket,
};
use crate::{
    Money, MoneyError,
    order::{Charge, ChargeKind},
    text::{looks_like_card_number, objection},
};

const TOKEN_CHARS: usize = 500;

impl Basket {
    pub(super) fn check_out(&self, checkout: CheckOutCart) -> Decision {
        self.check_texts(&checkout)?;
        let CheckOutCart { payment_token, offers, charges, reference, personal } = checkout;
        let total = total(&self.lines, &charges, Money::zero(self.currency))
            .map_err(|_| CartRejection::TotalTooLarge {})?;
        let mut blockers = Vec::new();
        if self.lines.is_empty() {
            blockers.push(CheckoutBlocker::NoLines);
        }
        if let Some(offers) = &offers {
            self.compare(offers, &mut blockers);
        }
        if total.minor < 0 {
            blockers.push(CheckoutBlocker::NegativeTotal { total });
        }
        if !blockers.is_empty() {
            return Err(CartRejection::CheckoutBlocked { blockers });
        }
        if total.minor > 0 && payment_token.is_empty() {
            return Err(invalid("payment_token", "must not be empty unless there is nothing to pay"));
        }
        Ok(vec![CartEvent::CartCheckedOut(CartCheckedOut {
            cart_id: self.cart_id,
            order_id: self.cart_id.order_id(),
            currency: self.currency,
            country: self.country,
            customer_id: self.customer_id.clone(),
            lines: self.lines.clone(),
            charges,
            total,
            payment_token,
            reference,
            personal: personal.unwrap_or_else(|| self.personal.clone()),
        })])
    }

    /// What the customer sees in the cart against what the catalog says now.
    fn compare(&self, offers: &[CurrentOffer], blockers: &mut Vec<CheckoutBlocker>) {
        let offers = offers_by_sku(offers);
        for CartLine { line_id, sku, unit_price, .. } in &self.lines {
            match offers.get(sku).and_then(|offer| offer.unit_price) {
                Some(now) if now == *unit_price => {}
                Some(now) => {
                    let (line_id, sku, in_cart) = (*line_id, sku.clone(), *unit_price);
                    let change = PriceChange { line_id, sku, in_cart, now: Some(now) };
                    blockers.push(CheckoutBlocker::PriceChanged { change });
                }
                None => {
                    blockers.push(CheckoutBlocker::NotForSale { line_id: *line_id, sku: sku.clone() });
                }
            }
        }
    }

    fn check_texts(&self, checkout: &CheckOutCart) -> Result<(), CartRejection> {
        if looks_like_card_number(&checkout.payment_token) {
            return Err(CartRejection::CardNumberRefused {});
        }
        if let Some(detail) = objection(&checkout.payment_token, 0, TOKEN_CHARS) {
            return Err(invalid("payment_token", detail));
        }
        if let Some(reference) = &checkout.reference {
            check_text("reference", reference)?;
        }
        if let Some(personal) = &checkout.personal {
            check_personal(personal)?;
        }
        if checkout.charges.len() > CHARGES {
            return Err(invalid("charges", format!("more than {CHARGES}")));
        }
        for (at, charge) in checkout.charges.iter().enumerate() {
            self.check_charge(&format!("charges[{at}]"), charge)?;
        }
        Ok(())
    }

    fn check_charge(&self, field: &str, charge: &Charge) -> Result<(), CartRejection> {
        let Charge { kind, label, amount } = charge;
        check_text(&format!("{field}.label"), label)?;
        if amount.currency != self.currency {
            let detail = format!("is in {}, the cart in {}", amount.currency, self.currency);
            return Err(invalid(&format!("{field}.amount"), detail));
        }
        let objection = match kind {
            ChargeKind::Discount if amount.minor > 0 => "a discount must not be positive",
            ChargeKind::Shipping if amount.minor < 0 => "shipping must not be negative",
            ChargeKind::Discount | ChargeKind::Shipping | ChargeKind::Manual => return Ok(()),
        };
        Err(invalid(&format!("{field}.amount"), objection))
    }
}

/// Lines and charges together.
pub(crate) fn total(lines: &[CartLine], charges: &[Charge], zero: Money) -> Result<Money, MoneyError> {
    let goods = lines.iter().try_fold(zero, |sum, line| {
        line.unit_price.times(line.quantity.get()).and_then(|amount| sum.plus(amount))
    })?;
    charges.iter().try_fold(goods, |sum, charge| sum.plus(charge.amount))
}
