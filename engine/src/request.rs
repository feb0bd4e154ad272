//! What the engine is asked to do: a command, who asks, and how to tell a retry from something new.

use daybook_domain::{Actor, Command, Timestamp};
use daybook_event_log::Version;
use tokio::time::Instant;
use uuid::Uuid;

/// Which commands go first when there is more to do than time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Somebody is paying.
    Checkout,
    /// Somebody is browsing.
    Normal,
    /// Nobody is waiting: imports, bulk changes.
    Bulk,
}

/// One command and everything about it that is not its content.
#[derive(Debug, Clone)]
pub struct CommandRequest {
    pub command: Command,
    /// Under this id the command happens at most once, for ever. Choose it at random or by a digest of what
    /// identifies the wish; never nil.
    pub command_id: Uuid,
    /// The version the caller saw; any other is a [`VersionConflict`](crate::CommandError::VersionConflict).
    pub expected_version: Option<Version>,
    pub actor: Actor,
    /// When it happened in the world; none: now.
    pub occurred_at: Option<Timestamp>,
    /// What it all began with; nil: this command itself.
    pub correlation_id: Uuid,
    /// What directly led to it; nil: nothing but the caller's wish.
    pub causation_id: Uuid,
    /// Digest of the request's content, to tell a retry from another request under the same id. Zero: unknown.
    pub request_hash: u64,
    /// After this moment nobody waits for the answer any more, so the work is not begun.
    pub deadline: Option<Instant>,
    pub priority: Priority,
}

impl CommandRequest {
    /// A command that begins something, asked now, at normal priority, without conditions.
    #[must_use]
    pub const fn new(command: Command, command_id: Uuid, actor: Actor) -> Self {
        Self {
            command,
            command_id,
            expected_version: None,
            actor,
            occurred_at: None,
            correlation_id: Uuid::nil(),
            causation_id: Uuid::nil(),
            request_hash: 0,
            deadline: None,
            priority: Priority::Normal,
        }
    }
}
