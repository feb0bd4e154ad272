//! A product whose variants differ, under the filters: whether one variant fulfils them all, what it costs then, and what
//! the product counts for. It counts once for a value, however many variants have it.

use super::{
    availability::Availability,
    columns::{NO_PRICE, SegmentColumns, Traits},
    filter::{AVAILABILITY, BRAND, Filters, PRICE},
    pass::Counts,
    price::range_of,
};

/// Zero if one variant fails no filter.
pub(super) fn failed(filters: &Filters, columns: &SegmentColumns, doc: u32) -> u32 {
    let mut least = u32::MAX;
    filters.each_variant(columns, doc, |_, _, failed| least = least.min(failed));
    least
}

/// The lowest price of the variants that fail no filter; [`NO_PRICE`] if none has one.
pub(super) fn lowest_price(filters: &Filters, columns: &SegmentColumns, doc: u32) -> i64 {
    let mut lowest: Option<i64> = None;
    filters.each_variant(columns, doc, |_, variant, failed| {
        let price = filters.price_of(variant);
        if failed == 0 && price != NO_PRICE {
            lowest = Some(lowest.map_or(price, |lowest| lowest.min(price)));
        }
    });
    lowest.unwrap_or(NO_PRICE)
}

/// Numbers of the variants that fail no filter; none if all variants do.
pub(super) fn matching(filters: &Filters, columns: &SegmentColumns, doc: u32) -> Option<Vec<usize>> {
    let (mut numbers, mut all) = (Vec::new(), 0);
    filters.each_variant(columns, doc, |number, _, failed| {
        all += 1;
        if failed == 0 {
            numbers.push(number);
        }
    });
    (numbers.len() < all).then_some(numbers)
}

/// The attribute values that the product counts for.
pub(super) fn values(
    filters: &Filters,
    columns: &SegmentColumns,
    doc: u32,
    key_of: &[u32],
    to: &mut Vec<u32>,
) {
    let (all, start) = (columns.attributes(doc), to.len());
    let Some(shared) = columns.variants.records(doc).next() else { return };
    filters.each_variant(columns, doc, |_, variant, failed| {
        let own = || shared.values(all).chain(variant.values(all));
        if failed == 0 {
            // A key that is filtered by counts what this variant has of it, like any other.
            to.extend(own());
        } else if let Some(key) = filters.only_key(failed) {
            to.extend(own().filter(|id| key_of.get(*id as usize) == Some(&key)));
        }
    });
    let mut found = to.split_off(start);
    found.sort_unstable();
    found.dedup();
    to.append(&mut found);
}

/// What such a product counts for beside its attributes.
#[derive(Default)]
pub(super) struct Mixed {
    brand: bool,
    category: bool,
    availability: [bool; Availability::ALL.len()],
    /// A bit for each range of prices.
    ranges: u32,
}

impl Mixed {
    pub(super) fn of(filters: &Filters, columns: &SegmentColumns, doc: u32) -> Self {
        let mut mixed = Self::default();
        filters.each_variant(columns, doc, |_, variant, failed| {
            mixed.brand |= failed & !BRAND == 0;
            mixed.category |= failed == 0;
            mixed.availability[variant.availability as usize] |= failed & !AVAILABILITY == 0;
            let price = filters.price_of(variant);
            if failed & !PRICE == 0 && price != NO_PRICE {
                mixed.ranges |= 1 << range_of(price);
            }
        });
        mixed
    }

    pub(super) fn count(&self, counts: &mut Counts, traits: &Traits) {
        if self.brand {
            counts.brands.add(traits.brand, 1);
        }
        if self.category {
            counts.categories.add(traits.category, 1);
        }
        for (count, has) in counts.availability.iter_mut().zip(self.availability) {
            *count += u64::from(has);
        }
        for (range, count) in counts.prices.iter_mut().enumerate() {
            *count += u64::from(self.ranges >> range & 1);
        }
    }
}
