//! A cart as the shop shows it.

use daybook_domain::{
    CartId, CountryCode, Currency, CustomerId, LineId, Money, OrderId, Personal, ProductId, Quantity, Sku,
    Timestamp,
    cart::{AbandonReason, CartLine},
    order::Charge,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a customer means to buy, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartView {
    #[serde(rename = "id")]
    pub cart_id: CartId,
    pub state: CartState,
    pub currency: Currency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// None for a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    pub lines: Vec<CartLineView>,
    /// Carriage, discounts and manual amounts; known from checkout on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    /// Lines and charges together.
    pub total: Money,
    /// Who the goods go to and where.
    pub contact: Personal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The order it became or is becoming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The cart its lines went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<CartId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned_because: Option<AbandonReason>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The cart's version, for conditional requests.
    pub version: u64,
    /// The log position of its last change.
    pub position: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum CartState {
    Active,
    CheckingOut,
    Ordered,
    Merged,
    Abandoned,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartLineView {
    pub line_id: LineId,
    pub sku: Sku,
    pub product_id: ProductId,
    /// The product's title when the line was added.
    pub title: String,
    pub quantity: Quantity,
    pub unit_price: Money,
    pub line_total: Money,
}

impl CartLineView {
    pub(super) fn new(line: &CartLine) -> Result<Self, daybook_domain::MoneyError> {
        Ok(Self {
            line_id: line.line_id,
            sku: line.sku.clone(),
            product_id: line.product_id.clone(),
            title: line.title.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            line_total: line.unit_price.times(line.quantity.get())?,
        })
    }
}
