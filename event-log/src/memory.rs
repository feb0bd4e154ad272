//! A log that forgets: the whole contract in as little code as possible.
//!
//! It is the oracle the durable backends are compared with, and the log of unit tests elsewhere. For these it can have
//! a disk that is slow ([`MemoryLog::hold_syncs`]) or fails, and a crash ([`MemoryLog::crash`]). Nothing survives the
//! process, and nothing here is tuned.

use crate::{
    Append, AppendFuture, AppendOutcome, AppendRejection, AppendResult, Appended, EventLog, ExpectedVersion,
    LogError, NewEvent, Position, RecordedEvent, StreamId, Version,
};
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

/// The largest payload one event may have, in bytes.
const MAX_PAYLOAD_BYTES: usize = 4 << 20;

type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// An event log in memory. Its clock, unless given, ticks one nanosecond per append.
pub struct MemoryLog {
    state: Mutex<MemoryState>,
    head: watch::Receiver<Position>,
    clock: Clock,
    sole_writer: bool,
}

#[derive(Default)]
struct MemoryState {
    /// All that is sequenced; the first `durable` of them can be read.
    events: Vec<RecordedEvent>,
    durable: usize,
    streams: HashMap<String, Vec<usize>>,
    ids: HashMap<Uuid, usize>,
    /// Appends that wait for a sync; none while each is durable at once.
    waiting: Option<VecDeque<WaitingAppend>>,
    /// Gone once the log is closed, which ends its followers.
    head: Option<watch::Sender<Position>>,
    failure: Option<LogError>,
}

