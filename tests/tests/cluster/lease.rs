//! Leases: one holder at a time, the next one as soon as the first is gone, frozen or cut off, with what the first left.
//! What a holder of before leaves behind its successor is refused.

use daybook_event_log::Leases as _;
use daybook_event_log_postgres::{PostgresLeases, PostgresLog, PostgresOptions};
use daybook_tests::servers::{
    cuttable::Cuttable,
    postgres::{PostgresServer, database, shared},
};
use futures::FutureExt as _;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::time::timeout;

/// Tells a child of these tests whose lease to hold, and where to leave its files.
const URL: &str = "DAYBOOK_TEST_LEASE_URL";
const FOLDER: &str = "DAYBOOK_TEST_LEASE_FOLDER";
/// Only so that a test ends that would wait for ever.
const FOR_EVER: Duration = Duration::from_secs(120);

fn leases(url: impl Into<String>) -> PostgresLeases {
    PostgresLeases::new(&PostgresOptions::new(url)).unwrap()
}

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
async fn a_memory_in_parts_goes_on_to_the_next_holder_in_order_and_apart_from_all_else() {
    let leases = leases(database().await.unwrap());
    let first = leases.acquire("work").await.unwrap();
    let other = leases.acquire("work 2").await.unwrap();
    first.remember(b"memory").await.unwrap();
    other.remember_part(3, b"of the other").await.unwrap();
    assert!(first.recall_parts(0).await.unwrap().is_empty());
    for number in [0, 1, 2, 9, 10, 11, 4_000_000_000_000] {
        first.remember_part(number, format!("part {number}").as_bytes()).await.unwrap();
    }
    first.remember_part(9, b"part 9, again").await.unwrap();
    first.forget_parts_before(2).await.unwrap();
    drop(first);
    let second = leases.acquire("work").await.unwrap();
    let parts = |parts: Vec<Vec<u8>>| parts.into_iter().map(|part| String::from_utf8(part).unwrap());
    let all: Vec<_> = parts(second.recall_parts(0).await.unwrap()).collect();
    assert_eq!(all, ["part 2", "part 9, again", "part 10", "part 11", "part 4000000000000"]);
    let later: Vec<_> = parts(second.recall_parts(11).await.unwrap()).collect();
    assert_eq!(later, ["part 11", "part 4000000000000"]);
    assert_eq!(second.recall().await.unwrap().as_deref(), Some(b"memory".as_slice()));
    assert_eq!(other.recall_parts(0).await.unwrap(), [b"of the other".to_vec()]);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_behind_a_line_that_fell_silent_learns_it_and_another_holds_the_lease() {
    let (url, line) =
        (database().await.unwrap(), Cuttable::to(shared().await.unwrap().port()).await.unwrap());
    let through = url.replace(&line.server_port().to_string(), &line.port().to_string());
    let first = leases(through).acquire("work").await.unwrap();
    first.remember(b"one").await.unwrap();
    line.silence();
    // Its task is in the middle of something, which must not keep it from learning that the lease is lost.
    let writing = first.remember(b"late");
    let (written, lost) = futures::join!(timeout(FOR_EVER, writing), timeout(FOR_EVER, first.lost()));
    written.expect("a write into silence ends").expect_err("nobody took it");
    lost.expect("the holder learns it");
    let second =
        timeout(FOR_EVER, leases(url).acquire("work")).await.expect("the server gives it up").unwrap();
    let left = second.recall().await.unwrap();
    assert!(left.as_deref() == Some(b"one") || left.as_deref() == Some(b"late"), "{left:?}");
    second.remember(b"two").await.unwrap();
    first.remember(b"too late").await.unwrap_err();
    first.recall().await.unwrap_err();
    assert_eq!(second.recall().await.unwrap().as_deref(), Some(b"two".as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_fell_silent_while_a_node_waited_for_the_lease_is_replaced() {
    let (url, line) =
        (database().await.unwrap(), Cuttable::to(shared().await.unwrap().port()).await.unwrap());
    let through = url.replace(&line.server_port().to_string(), &line.port().to_string());
    let first = leases(url).acquire("work").await.unwrap();
    let waiting = tokio::spawn(async move { leases(through).acquire("work").await });
    timeout(Duration::from_secs(2), first.lost()).await.expect_err("two hold one lease");
    line.silence();
    drop(first);
    let second = timeout(FOR_EVER, waiting).await.expect("it asks again over another connection");
    second.unwrap().unwrap();
}

/// The child's part: holds the lease, is frozen meanwhile, and says what became of its last write.
async fn hold_and_write_late(url: String, folder: &Path) {
    let lease = leases(url).acquire("work").await.unwrap();
    lease.remember(b"one").await.unwrap();
    std::fs::write(folder.join("held"), "").unwrap();
    wait_for(&folder.join("thawed")).await;
    let late = lease.remember(b"late").await;
    lease.lost().await;
    let said = if late.is_err() { "refused" } else { "taken" };
    std::fs::write(folder.join("unready"), said).unwrap();
    std::fs::rename(folder.join("unready"), folder.join("late")).unwrap();
}

async fn wait_for(file: &Path) {
    while !file.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn signal(name: &str, child: &std::process::Child) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_holder_loses_the_lease_and_what_it_writes_later_is_refused() {
    if let (Ok(url), Some(folder)) = (std::env::var(URL), std::env::var_os(FOLDER)) {
        return hold_and_write_late(url, &PathBuf::from(folder)).await;
    }
    let (url, folder) = (database().await.unwrap(), tempfile::tempdir().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lease::a_frozen_holder_loses_the_lease_and_what_it_writes_later_is_refused"])
        .envs([(URL, url.as_str()), (FOLDER, folder.path().to_str().unwrap())])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    timeout(FOR_EVER, wait_for(&folder.path().join("held"))).await.expect("the child holds the lease");
    signal("STOP", &child);
    let second =
        timeout(FOR_EVER, leases(url).acquire("work")).await.expect("the server gives it up").unwrap();
    assert_eq!(second.recall().await.unwrap().as_deref(), Some(b"one".as_slice()));
    second.remember(b"two").await.unwrap();
    std::fs::write(folder.path().join("thawed"), "").unwrap();
    signal("CONT", &child);
    timeout(FOR_EVER, wait_for(&folder.path().join("late"))).await.expect("the child goes on");
    assert_eq!(std::fs::read_to_string(folder.path().join("late")).unwrap(), "refused");
    assert_eq!(second.recall().await.unwrap().as_deref(), Some(b"two".as_slice()));
    assert!(child.wait().unwrap().success());
}
