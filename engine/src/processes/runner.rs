//! The one task that runs all processes: brings events and answers to the [`Reactor`], keeps its state.
//!
//! It works in rounds: everything that has come in is taken in, everything that follows is collected, and the
//! commands go out to each shard at once. A stop ends a round wherever it waits.

use super::{
    ProcessMessage, Reactor, StepDone, input::ProcessInput, meters::Meters, outside_calls::Answered,
    process_state::StateBatch, state_file::Kept, state_writer::StateWriter,
};
use crate::{CommandError, shared::EngineShared};
use daybook_domain::process::Process;
use daybook_event_log::{LogError, Position};
use daybook_subscriptions::{CancellationToken, Fault};
use futures::{FutureExt, future::join_all};
use std::{
    collections::BTreeSet,
    future::poll_fn,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// How often the state is written while there is something new.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// How long the last write of the state may take before the runner stops without it.
const STOP_WITHIN: Duration = Duration::from_secs(5);

pub(crate) struct Runner {
    shared: Arc<EngineShared>,
    reactor: Reactor,
    input: ProcessInput,
    meters: Meters,
    writer: StateWriter,
    next_write: Instant,
    /// What the file says, or will when it is written.
    written: Written,
    /// How far everything was reacted to, to be told when the log is durable up to the first position.
    to_report: Option<(Position, Position)>,
    /// What the processes have gone on from may be lost.
    failed: Option<LogError>,
}

struct Written {
    position: Position,
    open: BTreeSet<Position>,
}

impl Runner {
    /// Goes on from what was kept. `starts` is how many runners this engine had before.
    pub(crate) fn new(
        shared: Arc<EngineShared>,
        processes: Vec<Arc<dyn Process>>,
        kept: Kept,
        starts: u32,
    ) -> Self {
        kept.restore_dead_letters(&shared.dead_letters);
        let Kept { state, file } = kept;
        let first_epoch = starts << 20;
        let mut reactor = Reactor::new(Arc::clone(&shared), processes, state.position, first_epoch);
        for timer in state.timers() {
            if let Some(process) = reactor.process_called(&timer.process) {
                reactor.timers.restore(process, timer);
            }
        }
        let open: Vec<Position> = state.open.iter().copied().collect();
        Self {
            input: ProcessInput::new(Arc::clone(&shared), state.log, open),
            meters: Meters::new(),
            writer: StateWriter::new(file),
            next_write: Instant::now() + WRITE_EVERY,
            written: Written { position: state.position, open: state.open },
            to_report: None,
            failed: None,
            reactor,
            shared,
        }
    }

    /// Runs until told to stop; then writes the state. What is in flight then is taken up again by the next start. Fails
    /// with the log: what was sequenced and got lost is not in the log that the next start goes on from.
    pub(crate) async fn run(&mut self, stop: &CancellationToken) -> Result<(), Fault> {
        let mut messages = Vec::new();
        loop {
            // The stop comes first: there may be work without end.
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.round(&mut messages) => {}
            }
            if let Some(error) = &self.failed {
                return Err(Fault::Fatal(format!(
                    "{error}; the processes go on from what is durable after a restart"
                )));
            }
        }
        let writing = async {
            self.write_prepared().await;
            self.prepare_to_write();
            self.write_prepared().await;
        };
        if tokio::time::timeout(STOP_WITHIN, writing).await.is_err() {
            tracing::warn!("stopping without having written how far the processes are");
        }
        Ok(())
    }

    /// Writes what is prepared, when it is durable what that rests on.
    async fn write_prepared(&mut self) {
        self.writer.settle().await;
        if let Some(rests_on) = self.writer.waits_for() {
            self.input.durable(rests_on).await;
            self.writer.write(rests_on);
            self.writer.settle().await;
        }
    }

    /// Ends what a runner that panicked has left: nothing may be written to its file any more.
    pub(crate) async fn settle(&mut self) {
        self.writer.settle().await;
    }

    async fn round(&mut self, messages: &mut Vec<ProcessMessage>) {
        self.shared.options.reach("processes");
        self.reactor.let_go_of_durable();
        self.begin_due().await;
        if self.reactor.has_room() {
            self.input.read(&mut self.reactor).await;
        }
        self.reactor.begin_waiting();
        self.reactor.send();
        self.report();
        self.write_if_due();
        if self.input.has_more() && self.reactor.has_room() {
            // Lets the shards work on what was sent before more is read.
            tokio::task::yield_now().await;
            self.shared.process_messages.take_now(messages);
        } else {
            self.wait(messages).await;
        }
        for message in messages.drain(..) {
            self.take_in(message);
        }
        while let Some(answered) = poll_fn(|cx| self.reactor.calls.poll_answer(cx)).now_or_never() {
            self.take_answer(answered);
        }
        // Also while there is always something to read.
        let _ = poll_fn(|cx| self.writer.poll_written(cx)).now_or_never();
        self.reactor.resume_paused();
    }

    /// Begins what timers that are due are for.
    async fn begin_due(&mut self) {
        let due = self.reactor.take_due();
        if due.is_empty() {
            return;
        }
        let log = &self.shared.log;
        let reads = join_all(due.iter().map(|due| log.read_all(due.key.position, 1))).await;
        for (due, read) in due.into_iter().zip(reads) {
            self.reactor.due(due, read.map(|mut events| events.pop()));
        }
    }

    /// Until there is something to do; answers of the outside are taken in at once.
    async fn wait(&mut self, messages: &mut Vec<ProcessMessage>) {
        let (wake_at, durable) = (self.next_wake(), self.wants_durable());
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            () = poll_fn(|cx| shared.process_messages.poll_take(cx, messages)) => {}
            answered = poll_fn(|cx| self.reactor.calls.poll_answer(cx)) => {
                self.take_answer(answered);
            }
            () = self.input.durable(durable) => {}
            () = poll_fn(|cx| self.writer.poll_written(cx)) => {}
            () = sleep_until(wake_at) => {}
        }
    }

    fn take_answer(&mut self, answered: Answered) {
        self.meters.gateway_call(answered.took);
        self.reactor.call_answered(answered);
    }

    fn take_in(&mut self, message: ProcessMessage) {
        match message {
            ProcessMessage::Sequenced(sequenced, concerned) => {
                self.input.handed_over(&sequenced, concerned, &mut self.reactor);
            }
            ProcessMessage::Done(key, answer) => {
                let mut sequenced = None;
                let answer = match answer {
                    Ok(StepDone { events, sequenced: happened }) => {
                        sequenced = happened.map(|happened| (happened, self.shared.concerns.pick(&events)));
                        Ok(Ok(events))
                    }
                    Err(CommandError::Rejected(rejection)) => Ok(Err(rejection)),
                    Err(error) => Err(error),
                };
                self.reactor.answered(key, answer);
                if let Some((sequenced, concerned)) = sequenced {
                    self.input.handed_over(&sequenced, concerned, &mut self.reactor);
                }
            }
            ProcessMessage::ShardRestarted => self.reactor.begin_anew(),
            ProcessMessage::LogFailed(error) => self.failed = Some(error),
            ProcessMessage::RetryDeadLetter(id, done) => {
                if self.reactor.retry(&id) {
                    self.writer.answer_when_kept(done);
                }
            }
            ProcessMessage::SkipDeadLetter(id, done) => {
                if self.reactor.skip(&id) {
                    self.writer.answer_when_kept(done);
                }
            }
        }
    }

    /// Tells how far the processes have got.
    fn report(&mut self) {
        let through = self.reactor.watermark.through();
        // What was not looked at yet and what waits for room, not what waits for a time or for the outside.
        let unseen = self.input.head().get().saturating_sub(through.get());
        let waiting = self.reactor.backlog();
        let lag = unseen + waiting as u64;
        self.shared.process_lag.store(lag, Ordering::Relaxed);
        self.shared.reactions_waiting.store(waiting, Ordering::Relaxed);
        let (timers, dead) = (self.reactor.timers.len(), self.shared.dead_letters.len());
        self.meters.progress(lag, self.reactor.in_flight(), timers, dead);
        let mut report = self.shared.process_report.lock();
        (report.dead_letters, report.timers) = (dead, timers);
        report.calls_in_flight = self.reactor.calls.in_flight();
        if report.state_not_written.as_deref() != self.writer.trouble() {
            report.state_not_written = self.writer.trouble().map(str::to_owned);
        }
        drop(report);
        self.report_finished();
        let finished = self.finished();
        if self.to_report.is_none() && *self.shared.caught_up.borrow() != finished {
            self.to_report = Some((self.reactor.rests_on(), finished));
            self.report_finished();
        }
    }

    fn report_finished(&mut self) {
        let durable = self.input.head();
        if let Some((_, finished)) = self.to_report.take_if(|(rests_on, _)| *rests_on <= durable) {
            self.shared.caught_up.send_replace(finished);
        }
    }

    /// Everything up to here was reacted to, and nothing of it is in flight.
    fn finished(&self) -> Position {
        let finished = self.reactor.watermark.finished();
        let unfinished = self.input.unfinished().min();
        unfinished.map_or(finished, |first| finished.min(Position::new(first.get() - 1)))
    }

    fn has_news(&self) -> bool {
        self.written.position != self.reactor.watermark.through()
            || self.reactor.timers.has_changes()
            || self.shared.dead_letters.has_changes()
            || self.writer.is_awaited()
    }

    fn write_if_due(&mut self) {
        let now = Instant::now();
        let due = now >= self.next_write || self.writer.is_awaited();
        if due && self.has_news() && self.writer.keeps() && !self.writer.is_busy() {
            self.next_write = now + WRITE_EVERY;
            self.prepare_to_write();
        }
        self.writer.write(self.input.head());
    }

    /// Takes a picture of the state, to be written when everything is durable that is known now.
    fn prepare_to_write(&mut self) {
        let (reactor, input, written) = (&mut self.reactor, &self.input, &mut self.written);
        let dead_letters = &self.shared.dead_letters;
        self.writer.prepare(reactor.rests_on(), || {
            let mut batch = StateBatch::default();
            let names: Vec<&'static str> = reactor.names();
            for (key, timer) in reactor.timers.take_changes(|process| names[process]) {
                batch.timer(names[key.process], key, timer);
            }
            for (id, letter) in dead_letters.take_changes() {
                batch.dead_letter(id, letter);
            }
            let open: BTreeSet<Position> =
                reactor.watermark.unfinished().into_iter().chain(input.unfinished()).collect();
            let opened = open.difference(&written.open).copied().collect();
            let closed = written.open.difference(&open).copied().collect();
            batch.open(opened, closed);
            *written = Written { position: reactor.watermark.through(), open };
            batch.commit(input.log(), written.position)
        });
    }

    /// There is something to do when the log is durable up to here.
    fn wants_durable(&self) -> Position {
        // What is durable and was not handed over has to be read, unless its time is set, or there is no room for it.
        let reads = self.reactor.has_room() && self.input.look_again_at().is_none();
        let wanted = [
            reads.then(|| self.reactor.watermark.through().next()),
            self.reactor.held_until(),
            self.writer.waits_for(),
            self.to_report.map(|(rests_on, _)| rests_on),
        ];
        wanted.into_iter().flatten().min().unwrap_or(Position::new(u64::MAX))
    }

    /// When to look again even if nothing comes.
    fn next_wake(&self) -> Instant {
        let later = Instant::now() + Duration::from_secs(3_600);
        let writes = self.has_news() && self.writer.keeps() && !self.writer.is_busy();
        let wakes = [
            self.reactor.next_pause(),
            self.reactor.next_due(),
            // Without room nothing is read, and what ends wakes the loop.
            self.input.look_again_at().filter(|_| self.reactor.has_room()),
            writes.then_some(self.next_write),
        ];
        wakes.into_iter().flatten().fold(later, Instant::min)
    }
}
