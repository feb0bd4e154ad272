//! A read store that is away, cut off, tampered with, or from another time.

use crate::{
    batches::{all_rows, expected, runtime},
    place::{self, now},
    shop::{Book, cart_id, sku},
};
use daybook_read_store::StoreError;
use daybook_tests::servers::{
    cuttable::Cuttable,
    postgres::{PostgresServer, database},
};
use daybook_views::Views;
use std::{path::Path, time::Duration};

const PATIENCE: Duration = Duration::from_secs(60);
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";

fn open(dir: &Path, url: &str) -> Views {
    Views::open(dir, place::on(url)).unwrap()
}

#[test]
fn a_server_that_comes_back_is_used_again_and_queries_fail_politely_meanwhile() {
    let server = now(PostgresServer::start(&[])).unwrap();
    let url = now(server.database()).unwrap();
    let mut book = Book::day(10);
    let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let models = open(dir.path(), &url);
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    for n in 0..2 {
        server.stop().unwrap();
        book.cart(cart_id(500 + n), &[(1, 1)]);
        let error = now(models.carts().by_id(cart_id(1))).unwrap_err();
        assert!(matches!(error, StoreError::Server { .. }), "{error}");
        while models.store_error().is_none() {
            std::thread::yield_now();
        }
        now(server.start_again()).unwrap();
        runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
        assert!(now(models.carts().by_id(cart_id(500 + n))).unwrap().is_some());
        while models.store_error().is_some() {
            std::thread::yield_now();
        }
    }
    assert_eq!(all_rows(&models), expected(&book));
    models.shutdown().unwrap();
}

#[test]
fn connections_cut_at_any_moment_lead_to_the_same_rows() {
    let mut book = Book::day(10);
    let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let url = place::url(dir.path());
    let models = open(dir.path(), &url);
    runtime.block_on(models.start(book.log())).unwrap();
    for round in 0..8 {
        for n in 0..40 {
            book.cart(cart_id(1000 + round * 40 + n), &[(1, 2)]);
            book.order(cart_id(1000 + round * 40 + n), &[(1, 2)]);
        }
        now(place::execute(&url, CUT));
    }
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    assert_eq!(all_rows(&models), expected(&book));
    models.shutdown().unwrap();
}

#[test]
fn a_commit_of_which_nobody_knows_whether_it_went_in_is_not_done_twice() {
    let mut book = Book::day(6);
    let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let url = now(database()).unwrap();
    let port: u16 = url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let way = now(Cuttable::to(port)).unwrap();
    let models = open(dir.path(), &url.replace(&format!(":{port}/"), &format!(":{}/", way.port())));
    runtime.block_on(models.start(book.log())).unwrap();
    for n in 0..5_usize {
        runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
        // The movement is one row more for each time that it is applied.
        way.lose_answer_to(sku(900 + n).as_str());
        book.receive(900 + n, 5, 5);
    }
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    assert!(way.answers_lost() > 0, "no commit lost its answer");
    assert_eq!(all_rows(&models), expected(&book));
    models.shutdown().unwrap();
}

#[test]
fn tables_that_somebody_dropped_are_made_and_filled_again_without_a_restart() {
    let mut book = Book::day(10);
    let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let url = place::url(dir.path());
    let models = open(dir.path(), &url);
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    place::remove(dir.path());
    book.cart(cart_id(700), &[(1, 1)]);
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    assert_eq!(all_rows(&models), expected(&book));
    models.shutdown().unwrap();
}

#[test]
fn a_store_of_a_newer_program_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let url = place::url(dir.path());
    drop(open(dir.path(), &url));
    now(place::execute(&url, "INSERT INTO daybook_read.schema_version (version) VALUES (99)"));
    let refused = Views::open(dir.path(), place::on(&url)).err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 99, .. }), "{refused}");
}

#[test]
fn what_cannot_work_is_said_at_once_and_without_the_password() {
    let url = now(database()).unwrap();
    let refusal = |url: &str| {
        let dir = tempfile::tempdir().unwrap();
        Views::open(dir.path(), place::on(url)).err().unwrap().to_string()
    };
    let said = refusal(&format!("{url}x"));
    assert!(said.contains("createdb"), "{said}");
    let said = refusal(&url.replace("daybook@", "nobody:s3cret@"));
    assert!(said.contains("user") && !said.contains("s3cret"), "{said}");
    let name = url.rsplit('/').next().unwrap();
    now(place::execute(&url, &format!("ALTER DATABASE {name} SET default_transaction_read_only TO on")));
    let said = refusal(&url);
    assert!(said.contains("takes no writes"), "{said}");
}
