//! How a checked-out cart becomes an order.

use super::{
    OrderEvent, OrderPlaced, OrderRejection, amounts::order_lines, order::Decision, placed_order::invalid,
};
use crate::{
    Money,
    cart::{CartCheckedOut, MAX_LINES, total},
};

/// The order that follows from a checkout, if its amounts and lines fit together.
pub(super) fn place(checkout: CartCheckedOut) -> Decision {
    let zero = Money::zero(checkout.currency);
    let sum = total(&checkout.lines, &checkout.charges, zero);
    if sum != Ok(checkout.total) || checkout.total.minor < 0 {
        return Err(OrderRejection::TotalDiffers { total: checkout.total });
    }
    if checkout.lines.is_empty() || checkout.lines.len() > MAX_LINES {
        return Err(invalid("/lines", format!("1 to {MAX_LINES} are allowed")));
    }
    if checkout.order_id != checkout.cart_id.order_id() {
        return Err(invalid("/order_id", "does not follow from the cart's".to_owned()));
    }
    if !checkout.lines.is_sorted_by(|a, b| a.line_id < b.line_id) {
        return Err(invalid("/lines", "their ids do not rise".to_owned()));
    }
    let lines = order_lines(checkout.lines, &checkout.charges, zero)
        .map_err(|_| OrderRejection::TotalDiffers { total: checkout.total })?;
    Ok(vec![OrderEvent::OrderPlaced(OrderPlaced {
        order_id: checkout.order_id,
        number: checkout.order_id.number(),
        cart_id: checkout.cart_id,
        payment_id: checkout.order_id.payment_id(),
        customer_id: checkout.customer_id,
        currency: checkout.currency,
        country: checkout.country,
        lines,
        charges: checkout.charges,
        total: checkout.total,
        payment_token: checkout.payment_token,
        reference: checkout.reference,
        personal: checkout.personal,
    })])
}
