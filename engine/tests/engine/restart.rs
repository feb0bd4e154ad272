//! What an engine keeps beside the log: snapshots and checkpoints, and how it does without.

use crate::{
    gated_log::GatedLog,
    shop::{buy, execute, log_and_clock, open_over, order, receive, stocked},
};
use daybook_engine::{Engine, EngineError, EngineOptions, OrderOutcome};
use daybook_event_log::{EventLog, MemoryLog, Version};
use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
};

fn options(dir: &Path) -> EngineOptions {
    EngineOptions { state_dir: Some(dir.to_owned()), snapshot_every: 100, ..EngineOptions::default() }
}

/// How many events it takes to execute the next command on `mug` after a start.
async fn events_read_to_go_on(log: &Arc<MemoryLog>, dir: &Path, n: u128) -> usize {
    let (_, clock) = log_and_clock();
    let gated = GatedLog::new(Arc::clone(log), true);
    // No new snapshot: the one on the disk is looked at.
    let options = EngineOptions { run_processes: false, snapshot_every: u64::MAX / 2, ..options(dir) };
    let engine = open_over(Arc::clone(&gated) as _, clock, options).await;
    let before = gated.events_read.load(Ordering::Relaxed);
    let expected = log.head().borrow().get() + 1;
    let outcome = execute(&engine, n, receive("mug", 1)).await.expect("the stream goes on");
    assert_eq!(outcome.version, Version::new(expected));
    let read = gated.events_read.load(Ordering::Relaxed) - before;
    drop(engine);
    read
}

#[tokio::test]
async fn a_long_stream_is_loaded_from_its_snapshot_and_without_one_from_its_events() {
    let dir = tempfile::tempdir().unwrap();
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock, options(dir.path())).await;
    for n in 0..1_050 {
        execute(&engine, 10 + n, receive("mug", 1)).await.unwrap();
    }
    engine.shutdown().await;
    let read = events_read_to_go_on(&log, dir.path(), 5_000).await;
    assert!(read < 200, "{read} events read");
    let snapshots = dir.path().join("snapshots");
    let file = std::fs::read_dir(&snapshots).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&file).unwrap();
    for at in [0, 20, 60, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        std::fs::write(&file, &bad).unwrap();
        let read = events_read_to_go_on(&log, dir.path(), 6_000 + at as u128).await;
        assert!(read > 1_000, "byte {at}: a damaged snapshot is ignored");
    }
    std::fs::write(&file, &good[..good.len() / 2]).unwrap();
    assert!(events_read_to_go_on(&log, dir.path(), 7_000).await > 1_000);
}

#[tokio::test]
async fn a_snapshot_of_another_past_is_ignored() {
    let dir = tempfile::tempdir().unwrap();
    for past in 0..2 {
        let (log, clock) = log_and_clock();
        let options = EngineOptions { run_processes: false, ..options(dir.path()) };
        let engine = open_over(Arc::clone(&log) as _, clock, options).await;
        let count = 200 - 50 * past;
        for n in 0..count {
            let outcome = execute(&engine, 1_000 * (past + 1) + n, receive("mug", 1)).await.unwrap();
            assert_eq!(u128::from(outcome.version.get()), n + 1);
        }
        engine.shutdown().await;
    }
}

#[tokio::test]
async fn processes_go_on_after_their_checkpoint_and_without_one_do_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock.clone(), options(dir.path())).await;
    stocked(&engine).await;
    for n in 0..10 {
        assert!(matches!(buy(&engine, n, "tok_visa").await, OrderOutcome::Confirmed { .. }));
    }
    engine.shutdown().await;
    let head = *log.head().borrow();
    for (checkpoint, most) in [(true, 2), (false, usize::MAX)] {
        if !checkpoint {
            std::fs::remove_file(dir.path().join("processes.log")).unwrap();
        }
        let gated = GatedLog::new(Arc::clone(&log), true);
        let engine = open_over(Arc::clone(&gated) as _, clock.clone(), options(dir.path())).await;
        engine.processes_caught_up(head).await;
        let read = gated.events_read.load(Ordering::Relaxed);
        assert!(read <= most, "{read} events read");
        engine.shutdown().await;
        assert_eq!(*log.head().borrow(), head, "nothing was done twice");
    }
}

#[tokio::test]
async fn an_order_refused_for_want_of_stock_is_not_tried_again_when_there_is_stock() {
    let dir = tempfile::tempdir().unwrap();
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock.clone(), options(dir.path())).await;
    execute(&engine, 1, receive("pot", 900)).await.unwrap();
    assert!(matches!(buy(&engine, 1, "tok_visa").await, OrderOutcome::Rejected { .. }));
    execute(&engine, 2, receive("mug", 900)).await.unwrap();
    settle(&engine, &log).await;
    engine.shutdown().await;
    let head = *log.head().borrow();
    std::fs::remove_file(dir.path().join("processes.log")).unwrap();
    let engine = open_over(Arc::clone(&log) as _, clock, options(dir.path())).await;
    engine.processes_caught_up(head).await;
    engine.shutdown().await;
    assert_eq!(*log.head().borrow(), head, "nothing was done again");
}

#[tokio::test]
async fn a_checkpoint_ahead_of_the_log_is_refused_and_a_damaged_one_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock.clone(), options(dir.path())).await;
    stocked(&engine).await;
    buy(&engine, 1, "tok_visa").await;
    engine.shutdown().await;
    let empty = Arc::new(MemoryLog::new());
    let refused = Engine::start(empty.clone() as _, options(dir.path())).await;
    assert!(matches!(refused.err(), Some(EngineError::CheckpointBeyondLog { .. })));
    std::fs::write(dir.path().join("processes.log"), b"0badc0de {\"commit\":{\"pos").unwrap();
    let engine = open_over(empty as _, clock, options(dir.path())).await;
    engine.shutdown().await;
}

#[tokio::test]
async fn an_order_interrupted_after_any_event_is_finished_by_the_next_start() {
    let (whole, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&whole) as _, clock.clone(), EngineOptions::default()).await;
    stocked(&engine).await;
    buy(&engine, 1, "tok_visa").await;
    let head = *whole.head().borrow();
    engine.processes_caught_up(head).await;
    engine.shutdown().await;
    let events = whole.read_all(daybook_event_log::Position::new(1), 100).await.unwrap();
    for cut in 5..=events.len() {
        let (log, clock) = log_and_clock();
        crate::shop::copy(&events[..cut], &log).await;
        let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
        let outcome = engine.watch_order(order(1)).outcome().await;
        assert!(matches!(outcome, OrderOutcome::Confirmed { .. }), "cut after {cut}: {outcome:?}");
        settle(&engine, &log).await;
        assert_eq!(log.head().borrow().get(), events.len() as u64, "cut after {cut}");
        engine.shutdown().await;
    }
}

/// Until processes add nothing more.
async fn settle(engine: &Engine, log: &MemoryLog) {
    loop {
        let head = *log.head().borrow();
        engine.processes_caught_up(head).await;
        if *log.head().borrow() == head {
            return;
        }
    }
}
