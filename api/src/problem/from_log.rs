//! Which problem a failing log is. Paths and other details of the server's inside stay in the server's log.

use super::{Problem, kind};
use daybook_event_log::LogError;

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Full { .. } => Self::new(&kind::LOG_FULL, "the event log has no room for more events"),
            LogError::Poisoned { .. } => Self::new(
                &kind::UNAVAILABLE,
                "the event log stopped taking events after a failed write; reads go on, the operator has to act",
            )
            .retry_after(60),
            LogError::Unavailable { .. } => {
                Self::new(&kind::UNAVAILABLE, "the event log cannot be reached").retry_after(5)
            }
            LogError::Rewound { .. } => Self::new(
                &kind::UNAVAILABLE,
                "the event log has lost events that this node knows, so nothing is written to it; the operator has to act",
            )
            .retry_after(60),
            LogError::Closed => Self::new(&kind::UNAVAILABLE, "the server is shutting down").retry_after(5),
            LogError::BeyondEnd { asked, head } => Self::new(
                &kind::INVALID_PARAMETER,
                format!("position {asked} is beyond the end of the log at {head}"),
            )
            .with("head", head.get()),
            LogError::InUse { .. }
            | LogError::Damaged { .. }
            | LogError::NewerFormat { .. }
            | LogError::NotALog { .. } => {
                tracing::error!(%error, "the event log cannot be read");
                Self::new(&kind::INTERNAL, "the event log cannot be read; the operator finds the details in the server's log")
            }
        }
    }
}
