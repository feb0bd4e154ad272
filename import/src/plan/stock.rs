//! Deliveries to the shop, inferred: the file says what left, not what arrived. Whenever an article would not
//! suffice for a day, a delivery arrives that morning, enough for the next four weeks, in full dozens.

use super::{Plan, PlannedDelivery, RETURNS_LAG_DAYS};
use crate::read::local_midnight_plus;
use daybook_domain::Quantity;

/// Deliveries arrive before the shop opens.
const ARRIVAL_MINUTE: i16 = 5 * 60;
const COVERED_DAYS: i32 = 28;
const PACK: i64 = 12;

/// One day's movements of one article.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct DailyMovement {
    /// None for charges only, which has its own SKU and so its own stock.
    code: Option<u32>,
    day: i32,
    /// Found or booked in: there before that day's sales.
    gained: i64,
    /// Sold, damaged, lost.
    left: i64,
}

/// All deliveries, by day.
pub(super) fn deliveries(plan: &Plan) -> Vec<PlannedDelivery> {
    let movements = movements(plan);
    let mut receipts = Vec::new();
    for article in movements.chunk_by(|a, b| a.code == b.code) {
        deliver_article(article, &mut receipts);
    }
    receipts.sort_by_key(|receipt| (receipt.day, receipt.code));
    receipts
}

fn deliver_article(days: &[DailyMovement], receipts: &mut Vec<PlannedDelivery>) {
    let mut on_hand = 0_i64;
    for (index, today) in days.iter().enumerate() {
        on_hand += today.gained;
        if on_hand < today.left {
            let quantity = packs(-lowest(&days[index..], on_hand));
            for part in parts(quantity) {
                receipts.push(PlannedDelivery {
                    day: today.day,
                    at: local_midnight_plus(today.day, ARRIVAL_MINUTE),
                    code: today.code,
                    quantity: part,
                });
            }
            on_hand += quantity;
        }
        on_hand -= today.left;
    }
}

/// The lowest the stock would be within the covered days, without a delivery.
fn lowest(days: &[DailyMovement], on_hand: i64) -> i64 {
    let last = days[0].day.saturating_add(COVERED_DAYS);
    let mut level = on_hand - days[0].left;
    let mut lowest = level;
    for day in days[1..].iter().take_while(|day| day.day < last) {
        level += day.gained - day.left;
        lowest = lowest.min(level);
    }
    lowest
}

const fn packs(units: i64) -> i64 {
    (units + PACK - 1) / PACK * PACK
}

/// A delivery in parts that each are a quantity.
fn parts(mut units: i64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let part = u32::try_from(units.clamp(0, i64::from(Quantity::MAX))).unwrap_or(0);
        units -= i64::from(part);
        (part > 0).then_some(part)
    })
}

/// Movements by article and day, each pair once.
fn movements(plan: &Plan) -> Vec<DailyMovement> {
    let mut all = Vec::with_capacity(plan.lines.len() + plan.adjustments.len());
    for order in &plan.orders {
        let sold = plan.lines_of(order).iter();
        all.extend(sold.map(|line| DailyMovement {
            code: Some(line.code),
            day: order.day,
            gained: 0,
            left: i64::from(line.quantity),
        }));
        if order.lines.is_empty() {
            all.push(DailyMovement { code: None, day: order.day, gained: 0, left: 1 });
        }
    }
    for adjustment in &plan.adjustments {
        let (gained, left) = (adjustment.delta.max(0), -adjustment.delta.min(0));
        all.push(DailyMovement { code: Some(adjustment.code), day: adjustment.day, gained, left });
    }
    for planned in &plan.returns {
        let today = plan.days.partition_point(|day| *day < planned.day);
        // What comes back so late that no sale follows is not counted.
        if let Some(day) = plan.days.get(today + RETURNS_LAG_DAYS + 1) {
            let order = &plan.orders[planned.order as usize];
            for (line_id, units) in &planned.lines {
                let line = &plan.lines_of(order)[*line_id as usize - 1];
                let gained = i64::from(*units);
                all.push(DailyMovement { code: Some(line.code), day: *day, gained, left: 0 });
            }
        }
    }
    all.sort_unstable();
    all.dedup_by(|next, kept| {
        let same = (next.code, next.day) == (kept.code, kept.day);
        if same {
            kept.gained += next.gained;
            kept.left += next.left;
        }
        same
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i32, gained: i64, left: i64) -> DailyMovement {
        DailyMovement { code: Some(1), day, gained, left }
    }

    fn delivered(days: &[DailyMovement]) -> Vec<(i32, u32)> {
        let mut receipts = Vec::new();
        deliver_article(days, &mut receipts);
        receipts.iter().map(|receipt| (receipt.day, receipt.quantity)).collect()
    }

    #[test]
    fn a_delivery_covers_four_weeks_in_full_dozens() {
        assert_eq!(delivered(&[day(0, 0, 5), day(27, 0, 8), day(28, 0, 30)]), [(0, 24), (28, 24)]);
    }

    #[test]
    fn nothing_is_delivered_while_there_is_enough() {
        assert_eq!(delivered(&[day(0, 10, 10), day(3, 5, 0), day(9, 0, 5)]), []);
    }

    #[test]
    fn a_huge_need_arrives_in_several_parts() {
        assert_eq!(delivered(&[day(0, 0, 1_500_000)]), [(0, 999_999), (0, 500_001)]);
    }
}
