//! Reactions under way: what each waits for, and what comes next.
//!
//! ```text
//! react ─→ Commands ──all answered──→ resolve ─→ commands ──all answered──→ finished
//!      '─→ gateway (see outside_calls)                                  any error ─→ once more, later
//! ```
//!
//! Reactions to events of one stream begin one after the other, in the stream's order: what an order's
//! cancellation undoes, its placing has finished doing. Waiting for a gateway does not hold up the stream:
//! what comes of it is for the payment to decide.

use super::{StepDone, StepKey, bits, outside_calls::Ask, runner::Runner};
use crate::{
    CommandError,
    ids::{TriggerKind, reaction_id},
    queued_command::{CommandIds, QueuedCommand, Reply},
};
use daybook_domain::{
    Command, Event, Timestamp,
    process::{Reaction as Wanted, StepOutcome, Trigger},
};
use daybook_event_log::{Position, StreamId, Version};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

/// The longest pause before a reaction is tried again.
const MAX_PAUSE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// An event that somebody reacts to.
pub(super) struct TriggerEvent {
    pub(super) position: Position,
    pub(super) version: Version,
    pub(super) event_id: Uuid,
    pub(super) correlation_id: Uuid,
    pub(super) occurred_at: Timestamp,
    pub(super) stream: StreamId,
    pub(super) event: Event,
    /// It may have been reacted to before this engine started.
    pub(super) recovering: bool,
    /// The processes whose reaction is known to be over, as bits.
    pub(super) over: u64,
    /// How many reactions hold up the stream.
    holding: AtomicU32,
}

impl TriggerEvent {
    pub(super) fn trigger(&self) -> Trigger<'_> {
        Trigger {
            event: &self.event,
            aggregate_id: self.stream.id(),
            version: self.version.get(),
            occurred_at: self.occurred_at,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "these are the fields of an event, each of its own type")]
    pub(super) const fn new(
        position: Position,
        version: Version,
        event_id: Uuid,
        correlation_id: Uuid,
        occurred_at: Timestamp,
        stream: StreamId,
        event: Event,
        recovering: bool,
    ) -> Self {
        let holding = AtomicU32::new(0);
        Self {
            position,
            version,
            event_id,
            correlation_id,
            occurred_at,
            stream,
            event,
            recovering,
            over: 0,
            holding,
        }
    }
}

/// One process' reaction to one event.
pub(super) struct Reaction {
    pub(super) cause: Arc<TriggerEvent>,
    pub(super) process: usize,
    pub(super) stage: Stage,
    /// Answers still to come.
    waiting: usize,
    outcomes: Vec<Option<StepOutcome>>,
    /// How many commands earlier stages had.
    offset: usize,
    failure: Option<CommandError>,
    attempts: u32,
    holds_stream: bool,
}

pub(super) enum Stage {
    Reacting,
    Resolving,
    Gateway(Ask),
    /// Executes the command of a deadline that has come.
    Deadline(Command, Timestamp),
}

impl Reaction {
    /// One answer is to come.
    pub(super) fn expect_one(&mut self) {
        self.waiting = 1;
        self.outcomes.clear();
        self.outcomes.push(None);
    }
}

/// Places for reactions, used again and again.
#[derive(Default)]
pub(super) struct ReactionTable {
    slots: Vec<(u32, Option<Reaction>)>,
    free: Vec<u32>,
    used: usize,
}

impl ReactionTable {
    pub(super) const fn used(&self) -> usize {
        self.used
    }

    fn put(&mut self, reaction: Reaction) -> u32 {
        self.used += 1;
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize].1 = Some(reaction);
            return slot;
        }
        self.slots.push((0, Some(reaction)));
        u32::try_from(self.slots.len() - 1).expect("reactions are bounded")
    }

    pub(super) fn epoch(&self, slot: u32) -> u32 {
        self.slots[slot as usize].0
    }

    pub(super) fn get(&mut self, slot: u32, epoch: u32) -> Option<&mut Reaction> {
        let (current, reaction) = self.slots.get_mut(slot as usize)?;
        if *current == epoch { reaction.as_mut() } else { None }
    }

    fn take(&mut self, slot: u32) -> Option<Reaction> {
        let (epoch, reaction) = self.slots.get_mut(slot as usize)?;
        let taken = reaction.take()?;
        *epoch = epoch.wrapping_add(1);
        self.free.push(slot);
        self.used -= 1;
        Some(taken)
    }
}

impl Runner {
    /// Takes an event's turn in its stream, or queues for it.
    pub(super) fn begin(&mut self, cause: Arc<TriggerEvent>) {
        if let Some(turns) = self.streams.get_mut(&cause.stream) {
            turns.queue.push_back(cause);
            self.queued += 1;
        } else {
            self.react(cause);
        }
    }

