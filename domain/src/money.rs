//! Amounts of money: whole minor units of one currency, checked arithmetic, no floats.

use crate::codes;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// An ISO 4217 currency code, for example `GBP`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// An amount in minor units (pence, cents); may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Whole minor units of `currency`.
    pub minor: i64,
    pub currency: Currency,
}

/// Why an amount cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("{left} and {right} are different currencies")]
    DifferentCurrencies { left: Currency, right: Currency },
    #[error("the amount is too large")]
    Overflow,
    #[error("{0:?} is not a currency of ISO 4217, as GBP is")]
    NotACurrency(String),
    #[error("an amount cannot be split by these weights")]
    NoWeights,
}

impl Currency {
    /// What every code looks like.
    pub const PATTERN: &'static str = "^[A-Z]{3}$";

    /// The code as it was recorded; of the standard or not.
    fn recorded(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_uppercase()) => {
                Some(Self([*a, *b, *c]))
            }
            _ => None,
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters are stored")
    }

    /// How many decimals an amount is written with: a minor unit is 1/10 to that power. From ISO 4217; two where that
    /// does not know the code.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
            | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }
}

/// A currency of the standard.
impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let known = codes::objection_to_currency(text).is_none().then(|| Self::recorded(text)).flatten();
        known.ok_or_else(|| MoneyError::NotACurrency(text.chars().take(20).collect()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A currency as it was recorded. (Bodies of requests are held against the standard by their schema.)
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::recorded(&text).ok_or_else(|| de::Error::custom("not a currency code of three capital letters"))
    }
}

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": Self::PATTERN, "description": "ISO 4217 code" })
    }
}

impl Money {
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The sum, if both are of one currency and it fits.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference, if both are of one currency and it fits.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// This amount `count` times.
    pub fn times(self, count: u32) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(i64::from(count)).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// This amount in parts that are as near to the weights as whole minor units allow, and sum to it exactly:
    /// what rounding down leaves goes, one unit each, to the largest remainders (the earlier part if equal).
    /// Also known as the Hamilton method.
    pub fn split(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let whole: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        if whole == 0 {
            return Err(MoneyError::NoWeights);
        }
        let amount = u128::from(self.minor.unsigned_abs());
        let mut remainders = Vec::with_capacity(weights.len());
        let mut parts = Vec::with_capacity(weights.len());
        let mut left = amount;
        for (at, weight) in weights.iter().enumerate() {
            // Below 2^63 × 2^64, so it fits.
            let share = amount * u128::from(*weight);
            left -= share / whole;
            parts.push(share / whole);
            remainders.push((share % whole, at));
        }
        remainders.sort_unstable_by(|(a, at_a), (b, at_b)| b.cmp(a).then(at_a.cmp(at_b)));
        for (_, at) in remainders {
            if left == 0 {
                break;
            }
            left -= 1;
            parts[at] += 1;
        }
        let sign = i128::from(self.minor.signum());
        let signed = |part: u128| i64::try_from(i128::try_from(part).unwrap_or(i128::MAX) * sign);
        parts
            .into_iter()
            .map(|part| signed(part).map_err(|_| MoneyError::Overflow))
            .map(|minor| minor.map(|minor| Self { minor, ..self }))
            .collect()
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::DifferentCurrencies { left: self.currency, right: other.currency })
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} minor units of {}", self.minor, self.currency)
    }
}
