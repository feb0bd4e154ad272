//! A log whose newest events arrive over NATS.
//!
//! [`NatsLog`] stands in front of the real log for a process that only reads: the newest events come from
//! JetStream and are kept in memory, so that following the head costs the log's server nothing. Anything
//! that is not there (the past, a gap, a NATS that went away) is read from the log. Readers notice no
//! difference: same events, same order, each once.
//!
//! A message is believed only if it was signed for its place in the stream with the key that the shop's nodes share:
//! neither another shop's stream nor a message that somebody published to our subjects becomes our read models. What is
//! not believed is read from the log.

use crate::{MessageKey, MessagingError, stream, stream_end::StreamEnd};
use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use async_trait::async_trait;
use daybook_event_log::{
    Append, AppendFuture, EventLog, LogError, PageLimits, PageRoom, Position, RecordedEvent, StreamId,
    Version, cloud_event,
};
use daybook_subscriptions::{BackoffLimits, Fault, Supervised, Supervisor, TaskSpec};
use futures::StreamExt;
use parking_lot::Mutex;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{sync::watch, time};
use uuid::Uuid;

/// How many of the newest events are kept in memory.
const RECENT: usize = 65_536;
/// How long NATS may be behind the log before the log itself is asked.
const PATIENCE: Duration = Duration::from_millis(500);
/// The longest pause before NATS is tried again; the log is read meanwhile.
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// A log whose newest events arrive over NATS. See the module's head.
pub struct NatsLog {
    log: Arc<dyn EventLog>,
    recent: Arc<RecentEvents>,
    tasks: [Supervised; 2],
}

struct RecentEvents {
    /// Consecutive events, the newest at the back.
    events: Mutex<VecDeque<RecordedEvent>>,
    head: watch::Sender<Position>,
    /// Whether events arrive over NATS at the moment.
    by_nats: watch::Sender<bool>,
}

impl NatsLog {
    /// Starts listening on `client` for what is appended to `log`, until this is dropped or `supervisor` stops.
    #[must_use]
    pub fn start(
        supervisor: &Supervisor,
        log: Arc<dyn EventLog>,
        (client, key): (async_nats::Client, MessageKey),
    ) -> Self {
        let head = *log.head().borrow();
        let (head, by_nats) = (watch::Sender::new(head), watch::Sender::new(false));
        let recent = Arc::new(RecentEvents { events: Mutex::default(), head, by_nats });
        let spec = TaskSpec::new("nats-log").backoff(BackoffLimits::DEFAULT.up_to(LONGEST_BACKOFF));
        let listening = supervisor.task(spec, {
            let (log, recent) = (log.clone(), recent.clone());
            move |context| {
                let (log, client, recent) = (log.clone(), client.clone(), recent.clone());
                let key = key.clone();
                async move {
                    let session = session(&*log, &client, &key, &recent);
                    let ended = context.stop().run_until_cancelled(session).await;
                    ended.map_or(Ok(()), |ended| ended.and(Err(Fault::Passing("NATS ended it".to_owned()))))
                }
            }
        });
        let behind = supervisor.task(TaskSpec::new("nats-log-head"), {
            let (log, recent) = (log.clone(), recent.clone());
            move |context| {
                let (head, recent) = (log.head(), recent.clone());
                async move {
                    let ended = context.stop().run_until_cancelled(watch_log(head, &recent)).await;
                    ended.map_or(Ok(()), Err)
                }
            }
        });
        Self { log, recent, tasks: [listening, behind] }
    }

    /// Whether events arrive over NATS at the moment; otherwise the log itself is asked for them.
    #[must_use]
    pub fn by_nats(&self) -> watch::Receiver<bool> {
        self.recent.by_nats.subscribe()
    }

    fn cancel(&self) {
        self.tasks.iter().for_each(Supervised::cancel);
    }
}

impl Drop for NatsLog {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl RecentEvents {
    fn take(&self, event: RecordedEvent) {
        let position = event.position();
        let mut events = self.events.lock();
        match events.back().map(|last| last.position().next()) {
            // Seen before: the stream was fed again after a loss.
            Some(expected) if position < expected => return,
            // A gap: what is kept must stay consecutive; readers get the missing from the log.
            Some(expected) if position > expected => events.clear(),
            Some(_) | None => {}
        }
        events.push_back(event);
        if events.len() > RECENT {
            events.pop_front();
        }
        drop(events);
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

    fn read(&self, from: Position, limits: PageLimits) -> Option<Vec<RecordedEvent>> {
        let events = self.events.lock();
        let first = events.front()?.position();
        let skip = usize::try_from(from.get().checked_sub(first.get())?).ok()?;
        let mut room = PageRoom::new(limits);
        let fitting = events.iter().skip(skip).take_while(|event| room.admit(event.as_bytes().len()));
        (skip < events.len()).then(|| fitting.cloned().collect())
    }
}

/// Says that events arrive over NATS, for as long as this lives.
struct Arriving<'a>(&'a RecentEvents);

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        self.0.by_nats.send_replace(false);
    }
}

/// Raises the head to the log's where NATS is too late; ends when the log is closed.
async fn watch_log(mut head: watch::Receiver<Position>, recent: &RecentEvents) -> Fault {
    while head.changed().await.is_ok() {
        let reached = *head.borrow_and_update();
        time::sleep(PATIENCE).await;
        recent.raise(reached);
    }
    LogError::Closed.into()
}

/// Takes in what arrives, until something is not as expected.
async fn session(
    log: &dyn EventLog,
    client: &async_nats::Client,
    key: &MessageKey,
    recent: &RecentEvents,
) -> Result<(), Fault> {
    let stream = stream::find(&stream::context(client)).await?;
    // What is before is read from the log.
    let start_sequence = StreamEnd::find(log, &stream, key, None).await?.sequence + 1;
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
    let _arriving = Arriving(recent);
    recent.by_nats.send_replace(true);
    while let Some(message) = messages.next().await {
        let message = message.map_err(|e| MessagingError::jetstream("deliver a message", e))?;
        let sequence = message.info().map_err(|e| MessagingError::jetstream("number a message", e))?;
        let sequence = sequence.stream_sequence;
        let is_ours = message.headers.as_ref();
        let is_ours = is_ours.is_some_and(|headers| key.has_signed(headers, sequence, &message.payload));
        match cloud_event::read(&message.payload) {
            Ok(event) if is_ours => recent.take(event),
            // It was too large for NATS; readers find it in the log.
            Err(_) if is_ours => {}
            _ => {
                metrics::counter!("daybook_feed_strays_total").increment(1);
                tracing::warn!(
                    sequence,
                    subject = %message.subject,
                    "a message that no node of this shop has signed was passed over; let NATS permit publishing to daybook.events to the nodes only"
                );
            }
        }
    }
    Ok(())
}

#[async_trait]
impl EventLog for NatsLog {
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
        self.read_page(from, PageLimits::events(limit)).await
    }

    async fn read_page(&self, from: Position, limits: PageLimits) -> Result<Vec<RecordedEvent>, LogError> {
        if let Some(events) = self.recent.read(from, limits) {
            metrics::counter!("daybook_feed_events_total", "from" => "nats").increment(events.len() as u64);
            return Ok(events);
        }
        let events = self.log.read_page(from, limits).await?;
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
        self.recent.head.subscribe()
    }

    fn is_sole_writer(&self) -> bool {
        self.log.is_sole_writer()
    }

    async fn check(&self) -> Result<(), LogError> {
        self.log.check().await
    }

    async fn close(&self) -> Result<(), LogError> {
        self.cancel();
        self.log.close().await
    }
}
