//! Keeps the workers of this node's own disk going. A worker that fails has met a full disk, a broken one, or a bug. Its
//! threads end, and queries go on from the rows of the last commit. After a pause, and once there is room, the store is
//! opened again, because its database takes no write after a failed one; every worker begins again from its checkpoint,
//! so nothing is missed and nothing is taken twice.

use crate::{
    FollowLimits, RunnerError,
    failure::FailureCell,
    startup::answer_from_what_is_there,
    status::ProjectionStatus,
    worker::{Worker, WorkerParts, Workers},
};
use daybook_event_log::EventLog;
use daybook_read_store::{ReadStore, StoreError};
use daybook_subscriptions::{BackoffLimits, Fault, Supervisor, TaskContext, TaskSpec};
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Handle, time::sleep};

/// How often a full disk is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const BACKOFF: BackoffLimits = BackoffLimits {
    shortest: Duration::from_millis(250),
    longest: Duration::from_secs(30),
    good_while: Duration::from_secs(60),
};

pub(crate) struct LocalWorkers {
    pub(crate) store: Arc<ReadStore>,
    /// The read models of each worker.
    pub(crate) groups: Vec<Vec<Arc<ProjectionStatus>>>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) limits: FollowLimits,
    pub(crate) workers: Workers,
    /// Why a worker stopped; none while all are at work.
    pub(crate) failure: FailureCell,
}

impl LocalWorkers {
    /// Starts all workers. Must be called within a tokio runtime.
    pub(crate) async fn begin(&self) -> Result<(), RunnerError> {
        for statuses in &self.groups {
            let parts = WorkerParts {
                store: self.store.clone(),
                statuses: statuses.clone(),
                log: self.log.clone(),
                limits: self.limits,
                failure: self.failure.clone(),
            };
            let worker = Worker::start(parts).await?;
            self.workers.lock().push(worker);
        }
        Ok(())
    }

    /// Begins again whenever a worker has failed, until told to stop. All workers must have been started.
    pub(crate) fn supervise(self, supervisor: &Supervisor) {
        let (runtime, mut is_first) = (Handle::current(), true);
        let spec = TaskSpec::new("read-models-keep").required().backoff(BACKOFF);
        supervisor.thread(spec, move |context| {
            let again = !std::mem::replace(&mut is_first, false);
            self.run(&runtime, &context, again)
        });
    }

    fn run(&self, runtime: &Handle, context: &TaskContext, again: bool) -> Result<(), Fault> {
        if again {
            // Some may be at work still, if it was this thread that crashed.
            self.end();
            if self.stopped_before_room(runtime, context) {
                return Ok(());
            }
            self.begin_again(runtime).map_err(|error| self.failed(error))?;
            tracing::info!("the read models are kept current again");
            context.running();
        }
        let failure = runtime.block_on(context.stop().run_until_cancelled(self.failure.occurred()));
        let Some(error) = failure else { return Ok(()) };
        self.end();
        Err(Fault::Passing(error.to_string()))
    }

    fn failed(&self, error: RunnerError) -> Fault {
        let fault = Fault::Passing(error.to_string());
        self.failure.set(error);
        fault
    }

    /// Waits for the threads of all workers, of which one at least has ended.
    fn end(&self) {
        let is_ours = |worker: &mut Worker| self.statuses().any(|status| worker.has(status.definition.name));
        let ours: Vec<_> = self.workers.lock().extract_if(.., is_ours).collect();
        ours.into_iter().for_each(Worker::stop);
        // Those that wait for a rebuild learn that it is not under way; it goes on when the workers do.
        self.statuses().for_each(|status| *status.rebuild.lock() = None);
    }

    /// Waits until there is room; whether it was told to stop meanwhile.
    fn stopped_before_room(&self, runtime: &Handle, context: &TaskContext) -> bool {
        while !self.store.has_room() {
            // Within the runtime, which the timer belongs to.
            runtime.block_on(async { context.stop().run_until_cancelled(sleep(LOOK_EVERY)).await });
            if context.is_stopped() {
                return true;
            }
        }
        context.is_stopped()
    }

    fn begin_again(&self, runtime: &Handle) -> Result<(), RunnerError> {
        self.statuses().for_each(|status| status.live.switch_off(Some(StoreError::Closed)));
        self.store.reopen()?;
        let statuses: Vec<_> = self.statuses().cloned().collect();
        answer_from_what_is_there(&statuses)?;
        self.failure.clear();
        runtime.block_on(self.begin())
    }

    fn statuses(&self) -> impl Iterator<Item = &Arc<ProjectionStatus>> {
        self.groups.iter().flatten()
    }
}
