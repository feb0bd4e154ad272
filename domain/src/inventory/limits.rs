//! Bounds of what is recorded of stock.

use super::InventoryRejection;
use crate::{card_number::looks_like_card_number, text::objection};

pub const TEXT_CHARS: usize = 500;
/// More locations than any retailer has; keeps choosing between them quick.
pub(super) const LOCATIONS: usize = 5_000;
/// Far from overflow, far beyond any warehouse.
const ON_HAND: i64 = 1_000_000_000_000;

pub(super) fn check_on_hand(on_hand: i64) -> Result<i64, InventoryRejection> {
    if on_hand.abs() <= ON_HAND {
        Ok(on_hand)
    } else {
        Err(invalid("/quantity", format!("more than {ON_HAND} units would be at the location")))
    }
}

pub(super) fn check_text(field: &str, text: &str) -> Result<(), InventoryRejection> {
    if let Some(detail) = objection(text, 1, TEXT_CHARS) {
        return Err(invalid(field, detail));
    }
    if looks_like_card_number(text) {
        return Err(invalid(field, "looks like a payment card's number".to_owned()));
    }
    Ok(())
}

pub(super) fn invalid(field: &str, detail: String) -> InventoryRejection {
    InventoryRejection::InvalidMovement { field: field.to_owned(), detail }
}
