//! Which filters a product fails, as bits: no bit, and it is found; one bit, and it still counts for the
//! facet of that filter. So hits and disjunctive counts come out of one pass.

use super::{
    category,
    columns::{NO_PRICE, SegmentColumns},
    document::number_text,
    names::Names,
    price,
    request::SearchRequest,
    response::AttributeKind,
};
use ahash::AHashSet;

pub(super) const BRAND: u32 = 1;
pub(super) const PRICE: u32 = 2;
pub(super) const STOCK: u32 = 4;
/// Of the first attribute key; the next ones follow.
pub(super) const FIRST_ATTRIBUTE: u32 = 8;

/// The request's filters, in numbers.
pub(super) struct Filters {
    brand: Option<AHashSet<u32>>,
    /// Currency code, for prices in filters, facets and sorting.
    pub(super) currency: Option<u16>,
    price: Option<(i64, i64)>,
    in_stock: Option<bool>,
    /// Number of each filtered key, in the order of its bit.
    pub(super) keys: Vec<u32>,
    /// Per attribute value number: bits of the filters it satisfies. Empty without attribute filters.
    satisfies: Vec<u32>,
    all_attribute_bits: u32,
    /// Text of the category node searched in; empty for all.
    pub(super) category: String,
    /// Values chosen, to be marked in the facets.
    pub(super) chosen: AHashSet<u32>,
}

impl Filters {
    pub(super) fn new(request: &SearchRequest, names: &Names, value_count: usize) -> Self {
        let mut filters = Self {
            brand: None,
            currency: request.currency.map(price::currency_code),
            price: None,
            in_stock: request.in_stock,
            keys: Vec::new(),
            satisfies: Vec::new(),
            all_attribute_bits: 0,
            category: category::join(&request.category),
            chosen: AHashSet::new(),
        };
        if !request.brand.is_empty() {
            filters.brand = Some(request.brand.iter().filter_map(|brand| names.brands.id(brand)).collect());
        }
        if request.price_min.is_some() || request.price_max.is_some() {
            filters.price =
                Some((request.price_min.unwrap_or(0).max(0), request.price_max.unwrap_or(i64::MAX)));
        }
        filters.attributes(request, names, value_count);
        filters
    }

    fn attributes(&mut self, request: &SearchRequest, names: &Names, value_count: usize) {
        let mut wanted: Vec<(&str, Vec<u32>)> = Vec::new();
        let mut want = |key, ids: Vec<u32>| match wanted.iter_mut().find(|(known, _)| *known == key) {
            Some((_, all)) => all.extend(ids),
            None => wanted.push((key, ids)),
        };
        for filter in &request.attributes {
            let ids = names.attribute_ids(&filter.key, |name| {
                *name.text == *filter.value
                    || name.kind == AttributeKind::Number
                        && filter.value.parse().is_ok_and(|number| *name.text == *number_text(number))
            });
            self.chosen.extend(&ids);
            want(filter.key.as_str(), ids);
        }
        for range in &request.ranges {
            let ids = names.attribute_ids(&range.key, |name| {
                let Ok(number) = name.text.parse::<f64>() else { return false };
                name.kind == AttributeKind::Number
                    && range.min.is_none_or(|min| number >= min)
                    && range.max.is_none_or(|max| number <= max)
            });
            want(range.key.as_str(), ids);
        }
        if wanted.is_empty() {
            return;
        }
        self.satisfies = vec![0; value_count];
        for (index, (key, ids)) in wanted.into_iter().enumerate() {
            let bit = FIRST_ATTRIBUTE << index;
            self.all_attribute_bits |= bit;
            self.keys.push(names.attribute_keys.id(key).unwrap_or(0));
            for id in ids {
                if let Some(bits) = self.satisfies.get_mut(id as usize) {
                    *bits |= bit;
                }
            }
        }
    }

    /// Whether there is nothing that a product could fail.
    pub(super) fn are_none(&self) -> bool {
        self.brand.is_none()
            && self.price.is_none()
            && self.in_stock.is_none()
            && self.all_attribute_bits == 0
    }

    /// The bits of the filters that this product fails; `price` answers its price in the request's currency.
    #[inline]
    pub(super) fn failed(&self, columns: &SegmentColumns, doc: u32, price: impl Fn() -> i64) -> u32 {
        let mut failed = 0;
        if let Some(brands) = &self.brand
            && !brands.contains(&columns.traits(doc).brand)
        {
            failed |= BRAND;
        }
        if let Some((min, max)) = self.price {
            let price = price();
            if price == NO_PRICE || price < min || price > max {
                failed |= PRICE;
            }
        }
        if let Some(in_stock) = self.in_stock
            && columns.traits(doc).in_stock != in_stock
        {
            failed |= STOCK;
        }
        if self.all_attribute_bits != 0 {
            let attributes = columns.attributes(doc);
            let satisfied = attributes.iter().fold(0, |bits, id| bits | self.satisfies[*id as usize]);
            failed |= self.all_attribute_bits & !satisfied;
        }
        failed
    }
}
