//! A log whose news arrive over NATS.
//!
//! [`FedLog`] stands in front of the real log for a process that only reads: the newest events come from
//! JetStream and are kept in memory, so that following the head costs the log's server nothing. Anything
//! that is not there (the past, a gap, a NATS that went away) is read from the log. Readers notice no
//! difference: same events, same order, each once.
//!
//! A stream is believed only after its last message was found to be the log's event of that number: another shop's
//! stream must not become our read models.

use crate::{MessagingError, stream};
use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
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
/// How long a stream that is not this log's is left alone.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

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
    /// Whether news arrive over NATS at the moment.
    by_nats: watch::Sender<bool>,
}

impl FedLog {
    /// Starts listening on `client` for what is appended to `log`.
    #[must_use]
    pub fn start(log: Arc<dyn EventLog>, client: async_nats::Client) -> Self {
        let head = *log.head().borrow();
        let (head, by_nats) = (watch::Sender::new(head), watch::Sender::new(false));
        let news = Arc::new(News { recent: Mutex::default(), head, by_nats });
        let task = tokio::spawn(listen(log.clone(), client, news.clone()));
        Self { log, news, task }
    }

    /// Whether news arrive over NATS at the moment; otherwise the log itself is asked for them.
    #[must_use]
    pub fn by_nats(&self) -> watch::Receiver<bool> {
        self.news.by_nats.subscribe()
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
            let ended = session(&*log, &client, &news).await;
            news.by_nats.send_replace(false);
            match ended {
                // This needs somebody to look at it.
                Err(error @ MessagingError::ForeignStream { .. }) => {
                    tracing::warn!(%error, "news over NATS are not believed; the log is read instead");
                    time::sleep(LOOK_AGAIN).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "news over NATS were interrupted; the log is read instead");
                }
                Ok(()) => {}
            }
            time::sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::join!(watch_log, watch_nats);
}

async fn session(log: &dyn EventLog, client: &async_nats::Client, news: &News) -> Result<(), MessagingError> {
    let stream = stream::find(&stream::context(client)).await?;
    stream::common_end(log, &stream).await?;
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
    news.by_nats.send_replace(true);
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

    async fn read_streams(
        &self,
        wanted: &[(StreamId, Version)],
        limit: usize,
    ) -> Vec<Result<Vec<RecordedEvent>, LogError>> {
        self.log.read_streams(wanted, limit).await
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

    async fn check(&self) -> Result<(), LogError> {
        self.log.check().await
    }

    async fn close(&self) -> Result<(), LogError> {
        self.task.abort();
        self.log.close().await
    }
}
