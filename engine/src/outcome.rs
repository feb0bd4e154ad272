//! What the engine answers.

use daybook_domain::{Event, EventError, Rejection};
use daybook_event_log::{LogError, Position, StreamId, Version};
use std::{path::PathBuf, time::Duration};

/// What a command led to. It is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub stream: StreamId,
    /// Where its last event stands in the log; if it caused none, the stream's last position that this engine
    /// knows of (zero if unknown).
    pub position: Position,
    /// The stream's version after it.
    pub version: Version,
    /// Empty where everything was already as wished.
    pub events: Vec<Event>,
    /// The command had been executed before; nothing was written now.
    pub repeated: bool,
}

/// Why a command was not executed. Unless said otherwise, nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommandError {
    /// The business says no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error("{stream} is at version {actual}, not {expected}; read it again, then decide again")]
    VersionConflict { stream: StreamId, expected: Version, actual: Version },
    #[error("this command id was used before for something else; use a new id for a new command")]
    CommandIdReused,
    /// There is more to do than can be done; nothing was begun.
    #[error("too much to do; try again in {} ms", retry_after.as_millis())]
    Overloaded { retry_after: Duration },
    #[error("the deadline passed before the command was begun")]
    DeadlinePassed,
    /// Other writers kept changing the stream while this command was decided.
    #[error("{stream} changed {attempts} times while the command was decided; try again")]
    Contended { stream: StreamId, attempts: u32 },
    /// The log failed. Whether the command happened is unknown if the failure came after it was handed over;
    /// the same command id tells.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The stream's past cannot be read by this program, so nothing can be decided upon it.
    #[error("{stream} has an event at version {version} that cannot be read: {error}")]
    UnreadableHistory { stream: StreamId, version: Version, error: EventError },
    /// A newer program has written to the stream. It can decide upon it, and this one can after an upgrade.
    #[error("{stream} has an event at version {version} that a newer program wrote: {error}")]
    NewerProgram { stream: StreamId, version: Version, error: EventError },
    /// The command or its id cannot be stored.
    #[error("{reason}")]
    Invalid { reason: String },
    /// A bug in the decision, or in taking over the stream's events. The same command fares no better; others may.
    #[error("a bug in this program keeps it from deciding on {stream}: {detail}")]
    Panicked { stream: StreamId, detail: String },
    #[error("the engine is shutting down")]
    ShuttingDown,
}

/// Why an engine could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("cannot use {path} for the engine's state: {source}; name a directory that can be written to")]
    StateDir { path: PathBuf, source: std::io::Error },
    #[error(
        "the checkpoint of the processes at {path} says {checkpoint}, but the log ends at {head}; \
         this is another log's checkpoint: remove it, and the processes start over (every step happens once all the same)"
    )]
    CheckpointBeyondLog { path: PathBuf, checkpoint: Position, head: Position },
}

impl CommandError {
    /// The kind of error in one word; stable, for metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::VersionConflict { .. } => "version_conflict",
            Self::CommandIdReused => "command_id_reused",
            Self::Overloaded { .. } => "overloaded",
            Self::DeadlinePassed => "deadline_passed",
            Self::Contended { .. } => "contended",
            Self::Log(_) => "log",
            Self::UnreadableHistory { .. } => "unreadable_history",
            Self::NewerProgram { .. } => "newer_program",
            Self::Invalid { .. } => "invalid",
            Self::Panicked { .. } => "panicked",
            Self::ShuttingDown => "shutting_down",
        }
    }
}
