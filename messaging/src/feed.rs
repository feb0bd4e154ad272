//! A log whose news arrive over NATS.
//!
//! [`FedLog`] stands in front of the real log for a process that only reads: the newest events come from
//! JetStream and are kept in memory, so that following the head costs the log's server nothing. Anything
//! that is not there (the past, a gap, a NATS that went away) is read from the log. Readers notice no
//! difference: same events, same order, each once.

use crate::{MessagingError, STREAM_NAME};
use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, pull::OrderedConfig},
};
use async_trait::async_trait;
use daybook_event_log::{
    Append, AppendFuture, EventLog, LogError, Position, RecordedEvent, StreamId, Version, cloud_event,
};
use futures::StreamExt;
use parking_lot::Mutex;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time};
use uuid::Uuid;

/// How many of the newest events are kept in memory.
const RECENT: usize = 65_536;
/// How long NATS may be behind the log before the log itself is asked.
const PATIENCE: Duration = Duration::from_millis(500);

/// A log whose news arrive over NATS. See the module's head.
pub struct FedLog {
    log: Arc<dyn EventLog>,
    news: Arc<News>,
    task: JoinHandle<()>,
}

struct News {
    /// Consecutive events, the newest at the back.
    recent: Mutex<VecDeque<RecordedEvent>>,
    head: watch::Sender<Position>,
}

impl FedLog {
    /// Starts listening on `client` for what is appended to `log`.
    #[must_use]
    pub fn start(log: Arc<dyn EventLog>, client: async_nats::Client) -> Self {
        let head = *log.head().borrow();
        let news = Arc::new(News { recent: Mutex::default(), head: watch::Sender::new(head) });
        let task = tokio::spawn(listen(log.clone(), client, news.clone()));
        Self { log, news, task }
    }
}

impl Drop for FedLog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl News {
    fn take(&self, event: RecordedEvent) {
        let position = event.position();
        let mut recent = self.recent.lock();
        match recent.back().map(|last| last.position().next()) {
            // Seen before: the stream was fed again after a loss.
            Some(expected) if position < expected => return,
            // A gap: what is kept must stay consecutive; readers get the missing from the log.
            Some(expected) if position > expected => recent.clear(),
            Some(_) | None => {}
        }
        recent.push_back(event);
        if recent.len() > RECENT {
            recent.pop_front();
        }
        drop(recent);
        self.raise(position);
    }

    fn raise(&self, position: Position) {
        self.head.send_if_modified(|head| {
            let higher = position > *head;
            if higher {
                *head = position;
            }
            higher
        });
    }

    fn read(&self, from: Position, limit: usize) -> Option<Vec<RecordedEvent>> {
        let recent = self.recent.lock();
        let first = recent.front()?.position();
        let skip = usize::try_from(from.get().checked_sub(first.get())?).ok()?;
        (skip < recent.len()).then(|| recent.iter().skip(skip).take(limit).cloned().collect())
    }
}

async fn listen(log: Arc<dyn EventLog>, client: async_nats::Client, news: Arc<News>) {
    let mut behind = log.head();
    let watch_log = async {
        while behind.changed().await.is_ok() {
            let head = *behind.borrow_and_update();
            time::sleep(PATIENCE).await;
            news.raise(head);
        }
    };
    let watch_nats = async {
        loop {
            if let Err(error) = session(&client, &news).await {
                tracing::debug!(%error, "news over NATS were interrupted; the log is read instead");
            }
            time::sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::join!(watch_log, watch_nats);
}

async fn session(client: &async_nats::Client, news: &News) -> Result<(), MessagingError> {
    let jetstream = jetstream::new(client.clone());
    let stream = jetstream
        .get_stream(STREAM_NAME)
        .await
        .map_err(|e| MessagingError::jetstream("find the stream", e))?;
    let start_sequence = news.head.borrow().next().get();
    let config = OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
        ..Default::default()
    };
    let consumer = stream
        .create_consumer(config)
        .await
        .map_err(|e| MessagingError::jetstream("create a consumer", e))?;
    let mut messages =
        consumer.messages().await.map_err(|e| MessagingError::jetstream("deliver messages", e))?;
    while let Some(message) = messages.next().await {
        let message = message.map_err(|e| MessagingError::jetstream("deliver a message", e))?;
        match cloud_event::read(&message.payload) {
            Ok(event) => news.take(event),
            Err(error) => tracing::warn!(%error, "a message that is not an event of ours was passed over"),
        }
    }
    Ok(())
}

#[async_trait]
impl EventLog for FedLog {
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
        if let Some(events) = self.news.read(from, limit) {
            metrics::counter!("daybook_feed_events_total", "from" => "nats").increment(events.len() as u64);
            return Ok(events);
        }
        let events = self.log.read_all(from, limit).await?;
        metrics::counter!("daybook_feed_events_total", "from" => "log").increment(events.len() as u64);
        Ok(events)
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        self.log.find(event_id).await
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        self.log.stream_version(stream).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.news.head.subscribe()
    }

    fn is_sole_writer(&self) -> bool {
        self.log.is_sole_writer()
    }

    async fn close(&self) -> Result<(), LogError> {
        self.task.abort();
        self.log.close().await
    }
}
