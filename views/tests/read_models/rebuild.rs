//! A read model is filled again beside the one that answers, and switched to in one step.

use crate::{
    batches::{all_rows, expected, runtime},
    place::{self, now},
    shop::{Book, cart_id},
    tally::{Count, tally},
};
use daybook_projections::{Definition, RunnerError};
use daybook_views::Views;
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn open(dir: &Path, more: Vec<Definition>) -> Views {
    Views::open_with(dir, place::options(dir), more).unwrap()
}

/// The version of the projection that made the rows which answer.
fn counted_by(models: &Views) -> u32 {
    models.rows("tally").unwrap()[0].1.parse::<Count>().unwrap().by
}

/// Waits until no rebuild is under way.
async fn rebuilt(models: &Views) {
    while !models.rebuilds().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[test]
fn queries_are_answered_throughout_a_rebuild_and_its_rows_are_the_same() {
    let mut book = Book::day(40);
    let runtime = runtime();
    let dir = tempfile::tempdir().unwrap();
    let models = open(dir.path(), Vec::new());
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    let order = cart_id(0).order_id();
    for _ in 0..3 {
        for name in ["order", "stock", "catalog"] {
            models.rebuild(name).unwrap();
        }
        for n in 0..20 {
            assert!(
                now(models.orders().by_id(order)).unwrap().is_some(),
                "an old row answers until the switch"
            );
            book.cart(cart_id(1000 + u128::from(book.head().get()) + n), &[(1, 1)]);
        }
        runtime.block_on(rebuilt(&models));
        runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    }
    assert_eq!(all_rows(&models), expected(&book));
    models.shutdown().unwrap();
    drop(models);
    let models = open(dir.path(), Vec::new());
    assert_eq!(all_rows(&models), expected(&book), "after a restart, too");
}

#[test]
fn a_new_version_fills_beside_the_old_one_which_answers_until_the_switch() {
    let book = Book::day(30);
    let runtime = runtime();
    let well = Arc::new(AtomicBool::new(false));
    let dir = tempfile::tempdir().unwrap();
    let models = open(dir.path(), vec![tally::<1>(&well)]);
    runtime.block_on(models.catch_up(&book.log(), None)).unwrap();
    let old = models.rows("tally").unwrap();
    assert_eq!(counted_by(&models), 1);
    drop(models);

    let models = open(dir.path(), vec![tally::<2>(&well)]);
    assert_eq!(models.rows("tally").unwrap(), old, "the old version answers after the start");
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(rebuilt(&models));
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    while counted_by(&models) != 2 {
        std::thread::yield_now();
    }
    assert_eq!(models.rows("tally").unwrap().len(), old.len());
    models.shutdown().unwrap();
    drop(models);
    let models = open(dir.path(), vec![tally::<2>(&well)]);
    assert_eq!(counted_by(&models), 2, "and after a restart");
}

#[test]
fn a_rebuild_cut_short_goes_on_after_a_restart() {
    let book = Book::day(60);
    let runtime = runtime();
    let dir = tempfile::tempdir().unwrap();
    let models = open(dir.path(), Vec::new());
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    {
        let _guard = runtime.enter();
        models.rebuild("order").unwrap();
    }
    // Whether or not it was through by now, nothing may be lost.
    models.shutdown().unwrap();
    drop(models);
    let models = open(dir.path(), Vec::new());
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(rebuilt(&models));
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    assert_eq!(all_rows(&models), expected(&book));
    models.shutdown().unwrap();
}

#[test]
fn a_second_rebuild_of_the_same_read_model_is_refused_while_one_is_under_way() {
    let book = Book::day(60);
    let runtime = runtime();
    let dir = tempfile::tempdir().unwrap();
    let models = open(dir.path(), Vec::new());
    runtime.block_on(models.start(book.log())).unwrap();
    while !models.projects() {
        std::thread::yield_now();
    }
    let _guard = runtime.enter();
    let outcomes: Vec<_> = (0..50).map(|_| models.rebuild("order")).collect();
    assert!(outcomes[0].is_ok());
    let refused =
        |outcome: &Result<(), RunnerError>| matches!(outcome, Err(RunnerError::AlreadyRebuilding { .. }));
    assert!(outcomes.iter().any(refused), "fifty at once cannot all have been through");
    models.shutdown().unwrap();
}
