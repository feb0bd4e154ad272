//! `verify` and `rebuild`: what fits is said to fit, and every kind of misfit is found and named.

use crate::{
    data::{Data, good},
    shop::{Book, cart_id},
};
use bytes::Bytes;
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, Position, StreamId};
use daybook_projections::Options;
use daybook_views::Views;
use serde_json::Value;
use std::{fs, sync::Arc};

/// The program's findings, and the exit code.
fn findings(data: &Data) -> (Vec<Value>, Option<i32>) {
    let output = data.run(&["--json", "verify"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    (report["findings"].as_array().unwrap().clone(), output.status.code())
}

/// Read models up to `until`, as a shop leaves them behind.
fn fill(data: &Data, until: Option<Position>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let log: Arc<dyn EventLog> = Arc::new(EmbeddedLog::open_read_only(data.path("log")).unwrap());
        let options = Options::default();
        let models = Views::open(&data.path("read"), options).unwrap();
        models.catch_up(&log, until).await.unwrap();
        models.shutdown().unwrap();
    });
}

/// A shop that had other events from the first one on.
fn another() -> Book {
    let mut book = Book::default();
    book.product(3, 999);
    book
}

#[test]
fn a_sound_shop_is_said_to_be_sound_before_and_after_a_rebuild() {
    let data = Data::of(&Book::day(8));
    fill(&data, None);
    assert_eq!(findings(&data), (Vec::new(), Some(0)));
    let report = data.json(&["verify"]);
    assert_eq!((&report["events"], &report["signed"]), (&data.head.into(), &data.head.into()));
    assert!(report["rows"].as_u64().unwrap() > 20);
    let rebuilt = data.json(&["rebuild", "--skip-search"]);
    assert_eq!(rebuilt["position"], data.head);
    assert_eq!(rebuilt["rows"], report["rows"]);
    assert_eq!(findings(&data), (Vec::new(), Some(0)));
    assert!(!data.path("read.new").exists() && !data.path("read.old").exists());
}

#[test]
fn an_interrupted_rebuild_goes_on_where_it_was() {
    let data = Data::of(&Book::day(8));
    fill(&data, Some(Position::new(40)));
    fs::rename(data.path("read"), data.path("read.new")).unwrap();
    let rebuilt = data.json(&["rebuild", "--skip-search"]);
    assert_eq!(rebuilt["events"], data.head - 40, "only what was left");
    assert_eq!(findings(&data), (Vec::new(), Some(0)));
}

#[test]
fn rows_that_a_replay_does_not_make_are_found() {
    let (data, other) = (Data::of(&Book::day(4)), Data::of(&another()));
    fill(&other, None);
    fs::rename(other.path("read"), data.path("read")).unwrap();
    let (found, code) = findings(&data);
    assert_eq!(code, Some(1));
    assert!(found.iter().any(|finding| finding["finding"] == "row"), "{found:?}");
}

#[test]
fn an_event_that_todays_program_cannot_read_is_found() {
    let mut book = Book::day(1);
    let stream = StreamId::new("cart", cart_id(900)).unwrap();
    book.raw(stream, "CartCreated", 1, Bytes::from_static(b"{\"cart_id\":7}"));
    let data = Data::of(&book);
    let (found, code) = findings(&data);
    assert_eq!((found.len(), code), (1, Some(1)));
    assert_eq!((&found[0]["finding"], &found[0]["position"]), (&"undecodable".into(), &data.head.into()));
}

#[test]
fn events_of_other_programs_aggregates_are_not_held_against_the_shop() {
    let mut book = Book::day(1);
    let stream = StreamId::new("counter", "a").unwrap();
    book.raw(stream, "Added", 1, Bytes::from_static(b"{\"by\":7}"));
    let data = Data::of(&book);
    assert_eq!(findings(&data), (Vec::new(), Some(0)));
    assert_eq!(data.json(&["verify"])["events_of_others"], 1);
    let told = good(data.run(&["show", "counter-a", "--payload"]));
    assert!(told.contains("Added") && told.contains("\"by\":7"), "{told}");
    good(data.run(&["rebuild", "--skip-search"]));
}

#[test]
fn nothing_is_said_to_be_well_that_was_not_looked_at() {
    let data = Data::of(&Book::day(2));
    let said = good(data.run(&["verify"]));
    assert!(said.contains("there are no read models") && !said.contains("All is well"), "{said}");
    fill(&data, None);
    let said = good(data.run(&["verify"]));
    assert!(said.contains("All is well"), "{said}");
    // The log may be elsewhere; what is in the data directory is compared with it all the same.
    let file = data.path("events.jsonl");
    good(data.run(&["export", "--out", file.to_str().unwrap()]));
    let elsewhere = |data: &Data| data.run(&["--file", file.to_str().unwrap(), "--json", "verify"]);
    let report: Value = serde_json::from_str(&good(elsewhere(&data))).unwrap();
    assert_eq!(report["signed"], data.head);
    assert!(report["rows"].as_u64().unwrap() > 10, "{report}");
    let other = Data::of(&another());
    fill(&other, None);
    fs::remove_dir_all(data.path("read")).unwrap();
    fs::rename(other.path("read"), data.path("read")).unwrap();
    assert_eq!(elsewhere(&data).status.code(), Some(1));
}

