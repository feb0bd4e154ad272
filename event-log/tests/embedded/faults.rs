//! Disks that fail, fill up and lose indexes.

use crate::support::{
    append_range, appends_in, block_on, disk_with, everything, ids, ids_of, nth_append, open, read_only, tiny,
};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, LogError, simulation::SimulatedDisk};
use std::sync::Arc;

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_and_reads_go_on() {
    let mut poisoned = 0;
    for nth in 0..12 {
        let disk = SimulatedDisk::new();
        let log = open(&disk).expect("a new log opens");
        disk.fail_syncs(nth, 1);
        // Indexes and segments to come are synced too; if that fails, nothing recorded is in doubt.
        let (acknowledged, error) = match append_range(&log, 0, 20) {
            Ok(_) | Err((_, LogError::Full { .. })) => continue,
            Err(failed) => failed,
        };
        poisoned += 1;
        assert!(matches!(error, LogError::Poisoned { .. }), "sync {nth}: {error}");
        for n in acknowledged..20 {
            let refused = block_on(log.append(vec![nth_append(n)]));
            assert!(matches!(refused, Err(LogError::Poisoned { .. })), "sync {nth}, later: {refused:?}");
        }
        assert_eq!(appends_in(&everything(&log).expect("reads go on")), acknowledged, "sync {nth}");
        block_on(log.close()).expect("a poisoned log closes");
        drop(log);
        let log = open(&disk.after_power_cut(nth)).expect("the log opens again");
        let recovered = appends_in(&everything(&log).expect("readable"));
        assert!((acknowledged..=acknowledged + 1).contains(&recovered), "sync {nth}: {recovered}");
    }
    assert!(poisoned > 6, "most syncs are the log's own: {poisoned}");
}

#[test]
fn what_a_failed_sync_left_in_memory_is_written_again_before_it_is_served() {
    let mut served = 0;
    for nth in 0..12 {
        let disk = SimulatedDisk::new();
        let log = open(&disk).expect("a new log opens");
        disk.fail_syncs(nth, 1);
        let Err((acknowledged, LogError::Poisoned { .. })) = append_range(&log, 0, 20) else { continue };
        // The kernel shows what it was given, calls it clean, and never gave it to the disk.
        let killed = disk.after_kill();
        let log = open(&killed).expect("the log opens again");
        let recovered = appends_in(&everything(&log).expect("readable"));
        served += recovered - acknowledged;
        let found = killed.after_power_cut(nth);
        let log = open(&found).unwrap_or_else(|e| panic!("sync {nth}: {e}"));
        assert_eq!(appends_in(&everything(&log).expect("readable")), recovered, "sync {nth}");
    }
    assert!(served > 3, "some of what was not acknowledged was served: {served}");
}

#[test]
fn what_was_waiting_when_the_disk_failed_is_refused_too() {
    let disk = SimulatedDisk::new();
    let log = open(&disk).expect("a new log opens");
    disk.fail_syncs(0, 10);
    let answers: Vec<_> = (0..3).map(|n| log.append(vec![nth_append(n)])).collect();
    for answer in answers {
        let refused = block_on(answer);
        assert!(matches!(refused, Err(LogError::Poisoned { .. })), "{refused:?}");
    }
    assert_eq!(*log.head().borrow(), daybook_event_log::Position::ZERO);
}

#[test]
fn a_full_disk_refuses_appends_before_anything_is_written_and_takes_them_again_later() {
    let disk = SimulatedDisk::new();
    let log = open(&disk).expect("a new log opens");
    disk.limit_bytes(Some(4096 + 32));
    let (acknowledged, error) = append_range(&log, 0, 40).expect_err("there is no second segment");
    assert!(matches!(error, LogError::Full { .. }), "{error}");
    assert!(acknowledged > 1);
    assert_eq!(appends_in(&everything(&log).expect("reads go on")), acknowledged);
    let refused = block_on(log.append(vec![nth_append(acknowledged)]));
    assert!(matches!(refused, Err(LogError::Full { .. })), "{refused:?}");
    disk.limit_bytes(None);
    let mut tries = 0;
    while let Err(e) = block_on(log.append(vec![nth_append(acknowledged)])) {
        tries += 1;
        assert!(tries < 5 && matches!(e, LogError::Full { .. }), "room is noticed soon: {e}");
    }
    append_range(&log, acknowledged + 1, 20).expect("there is room again");
    assert_eq!(ids(&everything(&log).expect("readable")), ids_of(20));
}

#[test]
fn no_room_for_a_first_segment_is_said_so_and_leaves_no_half_log() {
    let disk = SimulatedDisk::new();
    disk.limit_bytes(Some(1000));
    let refused = open(&disk).map(|_| "it opened");
    assert!(matches!(refused, Err(LogError::Full { .. })), "{refused:?}");
    disk.limit_bytes(None);
    let log = open(&disk).expect("with room, the log opens");
    append_range(&log, 0, 3).expect("and takes events");
}

#[test]
fn lost_or_spoiled_index_files_are_made_anew() {
    let disk = disk_with(20, true);
    let name = "0000000001.index";
    let good = disk.contents(name).expect("the first segment is full");
    for at in 0..good.len() {
        let mut spoiled = good.clone();
        spoiled[at] ^= 0x10;
        let spoiled_disk = disk.after_kill();
        spoiled_disk.overwrite(name, &spoiled);
        let log = open(&spoiled_disk).unwrap_or_else(|e| panic!("byte {at}: {e}"));
        let events = everything(&log).unwrap_or_else(|e| panic!("byte {at}: {e}"));
        assert_eq!(ids(&events), ids_of(20), "byte {at}");
        drop(log);
        let spoiled_disk = spoiled_disk.after_kill();
        spoiled_disk.overwrite(name, &spoiled);
        let unchanged = read_only(&spoiled_disk).unwrap_or_else(|e| panic!("byte {at}, reading only: {e}"));
        assert_eq!(ids(&unchanged), ids_of(20), "byte {at}, reading only");
        assert_eq!(spoiled_disk.contents(name).as_ref(), Some(&spoiled), "a reader writes nothing");
    }
    for cut in [0, 10, 64, good.len() - 1] {
        let cut_disk = disk.after_kill();
        cut_disk.overwrite(name, &good[..cut]);
        drop(open(&cut_disk).expect("the log opens"));
        assert_eq!(cut_disk.contents(name), Some(good.clone()), "cut to {cut} bytes, then made anew");
    }
}

#[test]
fn a_clock_that_runs_backwards_is_held_still() {
    let disk = SimulatedDisk::new();
    let clock = Arc::new(std::sync::atomic::AtomicI64::new(1_000));
    let reading = Arc::clone(&clock);
    let options = EmbeddedOptions {
        clock: Arc::new(move || reading.fetch_sub(10, std::sync::atomic::Ordering::Relaxed)),
        ..tiny()
    };
    for part in 0..2 {
        let log = EmbeddedLog::open_on(Arc::new(disk.clone()), options.clone()).expect("the log opens");
        append_range(&log, part * 5, part * 5 + 5).expect("nothing is in the way");
        let times: Vec<i64> =
            everything(&log).expect("readable").iter().map(|e| e.recorded_at_ns()).collect();
        assert!(times.iter().all(|time| *time == 1_000), "{times:?}");
    }
}
