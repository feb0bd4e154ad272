//! Which filters a product fails, as bits: no bit, and it is found; one bit, and it still counts for the
//! facet of that filter. So hits and disjunctive counts come out of one pass. Where variants differ, each has bits of its
//! own: a product is found by the filters that one variant fulfils together.

use super::{
    availability::Availability,
    category,
    columns::{NO_PRICE, SegmentColumns},
    document::number_text,
    names::Names,
    price,
    request::SearchRequest,
    response::AttributeKind,
    variants::VariantRecord,
};
use ahash::AHashSet;

pub(super) const BRAND: u32 = 1;
pub(super) const PRICE: u32 = 2;
pub(super) const AVAILABILITY: u32 = 4;
/// Of the first attribute key; the next ones follow.
pub(super) const FIRST_ATTRIBUTE: u32 = 8;

/// The request's filters, in numbers.
pub(super) struct Filters {
    brand: Option<AHashSet<u32>>,
    /// Currency code, for prices in filters, facets and sorting.
    pub(super) currency: Option<u16>,
    price: Option<(i64, i64)>,
    /// By the number of each.
    availability: Option<[bool; Availability::ALL.len()]>,
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
            availability: wanted_availability(request),
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
            && self.availability.is_none()
            && self.all_attribute_bits == 0
    }

    /// The bits of the filters that a product fails whose variants are all alike; `price` answers its price in the
    /// request's currency.
    #[inline]
    pub(super) fn failed(&self, columns: &SegmentColumns, doc: u32, price: impl Fn() -> i64) -> u32 {
        let traits = columns.traits(doc);
        let mut failed = self.brand_failed(traits.brand) | self.availability_failed(traits.availability);
        if self.price.is_some() {
            failed |= self.price_failed(price());
        }
        if self.all_attribute_bits != 0 {
            failed |= self.all_attribute_bits & !self.satisfied(columns.attributes(doc).iter().copied());
        }
        failed
    }

    /// Goes through the variants of a product whose variants differ: number, record, and the bits of the filters that it
    /// fails.
    pub(super) fn each_variant<'c>(
        &self,
        columns: &'c SegmentColumns,
        doc: u32,
        mut look: impl FnMut(usize, &VariantRecord<'c>, u32),
    ) {
        let values = columns.attributes(doc);
        let mut records = columns.variants.records(doc);
        let Some(shared) = records.next() else { return };
        let shared = self.satisfied(shared.values(values));
        let brand = self.brand_failed(columns.traits(doc).brand);
        for (number, record) in records.enumerate() {
            let mut failed = brand | self.availability_failed(record.availability);
            if self.price.is_some() {
                failed |= self.price_failed(self.price_of(&record));
            }
            if self.all_attribute_bits != 0 {
                failed |= self.all_attribute_bits & !(shared | self.satisfied(record.values(values)));
            }
            look(number, &record, failed);
        }
    }

    /// The variant's price in the request's currency; [`NO_PRICE`] if there is none.
    pub(super) fn price_of(&self, variant: &VariantRecord<'_>) -> i64 {
        self.currency.and_then(|currency| variant.price(currency)).unwrap_or(NO_PRICE)
    }

    /// The number of the key, if a filter on attributes is the only one that is failed.
    pub(super) fn only_key(&self, failed: u32) -> Option<u32> {
        if failed < FIRST_ATTRIBUTE || !failed.is_power_of_two() {
            return None;
        }
        let bit = failed.trailing_zeros() - FIRST_ATTRIBUTE.trailing_zeros();
        self.keys.get(bit as usize).copied()
    }

    fn brand_failed(&self, brand: u32) -> u32 {
        if self.brand.as_ref().is_none_or(|brands| brands.contains(&brand)) { 0 } else { BRAND }
    }

    fn price_failed(&self, price: i64) -> u32 {
        let fits = |(min, max): (i64, i64)| price != NO_PRICE && (min..=max).contains(&price);
        if self.price.is_none_or(fits) { 0 } else { PRICE }
    }

    fn availability_failed(&self, availability: Availability) -> u32 {
        if self.availability.is_none_or(|wanted| wanted[availability as usize]) { 0 } else { AVAILABILITY }
    }

    fn satisfied(&self, values: impl Iterator<Item = u32>) -> u32 {
        values.fold(0, |bits, id| bits | self.satisfies.get(id as usize).copied().unwrap_or(0))
    }
}

/// Which availabilities are wanted; none if all are.
fn wanted_availability(request: &SearchRequest) -> Option<[bool; Availability::ALL.len()]> {
    if request.in_stock.is_none() && request.availability.is_empty() {
        return None;
    }
    Some(Availability::ALL.map(|one| {
        request.in_stock.is_none_or(|in_stock| in_stock == (one == Availability::InStock))
            && (request.availability.is_empty() || request.availability.contains(&one))
    }))
}
