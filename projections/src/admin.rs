//! What operators and waiting readers ask of running read models: how fresh they are, what could not be
//! applied, and to fill one again.

use crate::{
    DeadLetter, ProjectionReport, ReadModels, RebuildProgress, Retried, RunnerError, SkippedLetter,
    apply_loop::Message, dead_letter, startup::begin, status::ProjectionStatus, worker_handle::WorkerHandle,
};
use daybook_domain::Timestamp;
use daybook_event_log::Position;
use daybook_read_store::{Role, Row};
use daybook_subscriptions::{Status, Supervisor, TaskStatus};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::{oneshot, watch};

/// How far one read model is behind the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Freshness {
    pub projection: String,
    /// Everything up to here is visible.
    pub position: u64,
    /// The log's last event; the same as `position` while not running.
    pub head: u64,
    pub lag_events: u64,
}

/// Why waiting for a position ended without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    #[error("the read models are at position {visible}, not yet at {asked}; ask again")]
    TimedOut { asked: Position, visible: Position },
    #[error(transparent)]
    Stopped(RunnerError),
}

impl ReadModels {
    pub(crate) fn status(&self, name: &str) -> Result<&Arc<ProjectionStatus>, RunnerError> {
        let statuses = &self.inner.statuses;
        statuses.iter().find(|status| status.definition.name == name).ok_or_else(|| {
            let known = statuses.iter().map(|status| status.definition.name).collect::<Vec<_>>().join(", ");
            RunnerError::UnknownReadModel { name: name.to_owned(), known }
        })
    }

