//! A real process is killed with -9 while it appends, again and again, on the real disk. Everything it
//! had said was durable is there, in order, and nothing else than what it sent. The process is this very test, started
//! by itself and told where to write.

use crate::support::{append_range, appends_in, everything, nth_append};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog};
use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

const ROUNDS: u128 = 6;
/// Groups the killed process has in flight.
const IN_FLIGHT: usize = 8;
/// Set for the process that is to be killed: where its log is.
const PLACE: &str = "DAYBOOK_KILLED_TEST_PLACE";

fn open(place: &Path) -> EmbeddedLog {
    let options = EmbeddedOptions { segment_bytes: 16 << 10, ..EmbeddedOptions::small() };
    EmbeddedLog::open(place, options).expect("the log opens")
}

/// What the process does until it is killed.
fn append_on(place: &Path) {
    let log = open(place);
    let begun = appends_in(&everything(&log).expect("readable"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut answers = VecDeque::new();
        let mut out = std::io::stdout().lock();
        for n in begun..begun + 100_000 {
            answers.push_back(log.append(vec![nth_append(n)]));
            if answers.len() == IN_FLIGHT
                && let Some(answer) = answers.pop_front()
            {
                answer.await.expect("the log takes appends");
                writeln!(out, "\nacknowledged {}", n + 2 - IN_FLIGHT as u128).expect("someone listens");
            }
        }
    });
}

#[test]
fn a_killed_process_has_lost_nothing_it_acknowledged() {
    if let Some(place) = std::env::var_os(PLACE) {
        return append_on(Path::new(&place));
    }
    let place = tempfile::tempdir().expect("room");
    for round in 1..=ROUNDS {
        let mut child = Command::new(std::env::current_exe().expect("this test has a path"))
            .args(["killed::a_killed_process_has_lost_nothing_it_acknowledged", "--exact", "--nocapture"])
            .env(PLACE, place.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test can start itself");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let acknowledged = lines
            .map(|line| line.expect("readable"))
            .filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<u128>().ok())
            .find(|acknowledged| *acknowledged >= round * 37)
            .expect("the process appends until it is killed");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");

        let log = open(place.path());
        let recovered = appends_in(&everything(&log).expect("readable"));
        assert!(recovered >= acknowledged, "round {round}: {recovered} of {acknowledged}");
    }
    let log = open(place.path());
    let recovered = appends_in(&everything(&log).expect("readable"));
    append_range(&log, 0, recovered + 5).expect("what is there is known, what is new goes in");
    assert_eq!(appends_in(&everything(&log).expect("readable")), recovered + 5);
}
