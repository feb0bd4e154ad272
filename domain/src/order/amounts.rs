//! What the lines of a new order come to, and what is to be paid beside them.
//!
//! Discounts are spread over the lines by largest remainder, so that a line that comes back is refunded at
//! what was paid for it. What discounts exceed the goods by is taken off carriage and other charges.

use super::{Charge, OrderLine, OrderPlaced};
use crate::{Money, MoneyError, cart::CartLine};

/// The lines of an order with their share of all negative charges.
pub(super) fn order_lines(
    lines: Vec<CartLine>,
    charges: &[Charge],
    zero: Money,
) -> Result<Vec<OrderLine>, MoneyError> {
    let mut gross = Vec::with_capacity(lines.len());
    let mut goods = zero;
    for line in &lines {
        let amount = line.unit_price.times(line.quantity.get())?;
        goods = goods.plus(amount)?;
        gross.push(amount);
    }
    let mut deductions = charges.iter().filter(|charge| charge.amount.minor < 0);
    let deducted = deductions.try_fold(zero, |sum, charge| sum.plus(charge.amount))?;
    let deducted = Money::new(deducted.minor.max(goods.minor.saturating_neg()), zero.currency);
    if deducted.minor < 0 {
        let weights: Vec<u64> = gross.iter().map(|amount| amount.minor.unsigned_abs()).collect();
        for (amount, part) in gross.iter_mut().zip(deducted.split(&weights)?) {
            *amount = amount.plus(part)?;
        }
    }
    let lines = lines.into_iter().zip(gross).map(|(line, net)| {
        let CartLine { line_id, sku, product_id, title, quantity, unit_price } = line;
        OrderLine { line_id, sku, product_id, title, quantity, unit_price, net }
    });
    Ok(lines.collect())
}

/// What is to be paid beside the goods, in minor units: captured with the first shipment.
pub(super) fn extras(placed: &OrderPlaced) -> i64 {
    placed.lines.iter().fold(placed.total.minor, |rest, line| rest.saturating_sub(line.net.minor))
}
