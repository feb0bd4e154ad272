//! A real process, killed for real: `kill -9` while it follows the log, again and again. The process is this very test,
//! started by itself and told where to write.

use super::{
    super::{CountMode, Search, SearchConfig, SearchProjection, SearchRequest},
    shop::{Shop, at, counted, created, repriced, spec},
};
use daybook_domain::Event;
use daybook_projections::{Flush, Projection};
use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Set for the process that is to be killed.
const DIR: &str = "DAYBOOK_TEST_SEARCH_DIR";
const EVENTS: u64 = 6_000;
const PRODUCTS: u64 = 40;
const KILLS: u64 = 8;

/// The event at a position; the same in every process.
fn event(position: u64) -> Event {
    let number = (position * 7) % PRODUCTS;
    let name = format!("P{number}");
    if position <= PRODUCTS {
        return created(&name, spec(&name, &format!("mug number {number}"), "Acme", &["Home"], 100));
    }
    let turn = i64::try_from(position * 2_654_435_761 % 1_000).unwrap();
    if turn % 2 == 0 { counted(&name, turn % 3 - 1) } else { repriced(&name, turn) }
}

fn open(dir: &Path) -> SearchProjection {
    let config = SearchConfig { commit_interval_ms: 1, ..super::shop::config() };
    SearchProjection::open(dir, &config, Search::default()).unwrap()
}

/// What the process does until it is killed.
fn follow(dir: &Path) {
    let mut projection = open(dir);
    let from = projection.own_checkpoint().unwrap().position.get();
    for position in from + 1..=EVENTS {
        projection.take(position, &event(position)).unwrap();
        if position % 3 == 0 {
            projection.flush_to(at(position), Flush::WhenDue).unwrap();
            projection.committed();
        }
        // Each process gets somewhere before it may be killed.
        if position == from + 60 {
            projection.flush_to(at(position), Flush::Now).unwrap();
            std::fs::write(dir.join("following"), "").unwrap();
        }
    }
}

fn seen(projection: &SearchProjection) -> String {
    let wish = SearchRequest { limit: Some(100), count: CountMode::Exact, ..Default::default() };
    String::from_utf8(projection.index().search(&wish).unwrap().body.to_vec()).unwrap()
}

#[test]
fn a_process_killed_again_and_again_ends_with_the_same_index() {
    if let Some(dir) = std::env::var_os(DIR) {
        return follow(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let following = dir.path().join("following");
    for round in 1..=KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::kill::a_process_killed_again_and_again_ends_with_the_same_index"])
            .env(DIR, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !following.exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(round * 37 % 50));
        child.kill().unwrap();
        child.wait().unwrap();
        let _ = std::fs::remove_file(&following);
    }
    let mut survivor = open(dir.path());
    let from = survivor.own_checkpoint().unwrap().position.get();
    assert!(from > 0, "no process got anywhere before it was killed");
    for position in from + 1..=EVENTS {
        survivor.take(position, &event(position)).unwrap();
    }
    survivor.flush_to(at(EVENTS), Flush::Now).unwrap();
    let undisturbed_dir = tempfile::tempdir().unwrap();
    let mut undisturbed = Shop::open(undisturbed_dir.path());
    undisturbed.record((1..=EVENTS).map(event));
    assert_eq!(seen(&survivor), seen(&undisturbed.projection));
}
