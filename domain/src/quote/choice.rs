//! Which promotions apply: of all sets whose promotions agree with each other the one that saves the customer most. It
//! values a set by running the stages; it takes nothing off itself.

use super::{
    ConsideredPromotion, ConsideredReason, Promotion, PromotionClass, PromotionSearch, parts::PricedParts,
    stages::StageContext,
};
use std::cmp::Reverse;

/// Up to so many candidates all sets are compared.
const EXACT: usize = 12;

/// The chosen set, by the places of its promotions.
#[derive(Debug)]
pub(super) struct ChosenPromotions {
    pub(super) chosen: Vec<usize>,
    pub(super) search: PromotionSearch,
    /// What each candidate saves alone.
    pub(super) alone: Vec<(usize, i64)>,
}

/// Chooses among the promotions that may apply.
pub(super) fn choose(stages: &StageContext<'_>, start: &PricedParts, possible: &[usize]) -> ChosenPromotions {
    let without = stages.run(start, &[]).total();
    let value = |set: &[usize]| without - stages.run(start, set).total();
    let alone: Vec<(usize, i64)> = possible.iter().map(|at| (*at, value(&[*at]))).collect();
    let mut candidates: Vec<(usize, i64)> = alone.iter().copied().filter(|(_, saved)| *saved > 0).collect();
    // A promotion of carriage may save only together with others, if carriage is free without it; then it is no candidate.
    candidates.sort_by(|(a, saved_a), (b, saved_b)| {
        let (one, other) = (&stages.promotions[*a], &stages.promotions[*b]);
        saved_b.cmp(saved_a).then(other.priority.cmp(&one.priority)).then(one.id.cmp(&other.id))
    });
    let candidates: Vec<usize> = candidates.into_iter().map(|(at, _)| at).collect();
    if candidates.len() > EXACT {
        let chosen = greedy(stages, &candidates, value);
        return ChosenPromotions { chosen, search: PromotionSearch::Greedy, alone };
    }
    let mut best = RankedSet::new(stages.promotions, Vec::new(), 0);
    extend(stages, &candidates, &mut Vec::new(), &mut |set| {
        let ranked = RankedSet::new(stages.promotions, set.to_vec(), value(set));
        if ranked.rank < best.rank {
            best = ranked;
        }
    });
    ChosenPromotions { chosen: best.set, search: PromotionSearch::Exact, alone }
}

/// A set with what it is compared by: most saved, fewest promotions, highest priorities, lowest ids.
struct RankedSet<'a> {
    set: Vec<usize>,
    rank: (Reverse<i64>, usize, Reverse<i64>, Vec<&'a str>),
}

impl<'a> RankedSet<'a> {
    fn new(promotions: &'a [Promotion], set: Vec<usize>, saved: i64) -> Self {
        let priorities = set.iter().map(|at| i64::from(promotions[*at].priority)).sum();
        let mut ids: Vec<&str> = set.iter().map(|at| promotions[*at].id.as_str()).collect();
        ids.sort_unstable();
        let rank = (Reverse(saved), set.len(), Reverse(priorities), ids);
        Self { set, rank }
    }
}

/// Visits every set of candidates that agree with each other, but the empty one.
fn extend(stages: &StageContext<'_>, left: &[usize], set: &mut Vec<usize>, visit: &mut impl FnMut(&[usize])) {
    for (at, candidate) in left.iter().enumerate() {
        if set.iter().all(|other| agree(stages, *candidate, *other)) {
            set.push(*candidate);
            visit(set);
            extend(stages, &left[at + 1..], set, visit);
            set.pop();
        }
    }
}

fn greedy(stages: &StageContext<'_>, candidates: &[usize], value: impl Fn(&[usize]) -> i64) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    let mut saved = 0;
    for candidate in candidates {
        if chosen.iter().all(|other| agree(stages, *candidate, *other)) {
            chosen.push(*candidate);
            let with = value(&chosen);
            if with > saved {
                saved = with;
            } else {
                chosen.pop();
            }
        }
    }
    chosen
}

fn agree(stages: &StageContext<'_>, one: usize, other: usize) -> bool {
    let (a, b) = (&stages.promotions[one], &stages.promotions[other]);
    let lines = a.class == PromotionClass::Line && b.class == PromotionClass::Line;
    a.agrees_with(b, lines && stages.matched[one].has_line_of(&stages.matched[other]))
}

/// Why a promotion that may apply does or does not.
pub(super) fn outcome(
    stages: &StageContext<'_>,
    made: &ChosenPromotions,
    reached: bool,
    at: usize,
) -> ConsideredPromotion {
    let promotion = &stages.promotions[at];
    let alone = made.alone.iter().find(|(other, _)| *other == at).map_or(0, |(_, saved)| *saved);
    let in_group =
        |other: &usize| promotion.group.is_some() && promotion.group == stages.promotions[*other].group;
    let reason = if made.chosen.contains(&at) {
        ConsideredReason::Applied
    } else if !reached {
        ConsideredReason::NotMatched
    } else if alone == 0 {
        ConsideredReason::NoEffect
    } else if made.chosen.iter().any(in_group) {
        ConsideredReason::BeatenInGroup
    } else if made.chosen.iter().any(|other| !agree(stages, at, *other)) {
        ConsideredReason::NotCombinable
    } else {
        ConsideredReason::NoEffect
    };
    let beaten = matches!(reason, ConsideredReason::BeatenInGroup | ConsideredReason::NotCombinable);
    ConsideredPromotion { id: promotion.id.clone(), reason, amount: beaten.then_some(alone) }
}
