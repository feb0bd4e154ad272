//! How events come to the processes: handed over by the shards, or read from the log where they were not.
//!
//! After a start, and whenever the processes fall far behind, everything is read from the log, and what is
//! handed over meanwhile is left lying: it will be read. Once the end is reached, what is handed over is
//! enough; a gap that stays (somebody else wrote to the log) is read again.

use super::{Sequenced, reaction::TriggerEvent, runner::Runner};
use crate::ids;
use daybook_domain::{Event, Timestamp, process::Deadline};
use daybook_event_log::{LogError, Position, RecordedEvent};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{sync::watch, time::Instant};

/// How many events are read at once.
const PAGE: usize = 1_024;
/// How many later events of a stream are looked at to see whether a reaction is over.
const LATER: usize = 16;
/// How long an event may be in the log before it is read instead of waiting for it to be handed over.
const GAP: Duration = Duration::from_millis(3);
/// The pause after a read that failed.
const READ_AGAIN: Duration = Duration::from_millis(200);
/// With so many events waiting, it is better to read them later than to keep them in memory.
const FAR_BEHIND: usize = 16_384;

pub(super) struct ProcessInput {
    pub(super) head: watch::Receiver<Position>,
    /// The log was closed.
    pub(super) closed: bool,
    /// Everything is read, nothing is taken from the shards.
    reading: bool,
    /// Events before the checkpoint whose reactions were under way.
    unfinished: VecDeque<Position>,
    /// Up to here, events may have been reacted to before this engine started.
    recovered: Position,
    /// When to read what was not handed over.
    pub(super) look_at_gap: Option<Instant>,
}

impl ProcessInput {
    pub(super) fn new(head: watch::Receiver<Position>, unfinished: Vec<Position>) -> Self {
        let recovered = *head.borrow();
        Self {
            head,
            closed: false,
            reading: true,
            unfinished: unfinished.into(),
            recovered,
            look_at_gap: None,
        }
    }

    /// Whether there is something to read at once.
    pub(super) fn has_more(&self) -> bool {
        self.look_at_gap.is_none() && (self.reading || !self.unfinished.is_empty())
    }
}

impl Runner {
    /// Reads what has to be read, and looks for deadlines that have come.
    pub(super) async fn take_in(&mut self) {
        if self.time_for_deadlines() {
            self.deadlines_that_came().await;
        }
        if !self.room() {
            return;
        }
        let head = *self.input.head.borrow_and_update();
        if self.input.look_at_gap.is_some_and(|at| Instant::now() < at) {
            return;
        }
        if let Some(position) = self.input.unfinished.front().copied() {
            if self.read_one(position).await {
                self.input.unfinished.pop_front();
            }
        } else if self.input.reading || self.input.look_at_gap.is_some() {
            self.read_page(head).await;
        } else if head > self.watermark.through() {
            self.input.look_at_gap = Some(Instant::now() + GAP);
        }
    }

    /// An event from before the checkpoint whose reaction has to be taken up again.
    async fn read_one(&mut self, position: Position) -> bool {
        match self.read_with_ends(position, 1).await {
            Ok((events, over)) => {
                if let Some(recorded) = events.first().filter(|recorded| recorded.position() == position) {
                    self.take_recorded(recorded, over[0], false);
                }
                true
            }
            Err(error) => self.read_failed(&error),
        }
    }

    async fn read_page(&mut self, head: Position) {
        self.input.look_at_gap = None;
        if head <= self.watermark.through() {
            self.input.reading = false;
            return;
        }
        match self.read_with_ends(self.watermark.through().next(), PAGE).await {
            Ok((events, over)) => {
                // A whole page that nobody handed over: better read on than wait.
                self.input.reading = events.len() == PAGE || (self.input.reading && !events.is_empty());
                for (recorded, over) in events.iter().zip(over) {
                    if self.watermark.see(recorded.position()) {
                        self.take_recorded(recorded, over, true);
                    }
                }
            }
            Err(error) => {
                self.read_failed(&error);
            }
        }
    }

