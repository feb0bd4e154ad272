//! Why read models are not kept current, or why an operator's request was refused; and the end of a thread that works for
//! a worker, whose panic becomes an error.

use daybook_event_log::LogError;
use daybook_read_store::StoreError;
use daybook_subscriptions::Fault;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Why a worker stopped or could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunnerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the log cannot be read: {0}")]
    Log(Fault),
    #[error("the thread {thread} crashed: {why}; it is started again, and this is a bug to be reported")]
    Crashed { thread: String, why: String },
    #[error("{worker} is not kept current: {why}")]
    Stopped { worker: String, why: String },
    #[error("the lease is lost: another node may keep the read models current now")]
    LeaseLost,
    #[error("the read store is opened again")]
    Reopened,
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
        Self::Log(error.into())
    }
}

impl From<RunnerError> for Fault {
    /// Only a damaged log is final. Whatever else fails, the worker begins again from what is stored.
    fn from(error: RunnerError) -> Self {
        match error {
            RunnerError::Log(fault @ Self::Fatal(_)) => fault,
            error => Self::Passing(error.to_string()),
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
