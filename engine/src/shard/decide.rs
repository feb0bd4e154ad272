//! The first half of a command's way: from the queue to a decision and the log.

use super::{
    Group, InFlight, Shard,
    cache::CachedAggregate,
    commit::{AppendResult, send},
    history,
};
use crate::{
    CommandError, Outcome, ids,
    panics::caught,
    queued_command::{QueuedCommand, Reply},
    shared::EngineShared,
    snapshots,
};
use ahash::{AHashMap, AHashSet};
use bytes::Bytes;
use daybook_domain::{Actor, Context, Event};
use daybook_event_log::{Append, AppendFuture, ExpectedVersion, Metadata, NewEvent, StreamId, Version};
use futures::future::join_all;
use std::{borrow::Cow, collections::hash_map};
use tokio::time::Instant;

/// Commands that panicked, of which it is remembered. Beyond that all are forgotten.
const MAX_PANICKED_KNOWN: usize = 1_024;

/// A command with its decision.
pub(super) struct Decided {
    pub(super) work: QueuedCommand,
    pub(super) decision: Decision,
    /// How it fared in the log, once that is known and if it was written.
    pub(super) result: Option<AppendResult>,
}

pub(super) enum Decision {
    /// Its events are in the group: in the append of that index, after that many others.
    Written {
        events: Vec<Event>,
        append: usize,
        after: usize,
        snapshot: Option<Vec<u8>>,
    },
    /// Nothing to do: the stream is at this version, and everything is as wished.
    Unchanged(Version),
    Refused(CommandError),
    /// It had been executed before.
    Repeated(Outcome),
    /// The cached state was behind the log, or is not to be had yet: to be decided anew.
    Behind,
    /// Nothing was written, and the process that asked knows.
    Told,
}

impl Shard {
    pub(super) async fn execute(&mut self, commands: Vec<QueuedCommand>) {
        self.batch += 1;
        self.meters.batch(commands.len());
        let commands: Vec<QueuedCommand> = commands.into_iter().filter_map(|work| self.admit(work)).collect();
        let loaded = self.load_missing(&commands).await;
        let mut group = Appends::new(self.shared.sole_writer, commands.len());
        let mut decided = Vec::with_capacity(commands.len());
        for mut work in commands {
            let decision = self.decide(&mut work, &loaded.failures, &mut group);
            decided.push(Decided { work, decision, result: None });
        }
        let mut append = (!group.appends.is_empty()).then(|| self.shared.log.append(group.appends));
        let sequenced =
            append.as_mut().filter(|_| self.shared.run_ahead).and_then(AppendFuture::take_sequenced);
        // At once: whatever happens from here on, what was handed to the log is waited for.
        self.groups.push_back(Group::new(self.batch, sequenced, append));
        if !self.shared.sole_writer {
            self.look_up_doubtful(&mut decided, Some(&loaded.streams)).await;
        }
        if let Some(group) = self.groups.back_mut() {
            group.decided = decided;
        }
    }

