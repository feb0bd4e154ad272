//! Why a follower of the log cannot go on. Every handler answers with one of these; what follows from it is decided in
//! one place each: `run` (events), `supervisor` (everything else).

use daybook_event_log::{LogError, Position};

/// Why a follower cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// One event cannot be handled, and trying again does not help.
    #[error("the event at position {at} cannot be handled: {why}")]
    Event { at: Position, why: String },
    /// The event was written by a newer program, which this one does not understand.
    #[error("the event at position {at} was written by a newer program; upgrade this one")]
    Newer { at: Position },
    /// The surroundings failed; it is tried again after a pause.
    #[error("{0}")]
    Passing(String),
    /// Going on would do harm. It needs somebody to look at it, and a restart.
    #[error("{0}")]
    Fatal(String),
}

impl From<LogError> for Fault {
    /// A log that cannot be reached or is closed may be there again, and so may the server that has what another one has
    /// lost; a log that is damaged stays so.
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable { .. }
            | LogError::Closed
            | LogError::Full { .. }
            | LogError::Rewound { .. } => Self::Passing(error.to_string()),
            _ => Self::Fatal(error.to_string()),
        }
    }
}
