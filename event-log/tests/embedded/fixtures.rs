//! Files of every released format must keep opening. `fixtures/README.md` says how they are made.

use crate::support::{append_range, everything, ids, ids_of, open, tiny};
use daybook_event_log::{EmbeddedLog, EmbeddedReader, EventLog, simulation::SimulatedDisk};
use std::{fs, path::PathBuf};

/// What a fixture of version 1 holds: so many appends of the known history, over three segments.
const APPENDS: u128 = 11;

fn fixture(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(version)
}

#[test]
fn a_log_of_format_1_is_read_where_it_lies() {
    let reader = EmbeddedReader::open(fixture("v1")).expect("format 1 opens");
    let events = everything(&reader).expect("format 1 is read");
    assert_eq!(ids(&events), ids_of(APPENDS));
    assert_eq!(crate::support::appends_in(&events), APPENDS);
    let last = events.last().expect("there are events");
    assert_eq!((last.stream(), last.event_type(), last.schema_version()), ("sample-2", "SampleTaken", 1));
    assert_eq!((last.occurred_at_ns(), last.actor()), (7, "anonymous"));
    assert_eq!(last.recorded_at_ns(), 1_700_000_000_000_000_000);
}

#[test]
fn a_log_of_format_1_is_gone_on_with() {
    let place = tempfile::tempdir().expect("room");
    for entry in fs::read_dir(fixture("v1")).expect("the fixture is there") {
        let entry = entry.expect("readable");
        fs::copy(entry.path(), place.path().join(entry.file_name())).expect("copied");
    }
    let log = EmbeddedLog::open(place.path(), tiny()).expect("format 1 opens");
    append_range(&log, 0, APPENDS + 20).expect("what is there is known, what is new goes in");
    assert_eq!(ids(&everything(&log).expect("readable")), ids_of(APPENDS + 20));
}

#[test]
fn a_new_log_has_the_format_that_has_a_fixture() {
    let written = SimulatedDisk::new();
    drop(open(&written).expect("a new log opens"));
    let newest = fixture(&format!("v{}", EmbeddedReader::FORMAT));
    assert!(newest.is_dir(), "a new format needs a fixture: see fixtures/README.md");
    let kept = fs::read(newest.join("daybook.log")).expect("readable");
    assert_eq!(written.contents("daybook.log").map(|bytes| bytes[..12].to_vec()), Some(kept[..12].to_vec()));
}

#[test]
fn a_fixture_of_this_format_is_written_where_one_is_asked_for() {
    let asked = std::env::var_os("DAYBOOK_WRITE_LOG_FIXTURE").map(PathBuf::from);
    let spare = tempfile::tempdir().expect("room");
    let place = asked.unwrap_or_else(|| spare.path().to_owned());
    let mut options = tiny();
    options.clock = std::sync::Arc::new(|| 1_700_000_000_000_000_000);
    let log = EmbeddedLog::open(&place, options).expect("a new log opens");
    append_range(&log, 0, APPENDS).expect("nothing is in the way");
    assert_eq!(ids(&everything(&log).expect("readable")), ids_of(APPENDS));
    assert_eq!(log.head().borrow().get() as usize, ids_of(APPENDS).len());
}
