//! Facets: counts of one pass are those one would count by hand, whatever is filtered by.

use super::{
    super::{AttributeFilter, CountMode, Facets, RangeFilter, SearchPage, SearchRequest},
    shop::{Shop, counted, created, ids, spec, text, with},
};
use daybook_domain::product::{AttributeValue, ProductSpec};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
struct Made {
    spec: ProductSpec,
    in_stock: bool,
}

const BRANDS: [&str; 3] = ["Acme", "Oxo", "Zed"];
const NODES: [&[&str]; 5] = [&[], &["Home"], &["Home", "Mugs"], &["Home", "TV/Video"], &["Homeware"]];
const COLOURS: [&str; 4] = ["red", "green", "blue", "odd\u{1}one"];

fn made() -> impl Strategy<Value = Made> {
    let colours = proptest::sample::subsequence(&COLOURS[..], 0..3);
    (0..3_usize, 0..5_usize, 1..5_i64, colours, 0..4_u8, any::<bool>(), any::<bool>()).prop_map(
        |(brand, node, price, colours, size, cordless, in_stock)| {
            let spec = spec("X", "mug", BRANDS[brand], NODES[node], price * 90);
            let colours = colours.into_iter().map(str::to_owned).collect();
            let spec = with(spec, "colour", AttributeValue::Texts(colours));
            let spec = with(spec, "size", AttributeValue::Number(f64::from(size) / 2.0));
            Made { spec: with(spec, "cordless", AttributeValue::Flag(cordless)), in_stock }
        },
    )
}

fn wish() -> impl Strategy<Value = SearchRequest> {
    let brands = proptest::sample::subsequence(&BRANDS[..], 0..3);
    let colours = proptest::sample::subsequence(&COLOURS[..3], 0..3);
    let size = proptest::option::of((0..4_u8, 0..4_u8));
    let price = proptest::option::of((0..300_i64, 0..300_i64));
    let stock = proptest::option::of(any::<bool>());
    (any::<bool>(), 0..5_usize, brands, colours, size, price, stock).prop_map(
        |(by_word, node, brands, colours, size, price, in_stock)| {
            let attribute = |value: &str| AttributeFilter { key: "colour".into(), value: value.into() };
            let range = |(a, b): (u8, u8)| RangeFilter {
                key: "size".into(),
                min: Some(f64::from(a.min(b)) / 2.0),
                max: Some(f64::from(a.max(b)) / 2.0),
            };
            SearchRequest {
                q: if by_word { "mug".into() } else { String::new() },
                category: NODES[node].iter().map(|&name| name.to_owned()).collect(),
                brand: brands.into_iter().map(str::to_owned).collect(),
                attributes: colours.into_iter().map(attribute).collect(),
                ranges: size.map(range).into_iter().collect(),
                currency: "GBP".parse().ok(),
                price_min: price.map(|(a, b)| a.min(b)),
                price_max: price.map(|(a, b)| a.max(b)),
                in_stock,
                count: CountMode::Exact,
                limit: Some(100),
                ..Default::default()
            }
        },
    )
}

/// The filters as a reader of the documentation would apply them, one bit each, in the order category,
/// brand, price, stock, colour, size.
fn fits(made: &Made, wish: &SearchRequest) -> [bool; 6] {
    let price = made.spec.variants[0].prices[0].minor;
    let colours = match &made.spec.attributes["colour"] {
        AttributeValue::Texts(colours) => colours.clone(),
        _ => unreachable!(),
    };
    let AttributeValue::Number(size) = made.spec.attributes["size"] else { unreachable!() };
    [
        made.spec.category.starts_with(&wish.category),
        wish.brand.is_empty() || wish.brand.contains(made.spec.brand.as_ref().unwrap()),
        wish.price_min.is_none_or(|min| price >= min) && wish.price_max.is_none_or(|max| price <= max),
        wish.in_stock.is_none_or(|in_stock| in_stock == made.in_stock),
        wish.attributes.is_empty() || wish.attributes.iter().any(|filter| colours.contains(&filter.value)),
        wish.ranges.iter().all(|range| size >= range.min.unwrap() && size <= range.max.unwrap()),
    ]
}

fn naive(shop: &[Made], wish: &SearchRequest, but: usize) -> Vec<Made> {
    let keep = |made: &&Made| fits(made, wish).iter().enumerate().all(|(index, fits)| *fits || index == but);
    shop.iter().filter(keep).cloned().collect()
}

