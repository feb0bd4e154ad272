//! What is sent to carts, and what commands on them add to their receipt.

use crate::http::CommandBody;
use daybook_domain::{CartId, CountryCode, Currency, CustomerId, LineId, Money, Personal, Quantity, Sku};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An article to put into a cart.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineBody {
    pub sku: Sku,
    pub quantity: Quantity,
}

/// A new cart.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CartBody {
    /// All prices in the cart are in this currency.
    pub currency: Currency,
    /// Where the goods are to go, as far as known.
    #[serde(default)]
    pub country: Option<CountryCode>,
    /// None for a guest.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    #[serde(default)]
    pub lines: Vec<LineBody>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuantityBody {
    pub quantity: Quantity,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactBody {
    #[serde(default)]
    pub country: Option<CountryCode>,
    /// Who the goods go to and where.
    pub contact: Personal,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerBody {
    pub customer_id: CustomerId,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeBody {
    /// The cart that the lines go to.
    pub into: CartId,
}

/// The lines that a command added.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AddedLines {
    pub lines: Vec<AddedLine>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AddedLine {
    pub line_id: LineId,
    pub sku: Sku,
    pub quantity: Quantity,
    pub unit_price: Money,
}

impl CommandBody for CartBody {
    fn example() -> Value {
        json!({ "currency": "GBP", "country": "GB", "lines": [{ "sku": "MUG-RED", "quantity": 2 }] })
    }
}

impl CommandBody for QuantityBody {
    fn example() -> Value {
        json!({ "quantity": 3 })
    }
}

impl CommandBody for ContactBody {
    fn example() -> Value {
        json!({ "country": "GB", "contact": { "name": "Ada Lovelace",
            "email": "ada@example.com", "shipping_address": { "lines": ["12 St James's Square"],
            "city": "London", "postal_code": "SW1Y 4JH", "country": "GB" } } })
    }
}

impl CommandBody for CustomerBody {
    fn example() -> Value {
        json!({ "customer_id": "17850" })
    }
}

impl CommandBody for MergeBody {
    fn example() -> Value {
        json!({ "into": "0199a5b1-0d2f-7a63-9c4e-8b7a6d5c4e3f" })
    }
}