    /// Events from a position on; with each, as bits, the processes whose reaction is known to be over.
    async fn read_with_ends(
        &mut self,
        from: Position,
        limit: usize,
    ) -> Result<(Vec<RecordedEvent>, Vec<u64>), LogError> {
        let events = self.shared.log.read_all(from, limit).await?;
        let mut over = vec![0; events.len()];
        let (mut asked, mut streams) = (Vec::new(), Vec::new());
        for (index, recorded) in events.iter().enumerate().filter(|(_, recorded)| self.recovering(recorded)) {
            for process in self.concerns().concerned(recorded.aggregate(), recorded.event_type()) {
                let conclusions = self.processes[process].conclusions();
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
        recorded.position() <= self.input.recovered
    }

    fn read_failed(&mut self, error: &LogError) -> bool {
        tracing::warn!(%error, "the processes cannot read the log; trying again");
        self.input.look_at_gap = Some(Instant::now() + READ_AGAIN);
        false
    }

    /// Takes in an event as the log has it.
    fn take_recorded(&mut self, recorded: &RecordedEvent, over: u64, with_deadline: bool) {
        if recorded.position() == Position::new(1) {
            self.checkpoints.know_first_event(recorded.event_id());
        }
        if self.concerns().mask(recorded.aggregate(), recorded.event_type()) == 0 {
            return;
        }
        let decoded = Event::decode(
            recorded.aggregate(),
            recorded.event_type(),
            recorded.schema_version(),
            recorded.payload(),
        );
        let event = match decoded {
            Ok(event) => event,
            Err(error) => {
                // Nothing will make it readable but another program: this one must not guess.
                tracing::error!(position = %recorded.position(), %error, "processes cannot read an event");
                self.watermark.open(recorded.position());
                return;
            }
        };
        let mut cause = TriggerEvent::new(
            recorded.position(),
            recorded.version(),
            recorded.event_id(),
            recorded.correlation_id(),
            Timestamp::from_nanos(recorded.occurred_at_ns()),
            recorded.stream_id(),
            event,
            self.recovering(recorded),
        );
        cause.over = over;
        self.take(cause, with_deadline.then_some(recorded.recorded_at_ns()));
    }

    /// Takes in events as a shard hands them over.
    pub(super) fn happened(&mut self, happened: &Sequenced, concerned: Vec<(usize, Event)>) {
        if self.waiting.len() + self.queued > FAR_BEHIND {
            self.input.reading = true;
        }
        if self.input.reading {
            return;
        }
        if !self.checkpoints.knows_log() && happened.first_position == Position::new(1) {
            self.checkpoints.know_first_event(ids::event_id(happened.command_id, 0));
        }
        let mut concerned = concerned.into_iter().peekable();
        for index in 0..happened.count {
            let position = happened.first_position.plus(index as u64);
            let new = self.watermark.see(position);
            let Some((_, event)) = concerned.next_if(|(at, _)| *at == index) else { continue };
            if !new {
                continue;
            }
            let cause = TriggerEvent::new(
                position,
                happened.first_version.plus(index as u64),
                ids::event_id(happened.command_id, index),
                happened.correlation_id,
                happened.occurred_at,
                happened.stream.clone(),
                event,
                false,
            );
            self.take(cause, Some(happened.recorded_at_ns));
        }
    }

    /// Sets or clears deadlines, if it is known when the event was recorded; then the event waits for its turn.
    fn take(&mut self, cause: TriggerEvent, recorded_at_ns: Option<i64>) {
        if let Some(recorded_at_ns) = recorded_at_ns {
            let concerned = self.concerns().concerned(cause.event.aggregate(), cause.event.type_name());
            for process in concerned {
                match self.processes[process].deadline(cause.trigger()) {
                    Deadline::Unchanged => {}
                    Deadline::Cleared => self.deadlines.clear(process, &cause.stream, cause.position),
                    Deadline::Set { after, .. } => {
                        let due = Timestamp::from_nanos(recorded_at_ns).after(after);
                        self.deadlines.set(process, cause.stream.clone(), due, cause.position);
                    }
                }
            }
        }
        self.watermark.open(cause.position);
        self.waiting.push_back(Arc::new(cause));
    }

    async fn deadlines_that_came(&mut self) {
        let now = self.shared.options.clock.now();
        while let Some(due) = self.deadlines.take_due(now) {
            let read = self.shared.log.read_all(due.position, 1).await;
            let recorded = match read.map(|mut events| events.pop()) {
                Ok(Some(recorded)) if recorded.position() == due.position => recorded,
                Ok(_) => {
                    self.deadlines.done(&due);
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "a deadline has come, but its event cannot be read; trying again");
                    self.deadlines.unfire(&due);
                    return;
                }
            };
            let Ok(event) = crate::shard::decode(&recorded) else {
                self.deadlines.done(&due);
                continue;
            };
            let occurred_at = Timestamp::from_nanos(recorded.occurred_at_ns());
            let cause = TriggerEvent::new(
                recorded.position(),
                recorded.version(),
                recorded.event_id(),
                recorded.correlation_id(),
                occurred_at,
                due.stream.clone(),
                event,
                true,
            );
            match self.processes[due.process].deadline(cause.trigger()) {
                Deadline::Set { after, command } => {
                    self.deadline_came(cause, due.process, command, occurred_at.after(after));
                }
                Deadline::Unchanged | Deadline::Cleared => self.deadlines.done(&due),
            }
        }
    }
}
