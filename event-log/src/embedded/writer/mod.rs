//! The one thread that writes, and the queue before it.
//!
//! `append` only queues, so calls are sequenced in their order whoever polls what. The writer takes
//! everything that has arrived as one batch, writes it, syncs once, and answers all of them. While it
//! waits for the disk a second thread sequences what arrives meanwhile, if that is enough to be worth
//! waking up for. Whoever waits for the places of an append has them sequenced in their own thread: that takes some
//! microseconds, less than waking another thread, and in a chain of appends it would be one for each.
//!
//! After a failed write or sync nothing is written or acknowledged any more. A sync is never repeated:
//! the kernel marks pages clean after a failure, so the second attempt would lie (Rebello et al., "Can
//! Applications Recover from fsync Failures?", USENIX ATC 2020).

#[cfg(test)]
mod tests;

use super::{
    answers::Answers,
    format::{BatchHeader, Kind},
    maintenance::Maintenance,
    options::EmbeddedOptions,
    recent::RecentBatch,
    segment::Segment,
    segments::Segments,
    sequencer::{FrameBatch, Job, SequenceStep, Sequencer},
};
use crate::{Append, AppendFuture, LogError, Position};
use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use std::{
    collections::VecDeque,
    io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Events waiting during a sync from which on the second thread is woken.
const WORTH_WAKING_EVENTS: usize = 64;
/// After batches of so many appends it is worth waiting for the next to grow: below, the log is not busy, above, the
/// batch is large enough.
const GATHERING: Range<u64> = 8..200;
/// Batches sequenced ahead of the disk; what comes later stays in the queue.
const AHEAD: usize = 4;
/// Why a log takes nothing more whose open batch is in pieces.
const INTERRUPTED: &str = "a bug interrupted the sequencing of an append";

#[derive(Default)]
struct AppendQueue {
    jobs: VecDeque<Job>,
    events: usize,
    /// The second thread took a job since the writer last looked into the sequencer.
    taken_ahead: bool,
    /// The writer is at a step: it waits for the disk, or for a batch to grow.
    busy: bool,
    /// Somebody waits for the places of a job in the queue, and could not sequence it.
    hurried: bool,
    closing: bool,
    poisoned: Option<String>,
}

pub(super) struct Writer {
    segments: Arc<Segments>,
    maintenance: Arc<Maintenance>,
    gather: Duration,
    /// Whoever waits for places may sequence. Not where segments are prepared by whoever sequences.
    callers_sequence: bool,
    sequencer: Mutex<Sequencer>,
    inbox: Mutex<AppendQueue>,
    /// Something for the writer to do.
    arrived: Condvar,
    /// Something worth sequencing during a sync.
    overlap: Condvar,
    head: Mutex<Option<watch::Sender<Position>>>,
}

impl Writer {
    pub(super) fn new(
        segments: Arc<Segments>,
        maintenance: Arc<Maintenance>,
        sequencer: Sequencer,
        options: &EmbeddedOptions,
        head: watch::Sender<Position>,
    ) -> Self {
        metrics::gauge!("daybook_log_poisoned").set(0.0);
        Self {
            segments,
            maintenance,
            gather: options.gather,
            callers_sequence: !options.inline_maintenance,
            sequencer: Mutex::new(sequencer),
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            overlap: Condvar::new(),
            head: Mutex::new(Some(head)),
        }
    }

    pub(super) fn append(self: &Arc<Self>, group: Vec<Append>, recorded_at_ns: Option<i64>) -> AppendFuture {
        let (answers, sequenced, durable) = Answers::new();
        {
            let mut inbox = self.inbox.lock();
            if let Some(refusal) = inbox.refusal() {
                return AppendFuture::ready(Err(refusal));
            }
            inbox.events += group.iter().map(|append| append.events.len()).sum::<usize>();
            inbox.jobs.push_back(Job { group, recorded_at_ns, answers });
            if !inbox.busy {
                self.arrived.notify_one();
            } else if inbox.events >= WORTH_WAKING_EVENTS {
                self.overlap.notify_one();
            }
        }
        let writer = Arc::downgrade(self);
        let sequenced = async move {
            if let Some(writer) = writer.upgrade() {
                writer.hurry();
            }
            sequenced.await.unwrap_or(Err(LogError::Closed))
        };
        AppendFuture::new(sequenced, async move { durable.await.unwrap_or(Err(LogError::Closed)) })
    }

    /// Sequences what is in the queue, also while the writer waits for the disk. Never waits itself: where somebody else
    /// has the sequencer, they look into the queue again, or have it done.
    fn hurry(&self) {
        loop {
            {
                let mut inbox = self.inbox.lock();
                if inbox.jobs.is_empty() {
                    return;
                }
                // Before looking whether the sequencer is free: whoever has it then sees this.
                inbox.hurried = true;
            }
            let sequencer = self.sequencer.try_lock().filter(|_| self.callers_sequence);
            let Some(mut sequencer) = sequencer else { return self.wake_overlap() };
            if sequencer.is_torn() {
                return;
            }
            let sequencing = AssertUnwindSafe(|| {
                let mut went_on = false;
                while sequencer.steps_ready() < AHEAD && self.sequence_one(&mut sequencer, false) {
                    went_on = true;
                }
                went_on
            });
            match catch_unwind(sequencing) {
                Ok(true) => {}
                // The writer goes on when it comes back from the disk, or has the next segment.
                Ok(false) => return,
                Err(_) => {
                    drop(sequencer);
                    return self.poison(INTERRUPTED);
                }
            }
        }
    }

    fn wake_overlap(&self) {
        if self.inbox.lock().busy {
            self.overlap.notify_one();
        }
    }

    /// No more appends; those accepted are still written.
    pub(super) fn close(&self) {
        self.inbox.lock().closing = true;
        self.arrived.notify_all();
        self.overlap.notify_all();
    }

    /// The writer's life. `marked`: whether the segment ends in a rest, as far as is known.
    pub(super) fn run(&self, mut marked: bool) {
        while let Some(step) = self.next_step() {
            self.begin_step();
            let done = match step {
                SequenceStep::Write(batch) => {
                    marked &= batch.bytes.is_empty();
                    let gathers = GATHERING.contains(&batch.appends);
                    let written = self.write(batch);
                    if gathers && !self.gather.is_zero() {
                        std::thread::sleep(self.gather);
                    }
                    written
                }
                SequenceStep::Seal { segment, offset, next } => {
                    marked = true;
                    self.mark(Kind::Seal, &segment, offset, next)
                        .map(|()| self.maintenance.index(segment.ordinal))
                }
            };
            self.inbox.lock().busy = false;
            if let Err(e) = done {
                self.poison(&e.to_string());
                break;
            }
        }
        let poisoned = self.inbox.lock().poisoned.is_some();
        if !marked && !poisoned {
            let (segment, offset, next) = self.sequencer.lock().end();
            if let Err(e) = self.mark(Kind::Rest, &segment, offset, next) {
                tracing::warn!(error = %e, "the log is complete, but could not be marked as closed");
            }
        }
    }

    /// The writer cannot sequence for a while; has it done meanwhile where that is worth it.
    fn begin_step(&self) {
        let mut inbox = self.inbox.lock();
        inbox.busy = true;
        if inbox.hurried || inbox.events >= WORTH_WAKING_EVENTS {
            self.overlap.notify_one();
        }
    }

    /// Waits until the log is to be closed, for a writer that has nothing more to do.
    pub(super) fn wait_for_close(&self) {
        let mut inbox = self.inbox.lock();
        while !inbox.closing {
            self.arrived.wait(&mut inbox);
        }
    }

    /// Ends followers.
    pub(super) fn end_head(&self) {
        *self.head.lock() = None;
    }

    /// The second thread's life: sequence while the writer waits for the disk.
    pub(super) fn run_overlap(&self) {
        let mut inbox = self.inbox.lock();
        while !inbox.closing && inbox.poisoned.is_none() {
            self.overlap.wait(&mut inbox);
            while inbox.busy && !inbox.jobs.is_empty() {
                drop(inbox);
                let went_on = {
                    let mut sequencer = self.sequencer.lock();
                    sequencer.steps_ready() < AHEAD && self.sequence_one(&mut sequencer, false)
                };
                inbox = self.inbox.lock();
                if !went_on {
                    break;
                }
            }
        }
    }

    /// Takes the next job, in order because only the holder of the sequencer takes any.
    fn sequence_one(&self, sequencer: &mut Sequencer, wait: bool) -> bool {
        let job = {
            let mut inbox = self.inbox.lock();
            let Some(job) = inbox.jobs.pop_front() else { return false };
            inbox.events -= job.group.iter().map(|append| append.events.len()).sum::<usize>();
            inbox.taken_ahead |= !wait;
            inbox.hurried &= !inbox.jobs.is_empty();
            job
        };
        match sequencer.take(job, wait) {
            Ok(()) => true,
            Err((job, _)) => {
                let mut inbox = self.inbox.lock();
                inbox.events += job.group.iter().map(|append| append.events.len()).sum::<usize>();
                inbox.jobs.push_front(job);
                false
            }
        }
    }

    fn next_step(&self) -> Option<SequenceStep> {
        loop {
            {
                let mut sequencer = self.sequencer.lock();
                if sequencer.is_torn() {
                    drop(sequencer);
                    self.poison(INTERRUPTED);
                    return None;
                }
                // Whoever takes a job holds the sequencer until it is in there, so none is in between.
                self.inbox.lock().taken_ahead = false;
                while sequencer.steps_ready() == 0 && self.sequence_one(&mut sequencer, true) {}
                if sequencer.steps_ready() == 0 {
                    sequencer.close_batch();
                }
                if let Some(step) = sequencer.next_step() {
                    return Some(step);
                }
            }
            let mut inbox = self.inbox.lock();
            if inbox.jobs.is_empty() && !inbox.taken_ahead {
                if inbox.closing {
                    return None;
                }
                self.arrived.wait(&mut inbox);
            }
        }
    }

    fn write(&self, mut batch: FrameBatch) -> io::Result<()> {
        if !batch.bytes.is_empty()
            && let Err(e) = self.commit(&mut batch)
        {
            let failure = LogError::Poisoned { detail: e.to_string() };
            batch.fail(&failure);
            return Err(e);
        }
        for (answers, outcomes) in batch.answers {
            answers.durable(outcomes);
        }
        Ok(())
    }

    fn commit(&self, batch: &mut FrameBatch) -> io::Result<()> {
        let file = &*batch.segment.file;
        let written = file.write_at(&batch.bytes, batch.offset as u64);
        let begun = Instant::now();
        let synced = written.and_then(|()| file.sync());
        let took = begun.elapsed();
        synced?;
        batch.segment.expect_in_place(&*self.segments.disk)?;
        count(batch, took.as_secs_f64());

        let mut bytes = std::mem::take(&mut batch.bytes);
        if bytes.capacity() - bytes.len() > bytes.len() / 4 {
            bytes.shrink_to_fit();
        }
        self.segments.recent.push(RecentBatch {
            ordinal: batch.segment.ordinal,
            offset: batch.offset,
            first: batch.first,
            events: batch.events,
            bytes: Bytes::from(bytes),
        });
        if let Some(head) = &*self.head.lock() {
            head.send_replace(Position::new(batch.first.get() + batch.events - 1));
        }
        Ok(())
    }

    fn mark(&self, kind: Kind, segment: &Segment, offset: usize, next: Position) -> io::Result<()> {
        let mark = BatchHeader::mark(kind, next, self.segments.salt);
        segment.file.write_at(&mark, offset as u64)?;
        segment.file.sync()
    }

    /// Why the log takes nothing, if it does not, or would not.
    pub(super) fn check(&self) -> Result<(), LogError> {
        if let Some(refusal) = self.inbox.lock().refusal() {
            return Err(refusal);
        }
        let segment = Arc::clone(&self.segments.shelf().segment);
        let in_place = segment.expect_in_place(&*self.segments.disk);
        in_place.map_err(|e| LogError::Poisoned { detail: e.to_string() })
    }

    /// Refuses everything from now on, and everything that waits; the first reason stays.
    pub(super) fn poison(&self, detail: &str) {
        tracing::error!(detail, "the log takes no more events");
        metrics::gauge!("daybook_log_poisoned").set(1.0);
        let waiting = {
            let mut inbox = self.inbox.lock();
            inbox.poisoned.get_or_insert_with(|| detail.to_owned());
            std::mem::take(&mut inbox.jobs)
        };
        let failure = LogError::Poisoned { detail: detail.to_owned() };
        for job in waiting {
            job.answers.fail(&failure);
        }
        // A writer that waits for the next segment holds the sequencer.
        self.maintenance.give_up(&failure);
        let mut sequencer = self.sequencer.lock();
        // Who had the sequencer meanwhile may have put a job back. Now nobody has one in hand, and none comes.
        let put_back = std::mem::take(&mut self.inbox.lock().jobs);
        for job in put_back {
            job.answers.fail(&failure);
        }
        sequencer.fail_all(&failure);
        drop(sequencer);
        self.overlap.notify_all();
    }
}

impl AppendQueue {
    fn refusal(&self) -> Option<LogError> {
        match &self.poisoned {
            _ if self.closing => Some(LogError::Closed),
            Some(detail) => Some(LogError::Poisoned { detail: detail.clone() }),
            None => None,
        }
    }
}

fn count(batch: &FrameBatch, sync_seconds: f64) {
    metrics::counter!("daybook_log_appends_total").increment(batch.appends);
    metrics::counter!("daybook_log_events_total").increment(batch.events);
    metrics::counter!("daybook_log_bytes_total").increment(batch.bytes.len() as u64);
    metrics::histogram!("daybook_log_group_events").record(batch.events as f64);
    metrics::histogram!("daybook_log_fsync_seconds").record(sync_seconds);
}
