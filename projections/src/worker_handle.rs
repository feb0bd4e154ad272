//! A worker as the rest of the process sees it: which read models it keeps current, whether it is at work, and the way to
//! send it what operators ask. It stays the same when the worker is started again.

use crate::{
    RunnerError, applier::Applier, apply_loop::Message, commit_group::CommitGroup, rebuild::Rebuild,
    status::ProjectionStatus,
};
use daybook_event_log::EventLog;
use daybook_read_store::ReadStore;
use daybook_subscriptions::{CancellationToken, Status, Supervised};
use parking_lot::Mutex;
use std::{
    sync::{Arc, OnceLock, atomic::Ordering, mpsc},
    thread::JoinHandle,
};
use tokio::{runtime::Handle, sync::watch};

pub(crate) struct WorkerHandle {
    name: String,
    statuses: Vec<Arc<ProjectionStatus>>,
    shift: Mutex<Option<Shift>>,
    is_at_work: watch::Sender<bool>,
    task: OnceLock<Supervised>,
}

/// The time from one start of a worker to its end, with all that has to end with it.
pub(crate) struct Shift {
    pub(crate) messages: mpsc::Sender<Message>,
    pub(crate) feed: JoinHandle<()>,
    pub(crate) rebuilds: Vec<JoinHandle<()>>,
    /// Ends the feed and the rebuilds.
    pub(crate) stop: CancellationToken,
}

impl WorkerHandle {
    pub(crate) fn new(statuses: Vec<Arc<ProjectionStatus>>) -> Arc<Self> {
        let name = match &*statuses {
            [one] => one.definition.name,
            _ => "read-models",
        };
        Arc::new(Self {
            name: name.to_owned(),
            statuses,
            shift: Mutex::default(),
            is_at_work: watch::Sender::new(false),
            task: OnceLock::new(),
        })
    }

    /// The worker's name: that of its thread, and in metrics and readiness.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn statuses(&self) -> &[Arc<ProjectionStatus>] {
        &self.statuses
    }

    /// Whether it keeps the read model `name` current.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.statuses.iter().any(|status| status.definition.name == name)
    }

    /// Whether its rows are on a server that nodes share, so that it may have to stand by.
    pub(crate) fn is_shared(&self) -> bool {
        self.statuses.iter().any(|status| status.store.is_on_a_server())
    }

    /// Notes the supervised thread; there is one.
    pub(crate) fn supervised(&self, task: Supervised) {
        self.task.get_or_init(|| task);
    }

    /// What its thread does at the moment.
    pub(crate) fn status(&self) -> Status {
        self.task.get().map_or(Status::Stopped, |task| task.status().borrow().clone())
    }

    pub(crate) fn is_at_work(&self) -> bool {
        *self.is_at_work.borrow()
    }

    /// Why it does not work, if it should.
    pub(crate) fn failure(&self) -> Option<RunnerError> {
        let status = self.status();
        let why = status.why().filter(|_| !self.is_at_work())?.to_owned();
        Some(RunnerError::Stopped { worker: self.name.clone(), why })
    }

    /// Resolves when it has failed.
    pub(crate) async fn failed(&self) -> RunnerError {
        let Some(task) = self.task.get() else { return std::future::pending().await };
        let mut status = task.status();
        loop {
            if let Some(failure) = self.failure() {
                return failure;
            }
            if status.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Waits until it is at work for the first time.
    pub(crate) async fn begun(&self) -> Result<(), RunnerError> {
        let mut is_at_work = self.is_at_work.subscribe();
        tokio::select! {
            biased;
            _ = is_at_work.wait_for(|is| *is) => Ok(()),
            failure = self.failed() => Err(failure),
        }
    }

    /// Begins a shift, which ends when the answer is dropped.
    pub(crate) fn begin(self: &Arc<Self>, shift: Shift) -> ShiftEnd {
        *self.shift.lock() = Some(shift);
        self.is_at_work.send_replace(true);
        ShiftEnd(self.clone())
    }

    /// Sends to the thread that applies.
    pub(crate) fn send(&self, message: Message) -> Result<(), RunnerError> {
        let shift = self.shift.lock();
        let shift = shift.as_ref().ok_or(RunnerError::NotRunning)?;
        shift.messages.send(message).map_err(|_| RunnerError::NotRunning)
    }

    /// Fills a generation beside the group, which takes it over when it has caught up.
    pub(crate) fn fill_beside(
        &self,
        store: &Arc<ReadStore>,
        (status, applier): (Arc<ProjectionStatus>, Applier),
        log: &Arc<dyn EventLog>,
        runtime: Handle,
    ) -> Result<(), RunnerError> {
        let mut shift = self.shift.lock();
        let shift = shift.as_mut().ok_or(RunnerError::NotRunning)?;
        let rebuild = Rebuild {
            group: CommitGroup::new(store.clone(), vec![applier]),
            status,
            log: log.clone(),
            adopter: shift.messages.clone(),
            stop: shift.stop.clone(),
        };
        shift.rebuilds.push(rebuild.spawn(runtime).map_err(RunnerError::no_thread)?);
        Ok(())
    }
}

/// Ends the shift: its threads are told to stop and waited for.
pub(crate) struct ShiftEnd(Arc<WorkerHandle>);

impl Drop for ShiftEnd {
    fn drop(&mut self) {
        self.0.is_at_work.send_replace(false);
        let shift = self.0.shift.lock().take();
        if let Some(Shift { feed, rebuilds, stop, .. }) = shift {
            stop.cancel();
            // Each has reported its failure itself; the next start goes on from what is stored.
            rebuilds.into_iter().chain([feed]).for_each(|thread| drop(thread.join()));
        }
        let is_shared = self.0.is_shared();
        for status in &self.0.statuses {
            // It is not under way any more; the next start goes on with it.
            *status.rebuild.lock() = None;
            if is_shared {
                // Another node counts them from now on.
                status.parked.store(0, Ordering::Relaxed);
            }
        }
    }
}
