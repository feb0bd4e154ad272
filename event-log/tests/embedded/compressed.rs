//! Full segments, compressed: the same log, whatever happens on the way there and to the files.

use crate::support::{
    append_range, appends_in, block_on, compressed_disk_with, copy, disk_with, everything, ids, ids_of, open,
    read_only, tiny, uncompressed,
};
use daybook_event_log::{
    EmbeddedLog, EmbeddedOptions, EmbeddedReader, EventLog as _, LogError, Position,
    simulation::SimulatedDisk,
};
use std::{fs, io::Read as _, sync::Arc, time::Duration};

const APPENDS: u128 = 11;
const COMPRESSED: [&str; 2] = ["0000000001.segment.zst", "0000000002.segment.zst"];
const PLAIN: [&str; 2] = ["0000000001.segment", "0000000002.segment"];

fn bytes(disk: &SimulatedDisk, name: &str) -> Vec<u8> {
    disk.contents(name).unwrap_or_else(|| panic!("{name} is missing"))
}

#[test]
fn any_zstd_gives_back_the_segment_that_was_there() {
    let (plain, compressed) = (disk_with(APPENDS, true), compressed_disk_with(APPENDS));
    for (before, after) in PLAIN.into_iter().zip(COMPRESSED) {
        assert_eq!(compressed.contents(before), None, "it is there once");
        let file = bytes(&compressed, after);
        let mut decompressed = Vec::new();
        zstd::Decoder::new(&file[..]).expect("zstd").read_to_end(&mut decompressed).expect("it is zstd");
        // The two logs have different ids and clocks: what is compared is the layout, and what is read from it.
        assert_eq!(decompressed.len(), bytes(&plain, before).len());
        let back = copy(&compressed);
        back.overwrite(before, &decompressed);
        back.overwrite(after, b"");
        assert_eq!(ids(&read_only(&back).expect("readable")), ids_of(APPENDS));
    }
}

#[test]
fn a_spoiled_byte_is_reported_or_harmless_wherever_it_is() {
    let disk = compressed_disk_with(APPENDS);
    let (mut reported, mut harmless) = (0, 0);
    for name in COMPRESSED {
        let sound = bytes(&disk, name);
        for at in 0..sound.len() {
            for with_indexes in [true, false] {
                let spoiled_disk = copy(&disk);
                let mut spoiled = sound.clone();
                spoiled[at] ^= 1 << (at % 8);
                spoiled_disk.overwrite(name, &spoiled);
                if !with_indexes {
                    spoiled_disk.overwrite("0000000001.index", b"nothing of use");
                    spoiled_disk.overwrite("0000000002.index", b"nothing of use");
                }
                match open(&spoiled_disk).and_then(|log| everything(&log)) {
                    Ok(events) => {
                        assert_eq!(ids(&events), ids_of(APPENDS), "{name}, byte {at}");
                        harmless += 1;
                    }
                    Err(e) => {
                        assert!(matches!(e, LogError::Damaged { .. }), "{name}, byte {at}: {e}");
                        reported += 1;
                    }
                }
                assert_eq!(bytes(&spoiled_disk, name), spoiled, "left as it is");
            }
        }
    }
    assert!(reported > 50 * harmless, "{harmless} of {reported} went unnoticed");
}

#[test]
fn a_file_cut_anywhere_is_reported() {
    let disk = compressed_disk_with(APPENDS);
    let sound = bytes(&disk, COMPRESSED[0]);
    for length in 0..sound.len() {
        let cut_disk = copy(&disk);
        cut_disk.overwrite(COMPRESSED[0], &sound[..length]);
        let opened = open(&cut_disk).map(|_| "it opened");
        assert!(matches!(opened, Err(LogError::Damaged { .. })), "cut to {length} bytes: {opened:?}");
        assert_eq!(bytes(&cut_disk, COMPRESSED[0]).len(), length, "left as it is");
    }
}

#[test]
fn what_a_kill_left_in_both_forms_is_compressed_again() {
    let disk = disk_with(APPENDS, true);
    disk.overwrite(COMPRESSED[0], b"half a copy");
    disk.overwrite("0000000002.segment.zst.preparing", b"half a copy");
    assert_eq!(ids(&read_only(&disk).expect("readable")), ids_of(APPENDS));
    let log = open(&disk).expect("it opens");
    assert_eq!(appends_in(&everything(&log).expect("readable")), APPENDS);
    drop(log);
    let disk = disk.after_kill();
    for (before, after) in PLAIN.into_iter().zip(COMPRESSED) {
        assert!(disk.contents(before).is_none() && bytes(&disk, after).len() > 100);
    }
    assert_eq!(ids(&read_only(&disk).expect("readable")), ids_of(APPENDS));
}

#[test]
fn a_disk_without_room_for_the_copy_keeps_the_segment() {
    let disk = disk_with(APPENDS, true);
    disk.limit_bytes(Some(0));
    let log = open(&disk);
    disk.limit_bytes(None);
    // The log may be unable to say that its format is newer now; if it can, the segments stay as they are.
    if let Ok(log) = log {
        assert_eq!(ids(&everything(&log).expect("readable")), ids_of(APPENDS));
    }
    assert_eq!(ids(&read_only(&disk.after_kill()).expect("readable")), ids_of(APPENDS));
}

#[test]
fn what_was_opened_before_is_read_on_after() {
    let place = tempfile::tempdir().expect("room");
    let log = EmbeddedLog::open(place.path(), uncompressed()).expect("a new log opens");
    append_range(&log, 0, 700).expect("nothing is in the way");
    drop(log);
    // So many segments that the reader has to open them again for every read.
    let reader = EmbeddedReader::open(place.path()).expect("it opens");
    assert_eq!(ids(&everything(&reader).expect("readable")), ids_of(700));
    let log = EmbeddedLog::open(place.path(), tiny()).expect("it opens");
    let left = fs::read_dir(place.path()).expect("readable");
    let plain = left.filter(|entry| {
        entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|ext| ext == "segment"))
    });
    assert!(plain.count() <= 2, "all full ones are compressed");
    assert_eq!(ids(&everything(&reader).expect("readable")), ids_of(700));
    assert_eq!(ids(&everything(&log).expect("readable")), ids_of(700));
}

#[test]
fn a_large_segment_is_read_from_anywhere_while_it_changes_its_form() {
    let place = tempfile::tempdir().expect("room");
    let options = || EmbeddedOptions { recent_bytes: 0, ..EmbeddedOptions::small() };
    let log = EmbeddedLog::open(place.path(), options()).expect("a new log opens");
    append_range(&log, 0, 9_000).expect("nothing is in the way");
    let all = ids_of(9_000);
    for from in (1..all.len()).step_by(997) {
        let read = block_on(log.read_all(Position::new(from as u64), 300)).expect("readable");
        assert_eq!(ids(&read), all[from - 1..all.len().min(from + 299)]);
    }
    drop(log);
    // What the end of the program cut short, the next start does.
    let log = Arc::new(EmbeddedLog::open(place.path(), options()).expect("it opens"));
    let compressed = (0..600).any(|_| {
        assert_eq!(ids(&block_on(log.read_all(Position::new(1), usize::MAX)).expect("readable")), all);
        std::thread::sleep(Duration::from_millis(50));
        place.path().join("0000000002.segment.zst").exists()
    });
    assert!(compressed, "within half a minute");
    assert_eq!(ids(&everything(&*log).expect("readable")), all);
}
