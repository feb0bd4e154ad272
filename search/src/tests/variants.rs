//! Variants are not mixed: a product is found, counted and ordered by what one of its variants has.

use super::{
    super::{AttributeFilter, Availability, CountMode, SearchPage, SearchRequest, Sort},
    shop::{Shop, counted, created, gbp, ids, sku, spec},
};
use daybook_domain::{
    Event,
    inventory::{InventoryEvent, StockPolicySet},
    product::{ProductSpec, Variant},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Size, colour, price, units on hand.
type Garment = (&'static str, &'static str, i64, i64);

fn product(name: &str, variants: &[Garment]) -> Vec<Event> {
    let mut spec: ProductSpec = spec(name, "shirt", "Acme", &[], 1);
    let sku_of = |number: usize| format!("{name}-{number}");
    spec.variants = Vec::new();
    for (number, (size, colour, price, _)) in variants.iter().enumerate() {
        let options = [("size", size), ("colour", colour)].map(|(key, value)| (key.into(), (*value).into()));
        let options = BTreeMap::from(options);
        let sku = sku(&sku_of(number));
        spec.variants.push(Variant { sku, options, prices: vec![gbp(*price)], barcodes: Vec::new() });
    }
    let mut events = vec![created(name, spec)];
    events.extend(variants.iter().enumerate().map(|(number, (.., stock))| counted(&sku_of(number), *stock)));
    events
}

fn attr(key: &str, value: &str) -> AttributeFilter {
    AttributeFilter { key: key.into(), value: value.into() }
}

fn wish(filters: &[(&str, &str)]) -> SearchRequest {
    let attributes = filters.iter().map(|(key, value)| attr(key, value)).collect();
    let currency = "GBP".parse().ok();
    SearchRequest { attributes, currency, count: CountMode::Exact, limit: Some(100), ..Default::default() }
}

fn matched(page: &SearchPage) -> Vec<String> {
    let skus = page.hits.iter().flat_map(|hit| hit.matched_skus.iter().flatten());
    skus.map(ToString::to_string).collect()
}

#[test]
fn one_variant_has_to_fulfil_all_filters() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record(product(
        "A",
        &[
            ("S", "blue", 5_000, 0),
            ("M", "blue", 15_000, 3),
            ("L", "red", 25_000, 3),
            ("S", "red", 25_000, 0),
        ],
    ));
    let in_stock = |filters: &[_]| SearchRequest { in_stock: Some(true), ..wish(filters) };
    let priced = |filters: &[_], min, max| SearchRequest {
        price_min: Some(min),
        price_max: Some(max),
        ..wish(filters)
    };
    for (wish, expected) in [
        (wish(&[("size", "S"), ("colour", "blue")]), vec!["A-0"]),
        (wish(&[("size", "L"), ("colour", "blue")]), vec![]),
        (in_stock(&[("size", "S")]), vec![]),
        (in_stock(&[("colour", "blue")]), vec!["A-1"]),
        (priced(&[], 6_000, 14_000), vec![]),
        (priced(&[], 10_000, 20_000), vec!["A-1"]),
        (priced(&[("colour", "blue")], 20_000, 30_000), vec![]),
        (wish(&[("size", "S"), ("size", "L")]), vec!["A-0", "A-2", "A-3"]),
    ] {
        let page = shop.search(&wish).unwrap();
        assert_eq!(matched(&page), expected, "{wish:?}");
        assert_eq!(page.total.value, u64::from(!expected.is_empty()), "{wish:?}");
    }
    let all = shop.search(&wish(&[])).unwrap();
    assert_eq!(all.hits[0].matched_skus, None, "without filters all variants match");
}

#[test]
fn an_order_by_price_goes_by_the_variants_that_match() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record(product("A", &[("S", "blue", 10, 1), ("L", "blue", 500, 1)]));
    shop.record(product("B", &[("S", "blue", 300, 1), ("L", "blue", 300, 1)]));
    shop.record(product("C", &[("S", "blue", 900, 1), ("L", "blue", 400, 1)]));
    let order = |filters: &[_], sort| {
        let mut wish = SearchRequest { sort, limit: Some(1), ..wish(filters) };
        let mut found = Vec::new();
        loop {
            let page = shop.search(&wish).unwrap();
            found.extend(ids(&page));
            wish.cursor = page.next;
            if wish.cursor.is_none() {
                return found;
            }
        }
    };
    assert_eq!(order(&[], Sort::PriceAsc), ["A", "B", "C"]);
    assert_eq!(order(&[("size", "L")], Sort::PriceAsc), ["B", "C", "A"]);
    assert_eq!(order(&[("size", "L")], Sort::PriceDesc), ["A", "C", "B"]);
}

