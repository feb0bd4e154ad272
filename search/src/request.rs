//! What can be asked of the search, and the limits that keep any question cheap. Nothing here touches
//! the index: [`SearchRequest::check`] turns a wish into one that is safe to run, or says what is wrong.

use super::{SearchError, availability::Availability};
use daybook_domain::Currency;
use serde::{Serialize, Serializer};

/// Longest query text, in characters.
pub const MAX_QUERY_CHARS: usize = 256;
/// Most words in a query text.
pub const MAX_QUERY_TERMS: usize = 32;
/// Most products on one page.
pub const MAX_LIMIT: u32 = 100;
/// Products on a page when nothing else is asked for.
pub const DEFAULT_LIMIT: u32 = 20;
/// Most values over all filters, and most attribute keys among them.
pub(super) const MAX_FILTER_VALUES: usize = 100;
pub(super) const MAX_FILTER_KEYS: usize = 16;
/// Longest filter value, in characters.
pub(super) const MAX_VALUE_CHARS: usize = 256;

/// A search. A product is found if one of its variants fulfils all filters. Everything is optional; an empty request lists what is newest.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SearchRequest {
    /// Words to look for; plain text, there is no query syntax. At most 256 characters and 32 words.
    pub q: String,
    /// A node of the category tree, from the root down; what lies below it is searched.
    pub category: Vec<String>,
    /// Any of these brands, exactly as spelled.
    pub brand: Vec<String>,
    /// Every key must fit; of several values of one key any.
    pub attributes: Vec<AttributeFilter>,
    /// Number attributes within bounds.
    pub ranges: Vec<RangeFilter>,
    /// Currency of prices, filters and price facets (ISO 4217). Needed to filter or sort by price.
    pub currency: Option<Currency>,
    /// Lowest list price, in minor units, inclusive.
    pub price_min: Option<i64>,
    /// Highest list price, in minor units, inclusive.
    pub price_max: Option<i64>,
    /// `true`: only what can be bought now. `false`: only what cannot.
    pub in_stock: Option<bool>,
    /// Only variants with any of these.
    pub availability: Vec<Availability>,
    pub sort: Sort,
    pub count: CountMode,
    /// Whether to leave out facets (cheaper).
    pub no_facets: bool,
    /// Products on the page, 1 to 100; 20 if absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// One `key = value`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AttributeFilter {
    pub key: String,
    pub value: String,
}

/// A number attribute within bounds, both inclusive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RangeFilter {
    pub key: String,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

/// In which order. Ties go to the newer product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// What fits the words best; without words, the newest.
    #[default]
    Relevance,
    PriceAsc,
    PriceDesc,
    Newest,
    Name,
}

impl Sort {
    pub const ALL: [Self; 5] = [Self::Relevance, Self::PriceAsc, Self::PriceDesc, Self::Newest, Self::Name];

    /// As it is asked for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relevance => "relevance",
            Self::PriceAsc => "price_asc",
            Self::PriceDesc => "price_desc",
            Self::Newest => "newest",
            Self::Name => "name",
        }
    }
}

/// How exactly to count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum CountMode {
    /// Totals stop at 1,000, and attribute counts of very large results are estimated from a sample.
    #[default]
    Capped,
    /// Every number is exact.
    Exact,
}

impl CountMode {
    pub const ALL: [Self; 2] = [Self::Capped, Self::Exact];

    /// As it is asked for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capped => "capped",
            Self::Exact => "exact",
        }
    }
}

impl Serialize for Sort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for CountMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl SearchRequest {
    /// Checks the limits and brings equal questions into equal form, so that they share a cached answer.
    pub fn check(&self) -> Result<Self, SearchError> {
        let mut checked = self.clone();
        checked.q = self.q.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let chars = checked.q.chars().count();
        if chars > MAX_QUERY_CHARS {
            return Err(SearchError::QueryTooLong { chars, max: MAX_QUERY_CHARS });
        }
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(SearchError::BadLimit { limit: limit.to_string(), max: MAX_LIMIT });
        }
        checked.limit = Some(limit);
        checked.brand.sort();
        checked.brand.dedup();
        checked.availability.sort();
        checked.availability.dedup();
        checked.attributes.sort();
        checked.attributes.dedup();
        checked.check_ranges()?;
        checked.check_filters()?;
        Ok(checked)
    }

    fn check_ranges(&self) -> Result<(), SearchError> {
        let bad = |name: &str, detail: &str| {
            Err(SearchError::BadRange { name: name.to_owned(), detail: detail.to_owned() })
        };
        if let (Some(min), Some(max)) = (self.price_min, self.price_max)
            && min > max
        {
            return bad("price", "the lower bound is above the upper one");
        }
        let by_price = matches!(self.sort, Sort::PriceAsc | Sort::PriceDesc);
        if self.currency.is_none() && (by_price || self.price_min.is_some() || self.price_max.is_some()) {
            return Err(SearchError::MissingCurrency);
        }
        for range in &self.ranges {
            match (range.min, range.max) {
                (None, None) => return bad(&range.key, "neither bound is given"),
                (min, max) if min.is_some_and(f64::is_nan) || max.is_some_and(f64::is_nan) => {
                    return bad(&range.key, "a bound is not a number");
                }
                (Some(min), Some(max)) if min > max => {
                    return bad(&range.key, "the lower bound is above the upper one");
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_filters(&self) -> Result<(), SearchError> {
        let values = self.brand.len() + self.category.len() + self.attributes.len() + self.ranges.len();
        let mut keys: Vec<&str> = self.attributes.iter().map(|filter| filter.key.as_str()).collect();
        keys.extend(self.ranges.iter().map(|range| range.key.as_str()));
        keys.sort_unstable();
        keys.dedup();
        if values > MAX_FILTER_VALUES || keys.len() > MAX_FILTER_KEYS {
            return Err(SearchError::TooManyFilters {
                values,
                keys: keys.len(),
                max_values: MAX_FILTER_VALUES,
                max_keys: MAX_FILTER_KEYS,
            });
        }
        let texts = self.brand.iter().chain(&self.category);
        let attributes = self.attributes.iter().flat_map(|filter| [&filter.key, &filter.value]);
        for text in texts.chain(attributes).chain(self.ranges.iter().map(|range| &range.key)) {
            if text.chars().count() > MAX_VALUE_CHARS {
                let start = text.chars().take(40).collect();
                return Err(SearchError::ValueTooLong { start, max: MAX_VALUE_CHARS });
            }
        }
        Ok(())
    }
}
