//! The one task that runs all processes: takes in events and answers, starts reactions, keeps the checkpoint.
//!
//! It commands in rounds: everything that has come in is taken in, everything that follows is collected, and the
//! commands go out to each shard at once. Within a round nothing waits.

use super::{
    Checkpoints, Concerns, ProcessMessage,
    checkpoint::Checkpoint,
    input::ProcessInput,
    meters::Meters,
    reaction::{ReactionTable, StreamQueue, TriggerEvent},
    timers::Deadlines,
    watermark::Watermark,
};
use crate::{queued_command::QueuedCommand, shared::Shared};
use ahash::AHashMap;
use daybook_domain::{Actor, Timestamp, payment::GatewayOutcome, process::Process};
use daybook_event_log::{Position, StreamId};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    future::poll_fn,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// How often the checkpoint is written while there is something new.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How often the clock is looked at while there are deadlines.
const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_millis(500);

pub(crate) struct Runner {
    pub(super) shared: Arc<Shared>,
    pub(super) processes: Vec<Box<dyn Process>>,
    pub(super) actors: Vec<Actor>,
    pub(super) watermark: Watermark,
    pub(super) slots: ReactionTable,
    /// Streams of which an event is being reacted to.
    pub(super) streams: AHashMap<StreamId, StreamQueue>,
    /// Streams whose turn has ended.
    pub(super) ready: VecDeque<StreamId>,
    /// Events waiting for room among the reactions under way.
    pub(super) waiting: VecDeque<Arc<TriggerEvent>>,
    /// Events waiting for their turn in their stream.
    pub(super) queued: usize,
    /// Commands of this round, by shard.
    pub(super) out: Vec<Vec<QueuedCommand>>,
    pub(super) calls: FuturesUnordered<BoxFuture<'static, Called>>,
    pauses: BinaryHeap<Reverse<(Instant, u32, u32)>>,
    pub(super) deadlines: Deadlines,
    pub(super) input: ProcessInput,
    pub(super) meters: Meters,
    pub(super) checkpoints: Checkpoints,
    next_checkpoint: Instant,
    look_at_clock: Instant,
    kept: Position,
    checkpoint_write: Option<JoinHandle<()>>,
}

/// What came of a call to the gateway.
pub(super) struct Called {
    pub(super) slot: u32,
    pub(super) epoch: u32,
    pub(super) answer: GatewayOutcome,
    pub(super) took: Duration,
}

impl Runner {
    pub(crate) fn new(
        shared: Arc<Shared>,
        processes: Vec<Box<dyn Process>>,
        checkpoints: Checkpoints,
        checkpoint: Checkpoint,
    ) -> Self {
        let mut deadlines = Deadlines::default();
        for kept in checkpoint.deadlines {
            if let Some(process) = processes.iter().position(|process| process.name() == kept.process) {
                deadlines.set(process, kept.stream, Timestamp::from_nanos(kept.due_ns), kept.position);
            }
        }
        let head = shared.log.head();
        let now = Instant::now();
        Self {
            actors: processes.iter().map(|process| Actor::System(process.name().to_owned())).collect(),
            out: shared.queues.iter().map(|_| Vec::new()).collect(),
            watermark: Watermark::after(checkpoint.position),
            slots: ReactionTable::default(),
            streams: AHashMap::new(),
            ready: VecDeque::new(),
            waiting: VecDeque::new(),
            queued: 0,
            calls: FuturesUnordered::new(),
            pauses: BinaryHeap::new(),
            deadlines,
            input: ProcessInput::new(head, checkpoint.unfinished),
            meters: Meters::new(),
            checkpoints,
            next_checkpoint: now + CHECKPOINT_EVERY,
            look_at_clock: now,
            kept: checkpoint.position,
            checkpoint_write: None,
            shared,
            processes,
        }
    }

