//! What an import came to, as JSON: a summary, every rejected line, every rounding.

use crate::{Books, RejectedLine, RoundedLine, Value};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Everything about an import that can be said afterwards. Running the same import again leads to the same
/// report, `seconds` aside. (In another shop `log_bytes` may differ by a few digits of stock levels.)
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub summary: Summary,
    /// How many lines were rejected for each kind of reason.
    pub rejected_by_kind: BTreeMap<&'static str, u64>,
    /// In the file's order.
    pub rejected: Vec<RejectedLine>,
    /// Lines whose value the shop booked to the penny while the file is more exact.
    pub rounded: Vec<RoundedLine>,
}

/// The figures. Values are exact decimals in the file's currency, as text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    pub lines_total: u64,
    pub lines_imported: u64,
    pub lines_rejected: u64,
    /// Quantity × unit price over all lines: `value_imported` + `value_rejected`.
    pub value_total: Value,
    pub value_imported: Value,
    pub value_rejected: Value,
    /// `value_imported` less what the shop booked: the sum of `rounded`.
    pub value_rounding: Value,
    /// Orders confirmed, shipped and delivered.
    pub orders: u64,
    /// Returns taken back; a cancellation of goods from several orders is several.
    pub returns: u64,
    /// Credits granted on orders without goods coming back.
    pub credits: u64,
    pub adjustments: u64,
    /// Commands the import sent and the shop executed, now or in an earlier run.
    pub commands: u64,
    /// Events these commands led to, those of processes included.
    pub events: u64,
    /// Bytes of these events as stored.
    pub log_bytes: u64,
    pub seconds: f64,
}

/// What was counted while and after the commands ran.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ImportCounts {
    pub(crate) orders: u64,
    pub(crate) returns: u64,
    pub(crate) credits: u64,
    pub(crate) adjustments: u64,
    pub(crate) commands: u64,
    pub(crate) events: u64,
    pub(crate) log_bytes: u64,
}

impl Report {
    pub(crate) fn new(books: Books, counts: ImportCounts, elapsed: Duration) -> Self {
        let mut rejected_by_kind = BTreeMap::new();
        for line in &books.rejected {
            *rejected_by_kind.entry(line.kind).or_default() += 1;
        }
        let summary = Summary {
            lines_total: books.lines_total,
            lines_imported: books.lines_imported,
            lines_rejected: books.rejected.len() as u64,
            value_total: books.value_total,
            value_imported: books.value_imported,
            value_rejected: books.value_rejected(),
            value_rounding: books.value_rounding(),
            orders: counts.orders,
            returns: counts.returns,
            credits: counts.credits,
            adjustments: counts.adjustments,
            commands: counts.commands,
            events: counts.events,
            log_bytes: counts.log_bytes,
            seconds: elapsed.as_secs_f64(),
        };
        Self { summary, rejected_by_kind, rejected: books.rejected, rounded: books.rounded }
    }
}
