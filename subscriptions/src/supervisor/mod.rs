//! Runs named tasks and threads and restarts them when they fail. No task dies unseen: a panic is caught, logged and
//! counted in `daybook_task_panics_total{task}`; an end that nobody asked for counts like a panic; after five of them
//! within a minute the task is `Failed` and stays so. Readiness reads the statuses.
//!
//! What a task does with the log is in `run`; nothing here knows of events.

use crate::{
    Fault,
    backoff::random_seed,
    restarts::{Restarts, in_thread},
    status::{StatusCell, TaskStatus},
    task::{Supervised, TaskContext, TaskSpec},
};
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Starts tasks and threads, restarts them, and knows the status of each. Cheap to clone.
#[derive(Clone)]
pub struct Supervisor {
    runtime: Handle,
    stop: CancellationToken,
    seed: u64,
    tracker: TaskTracker,
    tasks: Arc<Mutex<Vec<TaskEntry>>>,
}

struct TaskEntry {
    name: String,
    required: bool,
    status: StatusCell,
    panics: Arc<AtomicU64>,
}

impl Supervisor {
    /// A supervisor on the current tokio runtime; all its tasks are to end when `stop` is cancelled.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self::on(Handle::current(), stop)
    }

    /// The same on another runtime.
    #[must_use]
    pub fn on(runtime: Handle, stop: CancellationToken) -> Self {
        Self { runtime, stop, seed: random_seed(), tracker: TaskTracker::new(), tasks: Arc::default() }
    }

    /// The same with a given seed of the pauses, for simulations.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Runs a task. `work` is called at each start and answers with what is to be done; it is told to stop by its
    /// context. `Ok` before that is an unasked end, and the task is started again.
    pub fn task<F, W>(&self, spec: TaskSpec, mut work: F) -> Supervised
    where
        F: FnMut(TaskContext) -> W + Send + 'static,
        W: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        self.supervise(spec, move |context| work(context).boxed())
    }

    /// Runs a thread of its own, with the task's name. The rest is as with [`Supervisor::task`].
    pub fn thread<F>(&self, spec: TaskSpec, work: F) -> Supervised
    where
        F: FnMut(TaskContext) -> Result<(), Fault> + Send + 'static,
    {
        // The thread of the last start may hold the lock only until it has ended, which is waited for.
        let (work, name) = (Arc::new(Mutex::new(work)), spec.name.to_string());
        self.supervise(spec, move |context| {
            let (work, name) = (work.clone(), name.clone());
            in_thread(name, move || (work.lock())(context)).boxed()
        })
    }

    /// The status of each task, in the order of their starts. A name that was used again is shown once, as it is now.
    #[must_use]
    pub fn statuses(&self) -> Vec<TaskStatus> {
        let tasks = self.tasks.lock();
        let shown = |entry: &TaskEntry| TaskStatus {
            name: entry.name.clone(),
            required: entry.required,
            status: entry.status.get(),
            panics: entry.panics.load(Ordering::Relaxed),
        };
        tasks.iter().map(shown).collect()
    }

    /// Waits until all tasks have ended. They end when the token is cancelled that [`Supervisor::new`] was given.
    pub async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    fn supervise(
        &self,
        spec: TaskSpec,
        start: impl FnMut(TaskContext) -> BoxFuture<'static, Result<(), Fault>> + Send + 'static,
    ) -> Supervised {
        let task = Supervised::new(self.stop.child_token());
        let panics = Arc::new(AtomicU64::new(0));
        let entry = TaskEntry {
            name: spec.name.to_string(),
            required: spec.required,
            status: task.status.clone(),
            panics: panics.clone(),
        };
        let mut tasks = self.tasks.lock();
        tasks.retain(|task| task.name != entry.name);
        tasks.push(entry);
        drop(tasks);
        let restarts = Restarts::new(spec, task.clone(), panics, self.seed);
        self.tracker.spawn_on(restarts.run(start), &self.runtime);
        task
    }
}

#[cfg(test)]
mod tests;
