//! Reads a stream's past: to rebuild an aggregate, or to find what a command led to when it was executed
//! before.

use crate::{
    CommandError, Outcome, ids,
    shard::cache::Entry,
    snapshots::{Snapshot, Snapshots},
    work::Ids,
};
use daybook_domain::{AggregateState, Event};
use daybook_event_log::{EventLog, RecordedEvent, StreamId, Version};
use std::sync::Arc;
use uuid::Uuid;

/// How many events are read at once.
const PAGE: usize = 1_024;

/// Rebuilds an aggregate from its snapshot, if one fits, and the events after it.
pub(crate) async fn load(
    log: Arc<dyn EventLog>,
    snapshots: Arc<Snapshots>,
    stream: StreamId,
    batch: u64,
) -> Result<Entry, CommandError> {
    if let Some(snapshot) = snapshots.read(&stream).await {
        if let Some(entry) = load_after(&log, &snapshots, &stream, Some(snapshot), batch).await? {
            return Ok(entry);
        }
        tracing::warn!(%stream, "ignoring a snapshot that does not fit its stream");
    }
    let entry = load_after(&log, &snapshots, &stream, None, batch).await?;
    entry.ok_or_else(|| CommandError::Invalid {
        reason: format!("no aggregate is called {:?}", stream.aggregate()),
    })
}

/// None if there is no such aggregate, or if the snapshot is not of this stream's past.
async fn load_after(
    log: &Arc<dyn EventLog>,
    snapshots: &Snapshots,
    stream: &StreamId,
    snapshot: Option<Snapshot>,
    batch: u64,
) -> Result<Option<Entry>, CommandError> {
    let (mut state, mut version, mut last_event) = match snapshot {
        Some(snapshot) => (snapshot.state, snapshot.version, snapshot.last_event),
        None => match AggregateState::new(stream.aggregate()) {
            Some(state) => (state, Version::ZERO, Uuid::nil()),
            None => return Ok(None),
        },
    };
    let snapshot_at = snapshots.due_after(version.get());
    // The snapshot's own last event is read again: if it is not the same, the snapshot is of another past.
    let mut from = if version == Version::ZERO { version.next() } else { version };
    let mut check = version != Version::ZERO;
    loop {
        let page = log.read_stream(stream, from, PAGE).await?;
        let mut events = page.as_slice();
        if check {
            check = false;
            match events.split_first() {
                Some((first, rest)) if first.event_id() == last_event && first.version() == version => {
                    events = rest;
                }
                _ => return Ok(None),
            }
        }
        for recorded in events {
            state.apply(&decode(recorded)?);
            version = recorded.version();
            last_event = recorded.event_id();
        }
        if page.len() < PAGE {
            return Ok(Some(Entry::new(state, version, last_event, snapshot_at, batch)));
        }
        from = version.next();
    }
}

/// What the command led to, if it was executed before.
pub(crate) async fn recorded_outcome(
    log: &Arc<dyn EventLog>,
    stream: &StreamId,
    ids: &Ids,
) -> Result<Option<Outcome>, CommandError> {
    let Some(first) = log.find(ids::event_id(ids.command, 0)).await? else { return Ok(None) };
    let same_request =
        ids.request_hash == 0 || first.request_hash() == 0 || ids.request_hash == first.request_hash();
    if first.stream() != stream.as_str() || !same_request {
        return Err(CommandError::CommandIdReused);
    }
    let mut outcome = Outcome {
        stream: stream.clone(),
        position: first.position(),
        version: first.version(),
        events: vec![decode(&first)?],
        repeated: true,
    };
    loop {
        let page = log.read_stream(stream, outcome.version.next(), 64).await?;
        let count = page.len();
        for recorded in page {
            if recorded.command_id() != ids.command {
                return Ok(Some(outcome));
            }
            outcome.events.push(decode(&recorded)?);
            outcome.position = recorded.position();
            outcome.version = recorded.version();
        }
        if count < 64 {
            return Ok(Some(outcome));
        }
    }
}

/// The event as today's code sees it.
pub(crate) fn decode(recorded: &RecordedEvent) -> Result<Event, CommandError> {
    Event::decode(recorded.aggregate(), recorded.event_type(), recorded.schema_version(), recorded.payload())
        .map_err(|error| CommandError::UnreadableHistory {
            stream: recorded.stream_id(),
            version: recorded.version(),
            error,
        })
}
