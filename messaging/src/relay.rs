//! The relay: publishes the log to JetStream, in order, each event once.
//!
//! Every message demands that the stream ends exactly before it (`Nats-Expected-Last-Sequence`), so a duplicate is
//! impossible at any distance; not just inside JetStream's two-minute window for message ids. Two relays at once
//! therefore do no harm: one of them is told that the stream has moved on, looks, and goes on from there. So does a relay
//! when another program has published to our subjects; its message stays in the stream, and is not signed with our key.
//!
//! The relay keeps no checkpoint: it starts at the common end of log and stream. After a restart, loss,
//! truncation or wipe of the stream it publishes again what is missing, from the log.

use crate::{
    MessageKey, MessagingError, POSITION_HEADER, signature::SIGNATURE_HEADER, stream, stream_end::StreamEnd,
    subject_of,
};
use async_nats::jetstream::{
    self,
    context::{PublishAckFuture, PublishErrorKind},
    message::PublishMessage,
    stream::Stream,
};
use async_trait::async_trait;
use daybook_event_log::{EventLog, InvalidRecord, Leases, PageLimits, Position, RecordedEvent, cloud_event};
use daybook_subscriptions::{
    BackoffLimits, Fault, Following, PAGE, Page, Subscriber, Supervised, Supervisor, TaskSpec,
};
use std::{collections::VecDeque, future::pending, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// The lease of which one node at a time publishes. Persisted by the servers that keep leases.
const LEASE: &str = "daybook relay";
/// The longest pause before the next try.
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);

/// More than the headers of a message take.
const HEADER_BYTES: usize = 1_024;

/// How the relay works.
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// Copies JetStream keeps of the stream (1, 3 or 5; more than 1 needs a cluster).
    pub replicas: usize,
    /// Messages published and not yet acknowledged.
    pub max_in_flight: usize,
    /// How often an idle relay checks whether the stream still holds everything.
    pub check_every: Duration,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self { replicas: 1, max_in_flight: 2_048, check_every: Duration::from_secs(1) }
    }
}

/// The follower that publishes.
pub struct Relay {
    log: Arc<dyn EventLog>,
    client: async_nats::Client,
    options: RelayOptions,
    key: MessageKey,
    relayed: watch::Sender<Position>,
    session: Option<Session>,
}

/// A stream that was found to be this log's.
struct Session {
    jetstream: jetstream::Context,
    stream: Stream,
    /// The stream's last sequence, with what is in flight.
    sequence: u64,
    /// The largest message that is taken.
    most_bytes: usize,
    /// When an idle relay is to check the stream's end.
    check_at: Instant,
}

/// A relay under supervision. Dropping it changes nothing.
#[derive(Clone)]
pub struct RelayTask {
    following: Following,
    task: Supervised,
    relayed: watch::Receiver<Position>,
}

impl Relay {
    /// Runs one under `supervisor`, on the node that holds the lease.
    pub fn spawn(
        supervisor: &Supervisor,
        log: Arc<dyn EventLog>,
        leases: Arc<dyn Leases>,
        (client, options, key): (async_nats::Client, RelayOptions, MessageKey),
    ) -> RelayTask {
        let limits = PageLimits { events: options.max_in_flight, bytes: PAGE.bytes };
        let following = Following::new(log.clone(), leases, LEASE, limits);
        let (relayed, receiver) = watch::channel(Position::ZERO);
        let spec = TaskSpec::new("relay").backoff(BackoffLimits::DEFAULT.up_to(LONGEST_BACKOFF));
        let runs = following.clone();
        let task = supervisor.task(spec, move |context| {
            // What another node relayed meanwhile is not known before the stream was asked.
            relayed.send_replace(Position::ZERO);
            let relay = Self {
                log: log.clone(),
                client: client.clone(),
                options: options.clone(),
                key: key.clone(),
                relayed: relayed.clone(),
                session: None,
            };
            let following = runs.clone();
            async move { following.run(relay, context).await }
        });
        RelayTask { following, task, relayed: receiver }
    }

    async fn begin(&mut self) -> Result<Position, MessagingError> {
        let jetstream = stream::context(&self.client);
        let stream = stream::ensure(&self.client, &jetstream, &self.options).await?;
        let position = *self.relayed.borrow();
        let known = self.session.as_ref().map(|session| StreamEnd { position, sequence: session.sequence });
        let end = StreamEnd::find(&*self.log, &stream, &self.key, known).await?;
        let StreamEnd { position, sequence } = end;
        self.relayed.send_replace(position);
        let check_at = Instant::now() + self.options.check_every;
        let most_bytes = stream::largest_message(&self.client, &stream);
        self.session = Some(Session { jetstream, stream, sequence, most_bytes, check_at });
        Ok(position)
    }

