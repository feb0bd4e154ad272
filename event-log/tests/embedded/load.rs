//! Many writers at once, through both threads and many segments: nothing hangs, nothing is lost.

use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EventLog, ExpectedVersion, Position, Version,
    contract::{event, everything, ids_in, stream},
};
use std::sync::Arc;

const WRITERS: u128 = 8;
const GROUPS: u128 = 60;
const EVENTS: u128 = 40;

#[test]
fn every_answer_arrives_while_writers_and_segments_pile_up() {
    let place = tempfile::tempdir().expect("room");
    let options = EmbeddedOptions {
        segment_bytes: 64 << 10,
        max_batch_bytes: 8 << 10,
        recent_bytes: 32 << 10,
        ..EmbeddedOptions::default()
    };
    let log: Arc<dyn EventLog> =
        Arc::new(EmbeddedLog::open(place.path(), options.clone()).expect("a new log opens"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().expect("a runtime");
    runtime.block_on(async {
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| tokio::spawn(write(Arc::clone(&log), writer))).collect();
        for writer in writers {
            writer.await.expect("the writer got all its answers");
        }
        assert_eq!(everything(&log).await.len() as u128, WRITERS * GROUPS * EVENTS);
        log.close().await.expect("it closes");
        drop(log);
        let log: Arc<dyn EventLog> =
            Arc::new(EmbeddedLog::open(place.path(), options).expect("it opens again"));
        for writer in 0..WRITERS {
            let want: Vec<u128> = (0..GROUPS * EVENTS).map(|n| id(writer, n)).collect();
            assert_eq!(ids_in(&log, &stream(&writer.to_string())).await, want);
        }
        assert_eq!(*log.head().borrow(), Position::new((WRITERS * GROUPS * EVENTS) as u64));
    });
}

fn id(writer: u128, n: u128) -> u128 {
    1 + writer * 1_000_000 + n
}

/// Every other group is sent before the one before it was answered.
async fn write(log: Arc<dyn EventLog>, writer: u128) {
    let group = |n: u128| {
        let expected = ExpectedVersion::Exact(Version::new((n * EVENTS) as u64));
        let events = (n * EVENTS..(n + 1) * EVENTS).map(|n| event(id(writer, n))).collect();
        log.append(vec![Append { stream: stream(&writer.to_string()), expected, events }])
    };
    for n in (0..GROUPS).step_by(2) {
        let (first, second) = (group(n), group(n + 1));
        for answer in [second, first] {
            let (sequenced, durable) = answer.split();
            if writer.is_multiple_of(2) {
                sequenced.await.expect("the log takes appends");
            }
            let outcomes = durable.await.expect("the log takes appends");
            assert!(outcomes[0].is_ok(), "{outcomes:?}");
        }
    }
}
