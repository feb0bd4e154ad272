//! The oracle keeps the contract it is the measure of; its disk is slow, fails and is lost when a test says so.

use async_trait::async_trait;
use daybook_event_log::{
    AppendFuture, EventLog, ExpectedVersion, LogError, MemoryLog, Position, Version,
    contract::{Backend, append, stream},
};
use futures::FutureExt;
use std::sync::Arc;

struct Memory;

#[async_trait]
impl Backend for Memory {
    async fn fresh(&self) -> Arc<dyn EventLog> {
        Arc::new(MemoryLog::new())
    }

    async fn reopen(&self, log: Arc<dyn EventLog>) -> Arc<dyn EventLog> {
        log
    }
}

daybook_event_log::contract_tests!(Memory);

fn append_one(log: &MemoryLog, n: u64) -> AppendFuture {
    let expected = ExpectedVersion::Exact(Version::new(n - 1));
    log.append(vec![append(&stream("a"), expected, [u128::from(n)])])
}

#[tokio::test]
async fn what_is_sequenced_is_durable_and_readable_only_after_the_next_sync() {
    let log = MemoryLog::new();
    log.hold_syncs();
    let (sequenced, mut durable) = append_one(&log, 1).split();
    let outcomes = sequenced.await.unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap().first_position, Position::new(1));
    assert!((&mut durable).now_or_never().is_none(), "durable before the sync");
    assert_eq!(*log.head().borrow(), Position::ZERO);
    assert!(log.read_all(Position::new(1), 9).await.unwrap().is_empty());
    assert_eq!(log.stream_version(&stream("a")).await.unwrap(), Version::ZERO);
    log.sync();
    assert_eq!(durable.await.unwrap(), outcomes);
    assert_eq!(*log.head().borrow(), Position::new(1));
    assert_eq!(log.read_stream(&stream("a"), Version::new(1), 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn after_a_failed_sync_durable_fails_and_later_appends_too() {
    let log = MemoryLog::new();
    log.hold_syncs();
    let (sequenced, durable) = append_one(&log, 1).split();
    log.fail_sync();
    sequenced.await.unwrap();
    assert!(matches!(durable.await, Err(LogError::Poisoned { .. })));
    log.sync();
    let (sequenced, durable) = append_one(&log, 2).split();
    assert!(matches!(sequenced.await, Err(LogError::Poisoned { .. })));
    assert!(matches!(durable.await, Err(LogError::Poisoned { .. })));
    assert_eq!(*log.head().borrow(), Position::ZERO);
}

#[tokio::test]
async fn a_crash_takes_what_was_only_sequenced_with_all_behind_it() {
    for more in 0..4 {
        let log = MemoryLog::new();
        append_one(&log, 1).await.unwrap();
        log.hold_syncs();
        let answers: Vec<_> = (2..=4).map(|n| append_one(&log, n)).collect();
        let found = log.crash(more);
        for answer in answers {
            assert!(matches!(answer.await, Err(LogError::Closed)));
        }
        assert!(append_one(&log, 5).await.is_err());
        let ids: Vec<u128> = found
            .read_all(Position::new(1), 9)
            .await
            .unwrap()
            .iter()
            .map(|event| event.event_id().as_u128())
            .collect();
        assert_eq!(ids, (1..=1 + more as u128).collect::<Vec<_>>());
        let outcome = append_one(&found, more as u64 + 2).await.unwrap().remove(0).unwrap();
        assert_eq!(outcome.first_position.get(), more as u64 + 2, "the log goes on behind what was found");
    }
}
