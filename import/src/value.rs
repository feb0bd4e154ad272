//! Exact amounts of the file: sums of quantity × unit price, with as many decimals as the file has. The shop
//! itself counts in pence (`daybook_domain::Money`); the difference between the two is what the books itemise.

use serde::{Serialize, Serializer};
use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Neg, Sub},
};

/// The file's currency units in millionths; no rounding ever happens here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Value(i128);

/// Digits that a price may have before the point: beyond any price, and times any quantity still far from what
/// money holds.
const WHOLE_DIGITS: usize = 8;
/// Decimals that a price may have.
const DECIMALS: usize = 6;
const MICROS_PER_MINOR: i128 = 10_000;

impl Value {
    pub const ZERO: Self = Self(0);

    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor as i128 * MICROS_PER_MINOR)
    }

    /// `quantity` times the price of `price_micros` millionths.
    #[must_use]
    pub const fn of(quantity: i32, price_micros: i64) -> Self {
        Self(quantity as i128 * price_micros as i128)
    }

    /// Whether it is not more than half a penny away from what is booked for it, so that rounding to the penny explains the
    /// difference.
    pub(crate) const fn is_booked_as(self, booked: Self) -> bool {
        (self.0 - booked.0).unsigned_abs() <= (MICROS_PER_MINOR / 2).unsigned_abs()
    }

    /// To the penny, half away from zero. A value beyond what money holds stays at its bounds, where the shop
    /// refuses it.
    pub(crate) fn to_minor(self) -> i64 {
        let half = if self.0 < 0 { -MICROS_PER_MINOR / 2 } else { MICROS_PER_MINOR / 2 };
        let minor = (self.0 + half) / MICROS_PER_MINOR;
        i64::try_from(minor).unwrap_or(if minor < 0 { i64::MIN } else { i64::MAX })
    }
}

/// A unit price in millionths: an optional minus, up to eight digits, and up to six decimals.
pub(crate) fn parse_price(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&digits[..dot], &digits[dot + 1..]),
        None => (digits, &[][..]),
    };
    if whole.is_empty() || whole.len() > WHOLE_DIGITS || fraction.len() > DECIMALS {
        return None;
    }
    let mut micros = 0_i64;
    for byte in whole.iter().chain(fraction) {
        micros = micros * 10 + i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
    }
    for _ in fraction.len()..DECIMALS {
        micros *= 10;
    }
    Some(if negative { -micros } else { micros })
}

/// The price to the penny, half away from zero.
pub(crate) const fn to_minor(price_micros: i64) -> i64 {
    let half = if price_micros < 0 { -5_000 } else { 5_000 };
    (price_micros + half) / 10_000
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let digits = format!("{fraction:06}");
        let kept = digits.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{whole}.{}", &digits[..kept])
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Add for Value {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Value {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Value {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Value {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Value {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, Self::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_price_is_read_to_its_last_digit() {
        assert_eq!(parse_price(b"2.55"), Some(2_550_000));
        assert_eq!(parse_price(b"0.001"), Some(1_000));
        assert_eq!(parse_price(b"-11062.06"), Some(-11_062_060_000));
        assert_eq!(parse_price(b"7"), Some(7_000_000));
    }

    #[test]
    fn what_is_no_price_is_not_taken_for_one() {
        for text in ["", "-", ".", ".5", "1.2.3", "1e5", "NaN", "£2", "1,5", "0.1234567", "123456789", "+1"]
        {
            assert_eq!(parse_price(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn half_a_penny_is_rounded_away_from_zero() {
        assert_eq!([to_minor(5_000), to_minor(4_999), to_minor(-5_000), to_minor(1_000)], [1, 0, -1, 0]);
    }

    #[test]
    fn a_value_is_written_with_at_least_pence_and_no_idle_zeros() {
        assert_eq!(Value::of(1, 1_000).to_string(), "0.001");
        assert_eq!(Value::of(-3, 2_500_000).to_string(), "-7.50");
        assert_eq!(Value::from_minor(0).to_string(), "0.00");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in -99_999_999_999_999_i64..99_999_999_999_999) {
            prop_assert_eq!(parse_price(Value::of(1, micros).to_string().as_bytes()), Some(micros));
        }
    }
}
