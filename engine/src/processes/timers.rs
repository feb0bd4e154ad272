//! What waits for a time: deadlines of processes, reactions to be tried again, calls to be made or asked about again.
//!
//! A timer is data: where the event stands, when to look at it again, and how often that was done before. It holds
//! no reaction, no task and no decoded event. When it is due, the event is read and its process asked again. A timer
//! stays until what it began has ended, so that a crash in between begins it again.

use daybook_domain::Timestamp;
use daybook_event_log::{Position, StreamId};
use std::collections::BTreeSet;

use ahash::{AHashMap, AHashSet};
use serde::{Deserialize, Serialize};

/// What is to be done when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TimerKind {
    /// Nothing else has happened in time. At most one per process and stream; goes by the business' clock.
    Deadline = 0,
    /// Commands to be sent again.
    Commands = 1,
    /// Calls to the outside, by their class.
    Charge = 2,
    Release = 3,
    Poll = 4,
}

const KINDS: usize = 5;

impl TimerKind {
    /// In the order in which due timers are taken.
    pub(super) const ALL: [Self; KINDS] =
        [Self::Release, Self::Charge, Self::Poll, Self::Commands, Self::Deadline];
}

/// Names a timer: of which process, set by which event, and whether it is a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TimerKey {
    pub(super) position: Position,
    pub(super) process: usize,
    pub(super) is_deadline: bool,
}

#[derive(Debug, Clone)]
struct Timer {
    stream: StreamId,
    kind: TimerKind,
    due: Timestamp,
    attempt: u32,
    /// It was due, and what it began has not ended.
    is_taken: bool,
    /// The watermark is held open for it: it waits for room, not for a time.
    holds_watermark: bool,
}

/// A timer that was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DueTimer {
    pub(super) key: TimerKey,
    pub(super) kind: TimerKind,
    pub(super) stream: StreamId,
    pub(super) attempt: u32,
    pub(super) holds_watermark: bool,
}

/// A timer as it is kept in a file, its process by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredTimer {
    pub(super) process: String,
    pub(super) stream: StreamId,
    pub(super) due_ns: i64,
    /// The event that set it.
    pub(super) position: Position,
    #[serde(default = "deadline")]
    pub(super) kind: TimerKind,
    #[serde(default)]
    pub(super) attempt: u32,
}

const fn deadline() -> TimerKind {
    TimerKind::Deadline
}

#[derive(Default)]
pub(super) struct Timers {
    timers: AHashMap<TimerKey, Timer>,
    /// By process and stream: the event that set the deadline.
    deadlines: AHashMap<(usize, StreamId), Position>,
    /// Those that are not taken, by kind, in the order they are due.
    queues: [BTreeSet<(Timestamp, TimerKey)>; KINDS],
    /// Set or removed since the last [`Timers::take_changes`].
    changed: AHashSet<TimerKey>,
}

impl Timers {
    /// Sets a process' deadline on a stream, unless a later event has set it.
    pub(super) fn set_deadline(
        &mut self,
        process: usize,
        stream: StreamId,
        due: Timestamp,
        position: Position,
    ) {
        let known = self.deadlines.insert((process, stream.clone()), position);
        if let Some(known) = known {
            if known >= position {
                self.deadlines.insert((process, stream), known);
                return;
            }
            self.remove(TimerKey { position: known, process, is_deadline: true });
        }
        let key = TimerKey { position, process, is_deadline: true };
        self.set(key, stream, TimerKind::Deadline, due, 0);
    }

    /// Something else happened in time, at `position`.
    pub(super) fn clear_deadline(&mut self, process: usize, stream: &StreamId, position: Position) {
        let known = self.deadlines.get(&(process, stream.clone())).copied();
        if let Some(known) = known.filter(|known| *known < position) {
            self.done(TimerKey { position: known, process, is_deadline: true });
        }
    }

    /// Sets a timer, in place of the one of that key.
    pub(super) fn set(
        &mut self,
        key: TimerKey,
        stream: StreamId,
        kind: TimerKind,
        due: Timestamp,
        attempt: u32,
    ) {
        self.insert(key, Timer { stream, kind, due, attempt, is_taken: false, holds_watermark: false });
    }

    /// The same, for what waits for room and not for a time: the watermark is held open for it.
    pub(super) fn set_for_room(
        &mut self,
        key: TimerKey,
        stream: StreamId,
        kind: TimerKind,
        due: Timestamp,
        attempt: u32,
    ) {
        self.insert(key, Timer { stream, kind, due, attempt, is_taken: false, holds_watermark: true });
    }

    fn insert(&mut self, key: TimerKey, timer: Timer) {
        self.queues[timer.kind as usize].insert((timer.due, key));
        if let Some(old) = self.timers.insert(key, timer)
            && !old.is_taken
        {
            let new = &self.timers[&key];
            if (old.kind, old.due) != (new.kind, new.due) {
                self.queues[old.kind as usize].remove(&(old.due, key));
            }
        }
        self.changed.insert(key);
    }

    /// What the timer began has ended.
    pub(super) fn done(&mut self, key: TimerKey) {
        if let Some(timer) = self.remove(key)
            && key.is_deadline
        {
            let of_stream = (key.process, timer.stream);
            if self.deadlines.get(&of_stream) == Some(&key.position) {
                self.deadlines.remove(&of_stream);
            }
        }
    }

    fn remove(&mut self, key: TimerKey) -> Option<Timer> {
        let timer = self.timers.remove(&key)?;
        if !timer.is_taken {
            self.queues[timer.kind as usize].remove(&(timer.due, key));
        }
        self.changed.insert(key);
        Some(timer)
    }

