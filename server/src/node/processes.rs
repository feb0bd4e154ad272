//! On a shared store one node runs the processes; the others stand by. Who holds the lease has an engine of its
//! own for them, beside the one for callers' commands, so that it can begin and end with the lease.
//!
//! A holder that was cut off may go on for seconds. That does no harm: every step has a command id that follows
//! from its cause, so a step done twice counts once.

use super::Health;
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
/// The engine's file that says how far the processes have got.
const CHECKPOINT: &str = "processes.json";
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
        health.processes(false);
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
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
}

async fn lead(
    log: &Arc<dyn EventLog>,
    options: &EngineOptions,
    (lease, dir): (&dyn Lease, &Path),
    health: &Health,
    stopping: &CancellationToken,
) -> Result<Ended, LeadError> {
    let path = dir.join(CHECKPOINT);
    let io = |source| LeadError::Io { path: path.display().to_string(), source };
    tokio::fs::create_dir_all(dir).await.map_err(io)?;
    if let Some(left) = lease.recall().await? {
        // What this node knew is older than what the last holder left.
        tokio::fs::write(&path, left).await.map_err(io)?;
    }
    let engine = Engine::start(log.clone(), options.clone()).await?;
    health.processes(true);
    tracing::info!("this node runs the processes now");
    let ended = tokio::select! {
        () = stopping.cancelled() => Ended::Stopping,
        () = lease.lost() => Ended::LeaseLost,
        error = keep_remembering(lease, &path) => return Err(error.into()),
    };
    if matches!(ended, Ended::Stopping) {
        engine.shutdown().await;
        if let Ok(left) = tokio::fs::read(&path).await {
            lease.remember(&left).await?;
        }
    }
    Ok(ended)
}

/// Leaves the checkpoint to the next holder, every time there is a new one; ends only with an error.
async fn keep_remembering(lease: &dyn Lease, path: &Path) -> LogError {
    let mut left = Vec::new();
    loop {
        sleep(REMEMBER_EVERY).await;
        let Ok(checkpoint) = tokio::fs::read(path).await else { continue };
        if checkpoint != left {
            if let Err(error) = lease.remember(&checkpoint).await {
                return error;
            }
            left = checkpoint;
        }
    }
}
