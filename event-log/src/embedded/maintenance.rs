//! What must be ready before it is needed: the next segment, and the indexes of full ones, which are then
//! compressed.
//!
//! Runs on a thread of its own, so that filling a segment with zeros never stands in the way of an
//! append; compression, which nobody waits for, on another. For runs that must repeat exactly, all is done
//! on the writer's thread at fixed points.

use super::{
    format::LogId, options::EmbeddedOptions, segment::Segment, segment_files::SegmentFiles,
    segments::Segments,
};
use crate::LogError;
use parking_lot::{Condvar, Mutex};
use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

/// The answer to "may I have the next segment?".
pub(super) enum Spare {
    Ready(Arc<Segment>),
    /// Being prepared.
    Soon,
    /// Could not be prepared, and why; it is tried again unless the log is given up.
    Impossible(LogError),
}

enum Task {
    Prepare {
        ordinal: u64,
        after: Duration,
    },
    Index {
        ordinal: u64,
    },
    /// Put the compressed copy in the segment's place.
    Adopt {
        ordinal: u64,
    },
}

#[derive(Default)]
struct MaintenanceState {
    ready: Option<Arc<Segment>>,
    failure: Option<LogError>,
    /// The log takes no more events, so no segment is needed any more.
    is_given_up: bool,
    /// The ordinal being prepared or waiting to be.
    wanted: Option<u64>,
    tasks: VecDeque<Task>,
    stopping: bool,
}

pub(super) struct Maintenance {
    segments: Arc<Segments>,
    log: LogId,
    segment_bytes: usize,
    retry_after: Duration,
    inline: bool,
    state: Mutex<MaintenanceState>,
    changed: Condvar,
    /// Where full segments are compressed, if they are.
    compressing: Option<Arc<SegmentFiles>>,
    to_compress: mpsc::Sender<Compress>,
    /// The same as [`MaintenanceState::stopping`], for the compressing thread: that must not hold the lock.
    stopped: AtomicBool,
}

/// A segment to compress, or none once there will be no more.
pub(super) type Compress = Option<u64>;

impl Maintenance {
    pub(super) fn new(
        segments: Arc<Segments>,
        log: LogId,
        options: &EmbeddedOptions,
        spare: Option<Arc<Segment>>,
        disk: Arc<SegmentFiles>,
    ) -> (Self, mpsc::Receiver<Compress>) {
        let (to_compress, waiting) = mpsc::channel();
        let maintenance = Self {
            segments,
            log,
            segment_bytes: options.segment_bytes,
            retry_after: options.retry_full_after,
            inline: options.inline_maintenance,
            state: Mutex::new(MaintenanceState { ready: spare, ..MaintenanceState::default() }),
            changed: Condvar::new(),
            compressing: options.compress.then_some(disk),
            to_compress,
            stopped: AtomicBool::new(false),
        };
        (maintenance, waiting)
    }

    /// Sees to it that segment `ordinal` will be ready.
    pub(super) fn want(&self, ordinal: u64) {
        let mut state = self.state.lock();
        if state.ready.is_some() || state.wanted.is_some() {
            return;
        }
        state.wanted = Some(ordinal);
        let after = if state.failure.is_some() { self.retry_after } else { Duration::ZERO };
        self.hand_over(state, Task::Prepare { ordinal, after });
    }

    /// Takes segment `ordinal`. With `wait`, never answers [`Spare::Soon`].
    pub(super) fn take(&self, ordinal: u64, wait: bool) -> Spare {
        self.want(ordinal);
        let mut state = self.state.lock();
        loop {
            if !state.is_given_up
                && let Some(segment) = state.ready.take()
            {
                state.failure = None;
                return Spare::Ready(segment);
            }
            // A disk that was full a moment ago is taken to be so still: refusing must be quick.
            if let Some(error) = &state.failure {
                return Spare::Impossible(error.clone());
            }
            if !wait {
                return Spare::Soon;
            }
            self.changed.wait(&mut state);
        }
    }

    /// Sees to it that the full segment `ordinal` gets its index file.
    pub(super) fn index(&self, ordinal: u64) {
        self.hand_over(self.state.lock(), Task::Index { ordinal });
    }

    /// Sees to it that the full segment `ordinal`, which has its index file, is compressed.
    pub(super) fn compress(&self, ordinal: u64) {
        match &self.compressing {
            Some(disk) if self.inline => self.compress_on(disk, ordinal),
            // Nobody takes it once the thread is gone: then the next start does.
            Some(_) => drop(self.to_compress.send(Some(ordinal))),
            None => {}
        }
    }

