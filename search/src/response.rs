//! What a search answers. The bytes are written in `render`; these types say what they mean, to the API's
//! description and to clients.

use super::availability::Availability;
use bytes::Bytes;
use daybook_domain::{Currency, Money, ProductId, Sku};
use daybook_event_log::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An answer ready to be sent.
#[derive(Debug, Clone)]
pub struct SearchAnswer {
    /// A [`SearchPage`] as JSON.
    pub body: Bytes,
    /// Everything up to here is taken into account.
    pub position: Position,
}

/// One page of products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchPage {
    pub total: Total,
    /// How the words were understood.
    pub matched: Matched,
    pub hits: Vec<Hit>,
    /// Cursor of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facets: Option<Facets>,
}

/// How many products there are over all pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Total {
    pub value: u64,
    /// Whether there are exactly so many; otherwise there are at least so many.
    pub exact: bool,
}

/// How the words were understood.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matched {
    /// `false`: no product has all the words, so these have some of them. `true`: those with all words are first; by
    /// relevance, products with most or any of the words may follow where few have all.
    pub all_words: bool,
    /// Words that nothing is called, with what was looked for instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
}

/// A word that was taken for other words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    pub word: String,
    /// Word stems, the likeliest first; none if nothing resembles it.
    pub taken_for: Vec<String>,
}

/// A product as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hit {
    pub id: ProductId,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
    pub skus: Vec<Sku>,
    /// The lowest list price per currency.
    pub prices: Vec<Money>,
    /// Whether a variant can be sold without waiting.
    pub in_stock: bool,
    /// The best of its variants.
    pub availability: Availability,
    /// The variants that fulfil all filters; absent if all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_skus: Option<Vec<Sku>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// What the found products have in common, to narrow them down. A facet that is filtered by counts what
/// one would find without that filter, so that its other values stay visible. A product counts for a value if one of its
/// variants has it and fulfils the other filters, so it may count for several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facets {
    /// The nodes directly below the chosen one.
    pub category: Vec<CategoryCount>,
    pub brand: Vec<ValueCount>,
    pub availability: AvailabilityCount,
    /// Absent without a currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceFacet>,
    pub attributes: Vec<AttributeFacet>,
    /// Whether attribute counts come from a sample; never with `count=exact`.
    pub attributes_estimated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryCount {
    pub name: String,
    /// The whole path, as the `category` parameter takes it.
    pub path: String,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueCount {
    pub value: String,
    pub count: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub selected: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityCount {
    pub in_stock: u64,
    pub backorderable: u64,
    pub out_of_stock: u64,
}

/// Products by price, in a 1-2-5 series of ranges; empty ranges are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceFacet {
    pub currency: Currency,
    pub ranges: Vec<PriceRange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceRange {
    /// Minor units, inclusive.
    pub min: i64,
    /// Minor units, inclusive; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeFacet {
    pub key: String,
    pub kind: AttributeKind,
    pub values: Vec<ValueCount>,
}

/// What an attribute's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AttributeKind {
    Text,
    Number,
    Flag,
}

/// What a half-typed word may become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    pub text: String,
    pub kind: SuggestionKind,
    /// How many products have it.
    pub count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum SuggestionKind {
    /// Words of titles.
    Words,
    Brand,
}
