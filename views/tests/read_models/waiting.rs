//! Reading one's own writes, and what is told when that is not possible.

use crate::{
    batches::runtime,
    place::{self, now},
    shop::{Book, cart_id},
};
use daybook_event_log::Position;
use daybook_projections::WaitError;
use daybook_search::{Search, SearchConfig};
use daybook_views::Views;
use std::time::Duration;

#[test]
fn a_read_waits_for_a_write_and_then_sees_it() {
    let mut book = Book::default();
    let runtime = runtime();
    let dir = tempfile::tempdir().unwrap();
    let searching = Search::default().definition(SearchConfig::default());
    let models = Views::open_with(dir.path(), place::options(dir.path()), vec![searching]).unwrap();
    runtime.block_on(models.start(book.log())).unwrap();
    for n in 1..200 {
        book.cart(cart_id(n), &[(1, 1)]);
        runtime.block_on(models.wait_for(book.head(), Duration::from_secs(30))).unwrap();
        assert!(now(models.carts().by_id(cart_id(n))).unwrap().is_some(), "cart {n} is visible");
    }
    assert_eq!(models.visible(), book.head());
    runtime.block_on(models.wait_for_one("search", book.head(), Duration::from_secs(30))).unwrap();
    assert_eq!(models.lag(), 0);
    models.shutdown().unwrap();
    assert!(now(models.carts().by_id(cart_id(1))).unwrap().is_some(), "queries go on after a shutdown");
}

#[test]
fn waiting_for_what_is_not_there_ends_with_where_the_read_models_are() {
    let mut book = Book::default();
    book.cart(cart_id(1), &[(1, 1)]);
    let runtime = runtime();
    let dir = tempfile::tempdir().unwrap();
    let models = Views::open(dir.path(), place::options(dir.path())).unwrap();
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(models.wait_for(book.head(), Duration::from_secs(30))).unwrap();
    let asked = Position::new(99);
    let outcome = runtime.block_on(models.wait_for(asked, Duration::from_millis(5)));
    assert_eq!(outcome, Err(WaitError::TimedOut { asked, visible: book.head() }));
    models.shutdown().unwrap();
}
