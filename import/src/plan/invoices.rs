//! Rows to invoices, in the order in which they were written, with the faults that need no neighbours.

use super::Plan;
use crate::{
    Reason,
    classify::{CodeKind, InvoiceKind, NoCommerce, code_kind, invoice_kind},
    read::{FileRows, NO_TEXT},
    value::{Value, to_minor},
};
use daybook_domain::{CustomerId, Sku, Timestamp};

/// What one line may be worth in pence, so that sums of lines stay far from what money holds.
const MOST_MINOR: u64 = 1_000_000_000_000_000;

/// All rows of one invoice, in the file's order. What it does happens at its first row's time.
pub(super) struct Invoice {
    pub(super) number: u32,
    pub(super) kind: InvoiceKind,
    pub(super) at: Timestamp,
    pub(super) day: i32,
    pub(super) customer: u32,
    pub(super) country: u32,
    pub(super) rows: Vec<u32>,
}

/// Invoices by time, then by their first line.
pub(super) fn in_business_order(rows: &FileRows) -> Vec<Invoice> {
    let mut by_number: Vec<Option<Invoice>> = (0..rows.invoices.len()).map(|_| None).collect();
    for (index, row) in (0_u32..).zip(&rows.rows) {
        let invoice = by_number[row.invoice as usize].get_or_insert_with(|| Invoice {
            number: row.invoice,
            kind: invoice_kind(rows.invoices.text(row.invoice)),
            at: row.at,
            day: row.day,
            customer: row.customer,
            country: row.country,
            rows: Vec::new(),
        });
        invoice.rows.push(index);
    }
    let mut invoices: Vec<Invoice> = by_number.into_iter().flatten().collect();
    invoices.sort_by_key(|invoice| (invoice.at, invoice.rows.first().copied()));
    invoices
}

/// Rejects every row of an invoice that is no trade at all.
pub(super) fn reject_all(plan: &mut Plan, invoice: &Invoice) {
    for row in &invoice.rows {
        let reason = match (invoice.kind, kind_of(plan, *row)) {
            (_, CodeKind::NoCommerce(what)) => no_commerce(what),
            (InvoiceKind::BadDebt, _) => Reason::BadDebt,
            _ => Reason::UnknownInvoiceKind,
        };
        plan.reject(*row, reason);
    }
}

pub(super) fn kind_of(plan: &Plan, row: u32) -> CodeKind {
    code_kind(plan.rows.codes.text(plan.rows.rows[row as usize].code))
}

/// What is wrong with a row whatever stands beside it.
pub(super) fn fault(plan: &Plan, invoice: &Invoice, row: u32) -> Option<Reason> {
    let first_line = plan.rows.rows[invoice.rows[0] as usize].line;
    let row = &plan.rows.rows[row as usize];
    let code = plan.rows.codes.text(row.code);
    let kind = code_kind(code);
    if row.customer != invoice.customer || row.country != invoice.country {
        return Some(Reason::DiffersFromInvoice { first_line });
    }
    if row.customer != NO_TEXT && plan.rows.customers.text(row.customer).parse::<CustomerId>().is_err() {
        return Some(Reason::InvalidCustomer);
    }
    if kind == CodeKind::Goods && code.parse::<Sku>().is_err() {
        return Some(Reason::CodeIsNoSku);
    }
    if row.quantity == 0 {
        return Some(Reason::ZeroQuantity);
    }
    if row.price_micros < 0 {
        return Some(Reason::NegativePrice);
    }
    if row.value().to_minor().unsigned_abs() > MOST_MINOR {
        return Some(Reason::TooMuch);
    }
    // An order line has a unit price to the penny, so a finer price may come to another amount.
    let booked = Value::from_minor(i64::from(row.quantity).saturating_mul(to_minor(row.price_micros)));
    let is_booked = kind != CodeKind::Goods || row.value().is_booked_as(booked);
    (!is_booked).then(|| Reason::PriceTooFine { value: row.value(), booked })
}

pub(super) const fn no_commerce(what: NoCommerce) -> Reason {
    match what {
        NoCommerce::BankCharge => Reason::BankCharge,
        NoCommerce::MarketplaceFee => Reason::MarketplaceFee,
        NoCommerce::CharityCommission => Reason::CharityCommission,
        NoCommerce::BadDebt => Reason::BadDebt,
        NoCommerce::Samples => Reason::Samples,
    }
}
