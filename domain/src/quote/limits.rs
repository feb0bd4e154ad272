//! What a quote refuses to compute, by name: more than a request may hold, and amounts that nobody means. Within these
//! bounds no sum can overflow and the time is bounded.

use super::{QuoteInputs, QuoteRequest};
use std::collections::BTreeSet;

/// Lines of one request.
pub const MAX_LINES: usize = 2_500;
/// Promotions that are looked at.
pub const MAX_PROMOTIONS: usize = 500;
/// Minor units that one price, charge or saving may be.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000;
const MAX_CODES: usize = 50;
const MAX_CHARGES: usize = 100;
/// Minor units that all lines may come to.
const MAX_SUM: i128 = 1_000_000_000_000_000;

/// Why there is no quote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuoteRefusal {
    #[error("{given} {what} given, at most {allowed} are allowed")]
    TooMany { what: &'static str, given: usize, allowed: usize },
    #[error("{what}: {amount} is not from 0 to {MAX_AMOUNT} minor units")]
    AmountOutOfBounds { what: String, amount: i64 },
    #[error("the lines come to more than {MAX_SUM} minor units")]
    SumTooLarge,
    #[error("line {0} stands twice in the request")]
    LineTwice(u32),
    #[error("{0}")]
    RuleUnusable(String),
}

/// Checks all that needs no price.
pub(super) fn check(request: &QuoteRequest, inputs: &QuoteInputs) -> Result<(), QuoteRefusal> {
    let at_most = |what, given: usize, allowed| {
        if given > allowed { Err(QuoteRefusal::TooMany { what, given, allowed }) } else { Ok(()) }
    };
    at_most("lines", request.lines.len(), MAX_LINES)?;
    at_most("codes", request.codes.len(), MAX_CODES)?;
    at_most("charges", request.staff_charges.len(), MAX_CHARGES)?;
    at_most("discounts", request.staff_discounts.len(), MAX_CHARGES)?;
    at_most("gift cards", inputs.stored.len(), MAX_CHARGES)?;
    at_most("promotions", inputs.promotions.len(), MAX_PROMOTIONS)?;
    let mut ids = BTreeSet::new();
    for line in &request.lines {
        if !ids.insert(line.line_id) {
            return Err(QuoteRefusal::LineTwice(line.line_id.0));
        }
        amount(|| format!("price of line {}", line.line_id), line.price_override.unwrap_or(0))?;
    }
    for charge in &request.staff_charges {
        amount(|| format!("charge {:?}", charge.label), charge.amount)?;
    }
    for discount in &request.staff_discounts {
        amount(|| format!("discount for {:?}", discount.reason_code), discount.amount)?;
    }
    for value in &inputs.stored {
        amount(|| format!("what is left on {}", value.id), value.available)?;
    }
    let promotions = inputs.promotions.iter().find_map(|promotion| promotion.objection());
    let methods = inputs.methods.iter().find_map(|method| method.objection());
    let table = inputs.tax.as_ref().and_then(|table| table.objection());
    promotions.or(methods).or(table).map_or(Ok(()), |what| Err(QuoteRefusal::RuleUnusable(what)))?;
    for method in &inputs.methods {
        for band in &method.bands {
            amount(|| format!("price of method {}", method.id), band.amount)?;
        }
    }
    Ok(())
}

/// Checks one amount.
pub(super) fn amount(what: impl Fn() -> String, amount: i64) -> Result<(), QuoteRefusal> {
    if (0..=MAX_AMOUNT).contains(&amount) {
        Ok(())
    } else {
        Err(QuoteRefusal::AmountOutOfBounds { what: what(), amount })
    }
}

/// What so many units at this price come to, added to the lines before.
pub(super) fn add_subtotal(sum: i128, unit_price: i64, units: u64) -> Result<i128, QuoteRefusal> {
    let sum = sum + i128::from(unit_price) * i128::from(units);
    if sum > MAX_SUM { Err(QuoteRefusal::SumTooLarge) } else { Ok(sum) }
}
