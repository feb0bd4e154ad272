//! Why read models are not kept current, and the place where a thread that fails says so.
//!
//! Every thread that follows the log runs within [`FailureCell::watch`]: an error or a panic is logged, counted and
//! left here, where the supervised thread that started it waits for it, and where readiness looks.

use daybook_event_log::LogError;
use daybook_read_store::StoreError;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tokio::sync::watch;

/// Why a worker stopped or could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunnerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the log cannot be read: {0}")]
    Log(String),
    #[error("the thread {thread} crashed: {why}; it is started again, and this is a bug to be reported")]
    Crashed { thread: String, why: String },
    #[error("the lease is lost: another node may keep the read models current now")]
    LeaseLost,
    #[error("no read model is called {name:?}; there are {known}")]
    UnknownReadModel { name: String, known: String },
    #[error("nothing of this kind waits in the dead letters of {name}: {what}")]
    NoSuchDeadLetter { name: String, what: String },
    #[error("the read models are not running")]
    NotRunning,
    #[error("{name} is kept current by another node; ask the one whose /readyz says that it projects")]
    KeptElsewhere { name: String },
    #[error("{name} is being rebuilt already")]
    AlreadyRebuilding { name: String },
}

impl RunnerError {
    pub(crate) fn no_thread(error: std::io::Error) -> Self {
        Self::Store(StoreError::Unavailable { operation: "starting a thread", detail: error.to_string() })
    }
}

impl From<LogError> for RunnerError {
    fn from(error: LogError) -> Self {
        Self::Log(error.to_string())
    }
}

/// The last failure of a set of threads; none while all are at work. Cheap to clone.
#[derive(Clone)]
pub(crate) struct FailureCell(Arc<watch::Sender<Option<RunnerError>>>);

impl Default for FailureCell {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl FailureCell {
    pub(crate) fn get(&self) -> Option<RunnerError> {
        self.0.borrow().clone()
    }

    pub(crate) fn set(&self, error: RunnerError) {
        self.0.send_replace(Some(error));
    }

    pub(crate) fn clear(&self) {
        self.0.send_replace(None);
    }

    /// Resolves with the failure once there is one.
    pub(crate) async fn occurred(&self) -> RunnerError {
        let mut failure = self.0.subscribe();
        match failure.wait_for(Option::is_some).await.ok().and_then(|failure| failure.clone()) {
            Some(error) => error,
            None => std::future::pending().await,
        }
    }

    /// Does the work of a thread. Whatever ends it but success is left here.
    pub(crate) fn watch(&self, thread: &str, work: impl FnOnce() -> Result<(), RunnerError>) {
        if let Err(error) = caught(thread, work) {
            tracing::error!(%error, thread, "read models stopped");
            self.set(error);
        }
    }
}

/// Does the work of a thread; a panic is counted and becomes an error. What the work shares with others must be sound
/// after a panic: the thread begins again from what is stored.
pub(crate) fn caught<T>(
    thread: &str,
    work: impl FnOnce() -> Result<T, RunnerError>,
) -> Result<T, RunnerError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        metrics::counter!("daybook_task_panics_total", "task" => thread.to_owned()).increment(1);
        Err(RunnerError::Crashed { thread: thread.to_owned(), why: panic_text(&*panic) })
    })
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}
