//! What an order's lines come to, and what is captured and refunded for some of their units.
//!
//! Discounts are spread over the lines by largest remainder, so that a line that comes back is refunded at
//! what was paid for it. What discounts exceed the goods by is taken off carriage and other charges.

use super::{Charge, OrderLine, OrderPlaced, state::Ledger};
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

/// What `more` units cost, in minor units, when `before` of the line's were counted already. Rounded so that
/// the parts of a line always sum to its whole.
pub(super) fn share(line: &Ledger, before: u32, more: u32) -> i64 {
    let upto = |units: u32| {
        let share = i128::from(line.net_minor) * i128::from(units) / i128::from(line.ordered.max(1));
        i64::try_from(share).unwrap_or(line.net_minor)
    };
    upto(before.saturating_add(more)).saturating_sub(upto(before))
}
