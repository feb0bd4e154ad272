//! A command on its way through a shard, and where its answer goes.

use crate::{CommandError, Outcome, processes::StepKey};
use daybook_domain::{Actor, Command, Timestamp};
use daybook_event_log::{StreamId, Version};
use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

/// A command and everything a shard needs to execute it.
#[derive(Debug)]
pub(crate) struct QueuedCommand {
    pub(crate) stream: StreamId,
    /// None once it was decided on and will not be again.
    pub(crate) command: Option<Command>,
    /// The command's name.
    pub(crate) name: &'static str,
    pub(crate) ids: CommandIds,
    pub(crate) expected: Option<Version>,
    pub(crate) actor: Actor,
    pub(crate) occurred_at: Timestamp,
    pub(crate) deadline: Option<Instant>,
    pub(crate) reply: Reply,
    /// How often it was decided in vain.
    pub(crate) attempts: u32,
    /// Certainly not executed before, so nobody needs to look it up.
    pub(crate) fresh: bool,
}

/// What tells a command from others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandIds {
    pub(crate) command: Uuid,
    pub(crate) correlation: Uuid,
    pub(crate) causation: Uuid,
    pub(crate) request_hash: u64,
}

/// Where the answer goes.
#[derive(Debug)]
pub(crate) enum Reply {
    Caller(oneshot::Sender<Result<Outcome, CommandError>>),
    Process(StepKey),
}
