//! What people call an order.

use crate::{InvalidId, OrderId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// Douglas Crockford's base 32: no I, L, O or U, so that it can be read aloud and typed.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGITS: usize = 14;

/// 14 digits of Crockford base 32 in groups, `XXXXX-XXXXX-XXXX`: 70 bits of the order's id that are a digest.
/// Not a sequence, so no row is contended, and nobody can count a shop's orders by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct OrderNumber(String);

impl OrderNumber {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Groups 14 digits of the alphabet.
    fn grouped(digits: impl Iterator<Item = u8>) -> Self {
        let mut text = String::with_capacity(DIGITS + 2);
        for (at, digit) in digits.enumerate() {
            if at == 5 || at == 10 {
                text.push('-');
            }
            text.push(char::from(digit));
        }
        Self(text)
    }
}

impl OrderId {
    /// The number people know this order by.
    #[must_use]
    pub fn number(self) -> OrderNumber {
        let bytes = self.uuid().as_u128();
        // A UUID has 62 bits after its variant and 12 after its version; the latter's low 8 make it 70.
        let low = bytes & ((1 << 62) - 1);
        let high = (bytes >> 64) & 0xff;
        let number = (high << 62) | low;
        OrderNumber::grouped((0..DIGITS).rev().map(|digit| {
            let index = (number >> (5 * digit)) & 31;
            ALPHABET[usize::try_from(index).expect("five bits fit")]
        }))
    }
}

/// Reads what people type: any case, with or without dashes and spaces, O for 0, I or L for 1.
impl FromStr for OrderNumber {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            text: text.chars().take(80).collect(),
            expected: "an order number: 14 letters and digits, for example 3QK7D-0M2XW-9RTA",
        };
        let mut digits = [0_u8; DIGITS];
        let mut count = 0;
        for byte in text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')) {
            let digit = match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other if ALPHABET.contains(&other) => other,
                _ => return Err(invalid()),
            };
            *digits.get_mut(count).ok_or_else(invalid)? = digit;
            count += 1;
        }
        if count == DIGITS { Ok(Self::grouped(digits.into_iter())) } else { Err(invalid()) }
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for OrderNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for OrderNumber {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "OrderNumber".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{4}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_number_follows_from_the_id_and_is_read_back_however_it_is_typed() {
        let id = OrderId::new(Uuid::from_u128(0x0192_f3a1_7c00_8abc_9def_0123_4567_89ab));
        let number = id.number();
        assert_eq!(number.as_str(), "QHVVR-14D2P-F2DB");
        let typed = number.as_str().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(typed.parse(), Ok(number));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "12345", "12345-12345-12345", "1234U-12345-1234", "ÄÄÄÄÄ-ÄÄÄÄÄ-ÄÄÄÄ"] {
            assert!(text.parse::<OrderNumber>().is_err(), "{text}");
        }
    }
}
