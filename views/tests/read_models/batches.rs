//! However the log is cut into batches, and however often it is applied, the rows are the same.

use crate::{place, shop::Book};
use daybook_event_log::Position;
use daybook_views::Views;
use proptest::prelude::*;
use std::path::Path;

/// Every row of every read model.
pub(crate) fn all_rows(models: &Views) -> Vec<(String, String)> {
    let rows = Views::NAMES.iter().flat_map(|name| {
        let rows = models.rows(name).unwrap().into_iter();
        rows.map(move |(key, row)| {
            let value = String::from_utf8_lossy(row.json()).into_owned();
            (format!("{name} {}", key.escape_ascii()), value)
        })
    });
    rows.collect()
}

pub(crate) fn open(dir: &Path) -> Views {
    Views::open(dir, place::options(dir)).unwrap()
}

/// The rows of a whole replay in one go.
pub(crate) fn expected(book: &Book) -> Vec<(String, String)> {
    let dir = tempfile::tempdir().unwrap();
    let models = runtime().block_on(Views::replay(book.log(), None, dir.path())).unwrap();
    all_rows(&models)
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_into_batches_leads_to_the_same_rows(
        cuts in proptest::collection::vec((1_u64..200, any::<bool>()), 1..12),
        carts in 1_u128..14,
    ) {
        let book = Book::day(carts);
        let dir = tempfile::tempdir().unwrap();
        let mut models = open(dir.path());
        let runtime = runtime();
        for (until, reopen) in cuts {
            // Also backwards: what the checkpoint has is not applied again.
            let until = Position::new(until.min(book.head().get()));
            runtime.block_on(models.catch_up(&book.log(), Some(until))).unwrap();
            if reopen {
                drop(models);
                models = open(dir.path());
            }
        }
        runtime.block_on(models.catch_up(&book.log(), None)).unwrap();
        prop_assert_eq!(all_rows(&models), expected(&book));
    }
}

#[test]
fn applying_the_log_twice_is_applying_it_once() {
    let book = Book::day(8);
    let dir = tempfile::tempdir().unwrap();
    let models = open(dir.path());
    let runtime = runtime();
    runtime.block_on(models.catch_up(&book.log(), None)).unwrap();
    let once = all_rows(&models);
    runtime.block_on(models.catch_up(&book.log(), None)).unwrap();
    assert_eq!(all_rows(&models), once);
    assert!(once.len() > 50, "the history leaves rows: {}", once.len());
}

#[test]
fn a_deleted_read_store_is_filled_again_to_the_same_rows() {
    let book = Book::day(8);
    let dir = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let models = open(dir.path());
    runtime.block_on(models.catch_up(&book.log(), None)).unwrap();
    let before = all_rows(&models);
    drop(models);
    place::remove(dir.path());
    let models = open(dir.path());
    runtime.block_on(models.catch_up(&book.log(), None)).unwrap();
    assert_eq!(all_rows(&models), before);
}

#[test]
fn rows_from_another_log_are_thrown_away_and_filled_again() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let models = open(dir.path());
    runtime.block_on(models.catch_up(&Book::day(9).log(), None)).unwrap();
    drop(models);
    let mut other = Book { now_ns: 77, ..Book::default() };
    other.product(1, 100);
    for n in 0..200 {
        other.receive(1, 1, n + 1);
    }
    let models = open(dir.path());
    runtime.block_on(models.catch_up(&other.log(), None)).unwrap();
    assert_eq!(all_rows(&models), expected(&other));
}
