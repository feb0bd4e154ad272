//! The Merkle tree beside the running shop: opened from the data directory, kept by one thread.
//!
//! Nothing here is on the path of a command. While the tree cannot be written (the disk is full) the shop goes on;
//! readiness and the log say so, and it is tried again. Where the log contradicts what was signed, it is not.

use daybook_audit::{AuditError, Keeper};
use daybook_event_log::{EventLog, LogError};
use parking_lot::Mutex;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// Before a log is asked again that could not be reached, or a disk that could not be written.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The tree of the shop's log, and whether it is still kept.
pub(crate) struct Trail {
    pub(crate) keeper: Arc<Keeper>,
    failure: Mutex<Option<Failure>>,
}

/// Why the tree is not kept.
struct Failure {
    why: String,
    /// How many events the latest checkpoint covered then: one over more shows that the tree is kept again.
    signed: u64,
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
        // Whether what is in memory may not be what is on disk.
        let mut torn = false;
        loop {
            let keeping = async {
                if torn {
                    self.keeper.reopen()?;
                }
                self.keeper.clone().keep(log.clone()).await
            };
            let error = match stopping.run_until_cancelled(keeping).await {
                None | Some(Ok(()) | Err(AuditError::Log(LogError::Closed))) => return,
                Some(Err(error)) => error,
            };
            torn = matches!(error, AuditError::Io { .. } | AuditError::Tile(_));
            match &error {
                AuditError::Log(LogError::Unavailable { .. }) => {
                    tracing::warn!(%error, "the audit tree waits for the log");
                }
                _ if torn => {
                    tracing::error!(%error, "the audit tree cannot be written; trying again");
                    self.failed(&error);
                }
                _ => {
                    tracing::error!(%error, "the audit tree is no longer kept");
                    return self.failed(&error);
                }
            }
            if stopping.run_until_cancelled(tokio::time::sleep(RETRY_PAUSE)).await.is_none() {
                return;
            }
        }
    }

    fn failed(&self, error: &AuditError) {
        *self.failure.lock() = Some(Failure { why: error.to_string(), signed: self.signed() });
    }

    /// Up to where the latest checkpoint reaches.
    fn signed(&self) -> u64 {
        self.keeper.checkpoint().ok().flatten().map_or(0, |signed| signed.size)
    }

    /// Why the tree is not kept.
    pub(crate) fn failure(&self) -> Option<String> {
        let mut failure = self.failure.lock();
        failure.take_if(|failure| self.signed() > failure.signed);
        failure.as_ref().map(|failure| failure.why.clone())
    }
}
