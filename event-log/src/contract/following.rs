//! The contract that those rely on who follow a log: its head and its pages together leave no gap between past and
//! present, and give nothing twice.

use super::{Backend, append, put, stream};
use crate::{EventLog, ExpectedVersion, LogError, PageLimits, Position, RecordedEvent};
use std::sync::Arc;
use tokio::sync::watch;

/// Reads what there is, and waits by the head for what comes.
struct HeadFollower {
    log: Arc<dyn EventLog>,
    head: watch::Receiver<Position>,
    next: Position,
    limits: PageLimits,
}

impl HeadFollower {
    fn new(log: &Arc<dyn EventLog>, checkpoint: Position, events: usize) -> Self {
        let limits = PageLimits::events(events);
        Self { log: Arc::clone(log), head: log.head(), next: checkpoint.next(), limits }
    }

    async fn next(&mut self) -> Result<Vec<RecordedEvent>, LogError> {
        loop {
            if *self.head.borrow_and_update() >= self.next {
                let events = self.log.read_page(self.next, self.limits).await?;
                if let Some(last) = events.last() {
                    self.next = last.position().next();
                    return Ok(events);
                }
            }
            self.head.changed().await.map_err(|_| LogError::Closed)?;
        }
    }
}

pub async fn a_follower_sees_past_and_present_once_each(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let a = stream("a");
    put(&log, &a, 1..=10).await;
    let mut follower = HeadFollower::new(&log, Position::new(3), 4);
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
    let mut follower = HeadFollower::new(&log, Position::ZERO, 10);
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
    let mut follower = HeadFollower::new(&log, Position::ZERO, 10);
    let waiting = tokio::spawn(async move { follower.next().await });
    log.close().await.expect("the log closes");
    let ended = waiting.await.expect("the follower does not panic");
    assert!(matches!(ended, Err(LogError::Closed)), "{ended:?}");
}
