//! A relay that panics: it is started again, misses nothing, and it is seen that it did.

use super::{KEY, PATIENCE, append, assert_stream_equals, client, supervisor};
use async_trait::async_trait;
use daybook_event_log::{
    Append, AppendFuture, EventLog, LocalLeases, LogError, MemoryLog, PageLimits, Position, RecordedEvent,
    StreamId, Version,
};
use daybook_messaging::{Relay, RelayOptions};
use daybook_subscriptions::Status;
use daybook_tests::servers::nats::NatsServer;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::watch;
use uuid::Uuid;

/// A log whose pages panic for so many times once the follower is past the first hundred events.
struct PanickingLog {
    log: Arc<MemoryLog>,
    panics_left: AtomicU64,
}

#[async_trait]
impl EventLog for PanickingLog {
    fn append(&self, group: Vec<Append>) -> AppendFuture {
        self.log.append(group)
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_stream(stream, from, limit).await
    }

    async fn read_all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_all(from, limit).await
    }

    async fn read_page(&self, from: Position, limits: PageLimits) -> Result<Vec<RecordedEvent>, LogError> {
        let less = |left: u64| left.checked_sub(1);
        let panics = from.get() > 100
            && self.panics_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        assert!(!panics, "told to panic at {from}");
        self.log.read_page(from, limits).await
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        self.log.find(event_id).await
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        self.log.stream_version(stream).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.log.head()
    }

    fn is_sole_writer(&self) -> bool {
        true
    }

    async fn close(&self) -> Result<(), LogError> {
        self.log.close().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_panics_is_started_again_misses_nothing_and_is_seen() -> anyhow::Result<()> {
    let (server, log) = (NatsServer::start().await?, Arc::new(MemoryLog::new()));
    append(&log, 100).await?;
    let panicking = Arc::new(PanickingLog { log: log.clone(), panics_left: AtomicU64::new(3) });
    let supervisor = supervisor();
    let nats = (client(&server.url()).await?, RelayOptions::default(), KEY);
    let relay = Relay::spawn(&supervisor, panicking, Arc::new(LocalLeases::default()), nats);
    let mut relayed = relay.relayed();
    tokio::time::timeout(PATIENCE, relayed.wait_for(|relayed| relayed.get() == 100)).await??;
    append(&log, 300).await?;
    assert_stream_equals(&log, &server.url()).await?;
    let began = tokio::time::Instant::now();
    let shown = loop {
        let shown = supervisor.statuses().into_iter().find(|task| task.name == "relay").unwrap();
        if shown.status == Status::Running || began.elapsed() > PATIENCE {
            break shown;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    anyhow::ensure!((&shown.status, shown.panics) == (&Status::Running, 3), "{shown:?}");
    relay.stop().await;
    Ok(())
}
