//! Stage 7: the tax of each line and charge, exact until it is rounded once: for all that bears the same rate, or for
//! each item. What the group's tax is more than its items' rounded down goes to the largest remainders, so that items
//! always sum to their group and net + tax = gross.

use super::{
    PriceMode, QuotedRate, RateTotal, TaxLevel, TaxLine,
    rounding::half_up,
    tax_table::{AppliedRate, WHOLE},
};
use std::collections::BTreeMap;

/// An amount that is taxed by one class. A charge that is taxed by several is several items.
#[derive(Debug, Clone)]
pub(super) struct TaxItem {
    /// The place of its line or charge among all of them, lines first.
    pub(super) owner: usize,
    pub(super) amount: i64,
    pub(super) rates: Vec<AppliedRate>,
}

/// The tax of each owner, and the sums.
#[derive(Debug, Default)]
pub(super) struct ComputedTax {
    pub(super) rates: Vec<QuotedRate>,
    pub(super) by_rate: Vec<RateTotal>,
    /// By owner.
    pub(super) lines: Vec<Vec<TaxLine>>,
}

/// One rate of one item.
#[derive(Debug, Clone, Copy)]
struct ItemRate {
    item: usize,
    rate: usize,
    numerator: i128,
    denominator: i128,
    tax: i64,
}

pub(super) fn compute(items: &[TaxItem], owners: usize, mode: PriceMode, level: TaxLevel) -> ComputedTax {
    let rates = rates_of(items);
    let place = |rate: &QuotedRate| rates.iter().position(|known| same_rate(known, rate)).unwrap_or(0);
    let mut all: Vec<ItemRate> = Vec::new();
    // What may still be tax of an item, when its price contains it.
    let mut room: Vec<i64> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let whole = item.rates.iter().map(|rate| rate.factor).sum::<i128>() + WHOLE;
        let denominator = if mode == PriceMode::Inclusive { whole } else { WHOLE };
        let mut left = if mode == PriceMode::Inclusive { item.amount } else { i64::MAX };
        for applied in &item.rates {
            let numerator = i128::from(item.amount) * applied.factor;
            let tax = i64::try_from(numerator / denominator).unwrap_or(i64::MAX);
            left -= tax;
            all.push(ItemRate { item: at, rate: place(&applied.rate), numerator, denominator, tax });
        }
        room.push(left);
    }
    // Prices that contain several rates have several denominators; each is a group of its own then.
    let mut groups: BTreeMap<(usize, i128, usize), Vec<usize>> = BTreeMap::new();
    for (at, one) in all.iter().enumerate() {
        let item = if level == TaxLevel::Line { one.item } else { 0 };
        groups.entry((one.rate, one.denominator, item)).or_default().push(at);
    }
    for ((_, denominator, _), group) in groups {
        let exact: i128 = group.iter().map(|at| all[*at].numerator).sum();
        let given: i64 = group.iter().map(|at| all[*at].tax).sum();
        let mut missing = half_up(exact, denominator) - given;
        let mut by_remainder = group;
        // Stable: equal remainders stay in the order of the items.
        by_remainder.sort_by_key(|at| std::cmp::Reverse(all[*at].numerator % denominator));
        for at in by_remainder {
            let one = &mut all[at];
            if missing > 0 && room[one.item] > 0 {
                one.tax += 1;
                room[one.item] -= 1;
                missing -= 1;
            }
        }
    }
    sums(rates, items, owners, mode, &all)
}

fn sums(
    rates: Vec<QuotedRate>,
    items: &[TaxItem],
    owners: usize,
    mode: PriceMode,
    all: &[ItemRate],
) -> ComputedTax {
    let mut taxes = vec![0_i64; items.len()];
    for one in all {
        taxes[one.item] += one.tax;
    }
    let mut lines: Vec<Vec<TaxLine>> = vec![Vec::new(); owners];
    let mut by_rate: Vec<RateTotal> = (0..rates.len()).map(|rate| RateTotal(rate, 0, 0)).collect();
    for one in all {
        let amount = items[one.item].amount;
        let net = if mode == PriceMode::Inclusive { amount - taxes[one.item] } else { amount };
        by_rate[one.rate].1 += net;
        by_rate[one.rate].2 += one.tax;
        let own = &mut lines[items[one.item].owner];
        match own.iter_mut().find(|line| line.0 == one.rate) {
            Some(line) => {
                line.1 += net;
                line.2 += one.tax;
            }
            None => own.push(TaxLine(one.rate, net, one.tax)),
        }
    }
    ComputedTax { rates, by_rate, lines }
}

/// Classes do not make two rates of one: an invoice groups by jurisdiction, rate and reason.
fn same_rate(a: &QuotedRate, b: &QuotedRate) -> bool {
    (&a.jurisdiction, a.rate_ppm, a.reason) == (&b.jurisdiction, b.rate_ppm, b.reason)
}

/// All rates, by jurisdiction, the highest first.
fn rates_of(items: &[TaxItem]) -> Vec<QuotedRate> {
    let mut rates: Vec<QuotedRate> = Vec::new();
    for applied in items.iter().flat_map(|item| &item.rates) {
        match rates.iter_mut().find(|known| same_rate(known, &applied.rate)) {
            Some(known) if applied.rate.class < known.class => known.class.clone_from(&applied.rate.class),
            Some(_) => {}
            None => rates.push(applied.rate.clone()),
        }
    }
    rates.sort_by(|a, b| {
        a.jurisdiction.cmp(&b.jurisdiction).then(b.rate_ppm.cmp(&a.rate_ppm)).then(a.reason.cmp(&b.reason))
    });
    rates
}
