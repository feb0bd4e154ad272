//! Invoices of sales to orders: goods are lines at the prices sold, carriage and amounts entered by hand are
//! charges. Lines of one article at one price are one order line. What was "sold" for nothing to nobody on an
//! invoice without any price is a stock adjustment instead.

use super::{
    Plan, PlannedCharge, PlannedLine, PlannedOrder, adjustments,
    invoices::{Invoice, fault, kind_of, no_commerce},
    returns::PurchaseLedger,
};
use crate::{
    Reason,
    classify::CodeKind,
    plan::RowOutcome,
    read::{FileRow, NO_TEXT},
    value::to_minor,
};
use ahash::AHashMap;
use daybook_domain::{Quantity, order::ChargeKind};

pub(super) fn plan_invoice(plan: &mut Plan, invoice: &Invoice, ledger: &mut PurchaseLedger) {
    let has_price = invoice.rows.iter().any(|row| plan.rows.rows[*row as usize].price_micros > 0);
    let is_sale = has_price || invoice.customer != NO_TEXT;
    let mut draft = Draft::default();
    for index in &invoice.rows {
        let row = plan.rows.rows[*index as usize];
        if let Some(reason) = fault(plan, invoice, *index) {
            plan.reject(*index, reason);
            continue;
        }
        let planned = match kind_of(plan, *index) {
            CodeKind::Goods if row.price_micros == 0 && (row.quantity < 0 || !is_sale) => {
                adjustments::plan_row(plan, invoice, *index)
            }
            CodeKind::Goods => draft.add_goods(*index, &row),
            CodeKind::Charge(kind) => draft.add_charge(*index, &row, kind),
            CodeKind::NoCommerce(what) => Err(no_commerce(what)),
        };
        if let Err(reason) = planned {
            plan.reject(*index, reason);
        }
    }
    draft.place(plan, invoice, ledger);
}

/// An order as it grows, row by row.
#[derive(Default)]
struct Draft {
    lines: Vec<PlannedLine>,
    places: AHashMap<(u32, i64), usize>,
    charges: Vec<PlannedCharge>,
    /// Rows with what is booked for them.
    rows: Vec<(u32, i64)>,
    /// Of `rows`, those that are charges; the same order as `charges`.
    charge_rows: Vec<u32>,
}

impl Draft {
    fn add_goods(&mut self, index: u32, row: &FileRow) -> Result<(), Reason> {
        let quantity = u32::try_from(row.quantity).map_err(|_| Reason::NegativeAtAPrice)?;
        let price_minor = to_minor(row.price_micros);
        let place = *self.places.entry((row.code, price_minor)).or_insert(self.lines.len());
        let so_far = self.lines.get(place).map_or(0, |line| line.quantity);
        if so_far + quantity.min(Quantity::MAX + 1) > Quantity::MAX {
            self.places.retain(|_, known| *known < self.lines.len());
            return Err(Reason::TooMany);
        }
        match self.lines.get_mut(place) {
            Some(line) => line.quantity += quantity,
            None => self.lines.push(PlannedLine { code: row.code, price_minor, quantity }),
        }
        self.rows.push((index, i64::from(quantity) * price_minor));
        Ok(())
    }

    fn add_charge(&mut self, index: u32, row: &FileRow, kind: ChargeKind) -> Result<(), Reason> {
        match (kind, row.quantity > 0) {
            (ChargeKind::Discount, true) => return Err(Reason::DiscountAdds),
            (ChargeKind::Shipping | ChargeKind::Manual, false) => return Err(Reason::NegativeAtAPrice),
            (ChargeKind::Discount, false) | (ChargeKind::Shipping | ChargeKind::Manual, true) => {}
        }
        // The amount as a whole is rounded, not the price of one.
        let amount_minor = row.value().to_minor();
        self.charges.push(PlannedCharge { kind, description: row.description, amount_minor });
        self.rows.push((index, amount_minor));
        self.charge_rows.push(index);
        Ok(())
    }

    /// Drops the discounts if they would leave less than nothing to pay.
    fn check_discounts(&mut self, plan: &mut Plan) {
        let goods: i64 = sum(self.lines.iter().map(|line| i64::from(line.quantity) * line.price_minor));
        let discounts: i64 = sum(self.charges.iter().map(|charge| charge.amount_minor.min(0)));
        if goods.saturating_add(discounts) >= 0 {
            return;
        }
        for (charge, row) in self.charges.iter().zip(&self.charge_rows) {
            if charge.kind == ChargeKind::Discount {
                plan.reject(*row, Reason::DiscountBeyondTotal);
                self.rows.retain(|(index, _)| index != row);
            }
        }
        self.charges.retain(|charge| charge.kind != ChargeKind::Discount);
    }

    fn place(mut self, plan: &mut Plan, invoice: &Invoice, ledger: &mut PurchaseLedger) {
        self.check_discounts(plan);
        if self.lines.is_empty() && self.charges.iter().all(|charge| charge.amount_minor == 0) {
            for (row, _) in &self.rows {
                plan.reject(*row, Reason::NothingCharged);
            }
            return;
        }
        let order = number(plan.orders.len());
        for (row, booked) in &self.rows {
            plan.fates[*row as usize] = RowOutcome::Ordered { order };
            plan.booked_minor[*row as usize] = *booked;
        }
        let lines = number(plan.lines.len())..number(plan.lines.len() + self.lines.len());
        let charges = number(plan.charges.len())..number(plan.charges.len() + self.charges.len());
        let planned = PlannedOrder {
            day: invoice.day,
            at: invoice.at,
            invoice: invoice.number,
            customer: invoice.customer,
            country: invoice.country,
            lines,
            charges,
            rows: number(self.rows.len()),
            total_minor: sum(self.rows.iter().map(|(_, booked)| *booked)),
        };
        plan.lines.append(&mut self.lines);
        plan.charges.append(&mut self.charges);
        ledger.remember(plan, &planned, order);
        plan.orders.push(planned);
    }
}

/// Saturates: the shop refuses a total beyond what money holds.
fn sum(amounts: impl Iterator<Item = i64>) -> i64 {
    amounts.fold(0, i64::saturating_add)
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