    /// Takes at most `limit` timers of a kind that are due at `now`, those due longest first.
    pub(super) fn take_due(&mut self, kind: TimerKind, now: Timestamp, limit: usize) -> Vec<DueTimer> {
        let mut taken = Vec::new();
        while taken.len() < limit {
            let queue = &mut self.queues[kind as usize];
            let Some((_, key)) = queue.first().copied().filter(|(due, _)| *due <= now) else { break };
            queue.pop_first();
            let Some(timer) = self.timers.get_mut(&key) else { continue };
            timer.is_taken = true;
            let holds_watermark = std::mem::take(&mut timer.holds_watermark);
            let (stream, attempt) = (timer.stream.clone(), timer.attempt);
            taken.push(DueTimer { key, kind, stream, attempt, holds_watermark });
        }
        taken
    }

    /// When the first timer of a kind is due that is not taken.
    pub(super) fn next_due(&self, kind: TimerKind) -> Option<Timestamp> {
        self.queues[kind as usize].first().map(|(due, _)| *due)
    }

    /// Whether the process' reaction to the event waits for a timer.
    pub(super) fn holds(&self, process: usize, position: Position) -> bool {
        self.timers.contains_key(&TimerKey { position, process, is_deadline: false })
    }

    pub(super) fn len(&self) -> usize {
        self.timers.len()
    }

    /// Takes over a timer from a file.
    pub(super) fn restore(&mut self, process: usize, stored: StoredTimer) {
        let StoredTimer { process: _, stream, due_ns, position, kind, attempt } = stored;
        let is_deadline = kind == TimerKind::Deadline;
        if is_deadline {
            self.deadlines.insert((process, stream.clone()), position);
        }
        let key = TimerKey { position, process, is_deadline };
        self.set(key, stream, kind, Timestamp::from_nanos(due_ns), attempt);
        self.changed.remove(&key);
    }

    pub(super) fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The timers that were set or removed since this was last asked; a removed one without its content.
    pub(super) fn take_changes(
        &mut self,
        name_of: impl Fn(usize) -> &'static str,
    ) -> Vec<(TimerKey, Option<StoredTimer>)> {
        let stored = |key: &TimerKey| {
            let timer = self.timers.get(key)?;
            Some(StoredTimer {
                process: name_of(key.process).to_owned(),
                stream: timer.stream.clone(),
                due_ns: timer.due.as_nanos(),
                position: key.position,
                kind: timer.kind,
                attempt: timer.attempt,
            })
        };
        let changes = self.changed.iter().map(|key| (*key, stored(key))).collect();
        self.changed.clear();
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(id: u32) -> StreamId {
        StreamId::new("payment", id).expect("a stream name")
    }

    fn at(ns: i64) -> Timestamp {
        Timestamp::from_nanos(ns)
    }

    fn positions(due: &[DueTimer]) -> Vec<u64> {
        due.iter().map(|due| due.key.position.get()).collect()
    }

    #[test]
    fn a_later_event_replaces_or_clears_the_deadline_of_its_stream_and_process_only() {
        let mut timers = Timers::default();
        timers.set_deadline(0, stream(1), at(10), Position::new(1));
        timers.set_deadline(1, stream(1), at(11), Position::new(1));
        timers.set_deadline(0, stream(2), at(12), Position::new(2));
        timers.set_deadline(0, stream(1), at(30), Position::new(3));
        timers.set_deadline(0, stream(1), at(5), Position::new(2));
        timers.clear_deadline(0, &stream(2), Position::new(4));
        let due = timers.take_due(TimerKind::Deadline, at(20), 9);
        assert_eq!((due[0].key.process, positions(&due)), (1, vec![1]));
        assert_eq!(positions(&timers.take_due(TimerKind::Deadline, at(30), 9)), [3]);
    }

    #[test]
    fn a_timer_is_taken_once_and_kept_until_what_it_began_has_ended() {
        let mut timers = Timers::default();
        let key = TimerKey { position: Position::new(1), process: 0, is_deadline: false };
        timers.set(key, stream(1), TimerKind::Poll, at(10), 2);
        assert!(timers.take_due(TimerKind::Poll, at(9), 9).is_empty());
        assert_eq!(timers.take_due(TimerKind::Poll, at(10), 9)[0].attempt, 2);
        assert!(timers.take_due(TimerKind::Poll, at(10), 9).is_empty());
        assert!(timers.holds(0, Position::new(1)));
        timers.set(key, stream(1), TimerKind::Poll, at(20), 3);
        assert_eq!(timers.take_due(TimerKind::Poll, at(20), 9)[0].attempt, 3);
        timers.done(key);
        assert!(!timers.holds(0, Position::new(1)));
        assert_eq!(timers.take_changes(|_| "p"), [(key, None)]);
    }

    #[test]
    fn due_timers_come_by_the_page_and_a_kind_does_not_stand_before_another() {
        let mut timers = Timers::default();
        for n in 1..=100 {
            let key = TimerKey { position: Position::new(n), process: 0, is_deadline: false };
            let kind = if n % 2 == 0 { TimerKind::Poll } else { TimerKind::Release };
            timers.set(key, stream(1), kind, at(1_000 - n as i64), 0);
        }
        assert_eq!(positions(&timers.take_due(TimerKind::Release, at(5_000), 3)), [99, 97, 95]);
        assert_eq!(timers.next_due(TimerKind::Poll), Some(at(900)));
        assert_eq!(timers.len(), 100);
    }
}
