//! Where events for the processes come from: handed over by the shards, or read from the log where they were not.
//!
//! After a start, and whenever the processes fall far behind, everything is read from the log, and what is
//! handed over meanwhile is dropped: it will be read. Once the end is reached, what is handed over is enough; a gap
//! that stays (somebody else wrote to the log) is read again.

use super::{Reactor, Sequenced, trigger_event::TriggerEvent};
use crate::{ids, shared::EngineShared};
use daybook_domain::Event;
use daybook_event_log::{LogError, Position, RecordedEvent};
use daybook_subscriptions::{Backoff, BackoffLimits};
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

/// How many events are read at once.
const PAGE: usize = 1_024;
/// How many later events of a stream are looked at to see whether a reaction is over.
const LATER: usize = 16;
/// How long an event may be in the log before it is read instead of waiting for it to be handed over.
const GAP: Duration = Duration::from_millis(3);
/// The pauses after reads that failed.
const READ_AGAIN: BackoffLimits = BackoffLimits::DEFAULT.up_to(Duration::from_secs(1));
/// Backlog, in events, above which what is handed over is dropped and read from the log later. Bounds memory.
const FAR_BEHIND: usize = 16_384;

pub(super) struct ProcessInput {
    shared: Arc<EngineShared>,
    head: watch::Receiver<Position>,
    /// The log was closed.
    closed: bool,
    /// Everything is read, nothing is taken from the shards.
    reading: bool,
    /// Events before the checkpoint whose reactions were in flight.
    unfinished: VecDeque<Position>,
    /// Up to here, events may have been reacted to before this start.
    recovered: Position,
    backoff: Backoff,
    /// When to read what was not handed over.
    look_at_gap: Option<Instant>,
    /// The id of the log's first event; nil while there is none.
    log: Uuid,
}

impl ProcessInput {
    pub(super) fn new(
        shared: Arc<EngineShared>,
        log: Uuid,
        unfinished: impl IntoIterator<Item = Position>,
    ) -> Self {
        let head = shared.log.head();
        // What was handed over before may have been reacted to by a runner that has ended.
        let recovered = shared.handed_over().max(*head.borrow());
        let unfinished = unfinished.into_iter().collect();
        Self {
            shared,
            head,
            closed: false,
            reading: true,
            unfinished,
            recovered,
            backoff: Backoff::new(READ_AGAIN, log.as_u64_pair().1),
            look_at_gap: None,
            log,
        }
    }

    /// The id of the log's first event; nil while there is none.
    pub(super) const fn log(&self) -> Uuid {
        self.log
    }

