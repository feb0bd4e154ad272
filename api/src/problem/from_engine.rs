//! Which problem a command that was not executed is.

use super::{Problem, kind};
use crate::http::version_tag;
use axum::http::header;
use daybook_engine::CommandError;
use daybook_event_log::LogError;
use std::time::Duration;

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let text = error.to_string();
        match error {
            CommandError::Rejected(rejection) => Self::from(rejection),
            CommandError::VersionConflict { expected, actual, .. } => {
                let (expected, actual) = (expected.get(), actual.get());
                let detail = match expected {
                    0 => format!("If-None-Match: * asks for something new; it is there, at version {actual}"),
                    expected => format!("If-Match asks for version {expected}; it is {actual}"),
                };
                Self::new(&kind::VERSION_MISMATCH, detail)
                    .with("expected_version", expected)
                    .with("actual_version", actual)
                    .header(header::ETAG, version_tag(actual))
            }
            CommandError::CommandIdReused => Self::new(
                &kind::IDEMPOTENCY_KEY_REUSED,
                "this Idempotency-Key was used before for another method, path or body",
            ),
            CommandError::Overloaded { retry_after } => {
                Self::new(&kind::OVERLOADED, text).retry_after(whole_seconds(retry_after))
            }
            CommandError::Contended { .. } => Self::new(&kind::OVERLOADED, text).retry_after(1),
            CommandError::DeadlinePassed => Self::new(&kind::DEADLINE_PASSED, text).retry_after(1),
            CommandError::Log(log @ LogError::Full { .. }) => Self::from(log),
            CommandError::Log(LogError::Unavailable { .. } | LogError::Closed) => Self::new(
                &kind::OUTCOME_UNKNOWN,
                "the event log did not answer; whether the command was executed is not known",
            )
            .retry_after(5),
            CommandError::Log(log) => Self::from(log),
            CommandError::UnreadableHistory { .. } => {
                Self::new(&kind::INTERNAL, "the history of this resource cannot be read by this program")
            }
            CommandError::NewerProgram { .. } => Self::new(
                &kind::NEWER_PROGRAM,
                "a newer version of the server has written to this resource, and this node cannot decide on it yet",
            )
            .retry_after(30),
            CommandError::Panicked { .. } => {
                Self::new(&kind::INTERNAL, "a bug in the server keeps it from deciding on this")
            }
            CommandError::Invalid { reason } => Self::new(&kind::INVALID_COMMAND, reason),
            CommandError::ShuttingDown => {
                Self::new(&kind::UNAVAILABLE, "the server is shutting down").retry_after(5)
            }
        }
    }
}

fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
}
