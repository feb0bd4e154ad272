//! Prices as one number each: currency in the upper 16 bits, minor units in the lower 48. A product has one
//! a currency, so one column of numbers holds them all.

use daybook_domain::{Currency, Money};

const MINOR_BITS: u32 = 48;
const MAX_MINOR: i64 = (1 << MINOR_BITS) - 1;

/// Five bits a letter.
pub(super) fn currency_code(currency: Currency) -> u16 {
    currency.as_str().bytes().fold(0, |code, letter| (code << 5) | u16::from(letter & 31))
}

/// A price below zero or beyond 2.8 × 10^14 minor units is taken for the nearest that fits.
pub(super) fn pack(price: Money) -> u64 {
    let minor = price.minor.clamp(0, MAX_MINOR).unsigned_abs();
    (u64::from(currency_code(price.currency)) << MINOR_BITS) | minor
}

/// Currency code and minor units.
pub(super) fn unpack(packed: u64) -> (u16, i64) {
    let code = u16::try_from(packed >> MINOR_BITS).expect("16 bits are left");
    (code, i64::try_from(packed & ((1 << MINOR_BITS) - 1)).expect("48 bits fit"))
}

/// Lower bounds of the price ranges in facets: 0, 1, 2, 5, 10 … in units of 100 minor units.
pub(super) const RANGE_STARTS: [i64; 22] = [
    0,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
];

/// Which range a price is in.
pub(super) fn range_of(minor: i64) -> usize {
    RANGE_STARTS.partition_point(|start| *start <= minor).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_survives_packing() {
        let gbp: Currency = "GBP".parse().unwrap();
        let price = Money::new(123_456, gbp);
        assert_eq!(unpack(pack(price)), (currency_code(gbp), 123_456));
        assert_eq!(unpack(pack(Money::new(-5, gbp))).1, 0);
        assert_eq!(unpack(pack(Money::new(i64::MAX, gbp))).1, MAX_MINOR);
    }

    #[test]
    fn ranges_begin_where_they_say() {
        for (index, start) in RANGE_STARTS.iter().enumerate() {
            assert_eq!(range_of(*start), index);
            assert_eq!(range_of(start - 1), index.saturating_sub(1));
        }
    }
}
