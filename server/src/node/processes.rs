//! On a shared store one node runs the processes; the others stand by. Who holds the lease has an engine of its
//! own for them, beside the one for callers' commands, so that it can begin and end with the lease.
//!
//! A holder that was cut off may go on for seconds. That does no harm: every step has a command id that follows
//! from its cause, so a step done twice counts once.

use super::{
    Health,
    process_memory::{MemoryError, ProcessMemory},
};
use daybook_engine::{Engine, EngineError, EngineOptions};
use daybook_event_log::{EventLog, Lease, Leases, LogError};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

const TASK: &str = "daybook processes";
const REMEMBER_EVERY: Duration = Duration::from_secs(1);
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What ended a time as the one node that runs the processes.
enum Ended {
    Stopping,
    LeaseLost,
}

/// Runs the processes whenever this node holds their lease, until `stopping`.
pub(crate) async fn run_processes_while_leading(
    log: Arc<dyn EventLog>,
    options: EngineOptions,
    (leases, dir): (Arc<dyn Leases>, PathBuf),
    health: Arc<Health>,
    stopping: CancellationToken,
) {
    let options = EngineOptions { run_processes: true, state_dir: Some(dir.clone()), ..options };
    while let Some(lease) = stopping.run_until_cancelled(leases.acquire(TASK)).await {
        let led = async { lead(&log, &options, (&*lease?, &dir), &health, &stopping).await };
        let ended = led.await;
        health.processes(None);
        match ended {
            Ok(Ended::Stopping) => return,
            Ok(Ended::LeaseLost) => {
                tracing::warn!("the lease is lost: another node may run the processes now")
            }
            Err(error) => tracing::error!(%error, "the processes cannot run here; trying again"),
        }
        stopping.run_until_cancelled(sleep(RETRY_PAUSE)).await;
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
}

async fn lead(
    log: &Arc<dyn EventLog>,
    options: &EngineOptions,
    (lease, dir): (&dyn Lease, &Path),
    health: &Health,
    stopping: &CancellationToken,
) -> Result<Ended, LeadError> {
    let mut memory = ProcessMemory::recall(lease, dir).await?;
    let engine = Engine::start(log.clone(), options.clone()).await?;
    health.processes(Some(engine.clone()));
    tracing::info!("this node runs the processes now");
    let ended = tokio::select! {
        () = stopping.cancelled() => Ended::Stopping,
        () = lease.lost() => Ended::LeaseLost,
        error = keep_remembering(&mut memory) => return Err(error.into()),
    };
    if matches!(ended, Ended::Stopping) {
        engine.shutdown().await;
        memory.remember().await?;
    }
    Ok(ended)
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
