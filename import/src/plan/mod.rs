//! From rows to a plan: what will be asked of the shop, line by line accounted for, before anything is asked.
//! The plan depends on the file alone, so planning again after a crash leads to the same plan. It talks to no
//! engine.
//!
//! ```text
//! rows ─→ invoices ─┬─→ sales ──────┬─→ returns and credits ─┐
//!                   └─→ adjustments ┴────────────────────────┴─→ stock deliveries, products, list prices
//! ```

mod adjustments;
#[cfg(test)]
mod any_file;
mod credits;
mod invoices;
mod model;
mod products;
mod returns;
mod sales;
mod stock;
#[cfg(test)]
mod tests;

pub use model::Plan;
pub(crate) use model::{
    Adjustment, PlannedCharge, PlannedCredit, PlannedDelivery, PlannedLine, PlannedOrder, PlannedPriceChange,
    PlannedProduct, PlannedReturn, RETURNS_LAG_DAYS, RowOutcome, of_day,
};

use crate::{ImportError, classify::InvoiceKind, read::read_rows};
use std::io::Read;

impl Plan {
    /// Reads a file, plain or compressed, and plans its import. Nothing is written anywhere.
    ///
    /// # Errors
    /// When the file as a whole cannot be read; a line that cannot be read is rejected instead.
    pub fn read(source: impl Read) -> Result<Self, ImportError> {
        let mut plan = Self::empty(read_rows(source)?);
        let mut ledger = returns::PurchaseLedger::default();
        for invoice in invoices::in_business_order(&plan.rows) {
            match invoice.kind {
                InvoiceKind::Sale => sales::plan_invoice(&mut plan, &invoice, &mut ledger),
                InvoiceKind::Cancellation => returns::plan_invoice(&mut plan, &invoice, &mut ledger),
                InvoiceKind::BadDebt | InvoiceKind::Unknown => invoices::reject_all(&mut plan, &invoice),
            }
        }
        plan.receipts = stock::deliveries(&plan);
        products::plan_products(&mut plan);
        Ok(plan)
    }
}
