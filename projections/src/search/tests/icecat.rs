//! Real products: the Open Icecat catalogue, where it is at hand. `DAYBOOK_ICECAT` names the file, one JSON
//! object a line, compressed with zstd; its licence keeps it out of this project.

use super::{
    super::{CountMode, SearchRequest},
    shop::{Shop, created, ids, spec},
};
use daybook_domain::{
    Event,
    product::{AttributeValue, ProductSpec},
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
};

/// Enough for rare and frequent words, brands and attributes; a test should not take minutes.
const PRODUCTS: usize = 4_000;

#[derive(Deserialize)]
struct Line {
    id: String,
    title: String,
    brand: Option<String>,
    description: Option<String>,
    price_cents: Option<i64>,
    attributes: BTreeMap<String, AttributeValue>,
}

fn products() -> Option<Vec<ProductSpec>> {
    let path = std::env::var_os("DAYBOOK_ICECAT")?;
    let file = File::open(&path).unwrap_or_else(|error| panic!("DAYBOOK_ICECAT={path:?}: {error}"));
    let lines = BufReader::new(zstd::Decoder::new(file).unwrap()).lines();
    let product = |line: std::io::Result<String>| {
        let line: Line = serde_json::from_str(&line.unwrap()).unwrap();
        let (brand, price) = (line.brand.unwrap_or_default(), line.price_cents.unwrap_or(1));
        let mut spec = spec(&line.id, &line.title, &brand, &["Electronics"], price);
        spec.description = line.description.unwrap_or_default();
        spec.attributes = line.attributes;
        spec
    };
    Some(lines.take(PRODUCTS).map(product).collect())
}

fn events(products: &[ProductSpec]) -> Vec<Event> {
    products.iter().map(|spec| created(spec.variants[0].sku.as_str(), spec.clone())).collect()
}

#[test]
fn real_products_are_found_by_sku_by_title_and_by_brand() {
    let Some(products) = products() else {
        eprintln!("skipped: DAYBOOK_ICECAT does not name the file of real products");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record(events(&products));
    assert_eq!(shop.projection.index().len(), products.len() as u64);
    for spec in products.iter().step_by(97) {
        let sku = spec.variants[0].sku.as_str();
        assert_eq!(shop.ids(sku)[0], sku);
        let words: Vec<&str> = spec.title.split_whitespace().take(8).collect();
        let wish = SearchRequest { q: words.join(" "), limit: Some(100), ..Default::default() };
        let page = shop.search(&wish).unwrap();
        assert!(page.total.value > 100 || ids(&page).iter().any(|id| id == sku), "{sku}: {}", wish.q);
        let brand = spec.brand.clone().unwrap();
        let exact =
            SearchRequest { count: CountMode::Exact, brand: vec![brand.clone()], ..Default::default() };
        let by_hand = products.iter().filter(|spec| spec.brand.as_ref() == Some(&brand)).count() as u64;
        let page = shop.search(&exact).unwrap();
        assert_eq!(page.total.value, by_hand, "{brand}");
        let counted = page.facets.unwrap().brand.iter().find(|value| value.selected).unwrap().count;
        assert_eq!(counted, by_hand, "{brand}");
    }
}
