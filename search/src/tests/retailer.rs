//! Real products: what the bundled retailer sold in its year, with titles as its own staff wrote them. It knows no
//! brands, so a title's first word stands for one: there are many of them, and most are rare.

use super::{
    super::{CountMode, SearchRequest},
    shop::{Shop, created, ids, spec},
};
use daybook_domain::{Event, product::ProductSpec};
use std::{collections::BTreeMap, fs::File, path::Path};

fn products() -> Vec<ProductSpec> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/online-retail.csv.zst");
    let file = zstd::Decoder::new(File::open(path).unwrap()).unwrap();
    let mut titles = BTreeMap::new();
    for row in csv::Reader::from_reader(file).byte_records() {
        let row = row.unwrap();
        let (sku, title) = (String::from_utf8_lossy(&row[1]), String::from_utf8_lossy(&row[2]));
        let is_article = sku.len() >= 5 && sku.bytes().take(5).all(|byte| byte.is_ascii_digit());
        if is_article && title.split_whitespace().count() > 1 {
            titles.entry(sku.into_owned()).or_insert_with(|| title.trim().to_owned());
        }
    }
    let product = |(sku, title): (String, String)| {
        let brand = title.split_whitespace().next().unwrap();
        spec(&sku, &title, brand, &["Gifts"], 100)
    };
    titles.into_iter().map(product).collect()
}

fn events(products: &[ProductSpec]) -> Vec<Event> {
    products.iter().map(|spec| created(spec.variants[0].sku.as_str(), spec.clone())).collect()
}

#[test]
fn real_products_are_found_by_sku_by_title_and_by_brand() {
    let products = products();
    assert!(products.len() > 3_000, "{} products", products.len());
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
