//! On a shared store one node runs the processes; the others stand by. Who holds the lease has an engine of its
//! own for them, beside the one for callers' commands, so that it can begin and end with the lease.
//!
//! A holder that was cut off may go on for seconds. That does no harm: every step has a command id that follows
//! from its cause, so a step done twice counts once.

use super::{
    NodeHealth,
    process_memory::{MemoryError, ProcessMemory},
};
use daybook_engine::{Engine, EngineError, EngineOptions};
use daybook_event_log::{EventLog, Lease, Leases, LogError};
use daybook_subscriptions::{BackoffLimits, Fault, Supervisor, TaskContext, TaskSpec};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::time::sleep;

/// Persisted by the servers that keep leases.
const LEASE: &str = "daybook processes";
const REMEMBER_EVERY: Duration = Duration::from_secs(1);
/// While this node pauses, another may run them.
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);

/// Runs the processes whenever this node holds their lease.
#[derive(Clone)]
pub(crate) struct LeasedProcesses {
    pub log: Arc<dyn EventLog>,
    pub options: EngineOptions,
    pub leases: Arc<dyn Leases>,
    pub dir: PathBuf,
    pub health: Arc<NodeHealth>,
}

impl LeasedProcesses {
    /// Under `supervisor`, until that stops.
    pub(crate) fn spawn(mut self, supervisor: &Supervisor) {
        let state_dir = Some(self.dir.clone());
        self.options = EngineOptions { run_processes: true, state_dir, ..self.options };
        let limits = BackoffLimits::DEFAULT.up_to(LONGEST_BACKOFF);
        let spec = TaskSpec::new("processes").required().backoff(limits).always_restarts();
        supervisor.task(spec, move |context| {
            let processes = self.clone();
            async move { processes.run(&context).await }
        });
    }

    async fn run(&self, context: &TaskContext) -> Result<(), Fault> {
        let Some(lease) = context.lease(&*self.leases, LEASE).await? else { return Ok(()) };
        let _shown = ShownEngine(&self.health);
        self.lead(&*lease, context).await.map_err(|error| Fault::Passing(error.to_string()))
    }

    async fn lead(&self, lease: &dyn Lease, context: &TaskContext) -> Result<(), LeadError> {
        let mut memory = ProcessMemory::recall(lease, &self.dir).await?;
        let engine = Engine::start(self.log.clone(), self.options.clone()).await?;
        self.health.set_process_engine(Some(engine.clone()));
        tracing::info!("this node runs the processes now");
        context.running();
        tokio::select! {
            () = context.stopped() => {}
            () = lease.lost() => return Err(LeadError::LeaseLost),
            error = keep_remembering(&mut memory) => return Err(error.into()),
        }
        engine.shutdown().await;
        Ok(memory.remember().await?)
    }
}

/// What readiness shows as the engine of the processes; none once this is dropped.
struct ShownEngine<'a>(&'a NodeHealth);

impl Drop for ShownEngine<'_> {
    fn drop(&mut self) {
        self.0.set_process_engine(None);
    }
}

/// Why the processes could not be run.
#[derive(Debug, thiserror::Error)]
enum LeadError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error("the lease of the processes is lost: another node may run them now")]
    LeaseLost,
}

/// Leaves what is kept to the next holder as it changes; ends only with an error.
async fn keep_remembering(memory: &mut ProcessMemory<'_>) -> MemoryError {
    loop {
        sleep(REMEMBER_EVERY).await;
        if let Err(error) = memory.remember().await {
            return error;
        }
    }
}
