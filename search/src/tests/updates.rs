//! Following the shop: what changes there changes here, and stock matters only where availability flips.

use super::{
    super::SearchRequest,
    shop::{IntoEvent, Shop, at, counted, created, gbp, id, ids, quantity, repriced, sku, spec},
};
use daybook_domain::{
    Event, OrderId, Timestamp,
    inventory::{InventoryEvent, LocationQuantity, StockReserved},
    product::{ProductArchived, ProductCreated, ProductPublished, ProductRevised, ProductStatus},
};
use daybook_event_log::Position;
use daybook_projections::Flush;
use std::sync::Arc;

fn reserved(name: &str, units: u32) -> Event {
    let allocations = vec![LocationQuantity { location: "LDN".parse().unwrap(), quantity: quantity(units) }];
    let until = Timestamp::from_nanos(0);
    let order_id = OrderId::new(uuid::Uuid::nil());
    Event::Inventory(InventoryEvent::StockReserved(StockReserved {
        sku: sku(name),
        order_id,
        allocations,
        until,
    }))
}

#[test]
fn a_product_is_found_while_it_is_published() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let draft = ProductCreated {
        product_id: id("A"),
        status: ProductStatus::Draft,
        spec: spec("A", "mug", "", &[], 100),
    };
    shop.record([draft.into_event()]);
    assert!(shop.ids("mug").is_empty());
    shop.record([ProductPublished { product_id: id("A") }.into_event()]);
    assert_eq!(shop.ids("mug"), ["A"]);
    shop.record([ProductArchived { product_id: id("A") }.into_event()]);
    assert!(shop.ids("mug").is_empty());
    assert!(shop.projection.index().is_empty());
}

#[test]
fn revisions_and_prices_replace_the_entry() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record([created("A", spec("A", "mug", "", &[], 100)), repriced("A", 250)]);
    assert_eq!(shop.find("mug").hits[0].prices, [gbp(250)]);
    let revised = ProductRevised { product_id: id("A"), spec: spec("A2", "cup", "", &[], 300) };
    shop.record([revised.into_event(), counted("A2", 5)]);
    assert!(shop.ids("mug").is_empty());
    let hit = &shop.find("cup").hits[0];
    assert_eq!((hit.skus[0].as_str(), hit.in_stock), ("A2", true));
}

#[test]
fn stock_events_touch_the_index_only_when_availability_flips() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record([created("A", spec("A", "mug", "", &[], 100)), counted("A", 3)]);
    let view = shop.projection.index().view().number;
    shop.record([reserved("A", 1), reserved("A", 1)]);
    assert_eq!(shop.projection.index().view().number, view);
    assert_eq!(shop.projection.index().position().get(), 4);
    shop.record([reserved("A", 1)]);
    assert_eq!(shop.projection.index().view().number, view + 1);
    assert!(!shop.find("mug").hits[0].in_stock);
    let buyable = SearchRequest { in_stock: Some(true), ..Default::default() };
    assert!(ids(&shop.search(&buyable).unwrap()).is_empty());
}

#[test]
fn stock_known_before_the_product_counts() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record([counted("A", 3), created("A", spec("A", "mug", "", &[], 100))]);
    assert!(shop.find("mug").hits[0].in_stock);
}

#[test]
fn a_batch_that_comes_again_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record([created("A", spec("A", "mug", "", &[], 100)), counted("A", 2)]);
    for _ in 0..3 {
        shop.projection.take(3, &reserved("A", 1)).unwrap();
        daybook_projections::Projection::discard(&mut shop.projection);
    }
    shop.projection.flush_to(at(3), Flush::Now).unwrap();
    assert!(shop.find("mug").hits[0].in_stock);
}

#[test]
fn a_parked_event_whose_retry_is_interrupted_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record([created("A", spec("A", "mug", "", &[], 100)), counted("A", 2)]);
    for _ in 0..3 {
        shop.projection.flush_to(at(9), Flush::Now).unwrap();
        shop.projection.take(3, &reserved("A", 1)).unwrap();
        shop.projection.flush_to(at(9), Flush::Now).unwrap();
        drop(shop);
        shop = Shop::open(dir.path());
    }
    assert!(shop.find("mug").hits[0].in_stock);
}

#[test]
fn prices_of_an_unknown_product_park_the_event_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let error = shop.projection.take(1, &repriced("A", 1)).unwrap_err();
    assert_eq!(error.to_string(), "there is no product A; the event that makes it was never applied");
    shop.record([created("A", spec("A", "mug", "", &[], 100))]);
    assert_eq!(shop.ids("mug"), ["A"]);
}

#[tokio::test]
async fn a_reader_can_wait_for_a_position() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let index = Arc::clone(shop.projection.index());
    shop.feed([created("A", spec("A", "mug", "", &[], 100))]);
    assert!(shop.ids("mug").is_empty(), "the timer has not come yet");
    let waiting = tokio::spawn(async move { index.wait_for(Position::new(1)).await });
    tokio::task::yield_now().await;
    // The runner, too, asks again and again while something is not visible.
    while shop.projection.flush_to(at(1), Flush::WhenDue).unwrap() < Position::new(1) {}
    waiting.await.unwrap();
    assert_eq!(shop.ids("mug"), ["A"]);
}

#[test]
fn an_answer_is_cached_until_the_index_changes() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record([created("A", spec("A", "mug", "", &[], 100))]);
    let request = SearchRequest { q: "mug".to_owned(), ..Default::default() };
    let index = Arc::clone(shop.projection.index());
    assert!(index.cached(&request).is_none());
    let answer = index.search(&request).unwrap();
    let same = SearchRequest { q: "  MUG ".to_owned(), limit: Some(20), ..Default::default() };
    assert_eq!(index.cached(&same).unwrap().body, answer.body);
    shop.record([repriced("A", 5)]);
    assert!(index.cached(&request).is_none());
}
