//! What the variants of a product differ in, in one column of numbers. A product is found if one of its variants fulfils
//! every filter, so what each of them has is kept apart. Products whose variants are all alike are not in it.
//!
//! A product's numbers are records: one for what all its variants have, then one for each variant, in their order. A
//! record is a head, prices as `price` packs them, and places in the product's list of attribute values.

use super::{SearchIndexError, availability::Availability, price, schema::VARIANTS};
use ahash::AHashMap;
use daybook_domain::Money;
use std::collections::BTreeSet;
use tantivy::SegmentReader;

const AVAILABILITY_BITS: u32 = 2;
const COUNT_BITS: u32 = 30;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// What one variant has, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VariantTraits {
    pub(super) availability: Availability,
    pub(super) prices: Vec<Money>,
    /// Its attribute values, those of the product among them.
    pub(super) tokens: BTreeSet<String>,
}

/// The numbers of a product with these variants; none if they are alike. `all` are the product's attribute values, sorted.
pub(super) fn encode(variants: &[VariantTraits], all: &BTreeSet<String>) -> Vec<u64> {
    let Some((first, rest)) = variants.split_first() else { return Vec::new() };
    if rest.iter().all(|variant| variant == first) {
        return Vec::new();
    }
    let is_shared = |token: &String| variants.iter().all(|variant| variant.tokens.contains(token));
    let places = |keep: &dyn Fn(&String) -> bool| -> Vec<u64> {
        (0_u64..).zip(all).filter(|(_, token)| keep(token)).map(|(place, _)| place).collect()
    };
    let mut numbers = Vec::new();
    record(&mut numbers, Availability::default(), &[], &places(&is_shared));
    for variant in variants {
        let own = places(&|token| variant.tokens.contains(token) && !is_shared(token));
        record(&mut numbers, variant.availability, &variant.prices, &own);
    }
    numbers
}

fn record(numbers: &mut Vec<u64>, availability: Availability, prices: &[Money], places: &[u64]) {
    let (prices_len, places_len) = (prices.len() as u64 & COUNT_MASK, places.len() as u64 & COUNT_MASK);
    let head = (places_len << COUNT_BITS | prices_len) << AVAILABILITY_BITS;
    numbers.push(head | availability as u64);
    numbers.extend(prices.iter().map(|price| price::pack(*price)));
    numbers.extend(places);
}

/// The column of one segment.
#[derive(Default)]
pub(super) struct VariantColumn {
    numbers: Vec<u64>,
    /// Where each product's numbers begin and end.
    of: AHashMap<u32, (usize, usize)>,
}

impl VariantColumn {
    pub(super) fn read(segment: &SegmentReader) -> Result<Self, SearchIndexError> {
        let column = segment.fast_fields().u64(VARIANTS)?;
        let mut read = Self::default();
        for doc in 0..segment.max_doc() {
            let start = read.numbers.len();
            read.numbers.extend(column.values_for_doc(doc));
            if read.numbers.len() > start {
                read.of.insert(doc, (start, read.numbers.len()));
            }
        }
        read.numbers.shrink_to_fit();
        Ok(read)
    }

    /// Whether the product's variants differ.
    pub(super) fn has(&self, doc: u32) -> bool {
        self.of.contains_key(&doc)
    }

    /// What all variants have, and then each of them; nothing if they are alike.
    pub(super) fn records(&self, doc: u32) -> VariantRecords<'_> {
        let (start, end) = self.of.get(&doc).copied().unwrap_or_default();
        VariantRecords { rest: &self.numbers[start..end] }
    }
}

/// Goes through the records of a product.
pub(super) struct VariantRecords<'a> {
    rest: &'a [u64],
}

/// What one variant has, or what all have.
pub(super) struct VariantRecord<'a> {
    pub(super) availability: Availability,
    prices: &'a [u64],
    places: &'a [u64],
}

impl<'a> Iterator for VariantRecords<'a> {
    type Item = VariantRecord<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.rest.split_first()?;
        let availability = Availability::of_number(head & ((1 << AVAILABILITY_BITS) - 1));
        let count = |shift: u32| usize::try_from(head >> shift & COUNT_MASK).ok();
        let (prices, rest) = rest.split_at_checked(count(AVAILABILITY_BITS)?)?;
        let (places, rest) = rest.split_at_checked(count(AVAILABILITY_BITS + COUNT_BITS)?)?;
        self.rest = rest;
        Some(VariantRecord { availability, prices, places })
    }
}

impl VariantRecord<'_> {
    /// The price in a currency, in minor units.
    pub(super) fn price(&self, currency: u16) -> Option<i64> {
        let prices = self.prices.iter().map(|packed| price::unpack(*packed));
        prices.filter(|(code, _)| *code == currency).map(|(_, minor)| minor).min()
    }

    /// Its values, out of those of the product.
    pub(super) fn values(&self, all: &[u32]) -> impl Iterator<Item = u32> {
        self.places.iter().filter_map(|place| all.get(usize::try_from(*place).ok()?).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_that_are_alike_take_no_room_and_others_come_back_in_order() {
        let traits = |availability, minor, tokens: &[&str]| VariantTraits {
            availability,
            prices: vec![
                Money::new(minor, "GBP".parse().unwrap()),
                Money::new(minor + 1, "EUR".parse().unwrap()),
            ],
            tokens: tokens.iter().map(|token| (*token).to_owned()).collect(),
        };
        let small = traits(Availability::InStock, 100, &["cotton", "small"]);
        let large = traits(Availability::Backorderable, 300, &["cotton", "large"]);
        let all: BTreeSet<String> = small.tokens.union(&large.tokens).cloned().collect();
        assert!(encode(&[small.clone(), small.clone()], &all).is_empty());
        let numbers = encode(&[small, large], &all);
        let records: Vec<_> = VariantRecords { rest: &numbers }.collect();
        let gbp = price::currency_code("GBP".parse().unwrap());
        let read = |record: &VariantRecord<'_>| {
            (record.availability, record.price(gbp), record.values(&[10, 11, 12]).collect::<Vec<_>>())
        };
        assert_eq!(records.len(), 3);
        assert_eq!(read(&records[0]), (Availability::OutOfStock, None, vec![10]));
        assert_eq!(read(&records[1]), (Availability::InStock, Some(100), vec![12]));
        assert_eq!(read(&records[2]), (Availability::Backorderable, Some(300), vec![11]));
    }
}
