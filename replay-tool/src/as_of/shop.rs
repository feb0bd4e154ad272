//! The shop up to a point: a log that shows a part of another one, for a search to be filled from. It takes no events.
//!
//! Positions stay what they were, so they have gaps here; read models skip nothing by that.

use crate::source::Opened;
use ahash::AHashSet;
use async_trait::async_trait;
use daybook_event_log::{
    Append, AppendFuture, EventLog, LogError, Position, RecordedEvent, StreamId, Version,
};
use daybook_projections::past::Point;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use uuid::Uuid;

/// What a search is made of, up to a point: products and their stock.
pub(super) struct Shown {
    log: Arc<dyn EventLog>,
    point: Point,
    last: u64,
    head: watch::Sender<Position>,
    /// Streams that went on after the point.
    over: Mutex<AHashSet<Box<str>>>,
}

impl Shown {
    pub(super) fn new(opened: &Opened, point: Point) -> Self {
        let last = point.last_position().unwrap_or(opened.head).min(opened.head);
        let head = watch::Sender::new(Position::new(last));
        Self { log: opened.log.clone(), point, last, head, over: Mutex::default() }
    }

    fn shows(&self, event: &RecordedEvent) -> bool {
        if !matches!(event.aggregate(), "product" | "inventory") {
            return false;
        }
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        if !over.is_empty() && over.contains(event.stream()) {
            return false;
        }
        let shows = self.point.includes(event);
        if !shows {
            over.insert(event.stream().into());
        }
        shows
    }
}

#[async_trait]
impl EventLog for Shown {
    fn append(&self, _group: Vec<Append>) -> AppendFuture {
        Box::pin(async { Err(LogError::Closed) })
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
        let mut next = from;
        loop {
            let left = (self.last + 1).saturating_sub(next.get());
            let limit = limit.min(usize::try_from(left).unwrap_or(limit));
            if limit == 0 {
                return Ok(Vec::new());
            }
            let page = self.log.read_all(next, limit).await?;
            let Some(last) = page.last() else { return Ok(page) };
            next = last.position().next();
            let shown: Vec<_> = page.into_iter().filter(|event| self.shows(event)).collect();
            // An empty page would mean the end.
            if !shown.is_empty() {
                return Ok(shown);
            }
        }
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        self.log.find(event_id).await
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        self.log.stream_version(stream).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    fn is_sole_writer(&self) -> bool {
        false
    }

    async fn close(&self) -> Result<(), LogError> {
        Ok(())
    }
}
