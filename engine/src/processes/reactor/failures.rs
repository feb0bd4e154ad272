//! Reactions that could not go on: tried again in their place or by a timer, or given up.

use super::Reactor;
use crate::{
    CommandError,
    panics::caught,
    processes::{
        DeadReaction,
        failure::{AFTER_UPGRADE, Remedy},
        held_back::HeldBack,
        reaction_table::{ReactionId, Stage},
        timers::{TimerKey, TimerKind},
        trigger_event::TriggerEvent,
    },
};
use daybook_domain::process::Reaction as Wanted;
use daybook_event_log::{LogError, RecordedEvent};
use std::{cmp::Reverse, sync::Arc, time::Duration};
use tokio::time::Instant;

impl Reactor {
    /// An event that this program cannot read. What a newer one wrote waits for an upgrade, or for another node to run the
    /// processes; the rest is given up.
    pub(in crate::processes) fn unreadable(&mut self, recorded: &RecordedEvent, why: &CommandError) {
        let newer = matches!(why, CommandError::NewerProgram { .. });
        for process in self.shared.concerns.concerned(recorded.aggregate(), recorded.event_type()) {
            if newer {
                let key = TimerKey { position: recorded.position(), process, is_deadline: false };
                self.wait_for_upgrade(key, recorded, why);
                continue;
            }
            self.bury(DeadReaction {
                process: self.name_of(process).to_owned(),
                position: recorded.position(),
                stream: recorded.stream_id(),
                event_type: recorded.event_type().to_owned(),
                is_deadline: false,
                reason: format!("the event cannot be read by this program: {why}"),
                attempts: 0,
                since_ns: self.shared.options.clock.now().as_nanos(),
            });
        }
    }

    /// Looks at the event again later; it was not reacted to yet.
    pub(super) fn wait_for_upgrade(&mut self, key: TimerKey, recorded: &RecordedEvent, why: &CommandError) {
        let process = self.name_of(key.process);
        tracing::warn!(process, event = %key.position, %why, "a reaction waits for a newer program");
        let kind = if key.is_deadline { TimerKind::Deadline } else { TimerKind::Commands };
        let due = self.clock_of(kind).after(AFTER_UPGRADE);
        self.timers.set(key, recorded.stream_id(), kind, due, 0);
    }

    /// Something other than the business said no.
    pub(super) fn failed(&mut self, id: ReactionId, error: &CommandError) {
        let Some(reaction) = self.table.get(id) else { return };
        reaction.failures = reaction.failures.saturating_add(1);
        reaction.offset = 0;
        let process = self.processes[reaction.process].name();
        match Remedy::of(error, reaction.failures, reaction.event.position.get()) {
            Remedy::PauseInPlace(pause) => {
                if reaction.failures > 8 {
                    tracing::error!(process, event = %reaction.event.position, %error, "a process cannot go on; trying again");
                } else {
                    tracing::debug!(process, event = %reaction.event.position, %error, "a process tries again");
                }
                self.pauses.push(Reverse((Instant::now() + pause, id)));
            }
            Remedy::TryLater(after) => self.try_later(id, after),
            Remedy::DeadReaction => self.end_dead(id, error.to_string()),
        }
    }

    /// Begins stages anew whose pause is over.
    pub(in crate::processes) fn resume_paused(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((at, id))) = self.pauses.peek().copied() {
            if at > now {
                return;
            }
            self.pauses.pop();
            self.resume(id);
        }
    }

    pub(in crate::processes) fn next_pause(&self) -> Option<Instant> {
        self.pauses.peek().map(|Reverse((at, _))| *at)
    }

    fn resume(&mut self, id: ReactionId) {
        let Some(reaction) = self.table.get(id) else { return };
        let commands = match &mut reaction.stage {
            Stage::Recording(call, answer) => vec![call.record(answer)],
            Stage::Deadline(command, _) => vec![command.clone()],
            stage @ (Stage::Reacting | Stage::Resolving) => {
                *stage = Stage::Reacting;
                let rules = Arc::clone(&self.processes[reaction.process]);
                let trigger = reaction.event.trigger(reaction.attempt);
                match caught("process", || rules.react(trigger)) {
                    Ok(Wanted::Commands(commands)) => commands,
                    Ok(_) => return self.end(id, true),
                    Err(panic) => return self.end_dead(id, panic),
                }
            }
        };
        self.step(id, commands);
    }

    /// A shard has lost commands: everything in flight is begun anew, what was done is found done.
    pub(in crate::processes) fn begin_anew(&mut self) {
        self.pauses.clear();
        for id in self.table.renew() {
            let lost = CommandError::Log(LogError::Closed);
            self.failed(id, &lost);
        }
    }

    /// Gives up the place; a timer begins the reaction again.
    pub(super) fn try_later(&mut self, id: ReactionId, after: Duration) {
        let Some(reaction) = self.table.get(id) else { return };
        let kind = match &reaction.stage {
            Stage::Recording(call, _) => call.class().into(),
            Stage::Deadline(..) => TimerKind::Deadline,
            Stage::Reacting | Stage::Resolving => TimerKind::Commands,
        };
        let is_deadline = kind == TimerKind::Deadline;
        let key = TimerKey { position: reaction.event.position, process: reaction.process, is_deadline };
        let (stream, attempt) = (reaction.event.stream.clone(), reaction.attempt.saturating_add(1));
        let due = self.clock_of(kind).after(after);
        self.timers.set(key, stream, kind, due, attempt);
        self.end(id, false);
    }

    pub(super) fn end_dead(&mut self, id: ReactionId, reason: String) {
        let Some(reaction) = self.table.get(id) else { return };
        let (event, process, timer) = (Arc::clone(&reaction.event), reaction.process, reaction.timer);
        let is_deadline = matches!(reaction.stage, Stage::Deadline(..));
        let attempts = reaction.attempt.saturating_add(reaction.failures.max(1));
        self.give_up(&event, process, is_deadline, attempts, reason, timer);
        self.end(id, false);
    }

    /// Makes a dead letter of a reaction, and ends the timer that began it, when all that it rests on is durable.
    pub(super) fn give_up(
        &mut self,
        event: &TriggerEvent,
        process: usize,
        is_deadline: bool,
        attempts: u32,
        reason: String,
        timer: Option<TimerKey>,
    ) {
        let letter = DeadReaction {
            process: self.name_of(process).to_owned(),
            position: event.position,
            stream: event.stream.clone(),
            event_type: event.event.type_name().to_owned(),
            is_deadline,
            reason,
            attempts,
            since_ns: self.shared.options.clock.now().as_nanos(),
        };
        self.watermark.open(event.position);
        self.hold_until_durable(self.rests_on(), HeldBack::DeadReaction(letter, timer));
    }

    pub(super) fn bury(&self, letter: DeadReaction) {
        let DeadReaction { process, position, stream, reason, .. } = &letter;
        tracing::error!(process, %position, %stream, reason, "a process gives up a reaction; it is a dead letter now");
        self.shared.dead_letters.add(letter);
    }
}
