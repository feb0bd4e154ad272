//! A bug in a thread of the log: the log takes no more events and says why; nobody waits for ever, and reads go on.

use crate::{
    hooked_disk::{HookedDisk, Operation},
    support::{appends_in, block_on, everything, nth_append},
};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, LogError};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// The thread of a test that appends.
const CALLER: &str = "appends";

fn is_on(thread: &str) -> bool {
    std::thread::current().name() == Some(thread)
}

/// A log whose hooks panic on one of its threads, once `armed`.
struct Buggy {
    log: EmbeddedLog,
    armed: Arc<AtomicBool>,
    /// How often the bug was met.
    met: Arc<AtomicUsize>,
}

fn buggy(dir: &Path, thread: &'static str, at: Option<Operation>) -> Buggy {
    let armed = Arc::new(AtomicBool::new(false));
    let met = Arc::new(AtomicUsize::new(0));
    let (on_disk, by_clock, counted) = (Arc::clone(&armed), Arc::clone(&armed), Arc::clone(&met));
    let disk = HookedDisk::at(dir, move |operation| {
        let strikes = at == Some(operation) && is_on(thread) && on_disk.load(Ordering::Relaxed);
        counted.fetch_add(usize::from(strikes), Ordering::Relaxed);
        assert!(!strikes, "a bug on {thread}, as the test wants it");
    });
    let options = EmbeddedOptions {
        segment_bytes: 4 << 10,
        recent_bytes: 0,
        clock: Arc::new(move || {
            let strikes = at.is_none() && is_on(thread) && by_clock.load(Ordering::Relaxed);
            assert!(!strikes, "a bug on {thread}, as the test wants it");
            1
        }),
        ..EmbeddedOptions::default()
    };
    Buggy { log: EmbeddedLog::open_on(disk, options).expect("the log opens"), armed, met }
}

/// Which answer somebody waits for. Whoever waits for the first has the append sequenced in their own thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WaitsFor {
    Sequenced,
    Durable,
}

impl Buggy {
    /// Appends until the log refuses; how many appends were acknowledged before, and the refusal.
    fn append_until_refused(&self, waits: WaitsFor) -> (u128, LogError) {
        let mut acknowledged = 0;
        loop {
            // Several at once, so that some are sequenced while the writer waits for the disk.
            let answers: Vec<_> = (acknowledged..acknowledged + 100)
                .map(|n| self.log.append(vec![nth_append(n)]).split())
                .collect();
            for (sequenced, durable) in answers {
                let was_sequenced = waits == WaitsFor::Durable || block_on(sequenced).is_ok();
                match block_on(durable) {
                    Ok(outcomes) => {
                        assert!(was_sequenced, "durable and not sequenced");
                        outcomes[0].as_ref().expect("the known history has no conflicts");
                        acknowledged += 1;
                    }
                    Err(error) => return (acknowledged, error),
                }
            }
            assert!(acknowledged < 20_000, "the bug was never met");
        }
    }
}

fn a_bug_poisons(thread: &'static str, at: Option<Operation>, waits: WaitsFor) {
    let folder = tempfile::tempdir().expect("a directory");
    let buggy = buggy(folder.path(), thread, at);
    block_on(buggy.log.append(vec![nth_append(0)])).expect("nothing is wrong yet");
    block_on(buggy.log.check()).expect("nothing is wrong yet");
    buggy.armed.store(true, Ordering::Relaxed);
    let (acknowledged, error) = buggy.append_until_refused(waits);
    assert!(matches!(error, LogError::Poisoned { .. }), "{thread}: {error}");
    // Whoever was answered first may ask before the log knows all of it, but not for long.
    let said = loop {
        match block_on(buggy.log.check()) {
            Ok(()) => std::thread::yield_now(),
            Err(error) => break error.to_string(),
        }
    };
    assert!(said.contains("bug"), "{thread}: {said}");
    let refused = block_on(buggy.log.append(vec![nth_append(3_000)]));
    assert!(matches!(refused, Err(LogError::Poisoned { .. })), "{thread}: {refused:?}");
    let seen = appends_in(&everything(&buggy.log).expect("reads go on"));
    assert!(seen >= acknowledged.max(1), "{thread}: {seen} of {acknowledged}");
    block_on(buggy.log.close()).expect("a poisoned log closes");
    drop(buggy);
    let log = EmbeddedLog::open(folder.path(), EmbeddedOptions::default()).expect("the log opens again");
    let recovered = appends_in(&everything(&log).expect("readable"));
    assert!(recovered >= seen, "{thread}: {recovered} of {seen}");
    block_on(log.append(vec![nth_append(recovered)])).expect("and takes events");
}

#[test]
fn a_bug_in_the_writer_poisons_the_log() {
    a_bug_poisons("daybook-log-writer", Some(Operation::Sync), WaitsFor::Sequenced);
}

#[test]
fn a_bug_while_the_writer_sequences_poisons_the_log() {
    a_bug_poisons("daybook-log-writer", None, WaitsFor::Durable);
}

#[test]
fn a_bug_while_the_second_thread_sequences_poisons_the_log() {
    a_bug_poisons("daybook-log-overlap", None, WaitsFor::Durable);
}

#[test]
fn a_bug_while_a_caller_sequences_poisons_the_log_and_is_not_the_callers() {
    let caller = std::thread::Builder::new().name(CALLER.to_owned());
    let caller = caller.spawn(|| a_bug_poisons(CALLER, None, WaitsFor::Sequenced));
    caller.expect("a thread").join().expect("the caller met no panic");
}

#[test]
fn a_bug_where_the_next_segment_is_prepared_poisons_the_log_and_nobody_waits_for_the_segment() {
    a_bug_poisons("daybook-log-maintenance", Some(Operation::Create), WaitsFor::Sequenced);
}

#[test]
fn a_bug_in_compression_leaves_the_segment_as_it_is_and_the_log_goes_on() {
    let folder = tempfile::tempdir().expect("a directory");
    let buggy = buggy(folder.path(), "daybook-log-compression", Some(Operation::Create));
    buggy.armed.store(true, Ordering::Relaxed);
    for n in 0..60 {
        block_on(buggy.log.append(vec![nth_append(n)])).expect("the log goes on");
    }
    // The thread goes on after the first.
    while buggy.met.load(Ordering::Relaxed) < 2 {
        std::thread::yield_now();
    }
    block_on(buggy.log.check()).expect("the log goes on");
    assert_eq!(appends_in(&everything(&buggy.log).expect("readable")), 60);
    block_on(buggy.log.close()).expect("the log closes");
    let compressed = std::fs::read_dir(folder.path()).expect("readable").filter(|entry| {
        entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().ends_with(".zst"))
    });
    assert_eq!(compressed.count(), 0, "the hook was met by every compression");
}
