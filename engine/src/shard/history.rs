//! Reads a stream's past: to rebuild an aggregate, or to find what a command led to when it was executed
//! before.

use crate::{
    CommandError, Outcome, ids,
    panics::caught,
    queued_command::CommandIds,
    shard::cache::CachedAggregate,
    snapshots::{Snapshot, Snapshots},
};
use daybook_domain::{AggregateState, Event, request::RequestEvent};
use daybook_event_log::{EventLog, LogError, RecordedEvent, StreamId, Version};
use futures::future::join_all;
use std::sync::Arc;
use uuid::Uuid;

/// How many events of each stream are read at first, for all of a batch together.
const FIRST_PAGE: usize = 128;
/// How many events are read at once after that.
const PAGE: usize = 1_024;

/// Rebuilds aggregates, each from its snapshot, if one fits, and the events after it. The log is asked for all of them
/// together; what is long is then read on by itself.
pub(crate) async fn load_all(
    log: &Arc<dyn EventLog>,
    snapshots: &Snapshots,
    streams: Vec<StreamId>,
    batch: u64,
) -> Vec<(StreamId, Result<CachedAggregate, CommandError>)> {
    let beginning = streams.into_iter().map(|stream| async {
        let snapshot = snapshots.read(&stream).await;
        let past = Past::begin(snapshots, &stream, snapshot);
        (stream, past)
    });
    let (mut begun, mut nameless) = (Vec::new(), Vec::new());
    for (stream, past) in join_all(beginning).await {
        match past {
            Some(past) => begun.push((stream, past)),
            None => nameless.push(stream),
        }
    }
    let wanted: Vec<(StreamId, Version)> =
        begun.iter().map(|(stream, past)| (stream.clone(), past.next())).collect();
    let pages = log.read_streams(&wanted, FIRST_PAGE).await;
    let loading = begun.into_iter().zip(pages).map(|((stream, past), page)| async move {
        let entry = load(log, snapshots, &stream, past, page).await;
        (stream, entry.map(|past| past.into_entry(batch)))
    });
    let mut loaded = join_all(loading).await;
    loaded.extend(nameless.into_iter().map(|stream| {
        let reason = format!("no aggregate is called {:?}", stream.aggregate());
        (stream, Err(CommandError::Invalid { reason }))
    }));
    loaded
}

/// Goes on from the first page to the end of the stream; from the stream's beginning if the snapshot does not fit.
async fn load(
    log: &Arc<dyn EventLog>,
    snapshots: &Snapshots,
    stream: &StreamId,
    mut past: Past,
    page: Result<Vec<RecordedEvent>, LogError>,
) -> Result<Past, CommandError> {
    let (mut page, mut limit) = (page?, FIRST_PAGE);
    loop {
        let taken = caught("evolve", || past.take(&page));
        let taken = taken.map_err(|detail| CommandError::Panicked { stream: stream.clone(), detail })?;
        if taken? {
            if page.len() < limit {
                return Ok(past);
            }
        } else {
            tracing::warn!(%stream, "ignoring a snapshot that does not fit its stream");
            let Some(anew) = Past::begin(snapshots, stream, None) else { return Ok(past) };
            past = anew;
        }
        limit = PAGE;
        page = log.read_stream(stream, past.next(), limit).await?;
    }
}

/// An aggregate on its way from the log to memory.
struct Past {
    state: AggregateState,
    version: Version,
    last_event: Uuid,
    snapshot_at: u64,
    /// The snapshot's own last event is read again: if it is not the same, the snapshot is of another past.
    check: bool,
}

impl Past {
    /// None if there is no such aggregate.
    fn begin(snapshots: &Snapshots, stream: &StreamId, snapshot: Option<Snapshot>) -> Option<Self> {
        let (state, version, last_event) = match snapshot {
            Some(snapshot) => (snapshot.state, snapshot.version, snapshot.last_event),
            None => (AggregateState::new(stream.aggregate())?, Version::ZERO, Uuid::nil()),
        };
        let snapshot_at = snapshots.due_after(version.get());
        Some(Self { state, version, last_event, snapshot_at, check: version != Version::ZERO })
    }

    /// The version to read from.
    const fn next(&self) -> Version {
        if self.check { self.version } else { self.version.next() }
    }

    /// Takes events in; false if they show that the snapshot is of another past.
    fn take(&mut self, page: &[RecordedEvent]) -> Result<bool, CommandError> {
        let mut events = page;
        if std::mem::take(&mut self.check) {
            match events.split_first() {
                Some((first, rest))
                    if first.event_id() == self.last_event && first.version() == self.version =>
                {
                    events = rest;
                }
                _ => return Ok(false),
            }
        }
        for recorded in events {
            self.state.apply(&decode(recorded)?);
            self.version = recorded.version();
            self.last_event = recorded.event_id();
        }
        Ok(true)
    }

    fn into_entry(self, batch: u64) -> CachedAggregate {
        CachedAggregate::new(self.state, self.version, self.last_event, self.snapshot_at, batch)
    }
}

/// What the command led to, if it was executed before.
pub(crate) async fn recorded_outcome(
    log: &Arc<dyn EventLog>,
    stream: &StreamId,
    ids: &CommandIds,
) -> Result<Option<Outcome>, CommandError> {
    let Some(first) = log.find(ids::event_id(ids.command, 0)).await? else { return Ok(None) };
    let same_request =
        ids.request_hash == 0 || first.request_hash() == 0 || ids.request_hash == first.request_hash();
    if !same_request {
        return Err(CommandError::CommandIdReused);
    }
    if first.stream() != stream.as_str() {
        return unchanged(stream, &first).map(Some);
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

/// The outcome of a command for `stream` that changed nothing, if that is what `recorded` says.
fn unchanged(stream: &StreamId, recorded: &RecordedEvent) -> Result<Outcome, CommandError> {
    match decode(recorded)? {
        Event::Request(RequestEvent::RequestChangedNothing(of)) if of.of_stream == stream.as_str() => {
            Ok(Outcome {
                stream: stream.clone(),
                position: recorded.position(),
                version: Version::new(of.of_version),
                events: Vec::new(),
                repeated: true,
            })
        }
        _ => Err(CommandError::CommandIdReused),
    }
}

/// The event as today's code sees it.
pub(crate) fn decode(recorded: &RecordedEvent) -> Result<Event, CommandError> {
    Event::decode(recorded.aggregate(), recorded.event_type(), recorded.schema_version(), recorded.payload())
        .map_err(|error| {
            let (stream, version) = (recorded.stream_id(), recorded.version());
            match error.is_for_newer_program() {
                true => CommandError::NewerProgram { stream, version, error },
                false => CommandError::UnreadableHistory { stream, version, error },
            }
        })
}
