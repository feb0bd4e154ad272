//! What happens to products.

use crate::{Money, ProductId, Sku, event::events};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap, fmt};

events! {
    /// What happens to products.
    ProductEvent of super::Product, upcast by upcast {
        ProductCreated = 2,
        ProductRevised = 2,
        PricesChanged = 1,
        ProductPublished = 1,
        ProductUnpublished = 1,
        ProductArchived = 1,
    }
}

/// Version 1 of a description has at most one barcode a variant, as `barcode`.
fn upcast(event_type: &str, from_version: u16, mut payload: Value) -> Value {
    if from_version > 1 || !matches!(event_type, "ProductCreated" | "ProductRevised") {
        return payload;
    }
    let variants = payload.pointer_mut("/spec/variants").and_then(Value::as_array_mut);
    for variant in variants.into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(barcode) = variant.remove("barcode").filter(|barcode| !barcode.is_null()) {
            variant.insert("barcodes".to_owned(), Value::Array(vec![barcode]));
        }
    }
    payload
}

/// Whether customers can see and buy it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ProductStatus {
    Draft,
    Published,
    Archived,
}

/// Everything a shop says about a product, except whether it is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductSpec {
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// From the root of the category tree down, for example `["Home", "Kitchen", "Mugs"]`.
    #[serde(default)]
    pub category: Vec<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, AttributeValue>,
    #[serde(default)]
    pub media: Vec<Media>,
    /// At least one; SKUs are unique within the product.
    pub variants: Vec<Variant>,
    /// For a tax calculator, for example `standard`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_class: Option<String>,
}

/// One purchasable form of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub sku: Sku,
    /// What tells it from its siblings, for example `{"size": "M"}`.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// At most one list price per currency.
    #[serde(default)]
    pub prices: Vec<Money>,
    /// What scanners read, for example a GTIN-13: of the article, its cartons, its former manufacturers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barcodes: Vec<String>,
}

/// A picture or a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Media {
    pub url: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
}

/// A typed attribute; in JSON a plain text, number, boolean or list of texts.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    Text(String),
    /// A number without decimals, as it was sent.
    Integer(i64),
    Number(f64),
    Flag(bool),
    Texts(Vec<String>),
}

/// All list prices of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkuPrices {
    pub sku: Sku,
    pub prices: Vec<Money>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductCreated {
    pub product_id: ProductId,
    pub status: ProductStatus,
    pub spec: ProductSpec,
}

/// The description changed; `spec` is the whole new one, prices included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductRevised {
    pub product_id: ProductId,
    pub spec: ProductSpec,
}

/// List prices changed and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PricesChanged {
    pub product_id: ProductId,
    /// The SKUs whose prices changed, with all their new prices.
    pub changed: Vec<SkuPrices>,
    /// The same SKUs with the prices before.
    pub previous: Vec<SkuPrices>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductPublished {
    pub product_id: ProductId,
}

/// Back to draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductUnpublished {
    pub product_id: ProductId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductArchived {
    pub product_id: ProductId,
}

impl Serialize for AttributeValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Texts(texts) => texts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;

        impl<'de> de::Visitor<'de> for Scalar {
            type Value = AttributeValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, a boolean or a list of texts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Text(text.to_owned()))
            }
            fn visit_bool<E: de::Error>(self, flag: bool) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Flag(flag))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Number(number))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Integer(number))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<AttributeValue, E> {
                let too_large = || E::custom(format!("{number} is too large; send it as a text"));
                i64::try_from(number).map(AttributeValue::Integer).map_err(|_| too_large())
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<AttributeValue, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(AttributeValue::Texts(texts))
            }
        }

        deserializer.deserialize_any(Scalar)
    }
}

impl JsonSchema for AttributeValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "AttributeValue".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number", "boolean", "array"],
            "items": { "type": "string" },
        })
    }
}