    /// Begins all reactions to an event. The caller holds the watermark open for the event.
    fn react(&mut self, cause: Arc<TriggerEvent>) {
        let mask = self.shared.concerns.mask(cause.event.aggregate(), cause.event.type_name());
        for process in bits(mask & !cause.over) {
            match self.processes[process].react(cause.trigger()) {
                Wanted::Nothing => {}
                Wanted::Commands(commands) => {
                    cause.holding.fetch_add(1, Ordering::Relaxed);
                    let slot = self.place(&cause, process, Stage::Reacting, true);
                    let turns = self.streams.entry(cause.stream.clone()).or_default();
                    turns.holder = Some(Arc::clone(&cause));
                    self.step(slot, commands);
                }
                Wanted::CallGateway(request) => {
                    let ask = Ask::once(request, cause.recovering);
                    let slot = self.place(&cause, process, Stage::Gateway(ask), false);
                    self.ask(slot);
                }
                Wanted::ResolveGateway(request) => {
                    let slot = self.place(&cause, process, Stage::Gateway(Ask::until_known(request)), false);
                    self.ask(slot);
                }
            }
        }
        // The event's own hold: released now that everything it led to holds for itself.
        self.watermark.close(cause.position);
    }

    fn place(&mut self, cause: &Arc<TriggerEvent>, process: usize, stage: Stage, holds_stream: bool) -> u32 {
        self.watermark.open(cause.position);
        self.slots.put(Reaction {
            cause: Arc::clone(cause),
            process,
            stage,
            waiting: 0,
            outcomes: Vec::new(),
            offset: 0,
            failure: None,
            attempts: 0,
            holds_stream,
        })
    }

    /// Executes the command of a deadline. Not held open in the watermark: the deadline itself is kept.
    pub(super) fn deadline_came(
        &mut self,
        cause: TriggerEvent,
        process: usize,
        command: Command,
        at: Timestamp,
    ) {
        let cause = Arc::new(cause);
        self.watermark.open(cause.position);
        let slot = self.place(&cause, process, Stage::Deadline(command.clone(), at), false);
        self.watermark.close(cause.position);
        self.step(slot, vec![command]);
    }

    /// Sends the commands of a stage on their way; without any, the stage is over.
    fn step(&mut self, slot: u32, commands: Vec<Command>) {
        let epoch = self.slots.epoch(slot);
        let Some(reaction) = self.slots.get(slot, epoch) else { return };
        reaction.waiting = commands.len();
        reaction.outcomes.clear();
        reaction.outcomes.resize_with(commands.len(), || None);
        if commands.is_empty() {
            return self.stage_over(slot);
        }
        let offset = reaction.offset;
        for (index, command) in commands.into_iter().enumerate() {
            self.send(slot, index, offset + index, command);
        }
    }

    /// Sends one command, as the `number`-th of the reaction; its answer comes as that of step `index`.
    pub(super) fn send(&mut self, slot: u32, index: usize, number: usize, command: Command) {
        let epoch = self.slots.epoch(slot);
        let Some(reaction) = self.slots.get(slot, epoch) else { return };
        let cause = &reaction.cause;
        let (trigger, occurred_at) = match &reaction.stage {
            Stage::Deadline(_, at) => (TriggerKind::Deadline, *at),
            _ => (TriggerKind::Event, cause.occurred_at),
        };
        let name = self.processes[reaction.process].name();
        let stream = StreamId::parse(&command.stream_name()).expect("commands name valid streams");
        let shard = self.shared.shard_of(&stream);
        let key = StepKey { slot, epoch, index: u32::try_from(index).unwrap_or(u32::MAX) };
        let ids = CommandIds {
            command: reaction_id(name, trigger, cause.event_id, number, stream.as_str(), command.name()),
            correlation: cause.correlation_id,
            causation: cause.event_id,
            request_hash: 0,
        };
        let work = QueuedCommand {
            stream,
            name: command.name(),
            command: Some(command),
            ids,
            expected: None,
            actor: self.actors[reaction.process].clone(),
            occurred_at,
            deadline: None,
            reply: Reply::Process(key),
            attempts: 0,
            fresh: !cause.recovering && reaction.attempts == 0 && trigger == TriggerKind::Event,
        };
        self.out[shard].push(work);
    }