    /// The names of all read models.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.inner.statuses.iter().map(|status| status.definition.name)
    }

    /// Up to where one read model's queries see everything, kept current.
    pub fn watermark(&self, name: &str) -> Result<watch::Receiver<Position>, RunnerError> {
        Ok(self.status(name)?.watermark.subscribe())
    }

    /// Up to where all read models that commit together (all but search) see everything.
    #[must_use]
    pub fn visible(&self) -> Position {
        let together = self.inner.statuses.iter().filter(|status| !status.definition.apart);
        together.map(|status| *status.watermark.borrow()).min().unwrap_or_default()
    }

    /// Waits until all read models that commit together (all but search) show `position`.
    pub async fn wait_for(&self, position: Position, timeout: Duration) -> Result<(), WaitError> {
        if self.visible() >= position {
            return Ok(());
        }
        let all = async {
            for status in self.inner.statuses.iter().filter(|status| !status.definition.apart) {
                wait(status, position).await;
            }
        };
        let workers =
            self.local_workers(|worker| worker.statuses().iter().any(|status| !status.definition.apart));
        self.or_failure(all, workers, position, timeout).await
    }

    /// Waits until the read model `name` shows `position`.
    pub async fn wait_for_one(
        &self,
        name: &str,
        position: Position,
        timeout: Duration,
    ) -> Result<(), WaitError> {
        let status = self.status(name).map_err(WaitError::Stopped)?;
        let workers = self.local_workers(|worker| worker.has(name));
        self.or_failure(wait(status, position), workers, position, timeout).await
    }

    /// Those of this disk's read models.
    fn local_workers(&self, wanted: impl Fn(&WorkerHandle) -> bool) -> Vec<Arc<WorkerHandle>> {
        let running = self.inner.running.lock();
        let workers = running.iter().flat_map(|running| &running.workers);
        workers.filter(|worker| !worker.is_shared() && wanted(worker)).cloned().collect()
    }

    async fn or_failure(
        &self,
        shown: impl Future<Output = ()>,
        workers: Vec<Arc<WorkerHandle>>,
        asked: Position,
        timeout: Duration,
    ) -> Result<(), WaitError> {
        let failed = async {
            match workers.iter().map(|worker| Box::pin(worker.failed())).collect::<Vec<_>>() {
                none if none.is_empty() => std::future::pending().await,
                some => futures::future::select_all(some).await.0,
            }
        };
        tokio::select! {
            biased;
            () = shown => Ok(()),
            failure = failed => Err(WaitError::Stopped(failure)),
            () = tokio::time::sleep(timeout) => Err(WaitError::TimedOut { asked, visible: self.visible() }),
        }
    }

    /// Why the read models stopped by themselves; None while all is well.
    #[must_use]
    pub fn failure(&self) -> Option<RunnerError> {
        let workers = self.local_workers(|_| true);
        workers.iter().find_map(|worker| worker.failure()).or_else(|| {
            let failed = self.tasks().into_iter().find(|task| task.required && task.status.is_failed())?;
            let why = failed.status.why().unwrap_or_default().to_owned();
            Some(RunnerError::Stopped { worker: failed.name, why })
        })
    }

    /// The supervised tasks and threads that keep the read models current, with the status of each.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskStatus> {
        let running = self.inner.running.lock();
        running.iter().flat_map(|running| &running.supervisors).flat_map(Supervisor::statuses).collect()
    }

    /// How many events wait in the dead letters of the read models that this node keeps current.
    #[must_use]
    pub fn parked(&self) -> u64 {
        self.inner.statuses.iter().map(|status| status.parked.load(Ordering::Relaxed)).sum()
    }

    /// Each read model that this node keeps current or is shown by another, for readiness.
    #[must_use]
    pub fn reports(&self) -> Vec<ProjectionReport> {
        let running = self.inner.running.lock();
        let Some(running) = running.as_ref() else { return Vec::new() };
        let head = running.log.head().borrow().get();
        let report = |status: &Arc<ProjectionStatus>| {
            let name = status.definition.name;
            let worker = running.workers.iter().find(|worker| worker.has(name));
            // One on this disk that has no worker belongs to another role.
            let shown = match worker {
                Some(worker) => worker.status(),
                None if status.store.is_on_a_server() => Status::Standby,
                None => return None,
            };
            let position = status.watermark.borrow().get();
            let (lag_events, dead_letters) =
                (head.saturating_sub(position), status.parked.load(Ordering::Relaxed));
            Some(ProjectionReport { name, status: shown, position, lag_events, dead_letters })
        };
        self.inner.statuses.iter().filter_map(report).collect()
    }

    /// How far each read model is behind the log.
    #[must_use]
    pub fn freshness(&self) -> Vec<Freshness> {
        let head = self.inner.running.lock().as_ref().map(|running| running.log.head().borrow().get());
        let statuses = self.inner.statuses.iter();
        statuses
            .map(|status| {
                let position = status.watermark.borrow().get();
                let head = head.unwrap_or(position);
                let lag_events = head.saturating_sub(position);
                Freshness { projection: status.definition.name.to_owned(), position, head, lag_events }
            })
            .collect()
    }

    /// The largest lag of any read model, in events.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.reports().iter().map(|report| report.lag_events).max().unwrap_or(0)
    }

    /// What is wrong with the server that has the rows; None: nothing, or they are on this disk.
    #[must_use]
    pub fn store_error(&self) -> Option<String> {
        self.inner.last_error.lock().as_ref().map(ToString::to_string)
    }

    /// Whether this node is the one that keeps the read models current (all but search) at the moment.
    #[must_use]
    pub fn projects(&self) -> bool {
        let running = self.inner.running.lock();
        let mut together = self.inner.statuses.iter().filter(|status| !status.definition.apart);
        let name = together.next().map(|status| status.definition.name);
        let (Some(running), Some(name)) = (running.as_ref(), name) else { return false };
        running.workers.iter().any(|worker| worker.has(name) && worker.is_at_work())
    }

    /// Events that wait because they, or one before them in their stream, could not be applied.
    /// May block while a server answers.
    pub fn dead_letters(&self, name: &str, limit: usize) -> Result<Vec<DeadLetter>, RunnerError> {
        let status = self.status(name)?;
        match status.live.asked()? {
            Some(generation) => {
                Ok(dead_letter::parse(&status.store.dead_letters(&generation, None, limit)?)?)
            }
            None => Ok(Vec::new()),
        }
    }

    /// Events left out for good, with who decided it, when and why.
    /// May block while a server answers.
    pub fn skipped_letters(&self, name: &str, limit: usize) -> Result<Vec<SkippedLetter>, RunnerError> {
        let status = self.status(name)?;
        match status.live.asked()? {
            Some(generation) => Ok(dead_letter::parse(&status.store.skipped_letters(&generation, limit)?)?),
            None => Ok(Vec::new()),
        }
    }

    /// Every row of a read model as stored, by key: to compare two fillings. Needs no running.
    pub fn rows(&self, name: &str) -> Result<Vec<(Vec<u8>, Row)>, RunnerError> {
        let Some(generation) = self.status(name)?.live.current() else { return Ok(Vec::new()) };
        Ok(generation.all()?)
    }

    /// Applies what waits in `stream`, in order, as far as it goes.
    pub async fn retry(&self, name: &str, stream: &str) -> Result<Retried, RunnerError> {
        self.ask_retry(name, stream.to_owned(), None).await
    }

    /// Leaves the waiting event at `position` out for good, then applies what waits behind it. `by` is the
    /// actor who decides it.
    pub async fn skip(
        &self,
        name: &str,
        position: Position,
        reason: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<Retried, RunnerError> {
        let (models, of) = (self.clone(), name.to_owned());
        let waiting = tokio::task::spawn_blocking(move || models.dead_letters(&of, usize::MAX)).await;
        let waiting = waiting.map_err(|_| RunnerError::NotRunning)??;
        let letter = waiting.into_iter().find(|letter| letter.position == position.get());
        let letter = letter.ok_or_else(|| RunnerError::NoSuchDeadLetter {
            name: name.to_owned(),
            what: format!("no event at position {position}"),
        })?;
        let stream = letter.stream.clone();
        let (skipped_by, reason) = (by.to_owned(), reason.to_owned());
        let skip = SkippedLetter { letter, skipped_by, skipped_at: now, reason };
        self.ask_retry(name, stream, Some(skip)).await
    }

    async fn ask_retry(
        &self,
        name: &str,
        stream: String,
        skip: Option<SkippedLetter>,
    ) -> Result<Retried, RunnerError> {
        let name = self.status(name)?.definition.name;
        let (reply, answer) = oneshot::channel();
        self.worker_of(name)?.send(Message::Retry { name, stream, skip, reply })?;
        answer.await.map_err(|_| RunnerError::NotRunning)?
    }

    /// The worker that keeps the read model `name` current, if that is at work here.
    fn worker_of(&self, name: &str) -> Result<Arc<WorkerHandle>, RunnerError> {
        let running = self.inner.running.lock();
        let workers = &running.as_ref().ok_or(RunnerError::NotRunning)?.workers;
        let found = workers.iter().find(|worker| worker.has(name) && worker.is_at_work());
        found.cloned().ok_or_else(|| match self.inner.server {
            Some(_) => RunnerError::KeptElsewhere { name: name.to_owned() },
            None => RunnerError::NotRunning,
        })
    }

    /// Fills the read model `name` again from the first event, beside the rows that answer meanwhile, and
    /// switches when it has caught up. May block while a server answers.
    pub fn rebuild(&self, name: &str) -> Result<(), RunnerError> {
        let status = self.status(name)?.clone();
        let name = status.definition.name;
        let _one_at_a_time = self.inner.asking.lock();
        let worker = self.worker_of(name)?;
        if status.rebuild.lock().is_some()
            || status.store.generation_id(&status.definition.schema(), Role::Building)?.is_some()
        {
            return Err(RunnerError::AlreadyRebuilding { name: name.to_owned() });
        }
        let number = status.live.current().map_or(0, |live| live.id().number) + 1;
        let applier = begin(&status.store, &status, number)?;
        let (log, runtime) = match &*self.inner.running.lock() {
            Some(running) => (running.log.clone(), running.runtime.clone()),
            None => return Err(RunnerError::NotRunning),
        };
        worker.fill_beside(&status.store, (status.clone(), applier), &log, runtime)
    }

    /// The rebuilds under way.
    #[must_use]
    pub fn rebuilds(&self) -> Vec<RebuildProgress> {
        self.inner.statuses.iter().filter_map(|status| status.rebuild.lock().clone()).collect()
    }
}

async fn wait(status: &ProjectionStatus, position: Position) {
    // The sender lives as long as the status, so this ends only with the position.
    let _ = status.watermark.subscribe().wait_for(|mark| *mark >= position).await;
}
