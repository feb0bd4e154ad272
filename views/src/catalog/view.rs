//! A product as the shop shows it, and what it costs.

use daybook_domain::{
    Currency, Money, ProductId, Sku, Timestamp,
    product::{AttributeValue, Media, ProductSpec, ProductStatus, Variant},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is offered, in which variants, at which list prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductView {
    #[serde(rename = "id")]
    pub product_id: ProductId,
    #[serde(rename = "state")]
    pub status: ProductStatus,
    pub title: String,
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// From the root of the category tree down.
    pub category: Vec<String>,
    pub attributes: BTreeMap<String, AttributeValue>,
    pub media: Vec<Media>,
    /// With today's list prices.
    pub variants: Vec<Variant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_class: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The product's version, for conditional requests.
    pub version: u64,
    /// The log position of its last change.
    pub position: u64,
}

impl ProductView {
    pub(super) fn set(&mut self, spec: &ProductSpec) {
        self.title.clone_from(&spec.title);
        self.description.clone_from(&spec.description);
        self.brand.clone_from(&spec.brand);
        self.category.clone_from(&spec.category);
        self.attributes.clone_from(&spec.attributes);
        self.media.clone_from(&spec.media);
        self.variants.clone_from(&spec.variants);
        self.tax_class.clone_from(&spec.tax_class);
    }
}

/// What a SKU costs now: as much of its product as a cart needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkuOffer {
    pub sku: Sku,
    pub product_id: ProductId,
    pub title: String,
    pub status: ProductStatus,
    /// At most one list price per currency.
    pub prices: Vec<Money>,
    /// The product's version.
    pub version: u64,
    /// The log position of the product's last change.
    pub position: u64,
}

impl SkuOffer {
    /// The list price in a currency.
    #[must_use]
    pub fn price(&self, currency: Currency) -> Option<Money> {
        self.prices.iter().copied().find(|price| price.currency == currency)
    }
}

/// A SKU's list prices from a time on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceChange {
    /// When the shop changed them.
    pub at: Timestamp,
    /// All list prices from then on; none: not for sale.
    pub prices: Vec<Money>,
    pub position: u64,
}
