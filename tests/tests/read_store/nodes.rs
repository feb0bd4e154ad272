//! Several nodes on one read store: one writes, all see, and two that both believe to be the one do no harm.

use crate::{
    batches::{all_rows, expected, runtime},
    place::{self, now},
    shop::{Book, cart_id},
};
use daybook_event_log::Position;
use daybook_projections::{Part, RunnerError};
use daybook_read_store::StoreError;
use daybook_views::Views;
use std::{path::Path, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);
const ASKS: Part = Part { projects: false, searches: false };
const PROJECTS: Part = Part { projects: true, searches: false };

/// A node with a directory of its own, on the server of `shared`.
fn node(shared: &Path) -> (tempfile::TempDir, Views) {
    let own = tempfile::tempdir().unwrap();
    let models = Views::open(own.path(), place::options(shared)).unwrap();
    (own, models)
}

#[test]
fn a_node_that_only_asks_waits_for_writes_that_another_shows_it() {
    let mut book = Book::day(5);
    let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let ((_a, projector), (_b, asker)) = (node(dir.path()), node(dir.path()));
    runtime.block_on(asker.start_part(book.log(), ASKS)).unwrap();
    assert!(now(asker.carts().by_id(cart_id(0))).unwrap().is_none(), "nobody has filled anything yet");
    runtime.block_on(projector.start_part(book.log(), PROJECTS)).unwrap();
    for n in 100..160 {
        book.cart(cart_id(n), &[(1, 1)]);
        runtime.block_on(asker.wait_for(book.head(), PATIENCE)).unwrap();
        assert!(now(asker.carts().by_id(cart_id(n))).unwrap().is_some(), "cart {n} is visible");
    }
    assert!(projector.projects() && !asker.projects());
    assert_eq!(all_rows(&asker), expected(&book));

    // What it keeps in memory of prices follows, too.
    let offer = || now(asker.catalog().offer(&crate::shop::sku(77), "GBP".parse().unwrap())).unwrap();
    assert_eq!(offer(), None);
    book.product(77, 250);
    runtime.block_on(asker.wait_for(book.head(), PATIENCE)).unwrap();
    assert!(offer().is_some());

    // A rebuild switches what the asker asks.
    let before = asker.rows("order").unwrap();
    projector.rebuild("order").unwrap();
    while !projector.rebuilds().is_empty() {
        assert!(now(asker.orders().by_id(cart_id(0).order_id())).is_ok(), "queries go on meanwhile");
    }
    book.cart(cart_id(200), &[(1, 1)]);
    runtime.block_on(asker.wait_for(book.head(), PATIENCE)).unwrap();
    assert_eq!(asker.rows("order").unwrap(), before);
    let refused = asker.rebuild("order");
    assert!(matches!(refused, Err(RunnerError::KeptElsewhere { .. })), "{refused:?}");
    projector.shutdown().unwrap();
    asker.shutdown().unwrap();
}

#[test]
fn when_the_projector_stops_another_takes_over_where_it_was() {
    let mut book = Book::day(20);
    let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let ((_a, first), (_b, second)) = (node(dir.path()), node(dir.path()));
    runtime.block_on(first.start_part(book.log(), PROJECTS)).unwrap();
    runtime.block_on(first.wait_for(book.head(), PATIENCE)).unwrap();
    runtime.block_on(second.start_part(book.log(), PROJECTS)).unwrap();
    for round in 0..4 {
        let (leaving, staying) = if round % 2 == 0 { (&first, &second) } else { (&second, &first) };
        leaving.shutdown().unwrap();
        for n in 0..10 {
            book.cart(cart_id(1000 + round * 10 + n), &[(1, 1)]);
        }
        runtime.block_on(staying.wait_for(book.head(), PATIENCE)).unwrap();
        assert!(staying.projects());
        runtime.block_on(leaving.start_part(book.log(), PROJECTS)).unwrap();
        runtime.block_on(leaving.wait_for(book.head(), PATIENCE)).unwrap();
    }
    assert_eq!(all_rows(&first), expected(&book));
    first.shutdown().unwrap();
    second.shutdown().unwrap();
}

#[test]
fn another_shops_read_models_are_refused_by_name_and_left_alone() {
    let (ours, mut theirs) = (Book::day(5), Book::default());
    theirs.now_ns += 1;
    theirs.product(1, 100);
    let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let ((_a, owner), (_b, stranger)) = (node(dir.path()), node(dir.path()));
    runtime.block_on(owner.start_part(ours.log(), PROJECTS)).unwrap();
    runtime.block_on(owner.wait_for(ours.head(), PATIENCE)).unwrap();
    owner.shutdown().unwrap();
    runtime.block_on(stranger.start_part(theirs.log(), PROJECTS)).unwrap();
    let began = std::time::Instant::now();
    let trouble = loop {
        match stranger.store_error() {
            Some(trouble) => break trouble,
            None => assert!(began.elapsed() < PATIENCE, "it is not told"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(trouble.contains("another log") && trouble.contains("DROP SCHEMA daybook_read"), "{trouble}");
    assert!(now(stranger.carts().by_id(cart_id(0))).is_err(), "it shows what is not its own");
    stranger.shutdown().unwrap();

    let (_c, again) = node(dir.path());
    runtime.block_on(again.start_part(ours.log(), PROJECTS)).unwrap();
    runtime.block_on(again.wait_for(ours.head(), PATIENCE)).unwrap();
    assert_eq!(all_rows(&again), expected(&ours));
    again.shutdown().unwrap();
}

/// Brings read models to the end of the log in many small commits; whether it was let.
fn fill(models: &Views, book: &Book) -> Result<(), RunnerError> {
    for at in (0..book.head().get() + 7).step_by(7) {
        runtime().block_on(models.catch_up(&book.log(), Some(Position::new(at.min(book.head().get())))))?;
    }
    Ok(())
}

#[test]
fn of_two_who_write_at_once_each_commit_is_taken_from_one_only() {
    let book = Book::day(60);
    let dir = tempfile::tempdir().unwrap();
    let ((_a, one), (_b, other)) = (node(dir.path()), node(dir.path()));
    fill(&one, &Book::default()).unwrap();
    let mut gave_way = 0;
    let mut told = |outcome: Result<(), RunnerError>| match outcome {
        Ok(()) => {}
        Err(RunnerError::Store(StoreError::Superseded { .. })) => gave_way += 1,
        Err(error) => panic!("{error}"),
    };
    let left = |models: &Views| models.visible() < book.head();
    while left(&one) || left(&other) {
        std::thread::scope(|scope| {
            let race = [scope.spawn(|| fill(&one, &book)), scope.spawn(|| fill(&other, &book))];
            race.into_iter().for_each(|racer| told(racer.join().unwrap()));
        });
    }
    assert!(gave_way > 0, "they never met; give them more to do");
    assert_eq!(all_rows(&one), expected(&book));
}
