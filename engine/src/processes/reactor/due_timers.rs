//! Timers that are due: which of them are taken in a round, and what becomes of each when its event was read.

use super::Reactor;
use crate::{
    CommandError,
    panics::caught,
    processes::{
        DeadReactionId,
        held_back::HeldBack,
        outside_calls::CALL_CLASSES,
        reaction_table::{Reaction, Stage},
        timers::{DueTimer, TimerKey, TimerKind},
        trigger_event::TriggerEvent,
    },
};
use daybook_domain::{Timestamp, process::Deadline};
use daybook_event_log::{LogError, RecordedEvent};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// The most timers of a kind that are taken in one round; fresh events come in between.
const PAGE: usize = 64;
/// The pause after an event could not be read.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// How often the business' clock is looked at while there are deadlines; it may be moved by hand.
const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_millis(500);

impl Reactor {
    /// The time that timers other than deadlines go by: it runs as the runtime's clock does.
    pub(in crate::processes) fn now(&self) -> Timestamp {
        let (instant, then) = self.started;
        then.after(instant.elapsed())
    }

    pub(super) fn clock_of(&self, kind: TimerKind) -> Timestamp {
        if kind == TimerKind::Deadline { self.shared.options.clock.now() } else { self.now() }
    }

    /// How many timers of a kind may be taken: what they begin has a bound of its own beside fresh events.
    fn room_for(&self, kind: TimerKind) -> usize {
        let class = CALL_CLASSES.into_iter().find(|class| TimerKind::from(*class) == kind);
        let room = match class {
            Some(class) => self.calls.room(class),
            None => {
                let most = (self.shared.options.reactions_in_flight / 2).max(1);
                most.saturating_sub(self.due_in_flight)
            }
        };
        room.min(PAGE)
    }

    /// Takes timers that are due and whose events can be read, a page of each kind at most.
    pub(in crate::processes) fn take_due(&mut self) -> Vec<DueTimer> {
        let mut due: Vec<DueTimer> = Vec::new();
        // Deadlines come last: there may be very many at once.
        for kind in TimerKind::ALL {
            let beside =
                due.iter().filter(|due| kind == TimerKind::Deadline && due.kind == TimerKind::Commands);
            let room = self.room_for(kind).saturating_sub(beside.count());
            if room > 0 && self.timers.next_due(kind).is_some() {
                let now = self.clock_of(kind);
                due.append(&mut self.timers.take_due(kind, now, room));
            }
        }
        for due in due {
            self.hold_until_durable(due.key.position, HeldBack::Timer(due));
        }
        std::mem::take(&mut self.let_go)
    }

    /// When to look for due timers again, even if nothing else happens.
    pub(in crate::processes) fn next_due(&self) -> Option<Instant> {
        let at = |kind: TimerKind| {
            let due = self.timers.next_due(kind)?;
            if self.room_for(kind) == 0 {
                // What ends makes room, and wakes the loop.
                return None;
            }
            let wait = Duration::from_nanos(
                u64::try_from(due.as_nanos().saturating_sub(self.clock_of(kind).as_nanos())).unwrap_or(0),
            );
            let wait = if kind == TimerKind::Deadline { wait.min(LOOK_AT_CLOCK_EVERY) } else { wait };
            Some(Instant::now() + wait.min(Duration::from_secs(3_600)))
        };
        TimerKind::ALL.into_iter().filter_map(at).min()
    }

    /// Begins what a timer is for, now that its event was read.
    pub(in crate::processes) fn due(&mut self, due: DueTimer, read: Result<Option<RecordedEvent>, LogError>) {
        let DueTimer { key, kind, attempt, holds_watermark, .. } = due;
        match read {
            Ok(Some(recorded)) if recorded.position() == key.position => self.begin_due(&due, &recorded),
            // It is not in this log.
            Ok(_) => self.timers.done(key),
            Err(error) => {
                tracing::warn!(%error, position = %key.position, "the event of a timer cannot be read; trying again");
                let at = self.clock_of(kind).after(READ_AGAIN);
                if holds_watermark {
                    self.timers.set_for_room(key, due.stream, kind, at, attempt);
                    return;
                }
                self.timers.set(key, due.stream, kind, at, attempt);
            }
        }
        if holds_watermark {
            self.watermark.close(key.position);
        }
    }

    fn begin_due(&mut self, due: &DueTimer, recorded: &RecordedEvent) {
        let DueTimer { key, attempt, .. } = *due;
        let event = match crate::shard::decode(recorded) {
            Ok(event) => event,
            Err(error @ CommandError::NewerProgram { .. }) => {
                return self.wait_for_upgrade(key, recorded, &error);
            }
            Err(error) => {
                self.timers.done(key);
                return self.unreadable(recorded, &error);
            }
        };
        let event = Arc::new(TriggerEvent::recorded(recorded, event, true, 0));
        if !key.is_deadline {
            if attempt == 0 {
                // It could not be read when it came.
                self.look_at_deadline(&event, key.process, recorded.recorded_at_ns());
            }
            return self.begin(&event, key.process, attempt, Some(key));
        }
        match caught("process", || self.processes[key.process].deadline(event.trigger(attempt))) {
            Ok(Deadline::Set { after, command }) => {
                let due_at = Timestamp::from_nanos(recorded.recorded_at_ns()).after(after);
                if due_at > self.clock_of(TimerKind::Deadline) {
                    let stream = due.stream.clone();
                    return self.timers.set(key, stream, TimerKind::Deadline, due_at, attempt);
                }
                let as_of = event.occurred_at.after(after);
                let stage = Stage::Deadline(command.clone(), as_of);
                let id = self.place(Reaction::new(event, key.process, stage, attempt, Some(key)));
                self.step(id, vec![command]);
            }
            Ok(Deadline::Unchanged | Deadline::Cleared) => self.timers.done(key),
            Err(panic) => self.give_up(&event, key.process, true, attempt + 1, panic, Some(key)),
        }
    }

    /// Has a dead letter tried again at once; says whether there is such a letter, and a process for it.
    pub(in crate::processes) fn retry(&mut self, id: &DeadReactionId) -> bool {
        let Some(process) = self.process_called(&id.process) else { return false };
        let Some(letter) = self.shared.dead_letters.remove(id) else { return false };
        let kind = if letter.is_deadline { TimerKind::Deadline } else { TimerKind::Commands };
        let key = TimerKey { position: letter.position, process, is_deadline: letter.is_deadline };
        let now = self.clock_of(kind);
        self.timers.set(key, letter.stream, kind, now, letter.attempts);
        true
    }

    /// Has a dead letter forgotten; says whether there was one.
    pub(in crate::processes) fn skip(&self, id: &DeadReactionId) -> bool {
        self.shared.dead_letters.remove(id).is_some()
    }
}
