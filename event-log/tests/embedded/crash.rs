//! Power goes at every operation of a run, and the disk keeps whatever it likes of what was not synced.

use crate::support::{append_range, appends_in, everything, open};
use daybook_event_log::{EventLog, simulation::SimulatedDisk};

const APPENDS: u128 = 14;

/// Runs the known history until power goes; how many appends were acknowledged.
fn run_until_cut(disk: &SimulatedDisk, from: u128) -> u128 {
    let Ok(log) = open(disk) else { return from };
    match append_range(&log, from, APPENDS) {
        Ok(all) => all,
        Err((acknowledged, _)) => acknowledged,
    }
}

fn operations_of_a_whole_run() -> u64 {
    let disk = SimulatedDisk::new();
    assert_eq!(run_until_cut(&disk, 0), APPENDS);
    disk.operations()
}

#[test]
fn whatever_survives_a_power_cut_holds_all_that_was_acknowledged_and_nothing_invented() {
    let operations = operations_of_a_whole_run();
    assert!(operations > 40, "the run crosses segments: {operations} operations");
    let (mut lost, mut kept) = (0, 0);
    for cut in 0..operations {
        let disk = SimulatedDisk::new();
        disk.cut_power_at(cut);
        let acknowledged = run_until_cut(&disk, 0);
        for seed in 0..8 {
            let case = format!("power cut before operation {cut}, disk {seed}");
            let found = disk.after_power_cut(seed);
            let log = open(&found).unwrap_or_else(|e| panic!("{case}: {e}"));
            let recovered = appends_in(&everything(&log).unwrap_or_else(|e| panic!("{case}: {e}")));
            assert!(recovered >= acknowledged, "{case}: {recovered} of {acknowledged} acknowledged");
            assert!(
                recovered <= (acknowledged + 1).min(APPENDS),
                "{case}: {recovered} is more than was sent"
            );
            if recovered > acknowledged {
                kept += 1
            } else {
                lost += 1
            }
            append_range(&log, recovered, APPENDS).unwrap_or_else(|(n, e)| panic!("{case}: append {n}: {e}"));
            drop(log);
            let log = open(&found).unwrap_or_else(|e| panic!("{case}, opened again: {e}"));
            assert_eq!(appends_in(&everything(&log).expect("readable")), APPENDS, "{case}");
        }
    }
    assert!(lost > 0 && kept > 0, "both fates of an unacknowledged append were met: {lost}, {kept}");
}

#[test]
fn power_cuts_during_recovery_from_a_power_cut_lose_nothing_either() {
    let operations = operations_of_a_whole_run();
    for cut in (0..operations).step_by(3) {
        let disk = SimulatedDisk::new();
        disk.cut_power_at(cut);
        let acknowledged = run_until_cut(&disk, 0);
        for again in 0..6 {
            let found = disk.after_power_cut(cut);
            found.cut_power_at(again);
            let more = match open(&found) {
                Err(_) => acknowledged,
                Ok(log) => {
                    let recovered = appends_in(&everything(&log).expect("readable"));
                    match append_range(&log, recovered, APPENDS) {
                        Ok(all) => all,
                        Err((acknowledged, _)) => acknowledged,
                    }
                }
            };
            let case = format!("power cuts at {cut}, then at {again} of the recovery");
            let log = open(&found.after_power_cut(again)).unwrap_or_else(|e| panic!("{case}: {e}"));
            let recovered = appends_in(&everything(&log).expect("readable"));
            assert!(recovered >= more, "{case}: {recovered} of {more}");
        }
    }
}

#[test]
fn a_kill_loses_nothing_that_was_written() {
    let operations = operations_of_a_whole_run();
    for cut in 0..operations {
        let disk = SimulatedDisk::new();
        disk.cut_power_at(cut);
        let acknowledged = run_until_cut(&disk, 0);
        let found = disk.after_kill();
        let log = open(&found).unwrap_or_else(|e| panic!("killed before operation {cut}: {e}"));
        let recovered = appends_in(&everything(&log).expect("readable"));
        assert!(recovered >= acknowledged, "killed before operation {cut}");
        // What recovery shows must be durable from then on, whatever it was before.
        let head = log.head().borrow().get();
        let found = found.after_power_cut(cut);
        drop(log);
        let log = open(&found).unwrap_or_else(|e| panic!("killed before operation {cut}, then cut: {e}"));
        assert_eq!(log.head().borrow().get(), head, "killed before operation {cut}, then cut");
    }
}
