//! On a read store that nodes share, one of them is the projector. Who holds the lease is; the others stand by. The
//! lease keeps two from doing the same work; that two of them cannot do harm is seen to by the store, which refuses
//! whoever did not know of the last commit.
//!
//! Whatever fails, a lost lease, a server that is away, a commit of which nobody knows whether it went in, a panic: the
//! projector lets go of all it has in memory and begins again, after a pause, from what the store has.

use crate::{
    FollowLimits, RunnerError,
    failure::FailureCell,
    generation_watcher::LeaseHeld,
    status::ProjectionStatus,
    worker::{Worker, WorkerParts, Workers},
};
use daybook_event_log::{EventLog, Lease, Leases as _, Position, RecordedEvent, follow};
use daybook_read_store::{PostgresStore, ReadStore, StoreError};
use daybook_subscriptions::{BackoffLimits, Fault, Supervisor, TaskContext, TaskSpec};
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Handle, time::sleep};
use uuid::Uuid;

const TASK: &str = "daybook read models";
const TIDY_EVERY: Duration = Duration::from_secs(30);
const BACKOFF: BackoffLimits = BackoffLimits {
    shortest: Duration::from_millis(250),
    longest: Duration::from_secs(5),
    good_while: Duration::from_secs(10),
};

pub(crate) struct SharedWorkers {
    pub(crate) server: Arc<PostgresStore>,
    pub(crate) store: Arc<ReadStore>,
    pub(crate) statuses: Vec<Arc<ProjectionStatus>>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) limits: FollowLimits,
    pub(crate) holds_lease: LeaseHeld,
    pub(crate) workers: Workers,
}

/// What ends a time as the projector, or interrupts it.
enum Interrupt {
    Stop,
    LeaseLost,
    Failed(RunnerError),
    Tidy,
}

impl SharedWorkers {
    /// Leads whenever the lease is to be had, until told to stop.
    pub(crate) fn supervise(self, supervisor: &Supervisor) {
        let runtime = Handle::current();
        let spec = TaskSpec::new("read-models-lead").required().backoff(BACKOFF);
        supervisor.thread(spec, move |context| {
            // If this thread crashed while it led, its workers are at work still.
            self.step_down();
            self.lead(&runtime, &context).map_err(|error| Fault::Passing(error.to_string()))
        });
    }

    fn step_down(&self) {
        let workers = self.workers_of_ours();
        workers.into_iter().for_each(Worker::stop);
        // Those that wait for a rebuild here learn that it is no longer under way.
        self.statuses.iter().for_each(|status| *status.rebuild.lock() = None);
        *self.holds_lease.lock() = false;
    }

    fn workers_of_ours(&self) -> Vec<Worker> {
        let is_ours =
            |worker: &mut Worker| self.statuses.iter().any(|status| worker.has(status.definition.name));
        self.workers.lock().extract_if(.., is_ours).collect()
    }

    /// Waits for the lease, then keeps the read models current until something ends it. Success: it was told to stop.
    fn lead(&self, runtime: &Handle, context: &TaskContext) -> Result<(), RunnerError> {
        context.standby();
        let Some(lease) = self.lease(runtime, context)? else { return Ok(()) };
        let Some(first) = self.first_event(runtime, context)? else { return Ok(()) };
        self.server.migrate()?;
        self.server.claim(first)?;
        self.server.tidy()?;
        *self.holds_lease.lock() = true;
        let ended = self.work(&*lease, runtime, context);
        // Before the lease is given back.
        self.step_down();
        ended
    }

    fn lease(&self, runtime: &Handle, context: &TaskContext) -> Result<Option<Box<dyn Lease>>, RunnerError> {
        let leases = self.server.leases();
        let lease = runtime.block_on(context.stop().run_until_cancelled(leases.acquire(TASK)));
        lease.transpose().map_err(|error| {
            RunnerError::Store(StoreError::Server {
                operation: "taking the lease",
                detail: error.to_string(),
            })
        })
    }

    /// Waits for the log to have an event, by which the read models are known to be its own; none if told to stop.
    fn first_event(&self, runtime: &Handle, context: &TaskContext) -> Result<Option<Uuid>, RunnerError> {
        let mut events = follow(self.log.clone(), Position::ZERO, 1);
        let first = runtime.block_on(context.stop().run_until_cancelled(events.next()));
        Ok(first.transpose()?.and_then(|first| first.first().map(RecordedEvent::event_id)))
    }

    fn work(&self, lease: &dyn Lease, runtime: &Handle, context: &TaskContext) -> Result<(), RunnerError> {
        let failure = FailureCell::default();
        let parts = WorkerParts {
            store: self.store.clone(),
            statuses: self.statuses.clone(),
            log: self.log.clone(),
            limits: self.limits,
            failure: failure.clone(),
        };
        let worker = runtime.block_on(Worker::start(parts))?;
        self.workers.lock().push(worker);
        tracing::info!(store = self.server.place(), "this node keeps the read models current now");
        context.running();
        loop {
            match runtime.block_on(next_interrupt(lease, &failure, context)) {
                Interrupt::Stop => return Ok(()),
                Interrupt::LeaseLost => return Err(RunnerError::LeaseLost),
                Interrupt::Failed(error) => return Err(error),
                Interrupt::Tidy => self.server.tidy()?,
            }
        }
    }
}

async fn next_interrupt(lease: &dyn Lease, failure: &FailureCell, context: &TaskContext) -> Interrupt {
    tokio::select! {
        biased;
        () = context.stopped() => Interrupt::Stop,
        error = failure.occurred() => Interrupt::Failed(error),
        () = lease.lost() => Interrupt::LeaseLost,
        () = sleep(TIDY_EVERY) => Interrupt::Tidy,
    }
}