fn tally(names: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

fn attribute(facets: &Facets, key: &str) -> BTreeMap<String, u64> {
    let facet = facets.attributes.iter().find(|facet| facet.key == key);
    facet.iter().flat_map(|facet| &facet.values).map(|value| (value.value.clone(), value.count)).collect()
}

fn check(page: &SearchPage, made: &[Made], wish: &SearchRequest) {
    let none = usize::MAX;
    assert_eq!(page.total.value, naive(made, wish, none).len() as u64);
    let facets = page.facets.as_ref().unwrap();
    let brands = facets.brand.iter().map(|brand| (brand.value.clone(), brand.count)).collect();
    let expected = naive(made, wish, 1).into_iter().map(|made| made.spec.brand.unwrap());
    assert_eq!(tally(expected), brands, "brands");
    let prices: u64 = facets.price.as_ref().unwrap().ranges.iter().map(|range| range.count).sum();
    assert_eq!(prices, naive(made, wish, 2).len() as u64, "prices");
    let (buyable, sold_out) = naive(made, wish, 3).into_iter().partition::<Vec<_>, _>(|made| made.in_stock);
    let stock = (facets.availability.in_stock, facets.availability.out_of_stock);
    assert_eq!(stock, (buyable.len() as u64, sold_out.len() as u64), "stock");
    let colours = naive(made, wish, 4).into_iter().flat_map(|made| match &made.spec.attributes["colour"] {
        AttributeValue::Texts(colours) => colours.clone(),
        _ => unreachable!(),
    });
    assert_eq!(tally(colours), attribute(facets, "colour"), "colours");
    let sizes = naive(made, wish, 5).into_iter().map(|made| match made.spec.attributes["size"] {
        AttributeValue::Integer(size) => size.to_string(),
        AttributeValue::Number(size) => size.to_string(),
        _ => unreachable!(),
    });
    assert_eq!(tally(sizes), attribute(facets, "size"), "sizes");
    let children = naive(made, wish, none).into_iter();
    let children = children.filter_map(|made| made.spec.category.get(wish.category.len()).cloned());
    let shown = facets.category.iter().map(|node| (node.name.clone(), node.count)).collect();
    assert_eq!(tally(children), shown, "categories");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn counts_of_one_pass_are_those_counted_by_hand(
        made in proptest::collection::vec(made(), 1..40),
        wishes in proptest::collection::vec(wish(), 1..12),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut shop = Shop::open(dir.path());
        for (number, made) in made.iter().enumerate() {
            let name = format!("P{number}");
            let mut spec = made.spec.clone();
            spec.variants[0].sku = name.parse().unwrap();
            let stock = i64::from(made.in_stock);
            let events = [counted(&name, stock), created(&name, spec)];
            if number % 11 == 0 { shop.record(events) } else { shop.feed(events) }
        }
        shop.record([]);
        for wish in &wishes {
            check(&shop.search(wish).unwrap(), &made, wish);
        }
    }
}

#[test]
fn chosen_values_are_marked_and_others_stay_visible() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let product =
        |name, brand, colour| created(name, with(spec(name, "mug", brand, &[], 1), "colour", text(colour)));
    shop.record([product("A", "Acme", "red"), product("B", "Oxo", "red"), product("C", "Oxo", "blue")]);
    let wish = SearchRequest {
        brand: vec!["Oxo".into()],
        attributes: vec![AttributeFilter { key: "colour".into(), value: "blue".into() }],
        ..Default::default()
    };
    let page = shop.search(&wish).unwrap();
    assert_eq!(ids(&page), ["C"]);
    let facets = page.facets.unwrap();
    let brands: Vec<_> = facets.brand.iter().map(|b| (b.value.as_str(), b.count, b.selected)).collect();
    assert_eq!(brands, [("Oxo", 1, true)]);
    let colours: Vec<_> =
        facets.attributes[0].values.iter().map(|v| (v.value.as_str(), v.count, v.selected)).collect();
    assert_eq!(colours, [("blue", 1, true), ("red", 1, false)]);
}

#[test]
fn a_value_nobody_has_finds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record([created("A", spec("A", "mug", "Acme", &[], 1))]);
    let unknown_key = AttributeFilter { key: "no such".into(), value: "x".into() };
    for wish in [
        SearchRequest { brand: vec!["Nobody".into()], ..Default::default() },
        SearchRequest { attributes: vec![unknown_key], ..Default::default() },
        SearchRequest { category: vec!["Nowhere".into()], ..Default::default() },
    ] {
        assert_eq!(shop.search(&wish).unwrap().total.value, 0, "{wish:?}");
    }
}

#[test]
fn counts_of_large_results_are_estimated_unless_asked_to_be_exact() {
    const COUNT: i64 = 9_000;
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let colour = |number: i64| text(COLOURS[usize::try_from(number % 2).unwrap()]);
    shop.record((0..COUNT).map(|number| {
        let name = format!("P{number}");
        created(&name, with(spec(&name, "mug", "Acme", &["Home"], number), "colour", colour(number / 3)))
    }));
    let counts = |count| {
        let wish = SearchRequest { q: "mug".into(), count, ..Default::default() };
        let page = shop.search(&wish).unwrap();
        let facets = page.facets.unwrap();
        assert_eq!(facets.brand[0].count, COUNT.unsigned_abs(), "cheap facets are always exact");
        (attribute(&facets, "colour")["red"], facets.attributes_estimated, page.total)
    };
    let (red, estimated, total) = counts(CountMode::Exact);
    assert_eq!((red, estimated, total.value, total.exact), (4_500, false, 9_000, true));
    let (red, estimated, total) = counts(CountMode::Capped);
    assert!((4_300..4_700).contains(&red), "{red} of about 4,500");
    assert_eq!((estimated, total.value, total.exact), (true, 1_000, false));
}
