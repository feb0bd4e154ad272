//! The relay: publishes the log to JetStream, in order, each event once.
//!
//! Every message demands that the stream ends exactly before it (`Nats-Expected-Last-Sequence`), so the
//! stream's sequence follows the position, and a duplicate is impossible at any distance; not just inside
//! JetStream's two-minute window for message ids. Two relays at once therefore do no harm: one of them is
//! told that the stream has moved on, looks, and goes on from there.
//!
//! The relay keeps no checkpoint: it resumes from the stream's last message. After a restart, loss,
//! truncation or wipe of the stream it feeds again what is missing, from the log.

use crate::{MessagingError, POSITION_HEADER, Trouble, stream, subject_of};
use async_nats::jetstream::{
    self,
    context::{PublishAckFuture, PublishErrorKind},
    message::PublishMessage,
    stream::Stream,
};
use daybook_event_log::{EventLog, Position, RecordedEvent, cloud_event, follow};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time};

/// The longest pause before the next try.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How the relay works.
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// Copies JetStream keeps of the stream (1, 3 or 5; more than 1 needs a cluster).
    pub replicas: usize,
    /// Messages published and not yet acknowledged.
    pub max_in_flight: usize,
    /// How often an idle relay looks whether the stream still holds everything.
    pub check_every: Duration,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self { replicas: 1, max_in_flight: 2_048, check_every: Duration::from_secs(1) }
    }
}

/// A running relay; stops when told to or dropped.
pub struct Relay {
    stop: watch::Sender<bool>,
    relayed: watch::Receiver<Position>,
    trouble: Trouble,
    task: JoinHandle<()>,
}

/// What the relay tells of itself.
struct Told {
    progress: watch::Sender<Position>,
    trouble: watch::Sender<Option<String>>,
}

impl Relay {
    /// Starts relaying `log` over `client`.
    #[must_use]
    pub fn start(log: Arc<dyn EventLog>, client: async_nats::Client, options: RelayOptions) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (progress, relayed) = watch::channel(Position::ZERO);
        let (told, trouble) = watch::channel(None);
        let told = Told { progress, trouble: told };
        let task = tokio::spawn(keep_relaying(log, client, options, told, stopped));
        Self { stop, relayed, trouble, task }
    }

    /// Up to where JetStream has acknowledged.
    #[must_use]
    pub fn relayed(&self) -> watch::Receiver<Position> {
        self.relayed.clone()
    }

    /// Why nothing could be told lately; none: all is well.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        self.trouble.clone()
    }

    /// Stops; what is in flight is abandoned, the next relay finds out by itself.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

impl Told {
    fn is_well(&self) {
        self.trouble.send_if_modified(|trouble| trouble.take().is_some());
    }
}

async fn keep_relaying(
    log: Arc<dyn EventLog>,
    client: async_nats::Client,
    options: RelayOptions,
    told: Told,
    mut stopped: watch::Receiver<bool>,
) {
    let mut pause = Duration::from_millis(50);
    loop {
        let before = *told.progress.borrow();
        let session = relay_session(&log, &client, &options, &told);
        let error = tokio::select! {
            result = session => result.err(),
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        let Some(error) = error else { return };
        metrics::counter!("daybook_relay_interruptions_total").increment(1);
        let said = error.to_string();
        // The same again and again is said once.
        if told.trouble.borrow().as_ref() != Some(&said) {
            tracing::warn!(error = said, "the relay was interrupted and goes on by itself");
        }
        told.trouble.send_replace(Some(said));
        pause = if *told.progress.borrow() > before {
            Duration::from_millis(50)
        } else {
            (pause * 2).min(LONGEST_PAUSE)
        };
        tokio::select! {
            () = time::sleep(pause) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Relays until something is not as expected. Ends without an error only when the log is closed.
async fn relay_session(
    log: &Arc<dyn EventLog>,
    client: &async_nats::Client,
    options: &RelayOptions,
    told: &Told,
) -> Result<(), MessagingError> {
    let jetstream = stream::context(client);
    let stream = stream::ensure(client, &jetstream, options).await?;
    let mut relayed = stream::common_end(&**log, &stream).await?;
    told.progress.send_replace(relayed);
    let mut events = follow(log.clone(), relayed, options.max_in_flight);
    let mut in_flight = VecDeque::new();
    loop {
        let batch = match time::timeout(options.check_every, events.next()).await {
            Ok(batch) => batch?,
            Err(_idle) => {
                verify_end(&stream, relayed).await?;
                told.is_well();
                continue;
            }
        };
        for event in &batch {
            while in_flight.len() >= options.max_in_flight {
                relayed = acknowledge(&mut in_flight).await?;
                told.progress.send_replace(relayed);
            }
            in_flight.push_back((event.position(), publish(&jetstream, event).await?));
        }
        while !in_flight.is_empty() {
            relayed = acknowledge(&mut in_flight).await?;
        }
        told.progress.send_replace(relayed);
        told.is_well();
        metrics::counter!("daybook_relay_events_total").increment(batch.len() as u64);
    }
}

async fn verify_end(stream: &Stream, relayed: Position) -> Result<(), MessagingError> {
    let found = stream::last_sequence(stream).await?;
    if found == relayed.get() {
        Ok(())
    } else {
        Err(MessagingError::Truncated { found, relayed: relayed.get() })
    }
}

async fn publish(
    jetstream: &jetstream::Context,
    event: &RecordedEvent,
) -> Result<PublishAckFuture, MessagingError> {
    let mut json = Vec::with_capacity(event.as_bytes().len() + 640);
    cloud_event::write(event, &mut json).map_err(|error| MessagingError::Untellable {
        position: event.position().get(),
        detail: error.to_string(),
    })?;
    let message = PublishMessage::build()
        .payload(json.into())
        .message_id(event.event_id().to_string())
        .expected_last_sequence(event.position().get().saturating_sub(1))
        .header("Content-Type", "application/cloudevents+json")
        .header(POSITION_HEADER, event.position().to_string().as_str());
    jetstream
        .send_publish(subject_of(event.aggregate(), event.aggregate_id()), message)
        .await
        .map_err(|error| MessagingError::publishing(&error))
}

/// Waits for the oldest message in flight and answers with its position.
async fn acknowledge(
    in_flight: &mut VecDeque<(Position, PublishAckFuture)>,
) -> Result<Position, MessagingError> {
    let Some((position, ack)) = in_flight.pop_front() else { return Ok(Position::ZERO) };
    let ack = ack.await.map_err(|error| {
        if error.kind() == PublishErrorKind::WrongLastSequence {
            metrics::counter!("daybook_relay_sequence_conflicts_total").increment(1);
        }
        MessagingError::publishing(&error)
    })?;
    // A duplicate answers with the sequence it has already, which is the same number.
    if ack.sequence == position.get() {
        Ok(position)
    } else {
        Err(MessagingError::Truncated { found: ack.sequence, relayed: position.get() })
    }
}