    /// The work, if it is to be done; otherwise it is answered, or will be together with the one it repeats.
    fn admit(&mut self, work: QueuedCommand) -> Option<QueuedCommand> {
        if work.attempts > 0 || matches!(work.reply, Reply::Process(_)) {
            return Some(work);
        }
        if work.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.meters.answered(work.name, Some(&CommandError::DeadlinePassed));
            send(work.reply, Err(CommandError::DeadlinePassed));
            return None;
        }
        let request_hash = work.ids.request_hash;
        match self.in_flight.entry((work.ids.command, work.name)) {
            hash_map::Entry::Vacant(place) => {
                place.insert(InFlight { stream: work.stream.clone(), request_hash, also: Vec::new() });
                Some(work)
            }
            hash_map::Entry::Occupied(mut first) => {
                let first = first.get_mut();
                let same = first.request_hash == request_hash || first.request_hash == 0 || request_hash == 0;
                if first.stream == work.stream && same {
                    first.also.push(work.reply);
                } else {
                    send(work.reply, Err(CommandError::CommandIdReused));
                }
                None
            }
        }
    }

    /// Brings the aggregates of this batch into memory and keeps them there; the log is asked once.
    async fn load_missing(&mut self, commands: &[QueuedCommand]) -> Loaded {
        let mut loaded = Loaded::default();
        for work in commands {
            if !self.cache.pin(&work.stream, self.batch) && !self.unloadable.contains_key(&work.stream) {
                loaded.streams.insert(work.stream.clone());
            }
        }
        self.meters.cache(commands.len(), loaded.streams.len());
        if loaded.streams.is_empty() {
            return loaded;
        }
        let streams = loaded.streams.iter().cloned().collect();
        let shared = &self.shared;
        for (stream, entry) in history::load_all(&shared.log, &shared.snapshots, streams, self.batch).await {
            match entry {
                Ok(entry) => self.cache.insert(stream, entry, self.durable),
                Err(error) => drop(loaded.failures.insert(stream, error)),
            }
        }
        loaded
    }

    fn decide(
        &mut self,
        work: &mut QueuedCommand,
        failures: &AHashMap<StreamId, CommandError>,
        group: &mut Appends,
    ) -> Decision {
        if self.has_panicked_twice(work) {
            let detail = "the command has panicked before".to_owned();
            return Decision::Refused(CommandError::Panicked { stream: work.stream.clone(), detail });
        }
        if self.unloadable.contains_key(&work.stream) {
            return Decision::Behind;
        }
        let Some(entry) = self.cache.get_mut(&work.stream) else {
            let lost = CommandError::Invalid { reason: format!("{} could not be loaded", work.stream) };
            let error = failures.get(&work.stream).cloned().unwrap_or(lost);
            return Decision::Refused(error);
        };
        if let Some(expected) = work.expected.filter(|expected| *expected != entry.version) {
            let stream = work.stream.clone();
            let actual = entry.version;
            return Decision::Refused(CommandError::VersionConflict { stream, expected, actual });
        }
        let context = Context { now: work.occurred_at, actor: work.actor.clone() };
        // Only what may have to be decided anew is kept: a process repeats its whole reaction instead.
        let keep = !self.shared.sole_writer || matches!(work.reply, Reply::Caller(_));
        let command = if keep { work.command.clone() } else { work.command.take() };
        let command = command.expect("a command that may be decided anew was kept");
        let options = &self.shared.options;
        let decided = caught("decide", || {
            if options.on_reaching.is_some() {
                options.reach(&format!("decide {}", work.name));
            }
            entry.state.handle(command, &context)
        });
        let decided = match decided {
            Ok(decided) => decided,
            Err(panic) => return self.decision_panicked(work, panic),
        };
        let events = match decided {
            Err(rejection) => return Decision::Refused(CommandError::Rejected(rejection)),
            Ok(events) if events.is_empty() => return Decision::Unchanged(entry.version),
            Ok(events) => events,
        };
        let before = entry.version;
        entry.version = before.plus(events.len() as u64);
        let append = to_append(work, before, context.actor, &events);
        entry.last_event = append.events.last().map_or(entry.last_event, |event| event.event_id);
        let (append, after) = group.add(append);
        let snapshot = Self::snapshot_if_due(&self.shared, &work.stream, entry);
        Decision::Written { events, append, after, snapshot }
    }

    /// The state may be half changed, and what it stood on may not be in the log yet: the stream is loaded again when
    /// everything decided until now is durable.
    fn decision_panicked(&mut self, work: &QueuedCommand, detail: String) -> Decision {
        tracing::error!(stream = %work.stream, command = work.name, detail, "a decision panicked");
        self.cache.forget(&work.stream, self.batch);
        self.unloadable.insert(work.stream.clone(), self.batch);
        if self.panicked.len() >= MAX_PANICKED_KNOWN {
            self.panicked.clear();
        }
        *self.panicked.entry(work.ids.command).or_insert(0) += 1;
        Decision::Refused(CommandError::Panicked { stream: work.stream.clone(), detail })
    }

    fn has_panicked_twice(&self, work: &QueuedCommand) -> bool {
        !self.panicked.is_empty() && self.panicked.get(&work.ids.command).is_some_and(|times| *times >= 2)
    }

    fn snapshot_if_due(
        shared: &EngineShared,
        stream: &StreamId,
        entry: &mut CachedAggregate,
    ) -> Option<Vec<u8>> {
        if entry.version.get() < entry.snapshot_at {
            return None;
        }
        entry.snapshot_at = shared.snapshots.due_after(entry.version.get());
        Some(snapshots::encode(stream, &entry.state, entry.version, entry.last_event))
    }

    /// What wrote nothing may be a repetition of something that did, or may stand on a state that other writers have
    /// moved on from, unless its stream was just read. (What writes is checked by the log itself.)
    pub(super) async fn look_up_doubtful<'a>(
        &mut self,
        decided: &'a mut [Decided],
        just_read: Option<&AHashSet<StreamId>>,
    ) {
        let sole_writer = self.shared.sole_writer;
        let is_doubtful = |decided: &&mut Decided| {
            let unwritten = match &decided.decision {
                Decision::Unchanged(_) => true,
                Decision::Refused(error) => {
                    matches!(error, CommandError::Rejected(_) | CommandError::VersionConflict { .. })
                }
                _ => false,
            };
            unwritten && !(decided.work.fresh && sole_writer)
        };
        let look_up = |decided: &'a mut Decided| {
            let stream = &decided.work.stream;
            let is_current = just_read.is_none_or(|streams| streams.contains(stream));
            let decided_at = if is_current { None } else { self.cache.version(stream) };
            Doubt { decided, decided_at }.look_up(&self.shared)
        };
        let doubtful: Vec<_> = decided.iter_mut().filter(is_doubtful).map(look_up).collect();
        if !doubtful.is_empty() {
            join_all(doubtful).await;
        }
    }
}

