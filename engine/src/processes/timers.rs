//! What is to be done if nothing else happens in time: at most one deadline per process and stream.
//!
//! Only where and when is kept, not what: at the time the event is read again and its process asked again.

use daybook_domain::Timestamp;
use daybook_event_log::{Position, StreamId};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use ahash::RandomState;
use serde::{Deserialize, Serialize};

#[derive(Default)]
pub(crate) struct Deadlines {
    set: HashMap<(usize, StreamId), When, RandomState>,
    queue: BinaryHeap<Reverse<(Timestamp, Position, usize, StreamId)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct When {
    due: Timestamp,
    position: Position,
    /// Its command is under way.
    fired: bool,
}

/// A deadline as a checkpoint keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptDeadline {
    pub(crate) process: String,
    pub(crate) stream: StreamId,
    pub(crate) due_ns: i64,
    /// The event that set it.
    pub(crate) position: Position,
}

/// A deadline that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) process: usize,
    pub(crate) stream: StreamId,
    pub(crate) position: Position,
}

impl Deadlines {
    pub(crate) fn set(&mut self, process: usize, stream: StreamId, due: Timestamp, position: Position) {
        let when = When { due, position, fired: false };
        let known = self.set.get(&(process, stream.clone()));
        if known.is_some_and(|known| known.position >= position) {
            return;
        }
        self.set.insert((process, stream.clone()), when);
        self.queue.push(Reverse((due, position, process, stream)));
        if self.queue.len() > 2 * self.set.len() + 1_024 {
            self.tidy();
        }
    }

    /// Something else happened in time, at `position`.
    pub(crate) fn clear(&mut self, process: usize, stream: &StreamId, position: Position) {
        let key = (process, stream.clone());
        if self.set.get(&key).is_some_and(|known| known.position < position) {
            self.set.remove(&key);
        }
    }

    /// The deadline's command is done.
    pub(crate) fn done(&mut self, due: &Due) {
        let key = (due.process, due.stream.clone());
        if self.set.get(&key).is_some_and(|known| known.position == due.position) {
            self.set.remove(&key);
        }
    }

    /// The deadline's command could not be asked for after all.
    pub(crate) fn unfire(&mut self, due: &Due) {
        let Some(when) = self.set.get_mut(&(due.process, due.stream.clone())) else { return };
        if when.position == due.position {
            when.fired = false;
            self.queue.push(Reverse((when.due, due.position, due.process, due.stream.clone())));
        }
    }

    /// The next deadline that has come at `now`; each is handed out once.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<Due> {
        loop {
            let Reverse((due, ..)) = self.queue.peek()?;
            if *due > now {
                return None;
            }
            let Reverse((_, position, process, stream)) = self.queue.pop()?;
            let Some(when) = self.set.get_mut(&(process, stream.clone())) else { continue };
            if when.position == position && !when.fired {
                when.fired = true;
                return Some(Due { process, stream, position });
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.set.len()
    }

    /// For a checkpoint.
    pub(crate) fn keep(&self, name_of: impl Fn(usize) -> &'static str) -> Vec<KeptDeadline> {
        let keep = |((process, stream), when): (&(usize, StreamId), &When)| KeptDeadline {
            process: name_of(*process).to_owned(),
            stream: stream.clone(),
            due_ns: when.due.as_nanos(),
            position: when.position,
        };
        self.set.iter().map(keep).collect()
    }

    fn tidy(&mut self) {
        let unfired = self.set.iter().filter(|(_, when)| !when.fired);
        self.queue = unfired
            .map(|((process, stream), when)| Reverse((when.due, when.position, *process, stream.clone())))
            .collect();
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

    #[test]
    fn a_later_event_replaces_or_clears_the_deadline_of_its_stream_and_process_only() {
        let mut deadlines = Deadlines::default();
        deadlines.set(0, stream(1), at(10), Position::new(1));
        deadlines.set(1, stream(1), at(11), Position::new(1));
        deadlines.set(0, stream(2), at(12), Position::new(2));
        deadlines.set(0, stream(1), at(30), Position::new(3));
        deadlines.clear(0, &stream(2), Position::new(4));
        let due = deadlines.take_due(at(20)).expect("one is due");
        assert_eq!((due.process, due.position), (1, Position::new(1)));
        assert_eq!(deadlines.take_due(at(20)), None);
        assert_eq!(deadlines.take_due(at(30)).expect("due").position, Position::new(3));
    }

    #[test]
    fn a_deadline_is_kept_until_its_command_is_done() {
        let mut deadlines = Deadlines::default();
        deadlines.set(0, stream(1), at(10), Position::new(1));
        let due = deadlines.take_due(at(10)).expect("due");
        assert_eq!(deadlines.keep(|_| "p").len(), 1);
        deadlines.done(&due);
        assert!(deadlines.is_empty());
    }
}
