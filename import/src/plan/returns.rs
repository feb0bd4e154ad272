//! Cancellations to returns: each line is matched to what the same customer bought of the same article at the
//! same price before and has not brought back, the latest order first, over several orders if need be. A line
//! that cannot be matched whole is rejected whole. Lines that name no goods give money back: `credits`.

use super::{
    Plan, PlannedOrder, PlannedReturn, credits,
    invoices::{Invoice, fault, kind_of, no_commerce},
};
use crate::{
    Reason,
    classify::CodeKind,
    plan::RowOutcome,
    read::{FileRow, NO_TEXT},
    value::{Value, to_minor},
};
use ahash::AHashMap;
use daybook_domain::order::ChargeKind;

/// What each customer bought and may still bring back, and what each order may still give back.
#[derive(Default)]
pub(super) struct PurchaseLedger {
    bought: AHashMap<(u32, u32), Vec<Bought>>,
    /// Each customer's orders, the earliest first.
    pub(super) orders: AHashMap<u32, Vec<u32>>,
    /// By order: pence paid and not given back.
    pub(super) refundable: Vec<i64>,
}

struct Bought {
    order: u32,
    line_id: u32,
    price_minor: i64,
    quantity: u32,
    left: u32,
}

/// Units to take back from one bought line.
struct Take {
    entry: usize,
    units: u32,
}

impl PurchaseLedger {
    pub(super) fn remember(&mut self, plan: &Plan, planned: &PlannedOrder, order: u32) {
        self.refundable.push(planned.total_minor);
        if planned.customer == NO_TEXT {
            return;
        }
        self.orders.entry(planned.customer).or_default().push(order);
        // A discount on the order would change what its lines refund, so that the file's price is not met.
        let discounted = plan.charges_of(planned).iter().any(|charge| charge.kind == ChargeKind::Discount);
        if discounted {
            return;
        }
        for (line_id, line) in (1_u32..).zip(plan.lines_of(planned)) {
            self.bought.entry((planned.customer, line.code)).or_default().push(Bought {
                order,
                line_id,
                price_minor: line.price_minor,
                quantity: line.quantity,
                left: line.quantity,
            });
        }
    }

    /// Finds what `row` brings back, the latest first.
    fn find(&self, row: &FileRow) -> Result<Vec<Take>, Reason> {
        let bought = self.bought.get(&(row.customer, row.code)).ok_or(Reason::NeverBought)?;
        let (asked, price_minor) = (row.quantity.unsigned_abs(), to_minor(row.price_micros));
        let mut missing = asked;
        let mut takes = Vec::new();
        for (entry, sold) in bought.iter().enumerate().rev() {
            // Money given back otherwise limits what the order can still refund.
            let affordable = match self.refundable[sold.order as usize].checked_div(price_minor) {
                Some(units) => u32::try_from(units.max(0)).unwrap_or(u32::MAX),
                None => u32::MAX,
            };
            let units = missing.min(sold.left).min(affordable);
            if sold.price_minor == price_minor && units > 0 {
                takes.push(Take { entry, units });
                missing -= units;
            }
        }
        if missing == 0 {
            return Ok(takes);
        }
        let left: u32 = bought.iter().fold(0, |sum, sold| sum.saturating_add(sold.left));
        let other = bought.iter().rev().find(|sold| sold.left > 0 && sold.price_minor != price_minor);
        Err(match other {
            Some(other) if left >= asked => Reason::OtherPrice {
                bought_at: Value::from_minor(other.price_minor),
                credited_at: Value::of(1, row.price_micros),
            },
            _ => Reason::MoreThanBought {
                asked,
                bought: bought.iter().fold(0, |sum, sold| sum.saturating_add(sold.quantity)),
                left,
            },
        })
    }
}

pub(super) fn plan_invoice(plan: &mut Plan, invoice: &Invoice, ledger: &mut PurchaseLedger) {
    let first_return = plan.returns.len();
    for index in &invoice.rows {
        let row = plan.rows.rows[*index as usize];
        let planned = match fault(plan, invoice, *index) {
            Some(reason) => Err(reason),
            None if row.quantity > 0 => Err(Reason::PositiveCancellation),
            None => match kind_of(plan, *index) {
                CodeKind::Goods => take_back(plan, invoice, ledger, *index, first_return),
                CodeKind::Charge(kind) => credits::plan_row(plan, invoice, ledger, *index, kind),
                CodeKind::NoCommerce(what) => Err(no_commerce(what)),
            },
        };
        if let Err(reason) = planned {
            plan.reject(*index, reason);
        }
    }
}

fn take_back(
    plan: &mut Plan,
    invoice: &Invoice,
    ledger: &mut PurchaseLedger,
    index: u32,
    first_return: usize,
) -> Result<(), Reason> {
    let row = plan.rows.rows[index as usize];
    if row.customer == NO_TEXT {
        return Err(Reason::ReturnWithoutCustomer);
    }
    let takes = ledger.find(&row)?;
    let bought = ledger.bought.get_mut(&(row.customer, row.code)).ok_or(Reason::NeverBought)?;
    let mut parts = Vec::with_capacity(takes.len());
    for take in takes {
        let sold = &mut bought[take.entry];
        sold.left -= take.units;
        let refund = i64::from(take.units) * sold.price_minor;
        ledger.refundable[sold.order as usize] -= refund;
        plan.booked_minor[index as usize] -= refund;
        parts.push(add_part(plan, invoice, first_return, sold.order, (sold.line_id, take.units)));
    }
    if let Some(first) = parts.first() {
        plan.returns[*first as usize].rows += 1;
    }
    plan.fates[index as usize] = RowOutcome::Returned { returns: parts };
    Ok(())
}

/// Adds units of a line to what this cancellation brings back of the order; the return's number.
fn add_part(
    plan: &mut Plan,
    invoice: &Invoice,
    first_return: usize,
    order: u32,
    (line_id, units): (u32, u32),
) -> u32 {
    let known = plan.returns[first_return..].iter().position(|planned| planned.order == order);
    let place = known.map_or(plan.returns.len(), |offset| first_return + offset);
    if known.is_none() {
        let (day, at, number) = (invoice.day, invoice.at, invoice.number);
        plan.returns.push(PlannedReturn { day, at, invoice: number, order, lines: Vec::new(), rows: 0 });
    }
    let lines = &mut plan.returns[place].lines;
    match lines.iter_mut().find(|(known, _)| *known == line_id) {
        Some((_, so_far)) => *so_far += units,
        None => lines.push((line_id, units)),
    }
    u32::try_from(place).unwrap_or(u32::MAX)
}
