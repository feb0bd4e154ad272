//! Reactions whose commands are in flight. One stands here from its first command to the last answer, and not while
//! it waits for a time or for the outside: so the bound on this table never waits for anything but the log.

use super::{outside_calls::OutsideCall, timers::TimerKey, trigger_event::TriggerEvent};
use crate::CommandError;
use daybook_domain::{Command, Timestamp, payment::GatewayOutcome, process::StepOutcome};
use daybook_event_log::StreamId;
use std::sync::Arc;

/// One process' reaction to one event.
pub(super) struct Reaction {
    pub(super) event: Arc<TriggerEvent>,
    pub(super) process: usize,
    pub(super) stage: Stage,
    /// How often it was begun before, by timers.
    pub(super) attempt: u32,
    /// The timer that began it.
    pub(super) timer: Option<TimerKey>,
    pub(super) holds_stream: bool,
    /// How many commands earlier stages had.
    pub(super) offset: usize,
    /// How often it failed here, without a timer.
    pub(super) failures: u32,
    steps: Vec<StepState>,
    unanswered: usize,
    error: Option<CommandError>,
}

/// A command and what became of it.
pub(super) struct StepState {
    pub(super) command: &'static str,
    pub(super) stream: StreamId,
    outcome: Option<StepOutcome>,
}

pub(super) enum Stage {
    Reacting,
    Resolving,
    /// Records what the outside answered.
    Recording(OutsideCall, GatewayOutcome),
    /// Executes the command of a deadline that has come.
    Deadline(Command, Timestamp),
}

impl Reaction {
    pub(super) const fn new(
        event: Arc<TriggerEvent>,
        process: usize,
        stage: Stage,
        attempt: u32,
        timer: Option<TimerKey>,
    ) -> Self {
        Self {
            event,
            process,
            stage,
            attempt,
            timer,
            holds_stream: false,
            offset: 0,
            failures: 0,
            steps: Vec::new(),
            unanswered: 0,
            error: None,
        }
    }

    /// The commands of a stage are sent.
    pub(super) fn expect(&mut self, steps: Vec<(&'static str, StreamId)>) {
        self.unanswered = steps.len();
        let step = |(command, stream)| StepState { command, stream, outcome: None };
        self.steps = steps.into_iter().map(step).collect();
    }

    /// The number of the stage's first command among all of the reaction: a part of its id.
    pub(super) const fn first_number(&self) -> usize {
        match &self.stage {
            // Another answer to the same question is another command.
            Stage::Recording(_, answer) => match answer {
                GatewayOutcome::Approved { .. } => 0,
                GatewayOutcome::Declined { .. } => 1,
                GatewayOutcome::ActionRequired { .. } => 2,
                GatewayOutcome::Unknown | GatewayOutcome::NotSeen => 3,
            },
            Stage::Reacting | Stage::Resolving | Stage::Deadline(..) => self.offset,
        }
    }

    /// Takes in one answer; says whether it was the stage's last.
    pub(super) fn answered(&mut self, index: usize, answer: Result<StepOutcome, CommandError>) -> bool {
        match answer {
            Ok(outcome) => {
                if let Some(step) = self.steps.get_mut(index) {
                    step.outcome = Some(outcome);
                }
            }
            Err(error) => self.error = Some(error),
        }
        self.unanswered = self.unanswered.saturating_sub(1);
        self.unanswered == 0
    }

    /// What kept the stage from being answered by the business, if anything.
    pub(super) const fn take_error(&mut self) -> Option<CommandError> {
        self.error.take()
    }

    /// The stage's steps with their outcomes.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (&StepState, &StepOutcome)> {
        self.steps.iter().filter_map(|step| Some((step, step.outcome.as_ref()?)))
    }

    /// The outcomes alone, in the order of the commands.
    pub(super) fn take_outcomes(&mut self) -> Vec<StepOutcome> {
        self.steps.drain(..).filter_map(|step| step.outcome).collect()
    }
}

/// Names a place in the table as long as the same reaction stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ReactionId {
    pub(super) slot: u32,
    pub(super) epoch: u32,
}

/// Places for reactions, used again and again.
pub(super) struct ReactionTable {
    slots: Vec<(u32, Option<Reaction>)>,
    free: Vec<u32>,
    used: usize,
    first_epoch: u32,
}

impl ReactionTable {
    /// With epochs that no earlier table of this engine has used: an answer may be meant for that one.
    pub(super) const fn new(first_epoch: u32) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), used: 0, first_epoch }
    }

    pub(super) const fn used(&self) -> usize {
        self.used
    }

    pub(super) fn put(&mut self, reaction: Reaction) -> ReactionId {
        self.used += 1;
        if let Some(slot) = self.free.pop() {
            let (epoch, place) = &mut self.slots[slot as usize];
            *place = Some(reaction);
            return ReactionId { slot, epoch: *epoch };
        }
        self.slots.push((self.first_epoch, Some(reaction)));
        let slot = u32::try_from(self.slots.len() - 1).expect("reactions are bounded");
        ReactionId { slot, epoch: self.first_epoch }
    }

    pub(super) fn get(&mut self, id: ReactionId) -> Option<&mut Reaction> {
        let (epoch, reaction) = self.slots.get_mut(id.slot as usize)?;
        if *epoch == id.epoch { reaction.as_mut() } else { None }
    }

    pub(super) fn take(&mut self, id: ReactionId) -> Option<Reaction> {
        let (epoch, reaction) = self.slots.get_mut(id.slot as usize)?;
        if *epoch != id.epoch {
            return None;
        }
        let taken = reaction.take()?;
        *epoch = epoch.wrapping_add(1);
        self.free.push(id.slot);
        self.used -= 1;
        Some(taken)
    }

    /// Gives every reaction a new epoch, so that answers on their way to it do not count any more.
    pub(super) fn renew(&mut self) -> Vec<ReactionId> {
        let used = self.slots.iter_mut().zip(0..).filter(|((_, reaction), _)| reaction.is_some());
        let renew = |((epoch, _), slot): (&mut (u32, Option<Reaction>), u32)| {
            *epoch = epoch.wrapping_add(1);
            ReactionId { slot, epoch: *epoch }
        };
        used.map(renew).collect()
    }
}
