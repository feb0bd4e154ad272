//! Reactions: what processes want done about an event, from the event to its end.
//!
//! ```text
//! event ─→ react ─→ commands ──all answered──→ resolve ─→ commands ──all answered──→ done
//!    ^        '───→ outside call ─→ command that records the answer ────────────────→ done
//!    '── timer <── tried again later, asked again later          given up ──→ dead letter
//! ```
//!
//! Every reaction ends in done, in a timer, or in a dead letter. The caller (`Runner`) brings events
//! and answers, and reads the events of timers that are due.

mod due_timers;
mod durable;
mod failures;

use super::{
    StepKey, bits,
    commands_out::{CommandsOut, ProcessStep},
    failure::FailureVerdict,
    held_back::{HeldBack, HeldUntilDurable},
    outside_calls::{Answered, OutsideCall, OutsideCalls},
    reaction_table::{Reaction, ReactionId, ReactionTable, Stage},
    stream_queue::StreamQueues,
    timers::{DueTimer, TimerKey, Timers},
    trigger_event::TriggerEvent,
    watermark::Watermark,
};
use crate::{CommandError, panics::caught, shared::EngineShared};
use daybook_domain::{
    Command, Timestamp,
    process::{Deadline, Process, Reaction as Wanted, StepOutcome},
};
use daybook_event_log::Position;
use daybook_subscriptions::BackoffLimits;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// How often the gateway is asked what became of a payment: soon at first, then ever more rarely.
const POLLS: BackoffLimits = BackoffLimits { shortest: Duration::from_millis(100), ..BackoffLimits::DEFAULT };

pub(super) struct Reactor {
    shared: Arc<EngineShared>,
    processes: Vec<Arc<dyn Process>>,
    pub(super) watermark: Watermark,
    table: ReactionTable,
    streams: StreamQueues,
    /// Events waiting for room among the reactions in flight.
    waiting: VecDeque<Arc<TriggerEvent>>,
    out: CommandsOut,
    pub(super) calls: OutsideCalls,
    pub(super) timers: Timers,
    /// What waits until the log is durable up to some position.
    held: HeldUntilDurable,
    /// Timers that were due before their events were durable, which they now are.
    let_go: Vec<DueTimer>,
    durable: watch::Receiver<Position>,
    /// Reactions that keep their place and wait for the surroundings to recover.
    pauses: BinaryHeap<Reverse<(Instant, ReactionId)>>,
    /// Reactions in flight that timers began.
    due_in_flight: usize,
    started: (Instant, Timestamp),
}

impl Reactor {
    pub(super) fn new(
        shared: Arc<EngineShared>,
        processes: Vec<Arc<dyn Process>>,
        through: Position,
        first_epoch: u32,
    ) -> Self {
        let options = &shared.options;
        let names = processes.iter().map(|process| process.name()).collect();
        Self {
            watermark: Watermark::after(through),
            table: ReactionTable::new(first_epoch),
            streams: StreamQueues::default(),
            waiting: VecDeque::new(),
            out: CommandsOut::new(Arc::clone(&shared), names),
            calls: OutsideCalls::new(
                Arc::clone(&options.gateway),
                options.gateway_calls_in_flight,
                options.gateway_timeout,
            ),
            timers: Timers::default(),
            held: HeldUntilDurable::default(),
            let_go: Vec::new(),
            durable: shared.log.head(),
            pauses: BinaryHeap::new(),
            due_in_flight: 0,
            started: (Instant::now(), options.clock.now()),
            shared,
            processes,
        }
    }

    /// How many events wait to be reacted to.
    pub(super) fn backlog(&self) -> usize {
        self.waiting.len() + self.streams.queued()
    }

    /// Whether further events may be taken in.
    pub(super) fn has_room(&self) -> bool {
        self.backlog() < self.shared.options.reactions_in_flight
    }

    pub(super) const fn in_flight(&self) -> usize {
        self.table.used()
    }

