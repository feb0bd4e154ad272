//! Status of a supervised task or thread, as readiness shows it. Set by the supervisor and by the task itself (standby).

use serde::Serialize;
use std::sync::Arc;
use tokio::sync::watch;

/// What a supervised task does at the moment. As JSON: `{"status": "backing-off", "why": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "why", rename_all = "kebab-case")]
pub enum Status {
    /// It works.
    Running,
    /// Another node has the lease; this one takes over when it is free.
    Standby,
    /// It failed for this reason and is tried again, or was just started again and has not proven to work.
    BackingOff(String),
    /// It failed for this reason and is not started again.
    Failed(String),
    /// It was told to stop, and ended.
    Stopped,
}

impl Status {
    /// Why it does not work.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::BackingOff(why) | Self::Failed(why) => Some(why),
            Self::Running | Self::Standby | Self::Stopped => None,
        }
    }

    /// Whether it has ended for good without being told to.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// One task of a [`Supervisor`](crate::Supervisor) with its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskStatus {
    /// The task's name.
    #[serde(skip)]
    pub name: String,
    /// Whether the node is not ready once this task has failed.
    #[serde(skip)]
    pub required: bool,
    /// What it does at the moment.
    #[serde(flatten)]
    pub status: Status,
    /// How many times it panicked since the program began.
    #[serde(skip_serializing_if = "is_zero")]
    pub panics: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Where a task's status is written.
#[derive(Debug, Clone)]
pub(crate) struct StatusCell(Arc<watch::Sender<Status>>);

impl StatusCell {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Status::Running)))
    }

    pub(crate) fn set(&self, status: Status) {
        self.0.send_if_modified(|now| {
            let changed = *now != status;
            *now = status;
            changed
        });
    }

    pub(crate) fn get(&self) -> Status {
        self.0.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Status> {
        self.0.subscribe()
    }
}
