//! A product for every stock code, and its list price over time.
//!
//! Titled by the description that most priced sales have (the latest of equals), created at midnight of the
//! day the code first appears. The price of an order line is what was paid; the list price follows the weeks:
//! when more than half of a week's lines, and at least two, were sold at another price, that is the new list
//! price from the first of those sales on. Marketplace prices that come and go within a week change nothing.

use super::{Plan, PlannedPriceChange, PlannedProduct, RowOutcome};
use crate::{
    classify::{CodeKind, code_kind, described},
    read::{FileRow, NO_TEXT, local_midnight_plus, week_of},
    value::to_minor,
};
use ahash::AHashMap;
use daybook_domain::Timestamp;

/// What the rows of one code say.
#[derive(Clone)]
struct Seen {
    first_day: i32,
    titles: AHashMap<u32, (bool, u32, Timestamp)>,
}

/// A sale at a price, for sorting.
type Sold = (u32, i32, i64, Timestamp, i32);

pub(super) fn plan_products(plan: &mut Plan) {
    let mut seen: Vec<Option<Seen>> = vec![None; plan.rows.codes.len()];
    let mut sold: Vec<Sold> = Vec::with_capacity(plan.rows.rows.len());
    for (row, fate) in plan.rows.rows.iter().zip(&plan.fates) {
        let in_trade = match fate {
            RowOutcome::Ordered { .. } | RowOutcome::Returned { .. } | RowOutcome::Adjusted { .. } => {
                is_goods(plan, row)
            }
            RowOutcome::Credited { .. } | RowOutcome::Rejected(_) => false,
        };
        if in_trade {
            look_at(plan, row, &mut seen[row.code as usize]);
            if row.price_micros > 0 && row.quantity > 0 {
                sold.push((row.code, week_of(row.day), to_minor(row.price_micros), row.at, row.day));
            }
        }
    }
    sold.sort_unstable();
    let first_prices = plan_prices(plan, &sold);
    for (code, seen) in (0_u32..).zip(seen) {
        let Some(seen) = seen else { continue };
        let best = seen
            .titles
            .iter()
            .max_by_key(|(number, (priced, count, last))| (*priced, *count, *last, **number));
        plan.products.push(PlannedProduct {
            day: seen.first_day,
            at: local_midnight_plus(seen.first_day, 0),
            code: Some(code),
            title: best.map_or(NO_TEXT, |(number, _)| *number),
            price_minor: first_prices.get(&code).copied(),
        });
    }
    if let Some(order) = plan.orders.iter().find(|order| order.lines.is_empty()) {
        let (day, at) = (order.day, local_midnight_plus(order.day, 0));
        plan.products.push(PlannedProduct { day, at, code: None, title: NO_TEXT, price_minor: None });
    }
    plan.products.sort_by_key(|product| (product.day, product.code));
}

fn is_goods(plan: &Plan, row: &FileRow) -> bool {
    code_kind(plan.rows.codes.text(row.code)) == CodeKind::Goods
}

fn look_at(plan: &Plan, row: &FileRow, seen: &mut Option<Seen>) {
    let seen = seen.get_or_insert_with(|| Seen { first_day: row.day, titles: AHashMap::new() });
    seen.first_day = seen.first_day.min(row.day);
    if described(plan.rows.descriptions.text(row.description)).is_some() {
        let priced = row.price_micros > 0;
        let (was_priced, count, last) = seen.titles.entry(row.description).or_insert((priced, 0, row.at));
        // A description that stands on a sale beats any that only stands on stock movements.
        if priced && !*was_priced {
            (*was_priced, *count) = (true, 0);
        }
        if priced == *was_priced {
            *count += 1;
            *last = row.at.max(*last);
        }
    }
}

/// Plans the changes and answers each code's first list price. Expects `sold` sorted.
fn plan_prices(plan: &mut Plan, sold: &[Sold]) -> AHashMap<u32, i64> {
    let mut first = AHashMap::new();
    for of_code in sold.chunk_by(|a, b| a.0 == b.0) {
        let code = of_code[0].0;
        let mut current = None;
        for week in of_code.chunk_by(|a, b| a.1 == b.1) {
            let Some(most) = week.chunk_by(|a, b| a.2 == b.2).max_by_key(|sales| sales.len()) else {
                continue;
            };
            let (_, _, price_minor, at, day) = most[0];
            match current {
                None => {
                    first.insert(code, price_minor);
                    current = Some(price_minor);
                }
                Some(listed) if listed != price_minor && most.len() >= 2 && 2 * most.len() > week.len() => {
                    plan.price_changes.push(PlannedPriceChange { day, at, code, price_minor });
                    current = Some(price_minor);
                }
                Some(_) => {}
            }
        }
    }
    plan.price_changes.sort_by_key(|change| (change.day, change.at, change.code));
    first
}
