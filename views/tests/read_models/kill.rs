//! Killing the process at any moment leads to the same rows as never killing it. The process is this very test, started
//! by itself and told where to write.

use crate::{
    batches::{all_rows, expected, open, runtime},
    shop::Book,
};
use std::{
    io::Read,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Set for the process that is to be killed.
const DIR: &str = "DAYBOOK_TEST_KILL_DIR";
const CARTS: u128 = 400;

/// What the process does until it is killed.
fn fill(dir: &Path) {
    let book = Book::day(CARTS);
    println!("ready");
    let models = open(dir);
    let head = book.head().get();
    // Many small batches, so that most moments are in the middle of one.
    let mut at = 0;
    while at < head {
        at = (at + 37).min(head);
        let until = Some(daybook_event_log::Position::new(at));
        runtime().block_on(models.catch_up(&book.log(), until)).unwrap();
    }
    models.rows("order").unwrap();
}

#[test]
fn a_killed_process_leaves_rows_that_lead_to_the_same_views() {
    if let Some(dir) = std::env::var_os(DIR) {
        return fill(Path::new(&dir));
    }
    let book = Book::day(CARTS);
    let expected = expected(&book);
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let mut interrupted = 0;
    for round in 0..8_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "kill::a_killed_process_leaves_rows_that_lead_to_the_same_views",
                "--nocapture",
            ])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = Vec::new();
        let mut stdout = child.stdout.take().unwrap();
        while !said.ends_with(b"ready\n") {
            let mut byte = [0];
            if stdout.read(&mut byte).unwrap() == 0 {
                break;
            }
            said.push(byte[0]);
        }
        std::thread::sleep(Duration::from_millis(15 + round * 23));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            interrupted += 1;
        }
        child.wait().unwrap();
    }
    assert!(interrupted > 0, "no round was interrupted; give the child more to do");
    let models = open(dir.path());
    runtime().block_on(models.catch_up(&book.log(), None)).unwrap();
    assert_eq!(all_rows(&models), expected);
}
