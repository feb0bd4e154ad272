//! Every line of the file accounted for: imported or rejected, what it is worth in the file, and what the shop
//! booked for it. Says what the plan leads to; that the shop really booked it is checked against the log.

use crate::{
    Plan, Reason, Value,
    plan::RowOutcome,
    read::{FileRow, UnreadableRow},
};
use ahash::AHashMap;
use serde::Serialize;

/// Parts of a plan that the shop refused, each by its number and with the shop's words.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    pub(crate) orders: AHashMap<u32, String>,
    pub(crate) adjustments: AHashMap<u32, String>,
    pub(crate) returns: AHashMap<u32, String>,
    pub(crate) credits: AHashMap<u32, String>,
}

/// A line that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedLine {
    /// Its number in the file; the header is line 1.
    pub line: u32,
    pub invoice: String,
    /// Quantity × unit price; zero where these cannot be read.
    pub value: Value,
    /// A stable name for the kind of reason.
    pub kind: &'static str,
    pub reason: String,
}

/// A line that the shop booked to the penny while the file is more exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoundedLine {
    pub line: u32,
    pub invoice: String,
    pub value: Value,
    pub booked: Value,
    /// `value` − `booked`.
    pub rounding: Value,
}

/// The file's lines and their values, split into imported and rejected.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Books {
    pub lines_total: u64,
    pub lines_imported: u64,
    pub value_total: Value,
    pub value_imported: Value,
    /// What the shop books for the imported lines: orders less returns and credits.
    pub value_booked: Value,
    pub rejected: Vec<RejectedLine>,
    pub rounded: Vec<RoundedLine>,
}

impl Books {
    /// The value of all rejected lines.
    #[must_use]
    pub fn value_rejected(&self) -> Value {
        self.rejected.iter().map(|line| line.value).sum()
    }

    /// What rounding to the penny takes from the imported lines.
    #[must_use]
    pub fn value_rounding(&self) -> Value {
        self.rounded.iter().map(|line| line.rounding).sum()
    }

    fn reject(&mut self, line: u32, invoice: &str, value: Value, reason: &Reason) {
        let (kind, reason) = (reason.name(), reason.to_string());
        self.rejected.push(RejectedLine { line, invoice: invoice.to_owned(), value, kind, reason });
    }
}

impl Plan {
    /// The books, if the shop does everything that is planned.
    #[must_use]
    pub fn books(&self) -> Books {
        self.books_without(&Refusals::default())
    }

    /// The books, given what the shop refused.
    pub(crate) fn books_without(&self, refused: &Refusals) -> Books {
        let mut books = Books::default();
        for UnreadableRow { line, invoice, value, reason } in &self.rows.unreadable {
            books.reject(*line, invoice, *value, &Reason::Unreadable(reason.clone()));
            books.value_total += *value;
        }
        for ((row, fate), booked_minor) in self.rows.rows.iter().zip(&self.fates).zip(&self.booked_minor) {
            books.value_total += row.value();
            match self.rejection(fate, refused) {
                Some(reason) => {
                    books.reject(row.line, self.rows.invoices.text(row.invoice), row.value(), &reason);
                }
                None => self.count_imported(&mut books, row, Value::from_minor(*booked_minor)),
            }
        }
        books.lines_total = (self.rows.rows.len() + self.rows.unreadable.len()) as u64;
        books.rejected.sort_by_key(|line| line.line);
        books
    }

    fn count_imported(&self, books: &mut Books, row: &FileRow, booked: Value) {
        let (line, value, rounding) = (row.line, row.value(), row.value() - booked);
        books.lines_imported += 1;
        books.value_imported += value;
        books.value_booked += booked;
        if rounding != Value::ZERO {
            let invoice = self.rows.invoices.text(row.invoice).to_owned();
            books.rounded.push(RoundedLine { line, invoice, value, booked, rounding });
        }
    }

    fn rejection(&self, fate: &RowOutcome, refused: &Refusals) -> Option<Reason> {
        let words = match fate {
            RowOutcome::Rejected(reason) => return Some(Reason::clone(reason)),
            RowOutcome::Ordered { order } => refused.orders.get(order),
            RowOutcome::Adjusted { adjustment } => refused.adjustments.get(adjustment),
            RowOutcome::Returned { returns } => returns.iter().find_map(|part| refused.returns.get(part)),
            RowOutcome::Credited { credit } => refused.credits.get(credit),
        };
        words.map(|words| Reason::Refused(words.clone()))
    }
}