/// A decision that has to be looked up in the log before it is told.
struct Doubt<'a> {
    decided: &'a mut Decided,
    /// If others write too: the version the stream was thought to have.
    decided_at: Option<Version>,
}

impl Doubt<'_> {
    async fn look_up(self, shared: &EngineShared) {
        let Self { decided, decided_at } = self;
        let work = &decided.work;
        match history::recorded_outcome(&shared.log, &work.stream, &work.ids).await {
            Ok(Some(outcome)) => return decided.decision = Decision::Repeated(outcome),
            Err(error) => return decided.decision = Decision::Refused(error),
            Ok(None) => {}
        }
        let Some(decided_at) = decided_at else { return };
        match shared.log.stream_version(&work.stream).await {
            Ok(actual) if actual <= decided_at => {}
            Ok(_) => decided.decision = Decision::Behind,
            Err(error) => decided.decision = Decision::Refused(CommandError::Log(error)),
        }
    }
}

/// A group being put together.
struct Appends {
    appends: Vec<Append>,
    /// Where others write too: which append is whose, so that all events a stream gets from this batch stand
    /// or fall together. Two appends might be refused and accepted, the second upon a state that never was:
    /// the other writer's event could bring the stream to just the version the second one expects.
    by_stream: Option<AHashMap<StreamId, usize>>,
}

impl Appends {
    fn new(sole_writer: bool, capacity: usize) -> Self {
        Self { appends: Vec::with_capacity(capacity), by_stream: (!sole_writer).then(AHashMap::new) }
    }

    /// The index of the append, and how many events it has before these.
    fn add(&mut self, append: Append) -> (usize, usize) {
        let index = self.appends.len();
        if let Some(by_stream) = &mut self.by_stream {
            let index = *by_stream.entry(append.stream.clone()).or_insert(index);
            if let Some(first) = self.appends.get_mut(index) {
                let after = first.events.len();
                first.events.extend(append.events);
                return (index, after);
            }
        }
        self.appends.push(append);
        (index, 0)
    }
}

#[derive(Default)]
struct Loaded {
    /// Read in this batch, so certainly not behind.
    streams: AHashSet<StreamId>,
    failures: AHashMap<StreamId, CommandError>,
}

fn to_append(work: &QueuedCommand, before: Version, actor: Actor, events: &[Event]) -> Append {
    let metadata = Metadata {
        occurred_at_ns: work.occurred_at.as_nanos(),
        command_id: work.ids.command,
        correlation_id: work.ids.correlation,
        causation_id: work.ids.causation,
        request_hash: work.ids.request_hash,
        actor: actor.to_string(),
    };
    let new_event = |(index, event): (usize, &Event)| NewEvent {
        event_id: ids::event_id(work.ids.command, index),
        event_type: Cow::Borrowed(event.type_name()),
        schema_version: event.schema_version(),
        metadata: metadata.clone(),
        payload: Bytes::from(event.encode()),
    };
    let expected =
        if before == Version::ZERO { ExpectedVersion::NoStream } else { ExpectedVersion::Exact(before) };
    Append {
        stream: work.stream.clone(),
        expected,
        events: events.iter().enumerate().map(new_event).collect(),
    }
}
