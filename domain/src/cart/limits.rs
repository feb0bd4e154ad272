//! What a cart may hold, and which texts it refuses.

use super::CartRejection;
use crate::{
    Address, Personal,
    text::{looks_like_card_number, objection},
};

/// Enough for the largest orders of a wholesaler, and still one decision.
pub const LINES: usize = 2_500;
pub(super) const CHARGES: usize = 100;
pub(super) const TITLE_CHARS: usize = 500;
const TEXT_CHARS: usize = 200;
const ADDRESS_LINES: usize = 5;

pub(super) fn invalid(field: &str, detail: impl Into<String>) -> CartRejection {
    CartRejection::InvalidCart { field: field.to_owned(), detail: detail.into() }
}

pub(super) fn check_text(field: &str, text: &str) -> Result<(), CartRejection> {
    if let Some(detail) = objection(text, 1, TEXT_CHARS) {
        return Err(invalid(field, detail));
    }
    if looks_like_card_number(text) {
        return Err(invalid(field, "looks like a payment card's number, which must never be written down"));
    }
    Ok(())
}

/// A telephone number may have as many digits as a card's; everything else is checked for one.
pub(super) fn check_personal(personal: &Personal) -> Result<(), CartRejection> {
    let Personal { name, email, phone, shipping_address, billing_address } = personal;
    for (field, text) in [("personal.name", name), ("personal.email", email)] {
        if let Some(text) = text {
            check_text(field, text)?;
        }
    }
    if let Some(detail) = phone.as_ref().and_then(|phone| objection(phone, 1, TEXT_CHARS)) {
        return Err(invalid("personal.phone", detail));
    }
    for (field, address) in
        [("personal.shipping_address", shipping_address), ("personal.billing_address", billing_address)]
    {
        if let Some(address) = address {
            check_address(field, address)?;
        }
    }
    Ok(())
}

fn check_address(field: &str, address: &Address) -> Result<(), CartRejection> {
    let Address { lines, city, region, postal_code, country: _ } = address;
    if !(1..=ADDRESS_LINES).contains(&lines.len()) {
        return Err(invalid(field, format!("{} lines given, 1 to {ADDRESS_LINES} are allowed", lines.len())));
    }
    let optional = [region.as_deref(), postal_code.as_deref()];
    let texts = lines.iter().map(String::as_str).chain([city.as_str()]).chain(optional.into_iter().flatten());
    for text in texts {
        check_text(field, text)?;
    }
    Ok(())
}
