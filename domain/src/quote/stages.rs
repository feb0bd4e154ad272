//! Stages 2 to 6 for one set of promotions: what each takes off, in the order of the stages. Which set that is, is decided by
//! `choice`; how multi-buys count units is in `multi_buy`.

use super::{
    Promotion, PromotionClass, PromotionKind, StaffDiscount, multi_buy,
    parts::{ChargePart, PricedParts},
    rounding::percent,
};
use std::cmp::Reverse;

/// Which priced lines a promotion is for.
#[derive(Debug, Clone, Default)]
pub(super) struct MatchedLines {
    pub(super) lines: Vec<bool>,
    /// Of a `buy_get`: what may be rewarded.
    pub(super) rewards: Vec<bool>,
    /// Of a `bundle`: the lines of each set.
    pub(super) sets: Vec<Vec<bool>>,
}

impl MatchedLines {
    fn touches(&self, line: usize) -> bool {
        let in_rewards = self.rewards.get(line).copied().unwrap_or(false);
        self.lines[line] || in_rewards || self.sets.iter().any(|set| set[line])
    }

    pub(super) fn is_empty(&self) -> bool {
        !(0..self.lines.len()).any(|line| self.touches(line))
    }

    /// Whether some line matches both.
    pub(super) fn has_line_of(&self, other: &Self) -> bool {
        (0..self.lines.len()).any(|line| self.touches(line) && other.touches(line))
    }
}

/// All that the stages need to know beside the parts.
#[derive(Debug)]
pub(super) struct StageContext<'a> {
    pub(super) promotions: &'a [Promotion],
    pub(super) matched: &'a [MatchedLines],
    pub(super) staff_discounts: &'a [StaffDiscount],
    /// Charges as they are for goods that come to an amount.
    pub(super) charges: &'a dyn ChargesFor,
}

/// Stage 5.
pub(super) trait ChargesFor: std::fmt::Debug {
    fn charges_for(&self, goods: i64) -> Vec<ChargePart>;
}

impl StageContext<'_> {
    /// Runs the stages with these promotions, given by their places.
    pub(super) fn run(&self, start: &PricedParts, chosen: &[usize]) -> PricedParts {
        let mut parts = start.clone();
        let mut ordered = chosen.to_vec();
        ordered.sort_by_key(|at| {
            let promotion = &self.promotions[*at];
            (promotion.class, promotion.is_multi_buy(), Reverse(promotion.priority), &promotion.id)
        });
        let of_class = |class| ordered.iter().copied().filter(move |at| self.promotions[*at].class == class);
        for at in of_class(PromotionClass::Line) {
            self.apply_to_lines(&mut parts, at);
        }
        for (number, discount) in self.staff_discounts.iter().enumerate() {
            let all: Vec<usize> = parts.ordered().map(|(at, _)| at).collect();
            parts.take_from_all(&all, self.promotions.len() + number, discount.amount);
        }
        for at in of_class(PromotionClass::Order) {
            self.apply_to_sum(&mut parts, at);
        }
        parts.charges = self.charges.charges_for(parts.goods());
        for at in of_class(PromotionClass::Shipping) {
            self.apply_to_carriage(&mut parts, at);
        }
        parts
    }

    /// What the lines that match come to, and their units.
    pub(super) fn reached(&self, parts: &PricedParts, promotion: usize) -> (i64, u64) {
        let matched = &self.matched[promotion].lines;
        parts
            .ordered()
            .filter(|(_, part)| matched[part.line])
            .fold((0, 0), |(sum, units), (_, part)| (sum + part.rest, units + part.units))
    }

    fn is_reached(&self, parts: &PricedParts, promotion: usize) -> bool {
        let (sum, units) = self.reached(parts, promotion);
        units > 0 && self.promotions[promotion].when.is_met(sum, units)
    }

    fn matching(&self, parts: &PricedParts, promotion: usize) -> Vec<usize> {
        let matched = &self.matched[promotion].lines;
        parts.ordered().filter(|(_, part)| matched[part.line]).map(|(at, _)| at).collect()
    }

    fn apply_to_lines(&self, parts: &mut PricedParts, at: usize) {
        if !self.is_reached(parts, at) {
            return;
        }
        let promotion = &self.promotions[at];
        if promotion.is_multi_buy() {
            multi_buy::apply(parts, at, &promotion.kind, &self.matched[at]);
            return;
        }
        let matching = self.matching(parts, at);
        let off = |part: usize| {
            let part = parts.part(part);
            let units = i64::try_from(part.units).unwrap_or(i64::MAX);
            match promotion.kind {
                PromotionKind::Percent { basis_points, .. } => percent(part.rest, basis_points),
                PromotionKind::AmountEach { amount } => amount.saturating_mul(units).min(part.rest),
                PromotionKind::PriceEach { price } => (part.rest - price.saturating_mul(units)).max(0),
                _ => 0,
            }
        };
        let amounts: Vec<i64> = matching.iter().map(|part| off(*part)).collect();
        let sum: i64 = amounts.iter().sum();
        let amounts = match promotion.kind {
            PromotionKind::Percent { max: Some(max), .. } if sum > max => {
                super::rounding::split(max, &amounts, parts.currency())
            }
            _ => amounts,
        };
        for (part, amount) in matching.into_iter().zip(amounts) {
            parts.take(part, at, amount);
        }
    }

    fn apply_to_sum(&self, parts: &mut PricedParts, at: usize) {
        if self.is_reached(parts, at) {
            let (sum, _) = self.reached(parts, at);
            let matching = self.matching(parts, at);
            parts.take_from_all(&matching, at, off_whole(&self.promotions[at].kind, sum));
        }
    }

    fn apply_to_carriage(&self, parts: &mut PricedParts, at: usize) {
        if !self.is_reached(parts, at) {
            return;
        }
        for charge in 0..parts.charges.len() {
            if parts.charges[charge].kind == "shipping" {
                let amount = off_whole(&self.promotions[at].kind, parts.charges[charge].rest);
                parts.take_from_charge(charge, at, amount);
            }
        }
    }
}

/// What is taken off a sum.
pub(super) fn off_whole(kind: &PromotionKind, sum: i64) -> i64 {
    match kind {
        PromotionKind::Percent { basis_points, max } => {
            percent(sum, *basis_points).min(max.unwrap_or(i64::MAX)).min(sum)
        }
        PromotionKind::Amount { amount } => (*amount).min(sum),
        _ => 0,
    }
}
