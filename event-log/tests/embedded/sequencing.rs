//! What is sequenced and not yet durable: known while the disk is still at work, and lost only with all behind it.

use crate::{
    hooked_disk::{HookedDisk, Operation},
    support::{appends_in, block_on, everything, nth_append, open},
};
use daybook_event_log::{
    EmbeddedLog, EmbeddedOptions, EventLog, LogError, Position, simulation::SimulatedDisk,
};
use futures::FutureExt;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;

/// Whether syncs may go on, and how many wait.
#[derive(Default)]
struct Gate {
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    fn hold(&self) {
        self.state.lock().0 = true;
    }

    fn release(&self) {
        self.state.lock().0 = false;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let mut state = self.state.lock();
        state.1 += 1;
        self.changed.notify_all();
        while state.0 {
            self.changed.wait(&mut state);
        }
        state.1 -= 1;
    }

    fn wait_until_somebody_waits(&self) {
        let mut state = self.state.lock();
        while state.1 == 0 {
            self.changed.wait(&mut state);
        }
    }
}

#[test]
fn places_are_known_while_the_disk_still_syncs_what_came_before() {
    let folder = tempfile::tempdir().expect("a directory");
    let gate = Arc::new(Gate::default());
    let passed = Arc::clone(&gate);
    let disk = HookedDisk::at(folder.path(), move |operation| {
        if operation == Operation::Sync {
            passed.pass();
        }
    });
    let log = EmbeddedLog::open_on(disk, EmbeddedOptions::small()).expect("the log opens");
    gate.hold();
    let (sequenced, mut first) = log.append(vec![nth_append(0)]).split();
    block_on(sequenced).expect("sequenced before the sync");
    gate.wait_until_somebody_waits();
    let mut durable = Vec::new();
    // One append at a time: nowhere near as much as the log would sequence ahead by itself.
    for n in 1..5 {
        let (sequenced, later) = log.append(vec![nth_append(n)]).split();
        let outcomes = block_on(sequenced).expect("sequenced during the sync");
        assert!(outcomes[0].is_ok());
        durable.push((outcomes, later));
    }
    assert!((&mut first).now_or_never().is_none(), "the disk is still at work");
    assert_eq!(*log.head().borrow(), Position::ZERO, "nothing is durable yet");
    gate.release();
    block_on(first).expect("durable");
    for (outcomes, later) in durable {
        assert_eq!(block_on(later).expect("durable"), outcomes);
    }
    assert_eq!(appends_in(&everything(&log).expect("readable")), 5);
}

#[test]
fn a_failed_sync_fails_what_was_sequenced_and_all_that_comes_later() {
    let mut sequenced_in_vain = 0;
    for nth in 0..8 {
        let disk = SimulatedDisk::new();
        let log = open(&disk).expect("a new log opens");
        disk.fail_syncs(nth, 1_000);
        let answers: Vec<_> = (0..12).map(|n| log.append(vec![nth_append(n)]).split()).collect();
        let mut failed = false;
        for (n, (sequenced, durable)) in answers.into_iter().enumerate() {
            match block_on(durable) {
                Ok(outcomes) => {
                    assert!(!failed, "sync {nth}: append {n} is durable behind one that failed");
                    assert_eq!(block_on(sequenced).expect("sequenced before"), outcomes);
                }
                Err(LogError::Poisoned { .. }) => {
                    failed = true;
                    sequenced_in_vain += usize::from(block_on(sequenced).is_ok());
                }
                // Segments to come could not be prepared.
                Err(LogError::Full { .. }) => failed = true,
                Err(other) => panic!("sync {nth}: append {n}: {other}"),
            }
        }
        if !failed {
            continue;
        }
        let (sequenced, durable) = log.append(vec![nth_append(99)]).split();
        block_on(sequenced).expect_err("the log takes nothing more");
        block_on(durable).expect_err("the log takes nothing more");
    }
    assert!(sequenced_in_vain > 0, "some of what failed had been sequenced");
}

#[test]
fn at_every_power_cut_what_was_sequenced_is_lost_only_with_all_behind_it() {
    const APPENDS: u128 = 30;
    let whole = SimulatedDisk::new();
    let log = open(&whole).expect("a new log opens");
    let answers: Vec<_> = (0..APPENDS).map(|n| log.append(vec![nth_append(n)])).collect();
    answers.into_iter().for_each(|answer| drop(block_on(answer).expect("nothing is in the way")));
    drop(log);
    let (mut lost, mut kept) = (0, 0);
    for cut in 0..whole.operations() {
        let disk = SimulatedDisk::new();
        disk.cut_power_at(cut);
        let Ok(log) = open(&disk) else { continue };
        let answers: Vec<_> = (0..APPENDS).map(|n| log.append(vec![nth_append(n)]).split()).collect();
        let (mut places, mut durable) = (Vec::new(), 0);
        for (sequenced, is_durable) in answers {
            if let Ok(outcomes) = block_on(sequenced) {
                places.push(outcomes[0].clone().expect("the known history has no conflicts"));
            }
            durable += u128::from(block_on(is_durable).is_ok());
        }
        drop(log);
        for seed in 0..4 {
            let case = format!("power cut before operation {cut}, disk {seed}");
            let log = open(&disk.after_power_cut(seed)).unwrap_or_else(|e| panic!("{case}: {e}"));
            let events = everything(&log).unwrap_or_else(|e| panic!("{case}: {e}"));
            // A prefix of the history, whole append by whole append; panics on anything else.
            let recovered = appends_in(&events);
            assert!(recovered >= durable, "{case}: {recovered} of {durable}");
            assert!(recovered <= places.len() as u128, "{case}: more than was sequenced");
            for place in places.iter().take(usize::try_from(recovered).expect("small")) {
                let at = usize::try_from(place.first_position.get()).expect("small") - 1;
                assert_eq!(events[at].version(), place.first_version, "{case}");
            }
            lost += places.len() as u128 - recovered;
            kept += recovered - durable;
        }
    }
    assert!(lost > 0 && kept > 0, "both were met: {lost} lost, {kept} kept");
}
