//! The two ways in which an amount that is no whole minor unit becomes one: half up, and shared out by largest
//! remainders. Used by all stages of a quote; nothing else in a quote rounds.

use crate::{Currency, Money};

/// `numerator / denominator` to the nearest whole, halves up. Neither is negative.
pub(super) fn half_up(numerator: i128, denominator: i128) -> i64 {
    let doubled = numerator.saturating_mul(2).saturating_add(denominator);
    i64::try_from(doubled / denominator.saturating_mul(2).max(1)).unwrap_or(i64::MAX)
}

/// So many basis points of an amount, half up.
pub(super) fn percent(amount: i64, basis_points: u32) -> i64 {
    half_up(i128::from(amount) * i128::from(basis_points), 10_000)
}

/// What `units` of `of` units are worth together, rounded down, so that nobody is promised more than is there.
pub(super) fn share(amount: i64, units: u64, of: u64) -> i64 {
    let share = i128::from(amount) * i128::from(units) / i128::from(of.max(1));
    i64::try_from(share).unwrap_or(i64::MAX)
}

/// The amount in parts by weight, as [`Money::split`]; nothing to each if all weights are 0.
pub(super) fn split(amount: i64, weights: &[i64], currency: Currency) -> Vec<i64> {
    let weights: Vec<u64> = weights.iter().map(|weight| u64::try_from(*weight).unwrap_or(0)).collect();
    match Money::new(amount, currency).split(&weights) {
        Ok(parts) => parts.into_iter().map(|part| part.minor).collect(),
        Err(_) => vec![0; weights.len()],
    }
}

#[cfg(test)]
mod tests {
    use super::{half_up, percent, share};

    #[test]
    fn halves_go_up_and_all_else_to_the_nearest() {
        assert_eq!(half_up(5, 10), 1);
        assert_eq!(half_up(49, 100), 0);
        assert_eq!(half_up(15, 10), 2);
        assert_eq!(percent(4_530, 500), 227);
        assert_eq!(percent(3_345, 1_000), 335);
        assert_eq!(share(2_000, 1, 3), 666);
    }
}
