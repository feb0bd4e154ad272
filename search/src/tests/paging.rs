//! Orders and pages: every product once, in order, also while the index changes.

use super::{
    super::{SearchError, SearchRequest, Sort},
    shop::{Shop, created, ids, repriced, spec},
};

const COUNT: usize = 57;

fn shop(dir: &tempfile::TempDir) -> Shop {
    let mut shop = Shop::open(dir.path());
    for number in 0..COUNT {
        let name = format!("P{number}");
        // Equal names and prices occur, and several segments.
        let title = format!("Mug {}", (b'a' + (number * 7 % 13) as u8) as char);
        let price = 100 + (number as i64 * 31) % 17;
        let event = created(&name, spec(&name, &title, "", &[], price));
        if number % 10 == 0 { shop.record([event]) } else { shop.feed([event]) }
    }
    shop.record([]);
    shop
}

fn request(sort: Sort, cursor: Option<String>) -> SearchRequest {
    SearchRequest {
        q: "mug".to_owned(),
        currency: "GBP".parse().ok(),
        sort,
        limit: Some(10),
        cursor,
        ..Default::default()
    }
}

#[test]
fn pages_cover_every_product_once_in_order_for_every_sort() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(&dir);
    for sort in Sort::ALL {
        let whole = SearchRequest { limit: Some(100), ..request(sort, None) };
        let whole = shop.search(&whole).unwrap();
        let mut paged = Vec::new();
        let mut cursor = None;
        loop {
            let page = shop.search(&request(sort, cursor)).unwrap();
            paged.extend(ids(&page));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(paged, ids(&whole), "{sort:?}");
        assert_eq!(paged.len(), COUNT);
        let prices: Vec<i64> = whole.hits.iter().map(|hit| hit.prices[0].minor).collect();
        let titles: Vec<&str> = whole.hits.iter().map(|hit| hit.title.as_str()).collect();
        match sort {
            Sort::PriceAsc => assert!(prices.is_sorted()),
            Sort::PriceDesc => assert!(prices.iter().rev().is_sorted()),
            Sort::Name => assert!(titles.is_sorted()),
            Sort::Newest => assert_eq!(paged[0], format!("P{}", COUNT - 1)),
            Sort::Relevance => {}
        }
    }
}

#[test]
fn a_cursor_goes_on_after_its_place_when_the_index_has_changed() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = shop(&dir);
    let first = shop.search(&request(Sort::PriceAsc, None)).unwrap();
    let last = first.hits.last().unwrap().prices[0].minor;
    shop.record([repriced("P1", 1), repriced("P2", 100_000)]);
    let second = shop.search(&request(Sort::PriceAsc, first.next.clone())).unwrap();
    assert!(second.hits.iter().all(|hit| hit.prices[0].minor >= last));
    assert!(second.hits.iter().all(|hit| !ids(&first).contains(&hit.id.to_string())));
}

#[test]
fn a_cursor_of_another_search_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(&dir);
    let first = shop.search(&request(Sort::Newest, None)).unwrap();
    let stray = request(Sort::Name, first.next);
    assert!(matches!(shop.search(&stray), Err(SearchError::BadCursor { .. })));
}