#[test]
fn read_models_are_filled_again_from_a_log_that_is_elsewhere() {
    let data = Data::of(&Book::day(2));
    let file = data.path("events.jsonl");
    let file = file.to_str().unwrap();
    good(data.run(&["export", "--out", file]));
    fs::remove_dir_all(data.path("log")).unwrap();
    let rebuilt = data.json(&["--file", file, "rebuild", "--skip-search"]);
    assert_eq!(rebuilt["events"], data.head);
    assert!(!data.path("log").exists(), "no log is made where there is none");
    assert!(good(data.run(&["--file", file, "verify"])).contains("All is well"));
    let without = crate::data::run(&["--store", "postgres://localhost/none", "rebuild"]);
    assert_eq!(without.status.code(), Some(2));
    let said = String::from_utf8(without.stderr).unwrap();
    assert!(said.contains("name it with --data, also where the log is on a server"), "{said}");
    assert_eq!(data.run(&["audit", "rotate-key"]).status.code(), Some(2));
    assert!(!data.path("log").exists());
}

/// Changes a byte of the log within the given bytes.
fn damage(data: &Data, within: &[u8]) {
    let segment = fs::read_dir(data.path("log")).unwrap().map(|entry| entry.unwrap().path());
    let segment = segment.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let place = bytes.windows(within.len()).position(|window| window == within).unwrap();
    bytes[place] ^= 1;
    fs::write(&segment, bytes).unwrap();
}

#[test]
fn a_byte_changed_in_the_log_is_found() {
    let data = Data::of(&Book::day(4));
    damage(&data, b"staff:t");
    let (found, code) = findings(&data);
    assert_eq!((found.len(), code), (1, Some(1)), "{found:?}");
    assert_eq!(found[0]["finding"], "unopened", "{found:?}");
}

#[test]
fn every_damaged_stretch_is_named_and_the_rest_is_looked_at() {
    every_damaged_stretch_is_named("segment");
}

#[test]
fn so_it_is_where_segments_are_compressed() {
    every_damaged_stretch_is_named("zst");
}

fn every_damaged_stretch_is_named(form: &str) {
    let (segment_bytes, compress) = (32 << 10, form == "zst");
    let options =
        EmbeddedOptions { segment_bytes, compress, inline_maintenance: true, ..EmbeddedOptions::small() };
    let data = Data::kept_with(&Book::day(60), options);
    fill(&data, None);
    let segments = fs::read_dir(data.path("log")).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = segments.filter(|path| path.extension() == Some(form.as_ref())).collect();
    segments.sort();
    assert!(segments.len() > 5, "{segments:?}");
    for segment in [&segments[1], &segments[3]] {
        let mut bytes = fs::read(segment).unwrap();
        // Behind the head of the segment, without which the log does not open.
        let at = bytes.len() / 4 * 3;
        bytes[at] ^= 1;
        fs::write(segment, bytes).unwrap();
    }
    let output = data.run(&["--json", "verify"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = report["findings"].as_array().unwrap();
    let lost = |finding: &Value| {
        assert_eq!(finding["finding"], "unreadable", "{found:?}");
        finding["to"].as_u64().unwrap() - finding["from"].as_u64().unwrap() + 1
    };
    assert_eq!(found.len(), 2, "{found:?}");
    let lost: u64 = found.iter().map(lost).sum();
    assert_eq!(report["events"], data.head - lost);
    assert_eq!(report["rows"], Value::Null, "there is nothing to compare read models with");
    assert!(report["notes"].to_string().contains("cannot be replayed whole"), "{report}");
    assert!(lost < data.head / 2, "{found:?}");
}

#[test]
fn a_history_other_than_the_signed_one_and_a_cut_tail_are_found() {
    let finding = |of: &Book, signed: &Book| {
        let (data, signed) = (Data::of(of), Data::of(signed));
        fs::remove_dir_all(data.path("audit")).unwrap();
        fs::rename(signed.path("audit"), data.path("audit")).unwrap();
        let (found, code) = findings(&data);
        assert_eq!(code, Some(1));
        found.last().unwrap()["finding"].as_str().unwrap().to_owned()
    };
    assert_eq!(finding(&Book::day(3), &Book::day(4)), "tail_cut");
    assert_eq!(finding(&Book::day(3), &another()), "root_differs");
}

#[test]
fn a_running_shops_read_models_are_left_alone() {
    let data = Data::of(&Book::day(2));
    fill(&data, None);
    let _running = Views::open(&data.path("read"), Options::default()).unwrap();
    let said = good(data.run(&["verify"]));
    assert!(said.contains("in use"), "{said}");
}