#[test]
fn what_can_be_ordered_before_it_is_there_is_an_availability_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record(product("A", &[("S", "blue", 10, 0), ("L", "blue", 10, 2)]));
    shop.record(product("B", &[("S", "blue", 10, 0)]));
    shop.record([Event::Inventory(InventoryEvent::StockPolicySet(StockPolicySet {
        sku: sku("A-0"),
        location: "LDN".parse().unwrap(),
        safety_stock: 0,
        backorder_limit: 5,
    }))]);
    let find = |one| {
        let availability = vec![one];
        shop.search(&SearchRequest { availability, sort: Sort::Name, ..wish(&[]) }).unwrap()
    };
    assert_eq!(matched(&find(Availability::Backorderable)), ["A-0"]);
    assert_eq!(matched(&find(Availability::InStock)), ["A-1"]);
    assert_eq!(ids(&find(Availability::OutOfStock)), ["B"]);
    let availability = find(Availability::OutOfStock).facets.unwrap().availability;
    assert_eq!((availability.in_stock, availability.backorderable, availability.out_of_stock), (1, 1, 1));
}

const SIZES: [&str; 3] = ["S", "M", "L"];
const COLOURS: [&str; 2] = ["blue", "red"];

fn made() -> impl Strategy<Value = Vec<Garment>> {
    let variant = (0..3_usize, 0..2_usize, 1..4_i64, 0..2_i64);
    let variant =
        variant.prop_map(|(size, colour, price, stock)| (SIZES[size], COLOURS[colour], price * 90, stock));
    proptest::collection::vec(variant, 1..5)
}

/// Which filters a variant fulfils: size, colour, price, stock.
fn fits((size, colour, price, stock): &Garment, wish: &SearchRequest) -> [bool; 4] {
    let chosen = |key: &str, value: &str| {
        let mut of_key = wish.attributes.iter().filter(|filter| filter.key == key).peekable();
        of_key.peek().is_none() || of_key.any(|filter| filter.value == value)
    };
    [
        chosen("size", size),
        chosen("colour", colour),
        wish.price_max.is_none_or(|max| *price <= max),
        wish.in_stock.is_none_or(|in_stock| in_stock == (*stock > 0)),
    ]
}

/// How many products have each value in a variant that fulfils all filters but one.
fn by_hand(
    shop: &[Vec<Garment>],
    wish: &SearchRequest,
    but: usize,
    value: impl Fn(&Garment) -> String,
) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for product in shop {
        let keep = |made: &&Garment| fits(made, wish).iter().enumerate().all(|(at, fits)| *fits || at == but);
        let values: BTreeSet<String> = product.iter().filter(keep).map(&value).collect();
        values.into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn counts_are_of_products_with_one_variant_that_fulfils_the_other_filters(
        made in proptest::collection::vec(made(), 1..20),
        size in proptest::option::of(0..3_usize),
        colour in proptest::option::of(0..2_usize),
        price_max in proptest::option::of(50..400_i64),
        in_stock: Option<bool>,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut shop = Shop::open(dir.path());
        for (number, variants) in made.iter().enumerate() {
            let events = product(&format!("P{number}"), variants);
            if number % 7 == 0 { shop.record(events) } else { shop.feed(events) }
        }
        shop.record([]);
        let mut wish = SearchRequest { price_max, in_stock, ..wish(&[]) };
        wish.attributes.extend(size.map(|size| attr("size", SIZES[size])));
        wish.attributes.extend(colour.map(|colour| attr("colour", COLOURS[colour])));
        let page = shop.search(&wish).unwrap();
        let total = by_hand(&made, &wish, usize::MAX, |_| String::new());
        prop_assert_eq!(page.total.value, total.values().sum::<u64>());
        let facets = page.facets.unwrap();
        let shown = |key: &str| -> BTreeMap<String, u64> {
            let of_key = facets.attributes.iter().filter(|facet| facet.key == key);
            of_key.flat_map(|facet| &facet.values).map(|one| (one.value.clone(), one.count)).collect()
        };
        prop_assert_eq!(shown("size"), by_hand(&made, &wish, 0, |made| made.0.to_owned()));
        prop_assert_eq!(shown("colour"), by_hand(&made, &wish, 1, |made| made.1.to_owned()));
        let prices = facets.price.unwrap().ranges.into_iter().map(|range| (range.min.to_string(), range.count));
        let starts = [("0", 90), ("100", 180), ("200", 270)];
        let start = |made: &Garment| starts.iter().find(|(_, price)| *price == made.2).unwrap().0.to_owned();
        prop_assert_eq!(prices.collect::<BTreeMap<_, _>>(), by_hand(&made, &wish, 2, start));
        let stock = by_hand(&made, &wish, 3, |made| (made.3 > 0).to_string());
        let count = |in_stock: bool| stock.get(&in_stock.to_string()).copied().unwrap_or(0);
        let availability = facets.availability;
        prop_assert_eq!((availability.in_stock, availability.out_of_stock), (count(true), count(false)));
    }
}
