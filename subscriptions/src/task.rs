//! What a supervised task is given, and what its owner holds. The loop that restarts it is in `supervisor`.

use crate::{
    Backoff, BackoffLimits, Fault,
    status::{Status, StatusCell},
};
use daybook_event_log::{Lease, Leases};
use std::borrow::Cow;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// How a task is named and treated.
#[derive(Debug, Clone)]
pub struct TaskSpec {
    pub(crate) name: Cow<'static, str>,
    pub(crate) required: bool,
    pub(crate) backoff: BackoffLimits,
    pub(crate) always_restarts: bool,
}

impl TaskSpec {
    /// A task without which the node is still ready. The name labels metrics, readiness and the thread, if it is one.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), required: false, backoff: BackoffLimits::DEFAULT, always_restarts: false }
    }

    /// Once it has failed, the node is not ready.
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// However often it panics or ends unasked, it is started again after its pauses: for a task that begins from what is
    /// stored, so that it works again when the cause is gone.
    #[must_use]
    pub fn always_restarts(self) -> Self {
        Self { always_restarts: true, ..self }
    }

    /// With other pauses than the default ones.
    #[must_use]
    pub fn backoff(self, backoff: BackoffLimits) -> Self {
        Self { backoff, ..self }
    }
}

/// Given to a task at each start.
#[derive(Debug, Clone)]
pub struct TaskContext {
    pub(crate) stop: CancellationToken,
    pub(crate) status: StatusCell,
    pub(crate) backoff: Backoff,
}

impl TaskContext {
    /// Cancelled when the task is to end. The task is not dropped then: it ends by itself, after what it must finish.
    #[must_use]
    pub const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Resolves when the task is to end.
    pub fn stopped(&self) -> WaitForCancellationFuture<'_> {
        self.stop.cancelled()
    }

    /// Whether the task is to end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Reports that the task works. Not needed at the first start; after a failure it ends `BackingOff` at once, which
    /// otherwise lasts until the task has worked for the good while of its back-off.
    pub fn running(&self) {
        self.status.set(Status::Running);
    }

    /// Reports that the task failed for this reason and tries again by itself.
    pub fn backing_off(&self, why: String) {
        if self.status.get().why() != Some(&why) {
            tracing::warn!(why, "a task was interrupted and goes on by itself");
        }
        self.status.set(Status::BackingOff(why));
    }

    /// Pauses for what the task tries again by itself, as its spec has them.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        self.backoff.clone()
    }

    /// Waits for the lease of this name; reports standby unless it is granted at once. None: told to stop.
    ///
    /// # Errors
    /// Why it cannot be asked for.
    pub async fn lease(&self, leases: &dyn Leases, name: &str) -> Result<Option<Box<dyn Lease>>, Fault> {
        let mut acquired = leases.acquire(name);
        tokio::select! {
            biased;
            () = self.stopped() => return Ok(None),
            lease = &mut acquired => return Ok(Some(lease?)),
            () = std::future::ready(()) => self.status.set(Status::Standby),
        }
        Ok(self.stop.run_until_cancelled(acquired).await.transpose()?)
    }
}

/// A task under supervision. Dropping it changes nothing.
#[derive(Debug, Clone)]
pub struct Supervised {
    pub(crate) stop: CancellationToken,
    pub(crate) status: StatusCell,
    pub(crate) ended: CancellationToken,
}

impl Supervised {
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { stop, status: StatusCell::new(), ended: CancellationToken::new() }
    }

    /// Follows the task's status.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Tells this task to end.
    pub fn cancel(&self) {
        self.stop.cancel();
    }

    /// Tells this task to end, and waits until it has.
    pub async fn stop(&self) {
        self.cancel();
        self.ended().await;
    }

    /// Waits until the task has ended for good: stopped or failed.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}
