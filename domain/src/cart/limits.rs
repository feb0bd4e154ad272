//! What a cart may hold, and which texts it refuses.

use super::{CartCheckedOut, CartRejection};
use crate::{Address, Personal, card_number::looks_like_card_number, text::objection};

/// Enough for the largest orders of a wholesaler, and still one decision.
pub const LINES: usize = 2_500;
/// How many events a cart may have: whoever changes one this often is a program that errs, and every command that looks at
/// all of a cart reads all of them.
pub(super) const CHANGES: u64 = 10_000;
pub const CHARGES: usize = 100;
pub(super) const TITLE_CHARS: usize = 500;
pub const TEXT_CHARS: usize = 200;
/// Of a payment gateway's token.
pub const TOKEN_CHARS: usize = 500;
/// Of an address.
pub const ADDRESS_LINES: usize = 5;

/// The longest event of a checkout, in bytes of JSON. The order's first event says the same with a little more for each
/// line and each charge, and the log takes no event of more than 4 MiB: an order that cannot be written down would be
/// lost after the customer was told that the cart is checked out.
pub(super) const CHECKOUT_BYTES: usize = 7 << 19;
/// More than a line takes in JSON beside its title.
const LINE_BYTES: usize = 600;
/// More than a checkout takes beside its lines: a hundred charges and all personal data.
const OTHER_BYTES: usize = 300 << 10;

/// Refuses a checkout whose order could not be written down.
pub(super) fn check_size(checkout: &CartCheckedOut) -> Result<(), CartRejection> {
    // In JSON a character takes at most twice the bytes it has, so most carts need no more than this sum.
    let titles: usize = checkout.lines.iter().map(|line| line.title.len()).sum();
    if 2 * titles + LINE_BYTES * checkout.lines.len() + OTHER_BYTES <= CHECKOUT_BYTES {
        return Ok(());
    }
    let bytes = serde_json::to_vec(checkout).map_or(usize::MAX, |json| json.len());
    if bytes <= CHECKOUT_BYTES {
        return Ok(());
    }
    let detail = format!(
        "take {bytes} bytes as an order, {CHECKOUT_BYTES} are allowed; shorten titles or split the cart"
    );
    Err(invalid("/lines", detail))
}

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
    for (field, text) in [("/personal/name", name), ("/personal/email", email)] {
        if let Some(text) = text {
            check_text(field, text)?;
        }
    }
    if let Some(detail) = phone.as_ref().and_then(|phone| objection(phone, 1, TEXT_CHARS)) {
        return Err(invalid("/personal/phone", detail));
    }
    for (field, address) in
        [("/personal/shipping_address", shipping_address), ("/personal/billing_address", billing_address)]
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
