//! What happens to carts.

use crate::{
    CartId, CountryCode, Currency, CustomerId, LineId, Money, OrderId, Personal, ProductId, Quantity, Sku,
    event::events, order::Charge,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

events! {
    /// What happens to carts.
    CartEvent of super::Cart, upcast by upcast {
        CartCreated = 1,
        CartLinesAdded = 1,
        CartLineQuantityChanged = 1,
        CartLineRemoved = 1,
        CartAssigned = 1,
        CartContactSet = 1,
        CartRepriced = 1,
        CartCheckedOut = 1,
        CartOrdered = 1,
        CartMerged = 1,
        CartAbandoned = 1,
    }
}

/// No cart event has an older schema yet.
fn upcast(_event_type: &str, _from_version: u16, payload: serde_json::Value) -> serde_json::Value {
    payload
}

/// One article at one price. The same SKU at another price is another line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartLine {
    pub line_id: LineId,
    pub sku: Sku,
    pub product_id: ProductId,
    /// The product's title when the line was added.
    pub title: String,
    pub quantity: Quantity,
    pub unit_price: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartCreated {
    pub cart_id: CartId,
    /// All prices in the cart are in this currency.
    pub currency: Currency,
    /// Where the goods are to go, as far as known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// None for a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartLinesAdded {
    pub lines: Vec<CartLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartLineQuantityChanged {
    pub line_id: LineId,
    pub quantity: Quantity,
    pub previous: Quantity,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartLineRemoved {
    pub line_id: LineId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartAssigned {
    pub customer_id: CustomerId,
}

/// Who the goods go to and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartContactSet {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    pub personal: Personal,
}

/// A line's new unit price, accepted by the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineReprice {
    pub line_id: LineId,
    pub unit_price: Money,
    pub previous: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartRepriced {
    pub lines: Vec<LineReprice>,
}

/// The customer wants this; everything the order needs is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartCheckedOut {
    pub cart_id: CartId,
    pub order_id: OrderId,
    pub currency: Currency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    pub lines: Vec<CartLine>,
    /// Carriage, discounts, manual amounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    pub total: Money,
    /// The gateway's token for how it is paid; never a card number.
    pub payment_token: String,
    /// The shop's or the customer's own reference, for example an invoice number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default)]
    pub personal: Personal,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartOrdered {
    pub order_id: OrderId,
}

/// This guest cart ended; its lines go to another cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartMerged {
    pub cart_id: CartId,
    pub into: CartId,
    pub lines: Vec<CartLine>,
}

/// Why a cart ended without an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AbandonReason {
    /// Nothing happened to it for the configured time.
    Inactive,
    /// Its owner threw it away.
    Discarded,
    /// Its order was rejected.
    OrderRejected,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartAbandoned {
    pub reason: AbandonReason,
}