    /// Runs until told to stop; then writes the checkpoint. What is under way then is taken up again by the
    /// next start.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let mut messages = Vec::new();
        loop {
            self.take_in().await;
            self.start_waiting();
            self.send_out();
            if self.input.has_more() && self.room() {
                // Lets the shards work on what was sent before more is read.
                tokio::task::yield_now().await;
                if stop.try_recv().is_ok() {
                    break;
                }
                self.shared.process_messages.take_now(&mut messages);
            } else {
                let wake_at = self.next_wake();
                let shared = Arc::clone(&self.shared);
                tokio::select! {
                    biased;
                    () = poll_fn(|cx| shared.process_messages.poll_take(cx, &mut messages)) => {}
                    Some(called) = self.calls.next(), if !self.calls.is_empty() => self.gateway_answered(called),
                    changed = self.input.head.changed(), if !self.input.closed => {
                        self.input.closed = changed.is_err();
                    }
                    () = sleep_until(wake_at) => {}
                    _ = &mut stop => break,
                }
            }
            for signal in messages.drain(..) {
                match signal {
                    ProcessMessage::Sequenced(happened, concerned) => self.happened(&happened, concerned),
                    ProcessMessage::Done(key, answer) => {
                        let happened = answer.as_ref().ok().and_then(|done| {
                            let happened = done.happened.as_ref()?;
                            Some((happened.clone(), self.shared.concerns.pick(&done.events)))
                        });
                        self.answered(key, answer);
                        if let Some((happened, concerned)) = happened {
                            self.happened(&happened, concerned);
                        }
                    }
                }
            }
            while let Some(Some(called)) = self.calls.next().now_or_never() {
                self.gateway_answered(called);
            }
            self.wake_paused();
            self.next_turns();
        }
        self.stopped().await;
    }

    /// Whether further events may be taken in.
    pub(super) fn room(&self) -> bool {
        self.waiting.len() + self.queued < self.shared.options.reactions_in_flight
    }

    /// Starts reactions as far as there is room among those under way.
    fn start_waiting(&mut self) {
        while self.slots.used() < self.shared.options.reactions_in_flight + self.calls.len() {
            let Some(cause) = self.waiting.pop_front() else { break };
            self.begin(cause);
        }
        self.next_turns();
    }

    /// Sends out what this round has led to, and tells how far it has got.
    fn send_out(&mut self) {
        for (shard, commands) in self.out.iter_mut().enumerate() {
            self.shared.queues[shard].put_process_commands(commands);
        }
        let finished = self.watermark.finished();
        // Not what waits for a gateway, which may take hours: what has not been looked at yet.
        let unseen = self.input.head.borrow().get().saturating_sub(self.watermark.through().get());
        let waiting = self.waiting.len() + self.queued;
        let lag = unseen + waiting as u64;
        self.shared.process_lag.store(lag, Ordering::Relaxed);
        self.shared.reactions_waiting.store(waiting, Ordering::Relaxed);
        self.meters.progress(lag, self.slots.used(), self.deadlines.len());
        self.shared.caught_up.send_if_modified(|known| std::mem::replace(known, finished) != finished);
        let now = Instant::now();
        if now >= self.next_checkpoint {
            self.next_checkpoint = now + CHECKPOINT_EVERY;
            if self.checkpoint_write.as_ref().is_none_or(JoinHandle::is_finished) && self.kept != finished {
                self.kept = finished;
                let (checkpoints, checkpoint) = (self.checkpoints.clone(), self.checkpoint());
                if self.checkpoints.enabled() {
                    let write = tokio::task::spawn_blocking(move || checkpoints.write(checkpoint));
                    self.checkpoint_write = Some(write);
                }
            }
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        let deadlines = self.deadlines.keep(|process| self.processes[process].name());
        Checkpoint::new(self.watermark.through(), self.watermark.unfinished(), deadlines)
    }

    async fn stopped(mut self) {
        if let Some(write) = self.checkpoint_write.take() {
            let _ = write.await;
        }
        let (checkpoints, checkpoint) = (self.checkpoints.clone(), self.checkpoint());
        let _ = tokio::task::spawn_blocking(move || checkpoints.write(checkpoint)).await;
    }

    /// Resumes the reaction after a pause.
    pub(super) fn wake_later(&mut self, slot: u32, epoch: u32, pause: Duration) {
        self.pauses.push(Reverse((Instant::now() + pause, slot, epoch)));
    }

    fn wake_paused(&mut self) {
        if self.pauses.is_empty() {
            return;
        }
        let now = Instant::now();
        while self.pauses.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((_, slot, epoch))) = self.pauses.pop() else { return };
            self.resume(slot, epoch);
        }
    }

    /// When to look again even if nothing comes.
    fn next_wake(&self) -> Instant {
        let mut at = Instant::now() + Duration::from_secs(3_600);
        if let Some(Reverse((pause, ..))) = self.pauses.peek() {
            at = at.min(*pause);
        }
        if let Some(gap) = self.input.look_at_gap {
            at = at.min(gap);
        }
        if !self.deadlines.is_empty() {
            at = at.min(self.look_at_clock);
        }
        if self.checkpoints.enabled() && self.kept != self.watermark.finished() {
            at = at.min(self.next_checkpoint);
        }
        at
    }

    /// Whether it is time to look for deadlines that have come.
    pub(super) fn time_for_deadlines(&mut self) -> bool {
        let now = Instant::now();
        if self.deadlines.is_empty() || now < self.look_at_clock {
            return false;
        }
        self.look_at_clock = now + LOOK_AT_CLOCK_EVERY;
        true
    }

    pub(super) fn concerns(&self) -> &Concerns {
        &self.shared.concerns
    }
}
