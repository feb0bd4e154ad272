//! From counts to facets: the most telling values, by name, bounded in number.

use super::{
    category,
    filter::Filters,
    names::{NONE, Names},
    pass::Counts,
    price::RANGE_STARTS,
    request::SearchRequest,
    response::{
        AttributeFacet, AttributeKind, AvailabilityCount, CategoryCount, Facets, PriceFacet, PriceRange,
        ValueCount,
    },
    view::View,
};
use ahash::AHashMap;
use std::cmp::Reverse;

const MAX_CATEGORIES: usize = 50;
const MAX_BRANDS: usize = 30;
const MAX_ATTRIBUTES: usize = 12;
const MAX_ATTRIBUTE_VALUES: usize = 12;

pub(super) fn facets(
    counts: &Counts,
    view: &View,
    names: &Names,
    filters: &Filters,
    request: &SearchRequest,
) -> Facets {
    Facets {
        category: categories(counts, names, &filters.category),
        brand: brands(counts, names, &request.brand),
        availability: availability(counts),
        price: request.currency.map(|currency| PriceFacet { currency, ranges: prices(counts) }),
        attributes: attributes(counts, view, names, filters),
        attributes_estimated: counts.estimated,
    }
}

fn availability(counts: &Counts) -> AvailabilityCount {
    let [out_of_stock, backorderable, in_stock] = counts.availability;
    AvailabilityCount { in_stock, backorderable, out_of_stock }
}

fn categories(counts: &Counts, names: &Names, node: &str) -> Vec<CategoryCount> {
    let mut children: AHashMap<&str, u64> = AHashMap::new();
    for (id, count) in counts.categories.iter() {
        if let Some(child) = category::child_of(names.categories.text(id), node) {
            *children.entry(child).or_default() += u64::from(count);
        }
    }
    let mut children: Vec<_> = children.into_iter().collect();
    children.sort_unstable_by_key(|(path, count)| (Reverse(*count), *path));
    children.truncate(MAX_CATEGORIES);
    let shown = |(path, count): (&str, u64)| {
        let step = path.rsplit('/').next().unwrap_or(path);
        CategoryCount { name: category::unescape(step), path: path.to_owned(), count }
    };
    children.into_iter().map(shown).collect()
}

fn brands(counts: &Counts, names: &Names, chosen: &[String]) -> Vec<ValueCount> {
    let mut brands: Vec<(u32, u32)> = counts.brands.iter().filter(|(id, _)| *id != NONE).collect();
    let is_chosen = |id: u32| chosen.iter().any(|brand| brand == names.brands.text(id));
    brands.sort_unstable_by_key(|(id, count)| (Reverse(*count), names.brands.text(*id)));
    let mut shown: Vec<ValueCount> = Vec::new();
    for (id, count) in brands {
        let selected = is_chosen(id);
        if selected || shown.len() < MAX_BRANDS {
            let value = names.brands.text(id).to_owned();
            shown.push(ValueCount { value, count: u64::from(count), selected });
        }
    }
    shown
}

fn prices(counts: &Counts) -> Vec<PriceRange> {
    let ranges = RANGE_STARTS.iter().zip(counts.prices).enumerate();
    let filled = ranges.filter(|(_, (_, count))| *count > 0);
    let range = |(index, (min, count)): (usize, (&i64, u64))| PriceRange {
        min: *min,
        max: RANGE_STARTS.get(index + 1).map(|next| next - 1),
        count,
    };
    filled.map(range).collect()
}

/// The keys that most of the found products have, chosen ones first.
fn attributes(counts: &Counts, view: &View, names: &Names, filters: &Filters) -> Vec<AttributeFacet> {
    let mut keys: AHashMap<u32, (u64, u32)> = AHashMap::new();
    for (id, count) in counts.attributes.iter() {
        if let Some(key) = view.key_of.get(id as usize) {
            let (coverage, values) = keys.entry(*key).or_default();
            *coverage += u64::from(count);
            *values += 1;
        }
    }
    let mut ranked: Vec<(u32, u64)> = Vec::new();
    for (key, (coverage, values)) in keys {
        let weight = if filters.keys.contains(&key) {
            u64::MAX
        } else if values > 1 {
            coverage
        } else {
            coverage / 10
        };
        ranked.push((key, weight));
    }
    ranked.sort_unstable_by_key(|(key, weight)| (Reverse(*weight), names.attribute_keys.text(*key)));
    ranked.truncate(MAX_ATTRIBUTES.max(filters.keys.len()));
    let slots: AHashMap<u32, usize> =
        ranked.iter().enumerate().map(|(slot, (key, _))| (*key, slot)).collect();
    let mut values: Vec<Vec<(u32, u32)>> = vec![Vec::new(); ranked.len()];
    for (id, count) in counts.attributes.iter() {
        if let Some(slot) = view.key_of.get(id as usize).and_then(|key| slots.get(key)) {
            values[*slot].push((id, count));
        }
    }
    let facet = |((key, _), values): ((u32, u64), Vec<(u32, u32)>)| {
        attribute(names.attribute_keys.text(key), values, names, filters)
    };
    ranked.into_iter().zip(values).map(facet).collect()
}

fn attribute(key: &str, mut values: Vec<(u32, u32)>, names: &Names, filters: &Filters) -> AttributeFacet {
    let text = |id: u32| names.attribute(id).map_or("", |name| &name.text);
    values.sort_unstable_by_key(|(id, count)| {
        (Reverse(filters.chosen.contains(id)), Reverse(*count), text(*id))
    });
    let chosen = values.iter().filter(|(id, _)| filters.chosen.contains(id)).count();
    values.truncate(MAX_ATTRIBUTE_VALUES.max(chosen));
    let kind = |id: u32| names.attribute(id).map_or(AttributeKind::Text, |name| name.kind);
    let kind = values.first().map_or(AttributeKind::Text, |(id, _)| kind(*id));
    if kind == AttributeKind::Number {
        let number = |id: u32| text(id).parse::<f64>().unwrap_or(f64::MAX);
        values.sort_by(|(a, _), (b, _)| number(*a).total_cmp(&number(*b)));
    }
    let shown = |(id, count): (u32, u32)| ValueCount {
        value: text(id).to_owned(),
        count: u64::from(count),
        selected: filters.chosen.contains(&id),
    };
    AttributeFacet { key: key.to_owned(), kind, values: values.into_iter().map(shown).collect() }
}