    /// Takes in the answer to a step.
    pub(super) fn answered(&mut self, key: StepKey, answer: Result<StepDone, CommandError>) {
        let Some(reaction) = self.slots.get(key.slot, key.epoch) else { return };
        let outcome = match answer {
            Ok(done) => Some(Ok(done.events)),
            Err(CommandError::Rejected(rejection)) => Some(Err(rejection)),
            Err(error) => {
                reaction.failure = Some(error);
                None
            }
        };
        if let Some(place) = reaction.outcomes.get_mut(key.index as usize) {
            *place = outcome;
        }
        reaction.waiting = reaction.waiting.saturating_sub(1);
        if reaction.waiting == 0 {
            self.stage_over(key.slot);
        }
    }

    /// Every command of the stage was answered.
    fn stage_over(&mut self, slot: u32) {
        let epoch = self.slots.epoch(slot);
        let Some(reaction) = self.slots.get(slot, epoch) else { return };
        if let Some(error) = reaction.failure.take() {
            return self.try_again_later(slot, &error);
        }
        match &reaction.stage {
            Stage::Reacting => {
                let outcomes: Vec<StepOutcome> = reaction.outcomes.drain(..).flatten().collect();
                reaction.offset = outcomes.len();
                reaction.stage = Stage::Resolving;
                let cause = Arc::clone(&reaction.cause);
                let commands = self.processes[reaction.process].resolve(cause.trigger(), &outcomes);
                if commands.is_empty() { self.finish(slot) } else { self.step(slot, commands) }
            }
            Stage::Gateway(_) => {
                let recorded = matches!(reaction.outcomes.first(), Some(Some(Ok(_))));
                self.gateway_answer_recorded(slot, recorded);
            }
            Stage::Resolving | Stage::Deadline(..) => self.finish(slot),
        }
    }

    /// Something other than the business said no. It is tried until it commands: the steps done are found done.
    fn try_again_later(&mut self, slot: u32, error: &CommandError) {
        let epoch = self.slots.epoch(slot);
        let Some(reaction) = self.slots.get(slot, epoch) else { return };
        let process = self.processes[reaction.process].name();
        reaction.attempts = reaction.attempts.saturating_add(1);
        reaction.offset = 0;
        let pause = MAX_PAUSE.min(FIRST_PAUSE * 2_u32.saturating_pow(reaction.attempts.min(16)));
        if reaction.attempts > 8 {
            tracing::error!(process, cause = %reaction.cause.position, %error, "a process cannot go on; trying again");
        } else {
            tracing::debug!(process, cause = %reaction.cause.position, %error, "a process tries again");
        }
        self.wake_later(slot, epoch, pause);
    }

    /// A pause is over.
    pub(super) fn resume(&mut self, slot: u32, epoch: u32) {
        let Some(reaction) = self.slots.get(slot, epoch) else { return };
        let cause = Arc::clone(&reaction.cause);
        match &mut reaction.stage {
            Stage::Gateway(_) => self.ask(slot),
            Stage::Deadline(command, _) => {
                let command = command.clone();
                self.step(slot, vec![command]);
            }
            stage @ (Stage::Reacting | Stage::Resolving) => {
                *stage = Stage::Reacting;
                match self.processes[reaction.process].react(cause.trigger()) {
                    Wanted::Commands(commands) => self.step(slot, commands),
                    _ => self.finish(slot),
                }
            }
        }
    }

    pub(super) fn finish(&mut self, slot: u32) {
        let Some(reaction) = self.slots.take(slot) else { return };
        self.watermark.close(reaction.cause.position);
        if let Stage::Deadline(..) = reaction.stage {
            let (process, stream) = (reaction.process, reaction.cause.stream.clone());
            let position = reaction.cause.position;
            self.deadlines.done(&super::timers::Due { process, stream, position });
        }
        let was_last = reaction.holds_stream && reaction.cause.holding.fetch_sub(1, Ordering::Relaxed) == 1;
        if was_last {
            self.ready.push_back(reaction.cause.stream.clone());
        }
    }

    /// Gives streams whose turn has ended to the next event in their queues.
    pub(super) fn next_turns(&mut self) {
        while let Some(stream) = self.ready.pop_front() {
            // An event may need nothing after all, so turns go on until one holds the stream again.
            while let Some(turns) = self.streams.get_mut(&stream) {
                if turns.holder.as_ref().is_some_and(|holder| holder.holding.load(Ordering::Relaxed) > 0) {
                    break;
                }
                let Some(cause) = turns.queue.pop_front() else {
                    self.streams.remove(&stream);
                    break;
                };
                self.queued -= 1;
                self.react(cause);
            }
        }
    }
}

/// Whose turn it is in a stream, and who comes next.
#[derive(Default)]
pub(super) struct StreamQueue {
    holder: Option<Arc<TriggerEvent>>,
    queue: VecDeque<Arc<TriggerEvent>>,
}
