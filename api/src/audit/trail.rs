//! The Merkle tree beside the running shop: opened from the data directory, kept by one thread.
//!
//! Nothing here is on the path of a command. When the tree cannot be kept any more the shop goes on; readiness
//! and the log say so.

use daybook_audit::{AuditError, Keeper, PublicKey};
use daybook_event_log::{EventLog, LogError};
use parking_lot::Mutex;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// Before a log is asked again that could not be reached.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The tree of the shop's log, and whether it is still kept.
pub(crate) struct Trail {
    pub(crate) keeper: Arc<Keeper>,
    failure: Mutex<Option<String>>,
}

impl Trail {
    /// Opens the tree in `folder`; a key made now is named `origin`, or by chance. The name stays with the key.
    pub(crate) fn open(folder: &Path, origin: Option<&str>) -> Result<Arc<Self>, AuditError> {
        let by_chance = || {
            let chance = Uuid::new_v4().simple().to_string();
            format!("daybook/{}", chance.get(..12).unwrap_or(&chance))
        };
        let named = origin.map_or_else(by_chance, str::to_owned);
        let keeper = Arc::new(Keeper::open(folder, &named)?);
        if let Some(wanted) = origin
            && keeper.public_key().name() != wanted
        {
            tracing::warn!(
                wanted,
                name = keeper.public_key().name(),
                "checkpoints are signed under the name the key was made with; to change it, move the audit folder away and begin a new one"
            );
        }
        Ok(Arc::new(Self { keeper, failure: Mutex::new(None) }))
    }

    /// Keeps the tree beside everything else, in a thread of its own: it hashes and writes files in bursts, which
    /// commands must not wait for.
    pub(crate) fn begin(
        self: Arc<Self>,
        log: Arc<dyn EventLog>,
        stopping: CancellationToken,
        tasks: &TaskTracker,
    ) -> std::io::Result<()> {
        let (task, runtime) = (tasks.token(), Handle::current());
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || {
            daybook_event_log::give_way();
            runtime.block_on(self.keep(log, stopping));
            drop(task);
        })?;
        Ok(())
    }

    /// Keeps the tree until `stopping` or until it cannot be kept.
    async fn keep(self: Arc<Self>, log: Arc<dyn EventLog>, stopping: CancellationToken) {
        loop {
            let keeping = self.keeper.clone().keep(log.clone());
            let error = match stopping.run_until_cancelled(keeping).await {
                None | Some(Ok(()) | Err(AuditError::Log(LogError::Closed))) => return,
                Some(Err(error)) => error,
            };
            if !matches!(error, AuditError::Log(LogError::Unavailable { .. })) {
                tracing::error!(%error, "the audit tree is no longer kept");
                *self.failure.lock() = Some(error.to_string());
                return;
            }
            tracing::warn!(%error, "the audit tree waits for the log");
            if stopping.run_until_cancelled(tokio::time::sleep(RETRY_PAUSE)).await.is_none() {
                return;
            }
        }
    }

    /// Why the tree is no longer kept.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        self.keeper.public_key()
    }
}
