//! `as-of`: read models of the past, against the same read models filled by a whole replay.

use crate::{
    data::{Data, good},
    shop::{Book, cart_id, sku},
};
use daybook_event_log::{EventLog as _, Position};
use daybook_projections::Options;
use daybook_search::{Search, SearchConfig, SearchRequest};
use daybook_views::Views;
use serde_json::Value;

fn order() -> String {
    cart_id(0).order_id().to_string()
}

#[test]
fn every_read_model_of_every_position_is_what_a_replay_up_to_there_shows() {
    let book = Book::day(2);
    let data = Data::of(&book);
    let (cart, payment) = (cart_id(0).to_string(), cart_id(0).order_id().payment_id().to_string());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for position in [1, data.head / 3, data.head / 2, data.head] {
        let folder = tempfile::tempdir().unwrap();
        let replay = Views::replay(book.log(), Some(Position::new(position)), folder.path());
        let models = runtime.block_on(replay).unwrap();
        let page = runtime.block_on(book.log.read_all(Position::new(position), 1)).unwrap();
        let moment = daybook_domain::Timestamp::from_nanos(page[0].recorded_at_ns());
        let expected = [
            ("order", order(), runtime.block_on(models.orders().by_id(cart_id(0).order_id())).unwrap()),
            ("cart", cart.clone(), runtime.block_on(models.carts().by_id(cart_id(0))).unwrap()),
            (
                "payment",
                payment.clone(),
                runtime.block_on(models.payments().by_id(cart_id(0).order_id().payment_id())).unwrap(),
            ),
            ("stock", "SKU-0".to_owned(), runtime.block_on(models.stock().by_sku(&sku(0), moment)).unwrap()),
            (
                "product",
                "P-1".to_owned(),
                runtime.block_on(models.catalog().by_id(&"P-1".parse().unwrap())).unwrap(),
            ),
        ];
        for (what, id, row) in expected {
            let output = data.run(&["--json", "as-of", "--position", &position.to_string(), what, &id]);
            match row {
                Some(row) => {
                    let mut shown: Value = serde_json::from_str(&good(output)).unwrap();
                    if what == "cart" {
                        // Found out beside the row; the interface's own tests compare them.
                        assert!(shown.as_object_mut().unwrap().remove("blockers").unwrap().is_array());
                    }
                    let row: Value = serde_json::from_slice(row.json()).unwrap();
                    assert_eq!(shown, row, "{what} at {position}");
                }
                None => assert_eq!(output.status.code(), Some(1), "{what} at {position}"),
            }
        }
    }
}

#[test]
fn what_had_happened_by_a_time_is_found_by_business_time_and_what_was_known_by_recording_time() {
    let data = Data::of(&Book::day(1));
    // The order is placed at a known second: products and stock take ten, the cart three.
    let at = |second: u32| format!("1970-01-01T00:00:{second:02}Z");
    assert_eq!(data.run(&["as-of", "--occurred", &at(13), "order", &order()]).status.code(), Some(1));
    let placed = data.json(&["as-of", "--occurred", &at(14), "order", &order()]);
    assert_eq!(placed["state"], "placed");
    let last = data.json(&["stats"])["recorded"]["last"].as_str().unwrap().to_owned();
    let now = data.json(&["as-of", "--recorded", &last, "order", &order()]);
    assert_eq!(now["state"], "completed");
    assert_eq!(data.run(&["as-of", "--recorded", "1969-01-01", "order", &order()]).status.code(), Some(1));
}

#[test]
fn a_search_of_every_position_is_what_a_replay_up_to_there_finds() {
    let book = Book::day(6);
    let data = Data::of(&book);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut answers = Vec::new();
    for position in [1, 5, data.head / 2, data.head] {
        let folder = tempfile::tempdir().unwrap();
        let search = Search::default();
        let models = Views::open_with(
            folder.path(),
            Options::default(),
            vec![search.definition(SearchConfig::default())],
        )
        .unwrap();
        runtime.block_on(models.catch_up(&book.log(), Some(Position::new(position)))).unwrap();
        let request = SearchRequest::from_parameters([("q", "mug"), ("limit", "50")]).unwrap();
        let replayed = search.current().unwrap().search(&request).unwrap();
        let replayed: Value = serde_json::from_slice(&replayed.body).unwrap();
        let shown = data.json(&["as-of", "--position", &position.to_string(), "search", "q=mug&limit=50"]);
        assert_eq!(shown, replayed, "at {position}");
        answers.push(shown);
    }
    answers.dedup();
    assert!(answers.len() > 2, "the past differs from the present: {answers:?}");
}

#[test]
fn a_search_of_the_past_finds_what_was_for_sale_then() {
    let data = Data::of(&Book::day(1));
    let titles = |position: &str, query: &str| {
        let answer = data.json(&["as-of", "--position", position, "search", query]);
        let hits = answer["hits"].as_array().unwrap().clone();
        hits.iter().map(|hit| hit["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles("1", "mug"), ["Mug 0"]);
    assert_eq!(titles(&data.head.to_string(), "q=mug&limit=3").len(), 3);
}

#[test]
fn a_point_must_be_named_and_be_there() {
    let data = Data::of(&Book::day(1));
    assert_eq!(data.run(&["as-of", "stock", "SKU-0"]).status.code(), Some(2));
    assert_eq!(data.run(&["as-of", "--position", "999999", "stock", "SKU-0"]).status.code(), Some(2));
    assert_eq!(data.run(&["as-of", "--position", "1", "order", "not-an-id"]).status.code(), Some(2));
}