    fn compress_on(&self, disk: &SegmentFiles, ordinal: u64) {
        match disk.compress(ordinal, &|| self.stopped.load(Ordering::Relaxed)) {
            Ok(true) => self.hand_over(self.state.lock(), Task::Adopt { ordinal }),
            Ok(false) => {}
            Err(e) => {
                tracing::warn!(segment = ordinal, error = %e, "a full segment is not compressed before the next start");
            }
        }
    }

    /// The compressing thread's work, until [`Maintenance::stop`].
    pub(super) fn run_compression(&self, waiting: &mpsc::Receiver<Compress>) {
        let Some(disk) = &self.compressing else { return };
        while let Ok(Some(ordinal)) = waiting.recv()
            && !self.stopped.load(Ordering::Relaxed)
        {
            let compressed = catch_unwind(AssertUnwindSafe(|| self.compress_on(disk, ordinal)));
            if compressed.is_err() {
                // Nobody waits for it: the segment stays as it was written, and the next one may do better.
                tracing::error!(segment = ordinal, "compressing a full segment met a bug; it stays as it is");
            }
        }
    }

    fn hand_over(&self, mut state: parking_lot::MutexGuard<'_, MaintenanceState>, task: Task) {
        if self.inline {
            drop(state);
            self.perform(task);
        } else {
            state.tasks.push_back(task);
            self.changed.notify_all();
        }
    }

    /// The thread's work, until [`Maintenance::stop`].
    pub(super) fn run(&self) {
        loop {
            let task = {
                let mut state = self.state.lock();
                loop {
                    if state.stopping {
                        return;
                    }
                    if let Some(task) = state.tasks.pop_front() {
                        break task;
                    }
                    self.changed.wait(&mut state);
                }
            };
            self.perform(task);
        }
    }

    /// Ends [`Maintenance::run`] after the task in hand, and compression where it is. What is left undone is
    /// done after the next start.
    pub(super) fn stop(&self) {
        self.state.lock().stopping = true;
        self.changed.notify_all();
        self.stopped.store(true, Ordering::Relaxed);
        let _ = self.to_compress.send(None);
    }

    fn perform(&self, task: Task) {
        match task {
            Task::Index { ordinal } => match self.segments.write_index(ordinal) {
                Ok(()) => self.compress(ordinal),
                Err(e) => {
                    tracing::warn!(segment = ordinal, error = %e, "a full segment's index stays in memory");
                }
            },
            Task::Adopt { ordinal } => {
                let Some(disk) = &self.compressing else { return };
                match disk.adopt(ordinal).and_then(|()| self.segments.reopen(ordinal)) {
                    Ok(()) => metrics::counter!("daybook_log_segments_compressed_total").increment(1),
                    Err(e) => {
                        tracing::warn!(segment = ordinal, error = %e, "a compressed segment is not in use before the next start");
                    }
                }
            }
            Task::Prepare { ordinal, after } => {
                if !after.is_zero() && !self.inline {
                    self.pause(after);
                }
                let prepared = Segment::prepare(&*self.segments.disk, self.log, ordinal, self.segment_bytes);
                self.prepared(prepared);
            }
        }
    }

    /// The log takes no more events; `why` is told whoever waits for the next segment.
    pub(super) fn give_up(&self, why: &LogError) {
        let mut state = self.state.lock();
        state.is_given_up = true;
        state.failure = Some(why.clone());
        self.changed.notify_all();
    }

    fn pause(&self, length: Duration) {
        let mut state = self.state.lock();
        let stopping = |state: &mut MaintenanceState| !state.stopping;
        self.changed.wait_while_for(&mut state, stopping, length);
    }

    fn prepared(&self, prepared: io::Result<Segment>) {
        let mut state = self.state.lock();
        state.wanted = None;
        if state.is_given_up {
            return;
        }
        match prepared {
            Ok(segment) => {
                state.ready = Some(Arc::new(segment));
                state.failure = None;
            }
            Err(e) => {
                tracing::warn!(error = %e, "the next segment of the log cannot be prepared");
                state.failure = Some(LogError::Full { detail: format!("preparing the next segment: {e}") });
            }
        }
        self.changed.notify_all();
    }
}
