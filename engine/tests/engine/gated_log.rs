//! A log in memory that acknowledges only when it is told to, and counts what is read from it.

use async_trait::async_trait;
use daybook_event_log::{
    Append, AppendFuture, EventLog, LogError, MemoryLog, Position, RecordedEvent, StreamId, Version,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

pub(crate) struct GatedLog {
    inner: Arc<MemoryLog>,
    /// One permit lets one group through.
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) events_read: AtomicUsize,
    hangs: AtomicBool,
}

impl GatedLog {
    pub(crate) fn new(inner: Arc<MemoryLog>, open: bool) -> Arc<Self> {
        let gate = Arc::new(Semaphore::new(if open { Semaphore::MAX_PERMITS } else { 0 }));
        Arc::new(Self { inner, gate, events_read: AtomicUsize::new(0), hangs: AtomicBool::new(false) })
    }

    /// Reading the log as a whole never answers from now on.
    pub(crate) fn hang_reads(&self) {
        self.hangs.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl EventLog for GatedLog {
    fn append(&self, group: Vec<Append>) -> AppendFuture {
        let gate = Arc::clone(&self.gate);
        self.inner.append(group).durable_after(async move {
            gate.acquire().await.expect("the gate is never closed").forget();
        })
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let events = self.inner.read_stream(stream, from, limit).await?;
        self.events_read.fetch_add(events.len(), Ordering::Relaxed);
        Ok(events)
    }

    async fn read_all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        // Its first event is read before an engine starts.
        if self.hangs.load(Ordering::Relaxed) && limit > 1 {
            std::future::pending::<()>().await;
        }
        let events = self.inner.read_all(from, limit).await?;
        self.events_read.fetch_add(events.len(), Ordering::Relaxed);
        Ok(events)
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        self.inner.find(event_id).await
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        self.inner.stream_version(stream).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.inner.head()
    }

    fn is_sole_writer(&self) -> bool {
        self.inner.is_sole_writer()
    }

    async fn close(&self) -> Result<(), LogError> {
        self.inner.close().await
    }
}