    async fn publish_page(&mut self, events: &[RecordedEvent]) -> Result<(), MessagingError> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let mut in_flight = VecDeque::new();
        for event in events {
            while in_flight.len() >= self.options.max_in_flight {
                self.relayed.send_replace(acknowledge(&mut in_flight).await?);
            }
            session.sequence += 1;
            let ack = publish(session, event, &self.key).await?;
            in_flight.push_back((event.position(), session.sequence, ack));
        }
        let mut relayed = None;
        while !in_flight.is_empty() {
            relayed = Some(acknowledge(&mut in_flight).await?);
        }
        if let Some(relayed) = relayed {
            self.relayed.send_replace(relayed);
        }
        session.check_at = Instant::now() + self.options.check_every;
        metrics::counter!("daybook_relay_events_total").increment(events.len() as u64);
        Ok(())
    }

    /// Whether the stream still ends where the relay does.
    async fn verify_end(&mut self) -> Result<(), MessagingError> {
        let Some(session) = &mut self.session else { return Ok(()) };
        session.check_at = Instant::now() + self.options.check_every;
        let found = stream::last_sequence(&session.stream).await?;
        if found == session.sequence {
            Ok(())
        } else {
            Err(MessagingError::Moved { found, known: session.sequence })
        }
    }
}

#[async_trait]
impl Subscriber for Relay {
    /// Followers rely on positions without a gap, so none can be left out.
    fn wants(&self, _: &RecordedEvent) -> bool {
        true
    }

    async fn start(&mut self) -> Result<Position, Fault> {
        self.begin().await.map_err(interrupted)
    }

    /// What is in flight when this is dropped is found out by the next start.
    async fn handle(&mut self, page: Page) -> Result<(), Fault> {
        self.publish_page(&page.events).await.map_err(interrupted)
    }

    async fn upkeep_due(&mut self) {
        match &self.session {
            Some(session) => sleep_until(session.check_at).await,
            None => pending().await,
        }
    }

    async fn upkeep(&mut self) -> Result<(), Fault> {
        self.verify_end().await.map_err(interrupted)
    }
}

impl RelayTask {
    /// Whether this node holds the lease and relays.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.following.leads()
    }

    /// Up to where JetStream has acknowledged.
    #[must_use]
    pub fn relayed(&self) -> watch::Receiver<Position> {
        self.relayed.clone()
    }

    /// Why nothing could be published lately; none: all is well.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.task.status().borrow().why().map(str::to_owned)
    }

    /// Stops; what is in flight is abandoned, the next relay finds out by itself.
    pub async fn stop(&self) {
        self.task.stop().await;
    }
}

fn interrupted(error: MessagingError) -> Fault {
    metrics::counter!("daybook_relay_interruptions_total").increment(1);
    error.into()
}

/// Publishes `event` as the session's next message; one that is larger than the server takes is published without its payload.
async fn publish(
    session: &Session,
    event: &RecordedEvent,
    key: &MessageKey,
) -> Result<PublishAckFuture, MessagingError> {
    let Session { jetstream, sequence, most_bytes, .. } = session;
    let sequence = *sequence;
    let untellable = |error: InvalidRecord| MessagingError::Untellable {
        position: event.position().get(),
        detail: error.to_string(),
    };
    let mut json = Vec::with_capacity(event.as_bytes().len() + 640);
    cloud_event::write(event, &mut json).map_err(untellable)?;
    if json.len() + HEADER_BYTES > *most_bytes {
        json.clear();
        cloud_event::write_reference(event, &mut json).map_err(untellable)?;
        metrics::counter!("daybook_relay_references_total").increment(1);
    }
    let signature = key.sign(sequence, &json);
    let message = PublishMessage::build()
        .payload(json.into())
        .message_id(event.event_id().to_string())
        .expected_last_sequence(sequence - 1)
        .header("Content-Type", "application/cloudevents+json")
        .header(POSITION_HEADER, event.position().to_string().as_str())
        .header(SIGNATURE_HEADER, signature.as_str());
    jetstream
        .send_publish(subject_of(event.aggregate(), event.aggregate_id()), message)
        .await
        .map_err(|error| MessagingError::publishing(&error))
}

/// Waits for the oldest message in flight and answers with its position.
async fn acknowledge(
    in_flight: &mut VecDeque<(Position, u64, PublishAckFuture)>,
) -> Result<Position, MessagingError> {
    let Some((position, sequence, ack)) = in_flight.pop_front() else { return Ok(Position::ZERO) };
    let ack = ack.await.map_err(|error| {
        if error.kind() == PublishErrorKind::WrongLastSequence {
            metrics::counter!("daybook_relay_sequence_conflicts_total").increment(1);
        }
        MessagingError::publishing(&error)
    })?;
    // A duplicate answers with the sequence it has already, which is the same number.
    if ack.sequence == sequence {
        Ok(position)
    } else {
        Err(MessagingError::Moved { found: ack.sequence, known: sequence })
    }
}