    /// Events before the checkpoint that have not been taken up again yet.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = Position> + '_ {
        self.unfinished.iter().copied()
    }

    pub(super) fn head(&self) -> Position {
        *self.head.borrow()
    }

    /// Whether there is something to read at once.
    pub(super) fn has_more(&self) -> bool {
        self.look_at_gap.is_none() && (self.reading || !self.unfinished.is_empty())
    }

    /// When to look again, even if nothing comes.
    pub(super) const fn look_again_at(&self) -> Option<Instant> {
        self.look_at_gap
    }

    /// Resolves when the log is durable up to `position`; never, if it is closed before.
    pub(super) async fn durable(&mut self, position: Position) {
        if self.closed || self.head.wait_for(|head| *head >= position).await.is_err() {
            self.closed = true;
            std::future::pending::<()>().await;
        }
    }

    /// Reads what has to be read, one page at most.
    pub(super) async fn read(&mut self, reactor: &mut Reactor) {
        let head = self.head();
        if self.look_at_gap.is_some_and(|at| Instant::now() < at) {
            return;
        }
        if let Some(position) = self.unfinished.front().copied() {
            self.look_at_gap = None;
            if self.read_one(position, reactor).await {
                self.unfinished.pop_front();
            }
        } else if self.reading || self.look_at_gap.is_some() {
            self.read_page(head, reactor).await;
        } else if head > reactor.watermark.through() {
            self.look_at_gap = Some(Instant::now() + GAP);
        }
    }

    /// An event from before the checkpoint whose reaction has to be taken up again.
    async fn read_one(&mut self, position: Position, reactor: &mut Reactor) -> bool {
        match self.read_with_ends(position, 1, reactor).await {
            Ok((events, over)) => {
                self.backoff.reset();
                if let Some(recorded) = events.first().filter(|recorded| recorded.position() == position) {
                    self.take_recorded(recorded, over[0], false, reactor);
                }
                true
            }
            Err(error) => self.failed(&error),
        }
    }

    async fn read_page(&mut self, head: Position, reactor: &mut Reactor) {
        self.look_at_gap = None;
        let through = reactor.watermark.through();
        if head <= through {
            self.reading = false;
            return;
        }
        match self.read_with_ends(through.next(), PAGE, reactor).await {
            Ok((events, over)) => {
                self.backoff.reset();
                // A whole page that nobody handed over: better read on than wait.
                self.reading = events.len() == PAGE || (self.reading && !events.is_empty());
                for (recorded, over) in events.iter().zip(over) {
                    if reactor.watermark.see(recorded.position()) {
                        self.take_recorded(recorded, over, true, reactor);
                    }
                }
            }
            Err(error) => {
                self.failed(&error);
            }
        }
    }

    /// Events from a position on; with each, as bits, the processes whose reaction is known to be over.
    async fn read_with_ends(
        &self,
        from: Position,
        limit: usize,
        reactor: &mut Reactor,
    ) -> Result<(Vec<RecordedEvent>, Vec<u64>), LogError> {
        let events = self.shared.log.read_all(from, limit).await?;
        let mut over = vec![0; events.len()];
        let (mut asked, mut streams) = (Vec::new(), Vec::new());
        for (index, recorded) in events.iter().enumerate().filter(|(_, recorded)| self.recovering(recorded)) {
            let (aggregate, event_type) = (recorded.aggregate(), recorded.event_type());
            over[index] = reactor.set_aside(aggregate, event_type, recorded.position());
            for process in self.shared.concerns.concerned(aggregate, event_type) {
                let conclusions = reactor.conclusions(process);
                if !conclusions.is_empty() {
                    asked.push((index, process, conclusions));
                    streams.push((recorded.stream_id(), recorded.version().next()));
                }
            }
        }
        // A server would be asked for nothing, page by page.
        if streams.is_empty() {
            return Ok((events, over));
        }
        let later = self.shared.log.read_streams(&streams, LATER).await;
        for ((index, process, conclusions), later) in asked.into_iter().zip(later) {
            if later?.iter().any(|event| conclusions.contains(&event.event_type())) {
                over[index] |= 1 << process;
            }
        }
        Ok((events, over))
    }

    fn recovering(&self, recorded: &RecordedEvent) -> bool {
        recorded.position() <= self.recovered
    }

    fn failed(&mut self, error: &LogError) -> bool {
        tracing::warn!(%error, "the processes cannot read the log; trying again");
        self.look_at_gap = Some(Instant::now() + self.backoff.pause());
        false
    }

    /// Takes in an event as the log has it.
    fn take_recorded(
        &mut self,
        recorded: &RecordedEvent,
        over: u64,
        with_deadline: bool,
        reactor: &mut Reactor,
    ) {
        if recorded.position() == Position::new(1) {
            self.log = recorded.event_id();
        }
        if self.shared.concerns.mask(recorded.aggregate(), recorded.event_type()) == 0 {
            return;
        }
        match crate::shard::decode(recorded) {
            Ok(event) => {
                let event = TriggerEvent::recorded(recorded, event, self.recovering(recorded), over);
                reactor.take(event, with_deadline.then_some(recorded.recorded_at_ns()));
            }
            Err(error) => reactor.unreadable(recorded, &error),
        }
    }

    /// Takes in events as a shard hands them over.
    pub(super) fn handed_over(
        &mut self,
        sequenced: &Sequenced,
        concerned: Vec<(usize, Event)>,
        reactor: &mut Reactor,
    ) {
        if reactor.backlog() > FAR_BEHIND {
            self.reading = true;
        }
        if self.reading {
            return;
        }
        if self.log.is_nil() && sequenced.first_position == Position::new(1) {
            self.log = ids::event_id(sequenced.command_id, 0);
        }
        let mut concerned = concerned.into_iter().peekable();
        for index in 0..sequenced.count {
            let position = sequenced.first_position.plus(index as u64);
            let new = reactor.watermark.see(position);
            let Some((_, event)) = concerned.next_if(|(at, _)| *at == index) else { continue };
            if !new {
                continue;
            }
            let event = TriggerEvent {
                position,
                version: sequenced.first_version.plus(index as u64),
                event_id: ids::event_id(sequenced.command_id, index),
                correlation_id: sequenced.correlation_id,
                occurred_at: sequenced.occurred_at,
                stream: sequenced.stream.clone(),
                event,
                recovering: false,
                over: 0,
                holding: AtomicU32::new(0),
            };
            reactor.take(event, Some(sequenced.recorded_at_ns));
        }
    }
}
