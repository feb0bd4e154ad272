//! Money given back without goods: discounts granted later, carriage and amounts by hand taken back. The file
//! does not name the sale, so it is the customer's latest earlier order that still has as much to give back.

use super::{
    Plan,
    invoices::Invoice,
    model::{PlannedCredit, RowOutcome},
    returns::PurchaseLedger,
};
use crate::{Reason, read::NO_TEXT};
use daybook_domain::order::ChargeKind;

pub(super) fn plan_row(
    plan: &mut Plan,
    invoice: &Invoice,
    ledger: &mut PurchaseLedger,
    index: u32,
    kind: ChargeKind,
) -> Result<(), Reason> {
    let row = plan.rows.rows[index as usize];
    if row.customer == NO_TEXT {
        return Err(Reason::CreditWithoutCustomer);
    }
    let amount_minor = row.value().to_minor().saturating_neg();
    if amount_minor == 0 {
        return Err(Reason::NothingCharged);
    }
    let orders = ledger.orders.get(&row.customer).ok_or(Reason::NothingToCredit)?;
    let enough = |order: &&u32| ledger.refundable[**order as usize] >= amount_minor;
    let order = *orders.iter().rev().find(enough).ok_or(Reason::NothingToCredit)?;
    ledger.refundable[order as usize] -= amount_minor;
    plan.booked_minor[index as usize] = -amount_minor;
    let credit = u32::try_from(plan.credits.len()).unwrap_or(u32::MAX);
    plan.fates[index as usize] = RowOutcome::Credited { credit };
    plan.credits.push(PlannedCredit {
        day: invoice.day,
        at: invoice.at,
        row: index,
        order,
        kind,
        amount_minor,
    });
    Ok(())
}
