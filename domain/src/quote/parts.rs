//! The state that the stages of a quote work on: parts of lines, of which all units are worth the same, charges, and what
//! each promotion took off each of them. It moves amounts and keeps their sums; it decides on no amount.

use super::{carriage::CarriageTax, rounding::split};
use crate::{Currency, LineId};

/// Units of one line that are worth the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinePart {
    /// The place of its line among the priced lines.
    pub(super) line: usize,
    /// The first part of a line is the line, the others get ids at the end.
    pub(super) is_rest: bool,
    pub(super) units: u64,
    pub(super) unit_price: i64,
    pub(super) subtotal: i64,
    /// What is left after all that was taken off so far.
    pub(super) rest: i64,
}

/// A charge while promotions work on it.
#[derive(Debug, Clone)]
pub(super) struct ChargePart {
    pub(super) charge_id: String,
    pub(super) kind: &'static str,
    pub(super) label: String,
    pub(super) subtotal: i64,
    pub(super) rest: i64,
    pub(super) tax_class: String,
    pub(super) tax: CarriageTax,
}

/// What one promotion took off one part.
#[derive(Debug, Clone, Copy)]
pub(super) struct AllocatedSaving {
    pub(super) part: usize,
    pub(super) promotion: usize,
    pub(super) amount: i64,
}

/// All parts and charges of a quote.
#[derive(Debug, Clone)]
pub(super) struct PricedParts {
    currency: Currency,
    parts: Vec<LinePart>,
    /// The parts in the order of the stages: by SKU, then line, then as they were split.
    order: Vec<usize>,
    taken: Vec<AllocatedSaving>,
    pub(super) charges: Vec<ChargePart>,
    /// What promotions took off charges; `part` is the charge's place.
    charges_taken: Vec<AllocatedSaving>,
}

impl PricedParts {
    /// The lines as they are before any promotion: by SKU, then id.
    pub(super) fn new(currency: Currency, parts: Vec<LinePart>) -> Self {
        let order = (0..parts.len()).collect();
        Self { currency, parts, order, taken: Vec::new(), charges: Vec::new(), charges_taken: Vec::new() }
    }

    pub(super) fn currency(&self) -> Currency {
        self.currency
    }

    /// The parts with their places, in the order of the stages.
    pub(super) fn ordered(&self) -> impl Iterator<Item = (usize, &LinePart)> {
        self.order.iter().map(|at| (*at, &self.parts[*at]))
    }

    /// What the lines come to.
    pub(super) fn goods(&self) -> i64 {
        self.parts.iter().map(|part| part.rest).sum()
    }

    /// What lines and charges come to.
    pub(super) fn total(&self) -> i64 {
        self.goods() + self.charges.iter().map(|charge| charge.rest).sum::<i64>()
    }

    pub(super) fn units(&self) -> u64 {
        self.parts.iter().map(|part| part.units).sum()
    }

    /// Takes an amount off a part, at most what is left of it.
    pub(super) fn take(&mut self, part: usize, promotion: usize, amount: i64) {
        let amount = amount.clamp(0, self.parts[part].rest);
        if amount > 0 {
            self.parts[part].rest -= amount;
            self.taken.push(AllocatedSaving { part, promotion, amount });
        }
    }

    /// Takes an amount off several parts, by what is left of each.
    pub(super) fn take_from_all(&mut self, parts: &[usize], promotion: usize, amount: i64) {
        let weights: Vec<i64> = parts.iter().map(|at| self.parts[*at].rest).collect();
        let amount = amount.clamp(0, weights.iter().sum());
        for (part, amount) in parts.iter().zip(split(amount, &weights, self.currency)) {
            self.take(*part, promotion, amount);
        }
    }

    /// Takes an amount off a charge. It is recorded even if it is all, and then the charge stays with 0.
    pub(super) fn take_from_charge(&mut self, charge: usize, promotion: usize, amount: i64) {
        let amount = amount.clamp(0, self.charges[charge].rest);
        self.charges[charge].rest -= amount;
        self.charges_taken.push(AllocatedSaving { part: charge, promotion, amount });
    }

    /// Keeps so many units in the part and makes a part of the others. What was taken off is shared by units.
    pub(super) fn split_off(&mut self, at: usize, kept: u64) {
        let whole = self.parts[at];
        if kept == 0 || kept >= whole.units {
            return;
        }
        let others = whole.units - kept;
        let weight = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
        let new = self.parts.len();
        let mut moved = 0;
        let mut added = Vec::new();
        for taken in self.taken.iter_mut().filter(|taken| taken.part == at) {
            let shares = split(taken.amount, &[weight(kept), weight(others)], self.currency);
            taken.amount = shares[0];
            moved += shares[1];
            added.push(AllocatedSaving { part: new, amount: shares[1], ..*taken });
        }
        self.taken.extend(added);
        let subtotal = whole.unit_price * weight(others);
        let other = LinePart { is_rest: true, units: others, subtotal, rest: subtotal - moved, ..whole };
        let part = &mut self.parts[at];
        part.units = kept;
        part.subtotal -= other.subtotal;
        part.rest -= other.rest;
        self.parts.push(other);
        let place = self.order.iter().position(|part| *part == at).unwrap_or(self.order.len());
        self.order.insert(place + 1, new);
    }

    /// What each promotion took off each part, by the parts' places, in the order in which it was taken.
    pub(super) fn taken_by_part(&self) -> Vec<Vec<AllocatedSaving>> {
        let mut by_part = vec![Vec::new(); self.parts.len()];
        for taken in &self.taken {
            by_part[taken.part].push(*taken);
        }
        by_part
    }

    pub(super) fn taken_off_charge(&self, charge: usize) -> impl Iterator<Item = &AllocatedSaving> {
        self.charges_taken.iter().filter(move |taken| taken.part == charge)
    }

    /// What one promotion took off in all.
    pub(super) fn saving_of(&self, promotion: usize) -> i64 {
        let all = self.taken.iter().chain(&self.charges_taken);
        all.filter(|taken| taken.promotion == promotion).map(|taken| taken.amount).sum()
    }

    /// The lines in the order of their ids with what was made of each; new parts get the next free ids.
    pub(super) fn with_ids(&self, ids: &[LineId]) -> Vec<(u32, Option<u32>, usize)> {
        let mut next = ids.iter().map(|id| id.0).max().unwrap_or(0);
        let mut parts: Vec<(u32, usize)> = self.ordered().map(|(at, part)| (ids[part.line].0, at)).collect();
        // Stable, so the parts of a line stay in their order.
        parts.sort_by_key(|(id, _)| *id);
        let mut named = Vec::with_capacity(parts.len());
        for (id, at) in parts {
            if self.parts[at].is_rest {
                next = next.saturating_add(1);
                named.push((next, Some(id), at));
            } else {
                named.push((id, None, at));
            }
        }
        named.sort_by_key(|(id, _, _)| *id);
        named
    }

    pub(super) fn part(&self, at: usize) -> &LinePart {
        &self.parts[at]
    }
}
