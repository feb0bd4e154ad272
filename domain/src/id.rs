//! Names of things: each a type of its own, read and checked at the edge, never mixed up inside.

use crate::codes;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};
use uuid::Uuid;

/// A text or number that cannot be what it is said to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidId {
    pub text: String,
    pub expected: &'static str,
}

impl InvalidId {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), expected }
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(Uuid);

        impl $name {
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.parse().map(Self).map_err(|_| InvalidId::new(text, $expected))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(/** A cart. */ CartId, "a cart id (UUID)");
uuid_id!(/** An order; derived from its cart's, so that a cart becomes at most one order. */ OrderId, "an order id (UUID)");
uuid_id!(/** A payment; derived from its order's. */ PaymentId, "a payment id (UUID)");
uuid_id!(/** A parcel or several that left together. */ ShipmentId, "a shipment id (UUID)");
uuid_id!(/** Goods that came back together. */ ReturnId, "a return id (UUID)");
uuid_id!(/** Money given back on an order though no goods came back. */ CreditId, "a credit id (UUID)");
uuid_id!(/** A command that a client named by an idempotency key. */ RequestId, "a request id (UUID)");
uuid_id!(/** One request to a payment gateway, under which it is made at most once. */ OperationId, "an operation id (UUID)");

/// A UUID that follows from another one and a purpose. Keeps the time prefix, so that what belongs
/// together sorts together; the rest is a digest.
fn derive(from: Uuid, purpose: &[u8]) -> Uuid {
    let mut bytes = *Uuid::new_v5(&from, purpose).as_bytes();
    bytes[..6].copy_from_slice(&from.as_bytes()[..6]);
    Uuid::new_v8(bytes)
}

impl CartId {
    /// The one order this cart can become.
    #[must_use]
    pub fn order_id(self) -> OrderId {
        OrderId(derive(self.0, b"order"))
    }
}

impl OrderId {
    /// The payment for this order.
    #[must_use]
    pub fn payment_id(self) -> PaymentId {
        PaymentId(derive(self.0, b"payment"))
    }
}

impl PaymentId {
    /// The operation for one purpose, for example `capture:<shipment>`.
    #[must_use]
    pub fn operation_id(self, purpose: &str) -> OperationId {
        OperationId(derive(self.0, purpose.as_bytes()))
    }
}

/// Letters, digits and what stands in no address for something else.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// What a label can show. Letters beyond ASCII are left out, because many can be written in several ways that look the
/// same.
fn is_printed(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') && !text.starts_with(' ') && !text.ends_with(' ')
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $max:literal, $allowed:path, $pattern:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // A path that ends with one of the two is another path.
                let is_dots = matches!(text, "." | "..");
                if text.is_empty() || text.len() > $max || is_dots || !$allowed(text) {
                    return Err(InvalidId::new(text, $expected));
                }
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string", "minLength": 1, "maxLength": $max, "pattern": $pattern,
                })
            }
        }
    };
}

text_id!(/** A stock keeping unit: what is counted, priced and sold. */ Sku, 64, is_printed, "^[!-~]([ -~]*[!-~])?$",
    "a SKU: 1 to 64 printable ASCII characters, spaces only between others");
text_id!(/** A product, which has one or more SKUs as variants. */ ProductId, 64, is_plain, "^[A-Za-z0-9._-]+$",
    "a product id: 1 to 64 letters, digits, '-', '_' or '.'");
text_id!(/** A place that holds stock. */ LocationId, 64, is_plain, "^[A-Za-z0-9._-]+$",
    "a location id: 1 to 64 letters, digits, '-', '_' or '.'");
text_id!(/** A person known to the shop, by an opaque id that says nothing about them. */ CustomerId, 64, is_plain, "^[A-Za-z0-9._-]+$",
    "a customer id: 1 to 64 letters, digits, '-', '_' or '.'");

/// Eight letters or digits.
fn is_key_id(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

text_id!(/** A key to the API, by the part of it that is no secret. */ KeyId, 8, is_key_id, "^[0-9A-Za-z]{8}$",
    "a key's id: 8 letters and digits");

/// The shop's one list of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyListId;

impl fmt::Display for KeyListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys")
    }
}

impl FromStr for KeyListId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text == "keys" { Ok(Self) } else { Err(InvalidId::new(text, "the list of keys: keys")) }
    }
}

/// An ISO 3166-1 alpha-2 country code, for example `GB`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// What every code looks like.
    pub const PATTERN: &'static str = "^[A-Z]{2}$";

    /// The code as it was recorded; of the standard or not.
    fn recorded(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Self([*a, *b])),
            _ => None,
        }
    }
}

/// A country of the standard.
impl FromStr for CountryCode {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let known = codes::objection_to_country(text).is_none().then(|| Self::recorded(text)).flatten();
        known.ok_or_else(|| InvalidId::new(text, "a country of ISO 3166-1, as GB is"))
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).expect("only ASCII letters are stored"))
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for CountryCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A country as it was recorded. (Bodies of requests are held against the standard by their schema.)
impl<'de> Deserialize<'de> for CountryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::recorded(&text).ok_or_else(|| de::Error::custom("not a country code of two capital letters"))
    }
}

impl JsonSchema for CountryCode {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "CountryCode".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": Self::PATTERN, "description": "ISO 3166-1 alpha-2 code" })
    }
}

/// A line within its cart or order, from 1; never used again once removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct LineId(pub u32);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A count of units of one article: 1 to 999,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Quantity(u32);

impl Quantity {
    pub const MAX: u32 = 999_999;

    /// A quantity, if `units` is one.
    pub fn new(units: u32) -> Result<Self, InvalidId> {
        if (1..=Self::MAX).contains(&units) {
            Ok(Self(units))
        } else {
            Err(InvalidId::new(&units.to_string(), "a quantity from 1 to 999999"))
        }
    }

    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The sum, if it is still a quantity.
    pub fn plus(self, other: Self) -> Result<Self, InvalidId> {
        Self::new(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Quantity {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 999_999 })
    }
}
