//! What a plan consists of: plain records that refer to rows, texts and each other by number.

use crate::{Reason, read::FileRows};
use daybook_domain::{Timestamp, order::ChargeKind};
use std::ops::Range;

/// The SKU of the one line of an order that has charges and no goods.
const CHARGES_ONLY: &str = "CHARGES-ONLY";

/// Goods that come back count as stock only from this many trading days later, so that sales and returns
/// need not wait for each other while they are imported.
pub(crate) const RETURNS_LAG_DAYS: usize = 5;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowOutcome {
    /// A line or a charge of this order.
    Ordered {
        order: u32,
    },
    /// A stock adjustment.
    Adjusted {
        adjustment: u32,
    },
    /// Goods that came back, in one or more of the planned returns.
    Returned {
        returns: Vec<u32>,
    },
    /// Money given back on an order.
    Credited {
        credit: u32,
    },
    Rejected(Box<Reason>),
}

/// Everything an import will ask of the shop.
#[derive(Debug)]
pub struct Plan {
    pub(crate) rows: FileRows,
    /// One for each readable row.
    pub(crate) fates: Vec<RowOutcome>,
    /// What the shop will book for each row, in pence; differs from the row's value by rounding only.
    pub(crate) booked_minor: Vec<i64>,
    /// Local dates with trade, in days since 1970-01-01, ascending.
    pub(crate) days: Vec<i32>,
    pub(crate) products: Vec<PlannedProduct>,
    pub(crate) price_changes: Vec<PlannedPriceChange>,
    pub(crate) receipts: Vec<PlannedDelivery>,
    pub(crate) adjustments: Vec<Adjustment>,
    pub(crate) orders: Vec<PlannedOrder>,
    pub(crate) lines: Vec<PlannedLine>,
    pub(crate) charges: Vec<PlannedCharge>,
    pub(crate) returns: Vec<PlannedReturn>,
    pub(crate) credits: Vec<PlannedCredit>,
}

#[derive(Debug)]
pub(crate) struct PlannedProduct {
    pub(crate) day: i32,
    pub(crate) at: Timestamp,
    /// None for [`CHARGES_ONLY`].
    pub(crate) code: Option<u32>,
    /// A description's number, or [`NO_TEXT`](crate::read::NO_TEXT).
    pub(crate) title: u32,
    /// The first list price; none if it was never sold at one.
    pub(crate) price_minor: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct PlannedPriceChange {
    pub(crate) day: i32,
    pub(crate) at: Timestamp,
    pub(crate) code: u32,
    pub(crate) price_minor: i64,
}

/// A delivery to the shop. Not in the file: inferred, so that what was sold can have been there.
#[derive(Debug)]
pub(crate) struct PlannedDelivery {
    pub(crate) day: i32,
    pub(crate) at: Timestamp,
    /// None for [`CHARGES_ONLY`].
    pub(crate) code: Option<u32>,
    pub(crate) quantity: u32,
}

#[derive(Debug)]
pub(crate) struct Adjustment {
    pub(crate) day: i32,
    pub(crate) at: Timestamp,
    pub(crate) row: u32,
    pub(crate) code: u32,
    pub(crate) delta: i64,
}

#[derive(Debug)]
pub(crate) struct PlannedOrder {
    pub(crate) day: i32,
    pub(crate) at: Timestamp,
    pub(crate) invoice: u32,
    pub(crate) customer: u32,
    pub(crate) country: u32,
    /// Into [`Plan::lines`]; empty for an order of charges only.
    pub(crate) lines: Range<u32>,
    /// Into [`Plan::charges`].
    pub(crate) charges: Range<u32>,
    /// How many rows of the file are in it.
    pub(crate) rows: u32,
    pub(crate) total_minor: i64,
}

/// All units of one article at one price in an order; its line id is its place in the order, from 1.
#[derive(Debug)]
pub(crate) struct PlannedLine {
    pub(crate) code: u32,
    pub(crate) price_minor: i64,
    pub(crate) quantity: u32,
}

#[derive(Debug)]
pub(crate) struct PlannedCharge {
    pub(crate) kind: ChargeKind,
    pub(crate) description: u32,
    pub(crate) amount_minor: i64,
}

/// What of one order came back by one cancellation.
#[derive(Debug)]
pub(crate) struct PlannedReturn {
    pub(crate) day: i32,
    pub(crate) at: Timestamp,
    pub(crate) invoice: u32,
    pub(crate) order: u32,
    /// Line ids with units, each line once.
    pub(crate) lines: Vec<(u32, u32)>,
    /// How many rows of the file began here (a row over several orders counts in the first).
    pub(crate) rows: u32,
}

/// Money given back on an order without goods coming back.
#[derive(Debug)]
pub(crate) struct PlannedCredit {
    pub(crate) day: i32,
    pub(crate) at: Timestamp,
    pub(crate) row: u32,
    pub(crate) order: u32,
    pub(crate) kind: ChargeKind,
    /// Positive.
    pub(crate) amount_minor: i64,
}

/// Things that happen on a local date.
pub(crate) trait OnDay {
    fn day(&self) -> i32;
}

macro_rules! on_day {
    ($($name:ident)+) => { $(impl OnDay for $name {
        fn day(&self) -> i32 {
            self.day
        }
    })+ };
}
on_day!(PlannedProduct PlannedPriceChange PlannedDelivery Adjustment PlannedOrder PlannedReturn PlannedCredit);

/// Those of `list` (sorted by day) that happen on `day`, with the number of the first.
pub(crate) fn of_day<T: OnDay>(list: &[T], day: i32) -> (usize, &[T]) {
    let start = list.partition_point(|item| item.day() < day);
    let end = list.partition_point(|item| item.day() <= day);
    (start, &list[start..end])
}

impl Plan {
    pub(super) fn empty(rows: FileRows) -> Self {
        let mut days: Vec<i32> = rows.rows.iter().map(|row| row.day).collect();
        days.sort_unstable();
        days.dedup();
        Self {
            fates: vec![RowOutcome::Ordered { order: u32::MAX }; rows.rows.len()],
            booked_minor: vec![0; rows.rows.len()],
            rows,
            days,
            products: Vec::new(),
            price_changes: Vec::new(),
            receipts: Vec::new(),
            adjustments: Vec::new(),
            orders: Vec::new(),
            lines: Vec::new(),
            charges: Vec::new(),
            returns: Vec::new(),
            credits: Vec::new(),
        }
    }

    pub(super) fn reject(&mut self, row: u32, reason: Reason) {
        self.fates[row as usize] = RowOutcome::Rejected(Box::new(reason));
    }

    /// The lines of an order.
    pub(crate) fn lines_of(&self, order: &PlannedOrder) -> &[PlannedLine] {
        &self.lines[order.lines.start as usize..order.lines.end as usize]
    }

    /// The charges of an order.
    pub(crate) fn charges_of(&self, order: &PlannedOrder) -> &[PlannedCharge] {
        &self.charges[order.charges.start as usize..order.charges.end as usize]
    }

    /// The SKU of a stock code's number.
    pub(crate) fn code(&self, code: Option<u32>) -> &str {
        code.map_or(CHARGES_ONLY, |code| self.rows.codes.text(code))
    }

    /// How many commands the plan consists of.
    #[must_use]
    pub fn commands(&self) -> usize {
        self.products.len()
            + self.price_changes.len()
            + self.receipts.len()
            + self.adjustments.len()
            + 4 * self.orders.len()
            + self.returns.len()
            + self.credits.len()
    }
}
