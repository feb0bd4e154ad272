//! Files of every released format must keep opening. `fixtures/README.md` says how they are made.

use crate::support::{append_range, everything, ids, ids_of, open, tiny, uncompressed};
use daybook_event_log::{EmbeddedLog, EmbeddedReader, EventLog, simulation::SimulatedDisk};
use std::{fs, path::PathBuf};

/// What a fixture holds: so many appends of the known history, over three segments.
const APPENDS: u128 = 11;
const FORMATS: [&str; 2] = ["v1", "v2"];

fn fixture(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(version)
}

#[test]
fn a_log_of_every_format_is_read_where_it_lies() {
    for format in FORMATS {
        let reader = EmbeddedReader::open(fixture(format)).expect("it opens");
        let events = everything(&reader).expect("it is read");
        assert_eq!(ids(&events), ids_of(APPENDS), "{format}");
        assert_eq!(crate::support::appends_in(&events), APPENDS);
        let last = events.last().expect("there are events");
        assert_eq!((last.stream(), last.event_type(), last.schema_version()), ("sample-2", "SampleTaken", 1));
        assert_eq!((last.occurred_at_ns(), last.actor()), (7, "anonymous"));
        assert_eq!(last.recorded_at_ns(), 1_700_000_000_000_000_000);
    }
}

#[test]
fn a_log_of_every_format_is_gone_on_with() {
    for format in FORMATS {
        for options in [tiny(), uncompressed()] {
            let place = copied(format);
            let log = EmbeddedLog::open(place.path(), options).expect("it opens");
            append_range(&log, 0, APPENDS + 20).expect("what is there is known, what is new goes in");
            assert_eq!(ids(&everything(&log).expect("readable")), ids_of(APPENDS + 20), "{format}");
        }
    }
}

#[test]
fn a_log_of_format_1_keeps_it_until_its_segments_may_be_compressed() {
    let place = copied("v1");
    let declared = || fs::read(place.path().join("daybook.log")).expect("readable")[8];
    let names = || {
        let entries = fs::read_dir(place.path()).expect("readable");
        let names = entries.map(|entry| entry.expect("readable").file_name().into_string().expect("a name"));
        let mut segments: Vec<String> = names.filter(|name| name.contains("segment")).collect();
        segments.sort();
        segments
    };
    drop(EmbeddedLog::open(place.path(), uncompressed()).expect("it opens"));
    assert_eq!(
        (declared(), &names()[..2]),
        (1, &["0000000001.segment", "0000000002.segment"].map(String::from)[..])
    );
    drop(EmbeddedLog::open(place.path(), tiny()).expect("it opens"));
    let compressed = ["0000000001.segment.zst", "0000000002.segment.zst"].map(String::from);
    assert_eq!((declared(), &names()[..2]), (2, &compressed[..]));
}

fn copied(format: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("room");
    for entry in fs::read_dir(fixture(format)).expect("the fixture is there") {
        let entry = entry.expect("readable");
        fs::copy(entry.path(), place.path().join(entry.file_name())).expect("copied");
    }
    place
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
