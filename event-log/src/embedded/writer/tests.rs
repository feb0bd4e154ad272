//! Who takes a job while the log is poisoned, step by step: no append is left without an answer.

use crate::{
    Append, EmbeddedLog, EmbeddedOptions, ExpectedVersion, LogError,
    contract::{event, stream},
    simulation::SimulatedDisk,
};
use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

#[test]
fn a_job_put_back_while_the_log_is_poisoned_is_refused_too() {
    let options =
        EmbeddedOptions { segment_bytes: 4 << 10, inline_maintenance: true, ..EmbeddedOptions::default() };
    let log =
        EmbeddedLog::open_on(Arc::new(SimulatedDisk::new()), options).expect("an empty disk takes a log");
    let writer = Arc::clone(&log.writer);
    // Its thread ends, so that the steps below are all that happens.
    drop(log);
    writer.inbox.lock().closing = false;

    let append = Append { stream: stream("1"), expected: ExpectedVersion::Any, events: vec![event(1)] };
    let answer = writer.append(vec![append], None);
    let sequencer = writer.sequencer.lock();
    let job = writer.inbox.lock().jobs.pop_front().expect("the append waits");
    std::thread::scope(|scope| {
        scope.spawn(|| writer.poison("the disk is gone"));
        while writer.inbox.lock().poisoned.is_none() {
            std::thread::yield_now();
        }
        writer.inbox.lock().jobs.push_front(job);
        drop(sequencer);
    });

    let polled = pin!(answer).poll(&mut Context::from_waker(Waker::noop()));
    assert!(
        matches!(polled, Poll::Ready(Err(LogError::Poisoned { .. }))),
        "the append waits for ever: {polled:?}"
    );
}