/// Waits until the first `events` of the log are durable.
struct WaitingAppend {
    events: usize,
    answer: oneshot::Sender<AppendResult>,
    outcomes: Vec<AppendOutcome>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLog {
    /// An empty log that this process alone writes to.
    #[must_use]
    pub fn new() -> Self {
        let ticks = AtomicI64::new(0);
        Self::with_clock(move || ticks.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// An empty log that takes `recorded_at`, in ns since the Unix epoch, from `clock`.
    #[must_use]
    pub fn with_clock(clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self::of(Vec::new(), Arc::new(clock), true)
    }

    fn of(events: Vec<RecordedEvent>, clock: Clock, sole_writer: bool) -> Self {
        let mut state = MemoryState::default();
        events.into_iter().for_each(|event| state.put(event));
        state.durable = state.events.len();
        let (sender, head) = watch::channel(Position::new(state.durable as u64));
        state.head = Some(sender);
        Self { state: Mutex::new(state), head, clock, sole_writer }
    }

    /// The same log, but claiming that others may write to it too.
    #[must_use]
    pub fn shared_with_others(mut self) -> Self {
        self.sole_writer = false;
        self
    }

    /// From now on every append fails with `failure`, until called with `None`. Reads go on.
    pub fn fail_appends(&self, failure: Option<LogError>) {
        self.state.lock().failure = failure;
    }

    /// From now on appends are sequenced at once, and durable after the next [`Self::sync`].
    pub fn hold_syncs(&self) {
        self.state.lock().waiting.get_or_insert_default();
    }

    /// Makes durable what is sequenced.
    pub fn sync(&self) {
        self.sync_to(Position::new(u64::MAX));
    }

    /// Makes durable what is sequenced up to `position`: what came later was not written when the sync began.
    pub fn sync_to(&self, position: Position) {
        self.state.lock().sync_to(usize::try_from(position.get()).unwrap_or(usize::MAX));
    }

    /// The last position that is sequenced.
    #[must_use]
    pub fn sequenced(&self) -> Position {
        Position::new(self.state.lock().events.len() as u64)
    }

    /// The next sync fails: what waits for it will not become durable, and the log takes nothing more.
    pub fn fail_sync(&self) {
        let mut state = self.state.lock();
        let failure = LogError::Poisoned { detail: "a sync failed".to_owned() };
        for waiting in state.waiting.as_mut().map(std::mem::take).unwrap_or_default() {
            let _ = waiting.answer.send(Err(failure.clone()));
        }
        state.failure = Some(failure);
    }

    /// What is found after a crash: all that was durable, and the first `more` events of what was only sequenced. This
    /// log is closed by it, and answers to nobody.
    #[must_use]
    pub fn crash(&self, more: usize) -> Self {
        let mut state = self.state.lock();
        let found = state.events.len().min(state.durable.saturating_add(more));
        let events = state.events[..found].to_vec();
        state.head = None;
        state.waiting = None;
        Self::of(events, Arc::clone(&self.clock), self.sole_writer)
    }
}

impl MemoryState {
    fn put(&mut self, event: RecordedEvent) {
        self.ids.insert(event.event_id(), self.events.len());
        self.streams.entry(event.stream().to_owned()).or_default().push(self.events.len());
        self.events.push(event);
    }

    fn sync_to(&mut self, events: usize) {
        if self.failure.is_some() {
            return;
        }
        self.durable = self.durable.max(self.events.len().min(events));
        let position = Position::new(self.durable as u64);
        if let Some(head) = &self.head {
            head.send_if_modified(|head| std::mem::replace(head, position) != position);
        }
        let Some(waiting) = &mut self.waiting else { return };
        while let Some(first) = waiting.pop_front_if(|first| first.events <= self.durable) {
            let _ = first.answer.send(Ok(first.outcomes));
        }
    }

    /// The indexes of the events of `stream` that can be read.
    fn durable_of(&self, stream: &StreamId) -> &[usize] {
        let all = self.streams.get(stream.as_str()).map_or(&[][..], Vec::as_slice);
        &all[..all.partition_point(|at| *at < self.durable)]
    }

    fn take(&mut self, append: &Append, now_ns: i64) -> AppendOutcome {
        check(append)?;
        if let Some(there) = self.already_there(append)? {
            return Ok(there);
        }
        let stream = append.stream.as_str();
        let actual = Version::new(self.streams.get(stream).map_or(0, |events| events.len() as u64));
        if !append.expected.holds(actual) {
            return Err(conflict(append, actual));
        }
        let first_position = Position::new(self.events.len() as u64 + 1);
        for (event, n) in append.events.iter().zip(0..) {
            let mut bytes = Vec::new();
            let (position, version) = (first_position.plus(n), actual.plus(n + 1));
            RecordedEvent::encode(&mut bytes, &append.stream, position, version, now_ns, event);
            let recorded =
                RecordedEvent::decode(Bytes::from(bytes)).expect("check() admits only what decodes");
            self.put(recorded);
        }
        let more = append.events.len() as u64 - 1;
        Ok(Appended {
            first_position,
            last_position: first_position.plus(more),
            first_version: actual.next(),
            last_version: actual.next().plus(more),
            recorded_at_ns: now_ns,
            already_there: false,
        })
    }

    fn already_there(&self, append: &Append) -> Result<Option<Appended>, AppendRejection> {
        let Some((known, at)) = append.events.iter().find_map(|e| Some((e, *self.ids.get(&e.event_id)?)))
        else {
            return Ok(None);
        };
        let first = &self.events[at];
        let stands = append.events.iter().zip(0..).all(|(event, n)| {
            self.ids.get(&event.event_id).is_some_and(|at| {
                let there = &self.events[*at];
                there.position() == first.position().plus(n)
                    && there.version() == first.version().plus(n)
                    && there.stream() == append.stream.as_str()
            })
        });
        if !stands {
            return Err(reused(append, known));
        }
        let more = append.events.len() as u64 - 1;
        Ok(Some(Appended {
            first_position: first.position(),
            last_position: first.position().plus(more),
            first_version: first.version(),
            last_version: first.version().plus(more),
            recorded_at_ns: first.recorded_at_ns(),
            already_there: true,
        }))
    }
}

fn check(append: &Append) -> Result<(), AppendRejection> {
    let mut seen = HashSet::new();
    if append.events.is_empty() {
        let reason = "an append needs at least one event".to_owned();
        return Err(AppendRejection::Invalid { stream: append.stream.clone(), reason });
    }
    for event in &append.events {
        RecordedEvent::check_sizes(event, MAX_PAYLOAD_BYTES)
            .map_err(|reason| AppendRejection::Invalid { stream: append.stream.clone(), reason })?;
        if !seen.insert(event.event_id) {
            return Err(reused(append, event));
        }
    }
    Ok(())
}

fn conflict(append: &Append, actual: Version) -> AppendRejection {
    AppendRejection::Conflict { stream: append.stream.clone(), expected: append.expected, actual }
}

fn reused(append: &Append, event: &NewEvent) -> AppendRejection {
    AppendRejection::EventIdReused { stream: append.stream.clone(), event_id: event.event_id }
}

impl ExpectedVersion {
    /// Whether a stream at version `actual` is as expected.
    #[must_use]
    pub fn holds(self, actual: Version) -> bool {
        match self {
            Self::Any => true,
            Self::NoStream => actual == Version::ZERO,
            Self::Exact(version) => actual == version,
        }
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    fn append(&self, group: Vec<Append>) -> AppendFuture {
        let mut state = self.state.lock();
        if state.head.is_none() {
            return AppendFuture::ready(Err(LogError::Closed));
        }
        if let Some(failure) = &state.failure {
            return AppendFuture::ready(Err(failure.clone()));
        }
        let now_ns = (self.clock)();
        let outcomes: Vec<_> = group.iter().map(|append| state.take(append, now_ns)).collect();
        let events = state.events.len();
        match &mut state.waiting {
            None => {
                state.sync_to(usize::MAX);
                AppendFuture::ready(Ok(outcomes))
            }
            Some(waiting) => {
                let (answer, durable) = oneshot::channel();
                waiting.push_back(WaitingAppend { events, answer, outcomes: outcomes.clone() });
                let durable = async move { durable.await.unwrap_or(Err(LogError::Closed)) };
                AppendFuture::new(std::future::ready(Ok(outcomes)), durable)
            }
        }
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let state = self.state.lock();
        let skip = usize::try_from(from.get().saturating_sub(1)).unwrap_or(usize::MAX);
        let indexes = state.durable_of(stream).iter();
        Ok(indexes.skip(skip).take(limit).map(|at| state.events[*at].clone()).collect())
    }

    async fn read_all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let skip = usize::try_from(from.get().saturating_sub(1)).unwrap_or(usize::MAX);
        let state = self.state.lock();
        Ok(state.events[..state.durable].iter().skip(skip).take(limit).cloned().collect())
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        let state = self.state.lock();
        let at = state.ids.get(&event_id).filter(|at| **at < state.durable);
        Ok(at.map(|at| state.events[*at].clone()))
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        let state = self.state.lock();
        Ok(Version::new(state.durable_of(stream).len() as u64))
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    fn is_sole_writer(&self) -> bool {
        self.sole_writer
    }

    async fn close(&self) -> Result<(), LogError> {
        let mut state = self.state.lock();
        state.sync_to(usize::MAX);
        state.head = None;
        state.waiting = None;
        Ok(())
    }
}
