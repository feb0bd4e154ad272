//! Lines at no price that are no sale to stock adjustments, with their description as the reason: `damages`,
//! `found`, `wet pallet`, `?`. They carry no money.

use super::{
    Plan,
    invoices::Invoice,
    model::{Adjustment, RowOutcome},
};
use crate::Reason;
use daybook_domain::Quantity;

pub(super) fn plan_row(plan: &mut Plan, invoice: &Invoice, index: u32) -> Result<(), Reason> {
    let row = plan.rows.rows[index as usize];
    if row.quantity.unsigned_abs() > Quantity::MAX {
        return Err(Reason::TooMany);
    }
    let adjustment = u32::try_from(plan.adjustments.len()).unwrap_or(u32::MAX);
    plan.fates[index as usize] = RowOutcome::Adjusted { adjustment };
    plan.adjustments.push(Adjustment {
        day: invoice.day,
        at: invoice.at,
        row: index,
        code: row.code,
        delta: i64::from(row.quantity),
    });
    Ok(())
}
