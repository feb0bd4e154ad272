//! Units that share one amount: what a line's units to be shipped cost together, and those that are with the customer.
//!
//! Units that leave a pot take their part of the amount, rounded so that it does not matter in which portions they leave:
//! the last unit takes the rest, and no portion is negative. Units that come in begin the count anew.

use serde::{Deserialize, Serialize};

/// Some units and their amount, in minor units of the order's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Pot {
    /// When units last came in.
    units: u32,
    minor: i64,
    /// Of these, the units that left since.
    taken: u32,
}

impl Pot {
    pub(super) const fn new(units: u32, minor: i64) -> Self {
        Self { units, minor, taken: 0 }
    }

    /// What the next `units` to leave are worth.
    pub(super) fn worth_of(&self, units: u32) -> i64 {
        self.up_to(self.taken.saturating_add(units)).saturating_sub(self.up_to(self.taken))
    }

    /// Takes units out, and answers what they are worth.
    pub(super) fn take(&mut self, units: u32) -> i64 {
        let worth = self.worth_of(units);
        self.taken = self.taken.saturating_add(units);
        worth
    }

    /// Puts units in that are worth `minor`.
    pub(super) fn put(&mut self, units: u32, minor: i64) {
        let left = self.units.saturating_sub(self.taken);
        let worth = self.worth_of(left);
        *self = Self::new(left.saturating_add(units), worth.saturating_add(minor));
    }

    /// What the first `units` of all are worth.
    fn up_to(&self, units: u32) -> i64 {
        if units >= self.units {
            return if self.units == 0 { 0 } else { self.minor };
        }
        let share = i128::from(self.minor) * i128::from(units) / i128::from(self.units);
        i64::try_from(share).unwrap_or(self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::Pot;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_portions_in_which_units_leave_do_not_change_their_sum(
            units in 1_u32..500,
            minor in 0_i64..10_000_000,
            portions in prop::collection::vec(1_u32..40, 1..60),
        ) {
            let mut pot = Pot::new(units, minor);
            let (mut left, mut sum) = (units, 0);
            for portion in portions {
                let portion = portion.min(left);
                let worth = pot.take(portion);
                prop_assert!(worth >= 0);
                (left, sum) = (left - portion, sum + worth);
            }
            prop_assert_eq!(sum + pot.take(left), minor);
        }

        #[test]
        fn what_comes_in_goes_out(moves in prop::collection::vec((1_u32..50, 0_i64..100_000, 0_u32..60), 1..40)) {
            let mut pot = Pot::default();
            let (mut units, mut minor) = (0_u32, 0_i64);
            for (more, worth, less) in moves {
                pot.put(more, worth);
                let less = less.min(units + more);
                (units, minor) = (units + more - less, minor + worth - pot.take(less));
                prop_assert!(minor >= 0);
            }
            prop_assert_eq!(pot.take(units), minor);
        }
    }
}
