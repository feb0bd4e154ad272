//! Stage 3: promotions on units, wherever they stand. Units are counted, never listed, so a line of a million costs as
//! much as a line of one. A part of which only some units take part becomes two.

use super::{
    PromotionKind, SavingSpread,
    parts::PricedParts,
    rounding::{half_up, share},
    stages::MatchedLines,
};

/// Units of one part that may take part.
#[derive(Debug, Clone, Copy)]
struct PartUnits {
    part: usize,
    units: u64,
    rest: i64,
    trigger: bool,
    reward: bool,
    triggers: u64,
    rewards: u64,
}

/// Applies a `buy_get` or a `bundle`.
pub(super) fn apply(parts: &mut PricedParts, promotion: usize, kind: &PromotionKind, matched: &MatchedLines) {
    match kind {
        PromotionKind::BuyGet { buy, get, off_basis_points, max_repeats, spread, .. } => {
            let mut units = dearest_first(parts, |line| matched.lines[line], |line| matched.rewards[line]);
            let wanted = UnitsWanted { buy: u64::from(*buy), get: u64::from(*get) };
            let repeats = wanted.repeats(&units, max_repeats.map_or(u64::MAX, u64::from));
            wanted.assign(&mut units, repeats);
            take_rewards(parts, promotion, &units, *off_basis_points, *spread);
        }
        PromotionKind::Bundle { price, sets } => {
            let counts: Vec<u64> = sets.iter().map(|set| u64::from(set.units)).collect();
            take_bundles(parts, promotion, &counts, matched, *price);
        }
        _ => {}
    }
}

/// The parts that match, the dearest unit first; equal ones stay by SKU and line.
fn dearest_first(
    parts: &PricedParts,
    trigger: impl Fn(usize) -> bool,
    reward: impl Fn(usize) -> bool,
) -> Vec<PartUnits> {
    let all = parts.ordered().map(|(at, part)| PartUnits {
        part: at,
        units: part.units,
        rest: part.rest,
        trigger: trigger(part.line),
        reward: reward(part.line),
        triggers: 0,
        rewards: 0,
    });
    let mut units: Vec<PartUnits> = all.filter(|units| units.trigger || units.reward).collect();
    let worth = |a: &PartUnits, b: &PartUnits| i128::from(a.rest) * i128::from(b.units);
    units.sort_by(|a, b| worth(b, a).cmp(&worth(a, b)));
    units
}

/// How many units a `buy_get` takes at a time.
#[derive(Debug, Clone, Copy)]
struct UnitsWanted {
    buy: u64,
    get: u64,
}

impl UnitsWanted {
    /// How often there are triggers and, of what they leave, rewards. More triggers leave fewer rewards, so the largest
    /// number can be searched by halves.
    fn repeats(self, units: &[PartUnits], most: u64) -> u64 {
        let all: u64 = units.iter().map(|units| units.units).sum();
        let (mut possible, mut impossible) = (0, most.min(all / self.get.max(1)).saturating_add(1));
        while impossible - possible > 1 {
            let middle = possible + (impossible - possible) / 2;
            let mut tried = units.to_vec();
            if self.assign(&mut tried, middle) {
                possible = middle;
            } else {
                impossible = middle;
            }
        }
        possible
    }

    /// Makes the dearest units triggers and the cheapest of the others rewards; says whether there were enough.
    fn assign(self, units: &mut [PartUnits], repeats: u64) -> bool {
        let mut triggers = self.buy.saturating_mul(repeats);
        for part in units.iter_mut().filter(|part| part.trigger) {
            part.triggers = triggers.min(part.units);
            triggers -= part.triggers;
        }
        let mut rewards = self.get.saturating_mul(repeats);
        for part in units.iter_mut().rev().filter(|part| part.reward) {
            part.rewards = rewards.min(part.units - part.triggers);
            rewards -= part.rewards;
        }
        triggers == 0 && rewards == 0
    }
}

fn take_rewards(
    parts: &mut PricedParts,
    promotion: usize,
    units: &[PartUnits],
    off_basis_points: u32,
    spread: SavingSpread,
) {
    let mut bearing = Vec::new();
    let mut saving = 0_i64;
    for part in units {
        let each =
            half_up(i128::from(part.rest) * i128::from(off_basis_points), i128::from(part.units) * 10_000);
        let rewards = i64::try_from(part.rewards).unwrap_or(i64::MAX);
        let most = share(part.rest, part.rewards, part.units);
        let most = if part.rewards == part.units { part.rest } else { most };
        saving += each.saturating_mul(rewards).min(most);
        let involved = match spread {
            SavingSpread::Proportional => part.triggers + part.rewards,
            SavingSpread::RewardOnly => part.rewards,
        };
        if involved > 0 {
            parts.split_off(part.part, involved);
            bearing.push(part.part);
        }
    }
    bearing.sort_unstable();
    parts.take_from_all(&bearing, promotion, saving);
}

/// Bundles as often as they save: the dearest units of each set. While no part is used up the next bundle is the same as the
/// last one, so equal bundles are counted together.
fn take_bundles(
    parts: &mut PricedParts,
    promotion: usize,
    counts: &[u64],
    matched: &MatchedLines,
    price: i64,
) {
    let mut units = dearest_first(parts, |line| matched.sets.iter().any(|set| set[line]), |_| false);
    let lines: Vec<usize> = units.iter().map(|units| parts.part(units.part).line).collect();
    let mut saving = 0_i64;
    loop {
        let mut one = vec![0_u64; units.len()];
        let complete = counts.iter().zip(&matched.sets).all(|(count, set)| {
            let mut missing = *count;
            for (at, part) in units.iter().enumerate().filter(|(at, _)| set[lines[*at]]) {
                let free = part.units - part.triggers - one[at];
                let now = free.min(missing);
                one[at] += now;
                missing -= now;
            }
            missing == 0
        });
        let worth: i64 =
            units.iter().zip(&one).map(|(part, taken)| share(part.rest, *taken, part.units)).sum();
        if !complete || worth <= price {
            break;
        }
        let possible = units.iter().zip(&one).filter(|(_, taken)| **taken > 0);
        let times = possible.map(|(part, taken)| (part.units - part.triggers) / taken).min().unwrap_or(1);
        for (part, taken) in units.iter_mut().zip(&one) {
            part.triggers += taken * times;
        }
        saving += (worth - price).saturating_mul(i64::try_from(times).unwrap_or(i64::MAX));
    }
    let mut bearing = Vec::new();
    for part in units.iter().filter(|part| part.triggers > 0) {
        parts.split_off(part.part, part.triggers);
        bearing.push(part.part);
    }
    bearing.sort_unstable();
    parts.take_from_all(&bearing, promotion, saving);
}
