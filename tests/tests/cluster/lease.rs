//! Leases: one holder at a time, the next one as soon as the first is gone, with what the first left.

use daybook_event_log::Leases as _;
use daybook_event_log_postgres::{PostgresLeases, PostgresLog, PostgresOptions};
use daybook_tests::servers::postgres::{PostgresServer, database};
use futures::FutureExt as _;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_one_holder_and_goes_on_to_the_next_with_what_was_left() {
    let leases = PostgresLeases::new(&PostgresOptions::new(database().await.unwrap())).unwrap();
    let first = leases.acquire("work").await.unwrap();
    assert_eq!(first.recall().await.unwrap(), None);
    first.remember(b"one").await.unwrap();
    first.remember(b"two").await.unwrap();
    let other = leases.acquire("other work").await.unwrap();
    assert_eq!(other.recall().await.unwrap(), None, "each task has its own");
    let mut second = Box::pin(leases.acquire("work"));
    timeout(Duration::from_secs(2), &mut second).await.map(drop).expect_err("two hold one lease");
    assert_eq!(first.lost().now_or_never(), None, "it is still held");
    drop(first);
    let second = second.await.unwrap();
    assert_eq!(second.recall().await.unwrap().as_deref(), Some(b"two".as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_cut_off_is_told_and_can_hold_it_again() {
    let server = PostgresServer::start(&[]).await.unwrap();
    let options = PostgresOptions::new(server.database().await.unwrap());
    let leases = PostgresLeases::new(&options).unwrap();
    let log = PostgresLog::connect(options).await.unwrap();
    let lease = leases.acquire("work").await.unwrap();
    server.stop().unwrap();
    lease.lost().await;
    let again = async { leases.acquire("work").await.unwrap() };
    let (again, started) = futures::join!(again, server.start_again());
    started.unwrap();
    assert_eq!(again.recall().await.unwrap(), None);
    drop(log);
}