    pub(super) fn name_of(&self, process: usize) -> &'static str {
        self.processes[process].name()
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.processes.iter().map(|process| process.name()).collect()
    }

    pub(super) fn process_called(&self, name: &str) -> Option<usize> {
        self.processes.iter().position(|process| process.name() == name)
    }

    /// What events later in the stream show that the process' reaction is over.
    pub(super) fn conclusions(&self, process: usize) -> &'static [&'static str] {
        caught("process", || self.processes[process].conclusions()).unwrap_or_default()
    }

    /// The processes whose reaction to the event waits for a timer or was given up, as bits.
    pub(super) fn set_aside(&self, aggregate: &str, event_type: &str, position: Position) -> u64 {
        let concerned = self.shared.concerns.concerned(aggregate, event_type);
        let aside = concerned.filter(|process| {
            self.timers.holds(*process, position)
                || self.shared.dead_letters.holds(self.name_of(*process), position)
        });
        aside.fold(0, |mask, process| mask | 1 << process)
    }

    /// Takes in an event: sets or clears deadlines, if it is told when it was recorded; then it waits for its turn.
    pub(super) fn take(&mut self, event: TriggerEvent, recorded_at_ns: Option<i64>) {
        if let Some(recorded_at_ns) = recorded_at_ns {
            let concerned = self.shared.concerns.concerned(event.event.aggregate(), event.event.type_name());
            for process in concerned {
                self.look_at_deadline(&event, process, recorded_at_ns);
            }
        }
        self.watermark.open(event.position);
        self.waiting.push_back(Arc::new(event));
    }

    /// Sets or clears what the event means for the deadline of a process.
    fn look_at_deadline(&mut self, event: &TriggerEvent, process: usize, recorded_at_ns: i64) {
        match caught("process", || self.processes[process].deadline(event.trigger(0))) {
            Ok(Deadline::Unchanged) => {}
            Ok(Deadline::Cleared) => {
                self.timers.clear_deadline(process, &event.stream, event.position);
            }
            Ok(Deadline::Set { after, .. }) => {
                let due = Timestamp::from_nanos(recorded_at_ns).after(after);
                self.timers.set_deadline(process, event.stream.clone(), due, event.position);
            }
            Err(panic) => self.give_up(event, process, true, 1, panic, None),
        }
    }

    /// Begins reactions as far as there is room.
    pub(super) fn begin_waiting(&mut self) {
        self.next_turns();
        while self.table.used() - self.due_in_flight < self.shared.options.reactions_in_flight {
            let Some(event) = self.waiting.pop_front() else { break };
            if let Some(event) = self.streams.enter(event) {
                self.react(&event);
            }
            self.next_turns();
        }
    }

    /// Sends the commands of this round.
    pub(super) fn send(&mut self) {
        self.out.flush();
    }

    /// Begins all reactions to an event, for which the watermark is held open.
    fn react(&mut self, event: &Arc<TriggerEvent>) {
        let mask = self.shared.concerns.mask(event.event.aggregate(), event.event.type_name());
        for process in bits(mask & !event.over) {
            self.begin(event, process, 0, None);
        }
        // Whatever it led to holds the watermark by itself.
        self.watermark.close(event.position);
    }

    fn begin(&mut self, event: &Arc<TriggerEvent>, process: usize, attempt: u32, timer: Option<TimerKey>) {
        let (request, until_known) = match caught("process", || {
            self.processes[process].react(event.trigger(attempt))
        }) {
            Ok(Wanted::Nothing) => return timer.into_iter().for_each(|timer| self.timers.done(timer)),
            Ok(Wanted::Commands(commands)) => {
                let mut reaction = Reaction::new(Arc::clone(event), process, Stage::Reacting, attempt, timer);
                if timer.is_none() {
                    reaction.holds_stream = true;
                    event.holding.fetch_add(1, Ordering::Relaxed);
                    self.streams.hold(event);
                }
                let id = self.place(reaction);
                return self.step(id, commands);
            }
            Ok(Wanted::CallGateway(request)) => (request, false),
            Ok(Wanted::ResolveGateway(request)) => (request, true),
            Err(panic) => return self.give_up(event, process, false, attempt + 1, panic, timer),
        };
        let event = Arc::clone(event);
        self.call(OutsideCall { event, process, request, until_known, attempt, timer });
    }

    /// Makes a call as soon as its event is durable and it may be made. The watermark is held open until it is answered.
    fn call(&mut self, call: OutsideCall) {
        let position = call.event.position;
        self.watermark.open(position);
        self.hold_until_durable(position, HeldBack::Call(call));
    }

    fn place(&mut self, reaction: Reaction) -> ReactionId {
        self.watermark.open(reaction.event.position);
        self.due_in_flight += usize::from(Self::began_by_due_commands(&reaction));
        self.table.put(reaction)
    }

    const fn began_by_due_commands(reaction: &Reaction) -> bool {
        reaction.timer.is_some() && !matches!(reaction.stage, Stage::Recording(..))
    }

    /// Sends the commands of a stage; without any, the stage is over.
    fn step(&mut self, id: ReactionId, commands: Vec<Command>) {
        if commands.is_empty() {
            return self.stage_over(id);
        }
        let Some(reaction) = self.table.get(id) else { return };
        let offset = reaction.first_number();
        let due = if let Stage::Deadline(_, due) = &reaction.stage { Some(*due) } else { None };
        let mut sent = Vec::with_capacity(commands.len());
        for (index, command) in commands.into_iter().enumerate() {
            let index_in_stage = u32::try_from(index).unwrap_or(u32::MAX);
            let step = ProcessStep {
                key: StepKey { slot: id.slot, epoch: id.epoch, index: index_in_stage },
                process: reaction.process,
                number: offset + index,
                event: &reaction.event,
                due,
                fresh: reaction.failures == 0 && reaction.attempt == 0,
            };
            let name = command.name();
            sent.push((name, self.out.push(&step, command)));
        }
        reaction.expect(sent);
    }

    /// Takes in the answer to a step.
    pub(super) fn answered(&mut self, key: StepKey, answer: Result<StepOutcome, CommandError>) {
        let id = ReactionId { slot: key.slot, epoch: key.epoch };
        let Some(reaction) = self.table.get(id) else { return };
        if reaction.answered(key.index as usize, answer) {
            self.stage_over(id);
        }
    }

    /// Every command of the stage was answered.
    fn stage_over(&mut self, id: ReactionId) {
        let Some(reaction) = self.table.get(id) else { return };
        if let Some(error) = reaction.take_error() {
            return self.failed(id, &error);
        }
        let (process, attempt) = (reaction.process, reaction.attempt);
        let rules = Arc::clone(&self.processes[process]);
        let event = Arc::clone(&reaction.event);
        let judged = caught("process", || FailureVerdict::of(&*rules, reaction));
        match judged {
            Ok(FailureVerdict::GoOn) => {}
            Ok(FailureVerdict::TryLater(after)) => return self.try_later(id, after),
            Ok(FailureVerdict::DeadReaction(reason)) | Err(reason) => return self.end_dead(id, reason),
        }
        let outcomes = reaction.take_outcomes();
        if matches!(reaction.stage, Stage::Reacting) {
            reaction.offset = outcomes.len();
            reaction.stage = Stage::Resolving;
            return match caught("process", || rules.resolve(event.trigger(attempt), &outcomes)) {
                Ok(commands) if commands.is_empty() => self.end(id, true),
                Ok(commands) => self.step(id, commands),
                Err(panic) => self.end_dead(id, panic),
            };
        }
        if let Stage::Recording(call, answer) = &reaction.stage
            && matches!(outcomes.first(), Some(Ok(_)))
            && call.goes_on_after(answer)
        {
            return self.try_later(id, POLLS.pause(attempt, event.position.get()));
        }
        self.end(id, true);
    }

    /// Records what the gateway answered.
    pub(super) fn call_answered(&mut self, answered: Answered) {
        let Answered { call, answer, took: _ } = answered;
        let position = call.event.position;
        let command = call.record(&answer);
        let (event, process, attempt, timer) =
            (Arc::clone(&call.event), call.process, call.attempt, call.timer);
        let stage = Stage::Recording(call, answer);
        let id = self.place(Reaction::new(event, process, stage, attempt, timer));
        self.watermark.close(position);
        self.step(id, vec![command]);
    }

    /// The reaction leaves its place; `timer_too`: it is over and not only to be begun again.
    fn end(&mut self, id: ReactionId, timer_too: bool) {
        let Some(reaction) = self.table.take(id) else { return };
        self.due_in_flight -= usize::from(Self::began_by_due_commands(&reaction));
        self.watermark.close(reaction.event.position);
        if let Some(timer) = reaction.timer.filter(|_| timer_too) {
            self.timers.done(timer);
        }
        if reaction.holds_stream && reaction.event.holding.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.streams.release(reaction.event.stream.clone());
        }
    }

    fn next_turns(&mut self) {
        while let Some(event) = self.streams.next() {
            self.react(&event);
        }
    }
}
