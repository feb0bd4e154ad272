//! What came out of both shops: orders, revenue, and who was refused what on which day.

use super::{rules::Rules, sandbox::Order};
use crate::when;
use ahash::AHashMap;
use daybook_domain::{Currency, OrderId, Sku, order::OrderLine};
use serde::Serialize;
use std::collections::BTreeMap;

/// Counted while both shops go on.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By day and SKU: as it was, as it would have been.
    refusals: BTreeMap<(i64, Sku), (Refused, Refused)>,
    returned: BTreeMap<Currency, (i64, i64)>,
    /// Deliveries that arrived later.
    pub(super) delayed: u64,
    /// Whether all stock is in the end as it was.
    pub(super) same_stock: bool,
    /// On hand in the end and set aside for nobody.
    pub(super) units_left: Both<i64>,
}

/// Orders that did not get their stock, and the units they asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Refused {
    pub(super) orders: u64,
    pub(super) units: u64,
}

/// Before and after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Both<T> {
    pub(super) was: T,
    pub(super) would_be: T,
}

/// The comparison.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// Nothing differs: the same orders stand, the same were refused, the same stock is left.
    pub(super) same_as_history: bool,
    pub(super) orders: u64,
    pub(super) orders_standing: Both<u64>,
    pub(super) units_sold: Both<u64>,
    /// On hand in the end and set aside for nobody, safety stock included.
    pub(super) units_left: Both<i64>,
    /// Minor units by currency: goods of orders that stand, less goods that came back.
    pub(super) revenue: BTreeMap<Currency, Both<i64>>,
    pub(super) delayed_deliveries: u64,
    pub(super) orders_lost: Vec<Named>,
    pub(super) orders_gained: Vec<Named>,
    pub(super) stock_outs: Vec<StockOut>,
    /// What the rules name and this log does not have.
    pub(super) notes: Vec<String>,
}

/// An order as people call it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Named {
    pub(super) number: String,
    pub(super) order_id: OrderId,
}

/// Orders that a SKU was refused on a day.
#[derive(Debug, Serialize)]
pub(super) struct StockOut {
    pub(super) day: String,
    pub(super) sku: Sku,
    pub(super) was: Refused,
    pub(super) would_be: Refused,
}

impl Tally {
    /// An order did not get `units` of a SKU, then or in the other shop.
    pub(super) fn refused(&mut self, now_ns: i64, sku: &Sku, units: u32, then: bool) {
        let (was, would_be) = self.refusals.entry((when::day_of(now_ns), sku.clone())).or_default();
        let refused = if then { was } else { would_be };
        refused.orders += 1;
        refused.units += u64::from(units);
    }

    /// Units of a line came back; in the other shop only if the order is there.
    pub(super) fn returned(&mut self, rules: &Rules, line: &OrderLine, units: u32, exists: bool) {
        let part = |net: i64| {
            let part = i128::from(net) * i128::from(units) / i128::from(line.quantity.get());
            i64::try_from(part).unwrap_or(i64::MAX)
        };
        let (was, would_be) = self.returned.entry(line.net.currency).or_default();
        *was = was.saturating_add(part(line.net.minor));
        if exists {
            let price = rules.price(&line.sku, line.unit_price, line.net.minor);
            *would_be = would_be.saturating_add(part(price));
        }
    }

    /// Draws the line under both shops.
    pub(super) fn close(self, rules: &Rules, orders: &AHashMap<OrderId, Order>) -> Outcome {
        let mut outcome = Outcome {
            same_as_history: false,
            orders: orders.len() as u64,
            orders_standing: Both::default(),
            units_sold: Both::default(),
            units_left: self.units_left,
            revenue: BTreeMap::new(),
            delayed_deliveries: self.delayed,
            orders_lost: Vec::new(),
            orders_gained: Vec::new(),
            stock_outs: Vec::new(),
            notes: Vec::new(),
        };
        for (order_id, order) in orders {
            outcome.count(rules, *order_id, order);
        }
        for (currency, (was, would_be)) in self.returned {
            let revenue = outcome.revenue.entry(currency).or_default();
            revenue.was = revenue.was.saturating_sub(was);
            revenue.would_be = revenue.would_be.saturating_sub(would_be);
        }
        outcome.orders_lost.sort();
        outcome.orders_gained.sort();
        let same_revenue = outcome.revenue.values().all(|revenue| revenue.was == revenue.would_be);
        let same_refusals = self.refusals.values().all(|(was, would_be)| was == would_be);
        let same_orders = outcome.orders_lost.is_empty() && outcome.orders_gained.is_empty();
        outcome.same_as_history = same_orders && same_refusals && same_revenue && self.same_stock;
        let stock_outs = self.refusals.into_iter().map(|((day, sku), (was, would_be))| StockOut {
            day: when::date(day),
            sku,
            was,
            would_be,
        });
        outcome.stock_outs = stock_outs.collect();
        outcome
    }
}

impl Outcome {
    fn count(&mut self, rules: &Rules, order_id: OrderId, order: &Order) {
        self.orders_standing.was += u64::from(order.stood);
        self.orders_standing.would_be += u64::from(order.stands);
        let named = || Named { number: order.number.clone(), order_id };
        match (order.stood, order.stands) {
            (true, false) => self.orders_lost.push(named()),
            (false, true) => self.orders_gained.push(named()),
            _ => {}
        }
        for line in &order.lines {
            let units = u64::from(line.quantity.get());
            let revenue = self.revenue.entry(line.net.currency).or_default();
            if order.stood {
                self.units_sold.was += units;
                revenue.was = revenue.was.saturating_add(line.net.minor);
            }
            if order.stands {
                self.units_sold.would_be += units;
                let price = rules.price(&line.sku, line.unit_price, line.net.minor);
                revenue.would_be = revenue.would_be.saturating_add(price);
            }
        }
    }
}
