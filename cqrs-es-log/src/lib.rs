//! Lets plain cqrs-es programs run over Daybook's log: a `PersistedEventRepository`, to be used with
//! `PersistedEventStore::new_event_store` and from there with `CqrsFramework`.
//!
//! Events have the same bytes whichever side writes them: cqrs-es sees the event enum as serde tags it by
//! default, `{"OrderPlaced":{…}}`, and the log keeps the type and the inner object apart. (A variant without
//! fields of its own is kept whole, `{"Started":null}`.) The metadata map's `command_id`, `correlation_id`,
//! `causation_id` and `actor` become the log's; with a `command_id` a command happens once.
//!
//! No snapshots: cqrs-es 0.5 applies events twice on top of them. And an [`Engine`](daybook_engine::Engine) on a log
//! with one writer trusts its memory: do not write to a stream that a running engine decides on.

use bytes::Bytes;
use cqrs_es::{
    Aggregate,
    persist::{
        PersistedEventRepository, PersistenceError, ReplayStream, SerializedEvent, SerializedSnapshot,
    },
};
use daybook_engine::{Clock, SystemClock, event_id};
use daybook_event_log::{
    Append, AppendRejection, EventLog, ExpectedVersion, LogError, Metadata, NewEvent, Position,
    RecordedEvent, StreamId, Version,
};
use serde_json::{Map, Value};
use std::sync::Arc;
use uuid::Uuid;

/// How many events are read at once.
const PAGE: usize = 1_024;

/// Keeps the events of cqrs-es aggregates in a Daybook log, each aggregate in the stream `<TYPE>-<id>`;
/// `TYPE` has to be of lower-case messages.
#[derive(Clone)]
pub struct CqrsEsRepository {
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
}

impl CqrsEsRepository {
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self::with_clock(log, Arc::new(SystemClock))
    }

    /// Events happen when `clock` says.
    #[must_use]
    pub fn with_clock(log: Arc<dyn EventLog>, clock: Arc<dyn Clock>) -> Self {
        Self { log, clock }
    }

    async fn read(
        &self,
        aggregate: &str,
        id: &str,
        after: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let stream = stream_id(aggregate, id)?;
        let mut events = Vec::new();
        let mut from = Version::new(after as u64).next();
        loop {
            let page = self.log.read_stream(&stream, from, PAGE).await.map_err(log_error)?;
            for recorded in &page {
                events.push(serialized(recorded)?);
            }
            let Some(last) = page.last().filter(|_| page.len() == PAGE) else { return Ok(events) };
            from = last.version().next();
        }
    }

    fn new_event(&self, event: &SerializedEvent, index: usize) -> Result<NewEvent, PersistenceError> {
        let text = |name: &str| event.metadata.get(name).and_then(Value::as_str);
        let id = |name: &str| text(name).and_then(|text| Uuid::parse_str(text).ok()).unwrap_or(Uuid::nil());
        let command_id = id("command_id");
        let event_id = if command_id.is_nil() { Uuid::new_v4() } else { event_id(command_id, index) };
        let schema_version = event.event_version.parse();
        let metadata = Metadata {
            occurred_at_ns: self.clock.now().as_nanos(),
            command_id,
            correlation_id: id("correlation_id"),
            causation_id: id("causation_id"),
            request_hash: 0,
            actor: text("actor").unwrap_or("anonymous").to_owned(),
        };
        Ok(NewEvent {
            event_id,
            event_type: event.event_type.clone().into(),
            schema_version: schema_version.map_err(|_| {
                unexpected(format!("event version {:?} is not a number", event.event_version))
            })?,
            metadata,
            payload: Bytes::from(payload_of(event)?),
        })
    }
}

