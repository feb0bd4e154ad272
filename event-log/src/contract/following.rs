//! The contract of following: the past, then the present, no gap, nothing twice.

use super::{Backend, append, put, stream};
use crate::{ExpectedVersion, LogError, Position, follow};
use std::sync::Arc;

pub async fn a_follower_sees_past_and_present_once_each(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let a = stream("a");
    put(&log, &a, 1..=10).await;
    let mut follower = follow(Arc::clone(&log), Position::new(3), 4);
    let writer = {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for n in 11..=60 {
                let group = vec![append(&stream("b"), ExpectedVersion::Any, [n])];
                log.append(group).await.expect("the log takes appends");
            }
        })
    };
    let mut seen = Vec::new();
    while seen.len() < 57 {
        let events = follower.next().await.expect("the log can be followed");
        assert!((1..=4).contains(&events.len()));
        seen.extend(events.iter().map(|event| event.position().get()));
    }
    assert_eq!(seen, (4..=60).collect::<Vec<u64>>());
    writer.await.expect("the writer finished");
}

pub async fn a_dropped_wait_loses_nothing(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let mut follower = follow(Arc::clone(&log), Position::ZERO, 10);
    for n in 1..=5 {
        tokio::select! {
            biased;
            events = follower.next() => panic!("{events:?} from nowhere"),
            () = tokio::task::yield_now() => {}
        }
        put(&log, &stream("a"), [n]).await;
        let events = follower.next().await.expect("the log can be followed");
        assert_eq!(events.iter().map(|e| e.event_id().as_u128()).collect::<Vec<_>>(), [n]);
    }
}

pub async fn a_follower_ends_when_the_log_is_closed(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let mut follower = follow(Arc::clone(&log), Position::ZERO, 10);
    let waiting = tokio::spawn(async move { follower.next().await });
    log.close().await.expect("the log closes");
    let ended = waiting.await.expect("the follower does not panic");
    assert!(matches!(ended, Err(LogError::Closed)), "{ended:?}");
}
