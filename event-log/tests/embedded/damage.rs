//! A small log is cut and spoiled at every byte: nothing wrong is ever served, nothing sound is dropped.

use crate::support::{append_range, appends_in, copy, disk_with, everything, ids, ids_of, open, read_only};
use daybook_event_log::{LogError, simulation::SimulatedDisk};

const APPENDS: u128 = 11;
const SEGMENTS: [&str; 3] = ["0000000001.segment", "0000000002.segment", "0000000003.segment"];

/// The bytes of `name`, and how many of them are in use.
fn contents(disk: &SimulatedDisk, name: &str) -> (Vec<u8>, usize) {
    let bytes = disk.contents(name).unwrap_or_else(|| panic!("{name} is missing"));
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    (bytes, used)
}

fn is_loud(error: &LogError) -> bool {
    matches!(error, LogError::Damaged { .. } | LogError::NewerFormat { .. })
}

#[test]
fn the_sample_crosses_segments() {
    let disk = disk_with(APPENDS, true);
    assert_eq!(ids(&read_only(&disk).expect("readable")), ids_of(APPENDS));
    let (_, used) = contents(&disk, SEGMENTS[2]);
    assert!(used > 600, "the last segment has {used} bytes");
    assert!(disk.contents("0000000002.index").is_some() && disk.contents("0000000003.index").is_none());
}

#[test]
fn a_spoiled_byte_in_a_closed_log_is_reported_or_harmless_wherever_it_is() {
    let disk = disk_with(APPENDS, true);
    let truth = ids_of(APPENDS);
    let (mut reported, mut harmless) = (0, 0);
    for name in SEGMENTS {
        let (bytes, used) = contents(&disk, name);
        for at in 0..used {
            let spoiled_disk = copy(&disk);
            let mut spoiled = bytes.clone();
            spoiled[at] ^= 1 << (at % 8);
            spoiled_disk.overwrite(name, &spoiled);
            match read_only(&spoiled_disk) {
                Ok(events) => {
                    assert_eq!(ids(&events), truth, "{name}, byte {at}");
                    appends_in(&events);
                    harmless += 1;
                }
                Err(e) => {
                    assert!(is_loud(&e), "{name}, byte {at}: {e}");
                    reported += 1;
                }
            }
        }
    }
    assert!(reported > 20 * harmless, "only padding and the final mark may go unnoticed: {harmless}");
}

#[test]
fn a_spoiled_byte_without_index_files_is_reported_or_harmless_too() {
    let disk = disk_with(APPENDS, true);
    for name in &SEGMENTS[..2] {
        let (bytes, used) = contents(&disk, name);
        for at in (0..used).step_by(3) {
            let spoiled_disk = copy(&disk);
            let mut spoiled = bytes.clone();
            spoiled[at] ^= 1 << (at % 8);
            spoiled_disk.overwrite(name, &spoiled);
            for index in ["0000000001.index", "0000000002.index"] {
                spoiled_disk.overwrite(index, b"nothing of use");
            }
            match open(&spoiled_disk).and_then(|log| everything(&log)) {
                Ok(events) => assert_eq!(ids(&events), ids_of(APPENDS), "{name}, byte {at}"),
                Err(e) => assert!(is_loud(&e), "{name}, byte {at}: {e}"),
            }
        }
    }
}

#[test]
fn after_a_kill_only_the_last_batch_can_be_taken_for_torn() {
    let disk = disk_with(APPENDS, false);
    let (bytes, used) = contents(&disk, SEGMENTS[2]);
    let mut cut = 0;
    for at in 0..used {
        let spoiled_disk = copy(&disk);
        let mut spoiled = bytes.clone();
        spoiled[at] ^= 1 << (at % 8);
        spoiled_disk.overwrite(SEGMENTS[2], &spoiled);
        let before = spoiled_disk.contents(SEGMENTS[2]);
        match open(&spoiled_disk).and_then(|log| everything(&log)) {
            Ok(events) => {
                let recovered = appends_in(&events);
                assert!(recovered >= APPENDS - 1, "byte {at}: only {recovered} appends are left");
                if recovered < APPENDS {
                    cut += 1;
                    let (_, left) = contents(&spoiled_disk, SEGMENTS[2]);
                    assert!(left < used - 100, "byte {at}: nothing of a cut batch stays, but {left} bytes");
                }
            }
            Err(e) => {
                assert!(is_loud(&e), "byte {at}: {e}");
                assert_eq!(spoiled_disk.contents(SEGMENTS[2]), before, "a damaged log is left as it is");
            }
        }
    }
    assert!(cut > 100, "the last batch was cut in {cut} cases");
}

#[test]
fn a_last_segment_cut_anywhere_keeps_every_whole_batch_and_goes_on() {
    let disk = disk_with(APPENDS, false);
    let (bytes, used) = contents(&disk, SEGMENTS[2]);
    let mut fewest = APPENDS;
    for length in 0..=used {
        let cut_disk = copy(&disk);
        cut_disk.overwrite(SEGMENTS[2], &bytes[..length]);
        match open(&cut_disk) {
            Err(e) => assert!(is_loud(&e) && length < 64, "cut to {length} bytes: {e}"),
            Ok(log) => {
                let recovered = appends_in(&everything(&log).expect("readable"));
                fewest = fewest.min(recovered);
                append_range(&log, recovered, APPENDS).expect("a recovered log takes events");
                drop(log);
                assert_eq!(ids(&read_only(&cut_disk).expect("readable")), ids_of(APPENDS), "cut to {length}");
            }
        }
    }
    assert!(fewest < APPENDS - 1, "the cuts went through several batches");
}

#[test]
fn a_full_segment_cut_anywhere_is_reported() {
    let disk = disk_with(APPENDS, true);
    let (bytes, used) = contents(&disk, SEGMENTS[0]);
    for length in 0..used {
        for with_index in [true, false] {
            let cut_disk = copy(&disk);
            cut_disk.overwrite(SEGMENTS[0], &bytes[..length]);
            if !with_index {
                cut_disk.overwrite("0000000001.index", b"");
            }
            let opened = open(&cut_disk).map(|_| "it opened");
            assert!(opened.as_ref().is_err_and(is_loud), "cut to {length} bytes, {with_index}: {opened:?}");
            assert_eq!(cut_disk.contents(SEGMENTS[0]).map(|left| left.len()), Some(length), "left as it is");
        }
    }
}
