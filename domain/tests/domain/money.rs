//! Money is split without losing a penny.

use crate::samples::gbp;
use daybook_domain::{Money, MoneyError};
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_parts_of_a_split_sum_to_the_whole(
        minor in any::<i64>(), weights in prop::collection::vec(any::<u64>(), 1..50),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let parts = gbp(minor).split(&weights).unwrap();
        let sum = parts.iter().try_fold(gbp(0), |sum, part| sum.plus(*part)).unwrap();
        prop_assert_eq!(sum, gbp(minor));
    }

    #[test]
    fn each_part_is_within_one_unit_of_its_exact_share(
        minor in -1_000_000_i64..1_000_000, weights in prop::collection::vec(0_u64..1_000, 1..30),
    ) {
        let whole: u64 = weights.iter().sum();
        prop_assume!(whole > 0);
        for (part, weight) in gbp(minor).split(&weights).unwrap().into_iter().zip(weights) {
            let exact = i128::from(minor) * i128::from(weight);
            let off = (i128::from(part.minor) * i128::from(whole) - exact).abs();
            prop_assert!(off < i128::from(whole));
            prop_assert!(part.minor == 0 || part.minor.signum() == minor.signum());
        }
    }
}

#[test]
fn what_is_left_goes_to_the_largest_remainders_and_to_the_first_of_equals() {
    let split = |minor, weights: &[u64]| -> Vec<i64> {
        gbp(minor).split(weights).unwrap().iter().map(|part| part.minor).collect()
    };
    assert_eq!(split(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(split(-100, &[1, 1, 1]), [-34, -33, -33]);
    assert_eq!(split(10, &[6, 3, 3]), [5, 3, 2]);
    assert_eq!(split(0, &[0, 5]), [0, 0]);
}

#[test]
fn what_cannot_be_reckoned_is_an_error_and_no_wrong_amount() {
    assert_eq!(gbp(1).split(&[]), Err(MoneyError::NoWeights));
    assert_eq!(gbp(1).split(&[0, 0]), Err(MoneyError::NoWeights));
    assert_eq!(gbp(i64::MAX).plus(gbp(1)), Err(MoneyError::Overflow));
    assert_eq!(gbp(i64::MAX).times(2), Err(MoneyError::Overflow));
    let euros = Money::new(1, "EUR".parse().unwrap());
    assert!(matches!(gbp(1).plus(euros), Err(MoneyError::DifferentCurrencies { .. })));
}