impl PersistedEventRepository for CqrsEsRepository {
    async fn get_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.read(A::TYPE, aggregate_id, 0).await
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.read(A::TYPE, aggregate_id, last_sequence).await
    }

    async fn get_snapshot<A: Aggregate>(
        &self,
        _: &str,
    ) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        snapshot_update: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        if snapshot_update.is_some() {
            return Err(unexpected("this log keeps no cqrs-es snapshots; use new_event_store".to_owned()));
        }
        let Some(first) = events.first() else { return Ok(()) };
        let stream = stream_id(A::TYPE, &first.aggregate_id)?;
        let expected = match first.sequence {
            0 | 1 => ExpectedVersion::NoStream,
            sequence => ExpectedVersion::Exact(Version::new(sequence as u64 - 1)),
        };
        let new_events = events
            .iter()
            .enumerate()
            .map(|(index, event)| self.new_event(event, index))
            .collect::<Result<_, _>>()?;
        let append = Append { stream, expected, events: new_events };
        let outcome = self.log.append(vec![append]).await.map_err(log_error)?.into_iter().next();
        match outcome {
            Some(Ok(_)) => Ok(()),
            Some(Err(AppendRejection::Conflict { .. })) => Err(PersistenceError::OptimisticLockError),
            Some(Err(rejection)) => Err(PersistenceError::UnknownError(Box::new(rejection))),
            None => Err(log_error(LogError::Closed)),
        }
    }

    async fn stream_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<ReplayStream, PersistenceError> {
        let events = self.read(A::TYPE, aggregate_id, 0).await?;
        let (mut feed, stream) = ReplayStream::new(PAGE);
        tokio::spawn(async move {
            for event in events {
                if feed.push(Ok(event)).await.is_err() {
                    return;
                }
            }
        });
        Ok(stream)
    }

    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        let (mut feed, stream) = ReplayStream::new(PAGE);
        let log = Arc::clone(&self.log);
        tokio::spawn(async move {
            let mut from = Position::new(1);
            loop {
                let page = match log.read_all(from, PAGE).await {
                    Ok(page) => page,
                    Err(error) => return drop(feed.push(Err(log_error(error))).await),
                };
                let Some(last) = page.last() else { return };
                from = last.position().next();
                for recorded in page.iter().filter(|recorded| recorded.aggregate() == A::TYPE) {
                    if feed.push(serialized(recorded)).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(stream)
    }
}

fn stream_id(aggregate: &str, id: &str) -> Result<StreamId, PersistenceError> {
    StreamId::new(aggregate, id).map_err(|error| PersistenceError::UnknownError(Box::new(error)))
}

/// The bytes to store: the object under the event's type, or the whole if there is no object.
fn payload_of(event: &SerializedEvent) -> Result<Vec<u8>, PersistenceError> {
    let whole = |value: &Value| Value::Object(Map::from_iter([(event.event_type.clone(), value.clone())]));
    let stored = match &event.payload {
        Value::String(name) if *name == event.event_type => whole(&Value::Null),
        Value::Object(fields) if fields.len() == 1 => match fields.get(&event.event_type) {
            Some(inner @ Value::Object(_)) => inner.clone(),
            Some(other) => whole(other),
            None => return Err(not_tagged(event)),
        },
        _ => return Err(not_tagged(event)),
    };
    Ok(serde_json::to_vec(&stored)?)
}

fn not_tagged(event: &SerializedEvent) -> PersistenceError {
    unexpected(format!(
        "{} is not of the form {{\"{}\":…}}; events have to be enums tagged as serde does by default, and their event type has to be the variant's name",
        event.payload, event.event_type
    ))
}

/// The event as cqrs-es wants it.
fn serialized(recorded: &RecordedEvent) -> Result<SerializedEvent, PersistenceError> {
    let event_type = recorded.event_type().to_owned();
    let stored: Value = serde_json::from_slice(recorded.payload())?;
    let whole =
        stored.as_object().is_some_and(|fields| fields.len() == 1 && fields.contains_key(&event_type));
    let payload = if whole { stored } else { Value::Object(Map::from_iter([(event_type.clone(), stored)])) };
    let mut metadata = Map::new();
    let ids = [
        ("command_id", recorded.command_id()),
        ("correlation_id", recorded.correlation_id()),
        ("causation_id", recorded.causation_id()),
    ];
    for (name, id) in ids.into_iter().filter(|(_, id)| !id.is_nil()) {
        metadata.insert(name.to_owned(), Value::String(id.to_string()));
    }
    metadata.insert("actor".to_owned(), Value::String(recorded.actor().to_owned()));
    metadata.insert("occurred_at_ns".to_owned(), Value::String(recorded.occurred_at_ns().to_string()));
    Ok(SerializedEvent {
        aggregate_id: recorded.aggregate_id().to_owned(),
        sequence: usize::try_from(recorded.version().get()).unwrap_or(usize::MAX),
        aggregate_type: recorded.aggregate().to_owned(),
        event_type,
        event_version: recorded.schema_version().to_string(),
        payload: unit_as_text(payload),
        metadata: Value::Object(metadata),
    })
}

/// serde reads a variant without fields from its name alone.
fn unit_as_text(payload: Value) -> Value {
    match &payload {
        Value::Object(fields) => match fields.iter().next() {
            Some((name, Value::Null)) if fields.len() == 1 => Value::String(name.clone()),
            _ => payload,
        },
        _ => payload,
    }
}

fn log_error(error: LogError) -> PersistenceError {
    PersistenceError::ConnectionError(Box::new(error))
}

fn unexpected(detail: String) -> PersistenceError {
    PersistenceError::UnknownError(detail.into())
}
