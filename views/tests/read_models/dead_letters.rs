//! Events that cannot be applied: parked with their stream, retried, skipped; the rest goes on.

use crate::{
    batches::{all_rows, runtime},
    place::{self, now},
    shop::{Book, at, cart_id},
    tally::{Count, tally},
};
use bytes::Bytes;
use daybook_domain::cart::{AbandonReason, CartAbandoned, CartEvent};
use daybook_event_log::{Position, StreamId};
use daybook_projections::Definition;
use daybook_views::{Views, cart::CartView};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn open_with(dir: &Path, more: Vec<Definition>) -> Views {
    Views::open_with(dir, place::options(dir), more).unwrap()
}

fn count(models: &Views, cart: u128) -> Option<Count> {
    let key = format!("t{}", cart_id(cart)).into_bytes();
    let rows = models.rows("tally").unwrap();
    rows.into_iter().find(|row| row.0 == key).map(|(_, row)| row.parse().unwrap())
}

#[test]
fn an_undecodable_event_parks_its_stream_and_nothing_else() {
    let mut book = Book::default();
    book.cart(cart_id(1), &[(1, 1)]);
    let stream = StreamId::new("cart", cart_id(1)).unwrap();
    book.raw(stream.clone(), "CartLinesAdded", 1, Bytes::from_static(b"{\"lines\":7}"));
    book.raw(stream.clone(), "CartTeleported", 1, Bytes::from_static(b"{}"));
    book.cart(cart_id(2), &[(1, 1)]);
    let abandoned = CartAbandoned { reason: AbandonReason::Discarded };
    book.write(cart_id(1), [CartEvent::CartAbandoned(abandoned).into()]);
    let dir = tempfile::tempdir().unwrap();
    let models = open_with(dir.path(), Vec::new());
    let runtime = runtime();
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();

    let letters = models.dead_letters("cart", 10).unwrap();
    let waiting: Vec<_> = letters.iter().map(|letter| (letter.position, letter.error.is_some())).collect();
    assert_eq!(waiting, [(3, true), (4, false), (7, false)]);
    assert!(letters[0].error.as_ref().unwrap().contains("CartLinesAdded"), "{letters:?}");
    let cart = |n| now(models.carts().by_id(cart_id(n))).unwrap().unwrap().parse::<CartView>().unwrap();
    assert_eq!((cart(1).version, cart(2).version), (2, 2));

    let retried = runtime.block_on(models.retry("cart", stream.as_str())).unwrap();
    assert_eq!((retried.applied, retried.still_parked.unwrap().position), (0, 3));
    let skip = models.skip("cart", Position::new(3), "entered by mistake", "staff:anna", at(50));
    let skipped = runtime.block_on(skip).unwrap();
    assert_eq!((skipped.applied, skipped.still_parked.unwrap().position), (0, 4));
    let skip = models.skip("cart", Position::new(4), "not ours", "staff:anna", at(51));
    assert_eq!(runtime.block_on(skip).unwrap().applied, 1);
    assert_eq!(cart(1).version, 5);
    assert!(models.dead_letters("cart", 10).unwrap().is_empty());
    let skipped = models.skipped_letters("cart", 10).unwrap();
    assert_eq!(skipped[0].reason, "entered by mistake");
    assert_eq!((skipped[1].skipped_by.as_str(), skipped[1].skipped_at), ("staff:anna", at(51)));

    // Once nothing waits, later events of the stream are applied at once again.
    book.write(
        cart_id(1),
        [CartEvent::CartAbandoned(CartAbandoned { reason: AbandonReason::Discarded }).into()],
    );
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    assert_eq!(cart(1).version, 6);
    models.shutdown().unwrap();
}

#[test]
fn a_failing_projection_parks_across_restarts_and_a_retry_leads_to_the_rows_without_a_failure() {
    let book = Book::day(12);
    let well = Arc::new(AtomicBool::new(false));
    let runtime = runtime();
    let clean_dir = tempfile::tempdir().unwrap();
    let clean = open_with(clean_dir.path(), vec![tally::<1>(&well)]);
    runtime.block_on(clean.catch_up(&book.log(), None)).unwrap();

    let fails = Arc::new(AtomicBool::new(true));
    let dir = tempfile::tempdir().unwrap();
    let models = open_with(dir.path(), vec![tally::<1>(&fails)]);
    runtime.block_on(models.catch_up(&book.log(), Some(Position::new(40)))).unwrap();
    drop(models);
    let models = open_with(dir.path(), vec![tally::<1>(&fails)]);
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    assert_eq!(count(&models, 3), Some(Count { by: 1, events: 1 }), "only what came before the failure");
    assert_eq!(all_rows(&models), all_rows(&clean), "other read models do not notice");

    fails.store(false, Ordering::SeqCst);
    for n in 0..12 {
        let stream = format!("cart-{}", cart_id(n));
        let retried = runtime.block_on(models.retry("tally", &stream)).unwrap();
        assert_eq!(retried.still_parked, None);
    }
    assert_eq!(models.rows("tally").unwrap(), clean.rows("tally").unwrap());
    assert!(models.dead_letters("tally", 10).unwrap().is_empty());
    models.shutdown().unwrap();
}

#[test]
fn what_a_newer_program_wrote_is_applied_by_itself_once_that_runs() {
    let history = |version_of_lines: u16| {
        let mut book = Book::default();
        book.cart(cart_id(1), &[(1, 1)]);
        let lines = Bytes::from_static(b"{\"lines\":[]}");
        book.raw(StreamId::new("cart", cart_id(1)).unwrap(), "CartLinesAdded", version_of_lines, lines);
        let abandoned = CartAbandoned { reason: AbandonReason::Discarded };
        book.write(cart_id(1), [CartEvent::CartAbandoned(abandoned).into()]);
        book.cart(cart_id(2), &[(1, 1)]);
        book
    };
    let (dir, runtime, newer) = (tempfile::tempdir().unwrap(), runtime(), history(99));
    for _ in 0..2 {
        let models = open_with(dir.path(), Vec::new());
        runtime.block_on(models.start(newer.log())).unwrap();
        runtime.block_on(models.wait_for(newer.head(), PATIENCE)).unwrap();
        let letters = models.dead_letters("cart", 10).unwrap();
        let waiting: Vec<_> = letters.iter().map(|letter| (letter.position, letter.newer_program)).collect();
        assert_eq!(waiting, [(3, true), (4, false)]);
        models.shutdown().unwrap();
    }
    // The same log as the upgraded program sees it.
    let upgraded = history(1);
    let models = open_with(dir.path(), Vec::new());
    runtime.block_on(models.start(upgraded.log())).unwrap();
    let began = std::time::Instant::now();
    while !models.dead_letters("cart", 10).unwrap().is_empty() {
        assert!(began.elapsed() < PATIENCE, "they wait for a person");
        std::thread::sleep(Duration::from_millis(10));
    }
    let cart = |n| now(models.carts().by_id(cart_id(n))).unwrap().unwrap().parse::<CartView>().unwrap();
    assert_eq!((cart(1).version, cart(2).version), (4, 2));
    models.shutdown().unwrap();
}

#[test]
fn what_is_asked_of_a_read_model_that_is_not_there_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let models = open_with(dir.path(), Vec::new());
    let error = models.dead_letters("cats", 1).unwrap_err().to_string();
    assert!(error.contains("cats") && error.contains("catalog"), "{error}");
    let error = runtime().block_on(models.retry("cart", "cart-1")).unwrap_err().to_string();
    assert!(error.contains("not running"), "{error}");
}
