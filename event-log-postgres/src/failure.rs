//! What a failed statement means for whoever asked: wait and try again, refuse one append, or give up.

use daybook_event_log::LogError;
use daybook_subscriptions::{Backoff, BackoffLimits, random_seed};
use sqlx::Error;
use std::time::Duration;

/// What our functions on the server say where the log has lost an event that is known.
const REWOUND: &str = "DB001";

/// Why a try failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server or the way to it; the same may succeed a moment later, and may even have succeeded.
    Passing(String),
    /// A unique index refused: an event id, or a version taken meanwhile.
    Taken,
    /// The server cannot store what was sent.
    Unstorable(String),
    /// Trying again does not help.
    Lasting(LogError),
}

impl Failure {
    /// Reads SQLSTATE; the codes are in the server's manual, appendix A.
    pub(crate) fn of(error: Error, doing: &str, place: &str) -> Self {
        let Error::Database(refusal) = &error else {
            return match error {
                Error::Io(_)
                | Error::Tls(_)
                | Error::Protocol(_)
                | Error::PoolTimedOut
                | Error::WorkerCrashed => Self::Passing(format!("{place}: {error}")),
                Error::PoolClosed => Self::Lasting(LogError::Closed),
                other => Self::Lasting(unavailable(doing, format!("{place}: {other}"))),
            };
        };
        let code = refusal.code().unwrap_or_default().into_owned();
        let said = format!("{place}: {} ({code})", refusal.message());
        match code.as_str() {
            "23505" => Self::Taken,
            REWOUND => Self::Lasting(LogError::Rewound {
                place: place.to_owned(),
                detail: refusal.message().to_owned(),
            }),
            "53100" => Self::Lasting(LogError::Full { detail: said }),
            "XX001" | "XX002" => Self::Lasting(LogError::Damaged {
                place: place.to_owned(),
                detail: refusal.message().to_owned(),
            }),
            "55P03" => Self::Passing(format!(
                "{said}; another program holds a lock on log_head or events: look in pg_stat_activity for a transaction that is never committed"
            )),
            // A primary that has just become a standby, perhaps for a moment.
            "25006" => Self::Passing(format!(
                "{said}; the server is read-only or a standby: name the primary, or set default_transaction_read_only to off"
            )),
            // Serialisation, deadlock, shutting down or starting, lost connections, out of connections or memory.
            "40001" | "40P01" | "57014" => Self::Passing(said),
            _ if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => Self::Passing(said),
            _ if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => Self::Unstorable(said),
            "28P01" | "28000" => Self::Lasting(unavailable(
                doing,
                format!("{said}; check user and password in the URL, and pg_hba.conf"),
            )),
            "3D000" => Self::Lasting(unavailable(
                doing,
                format!("{said}; create the database first, for example with createdb"),
            )),
            "42501" => Self::Lasting(unavailable(
                doing,
                format!(
                    "{said}; grant this user what it needs on the tables events, log_head and daybook_schema"
                ),
            )),
            "42P01" | "42883" | "42703" => {
                Self::Lasting(LogError::NotALog { path: place.to_owned(), detail: said })
            }
            _ => Self::Lasting(unavailable(doing, said)),
        }
    }

    /// What is waited for at a start where the failure may pass: a server that comes back, or another one that has the
    /// events which this one has lost.
    pub(crate) fn waited_for(&self) -> Option<String> {
        match self {
            Self::Passing(detail) => Some(detail.clone()),
            Self::Lasting(error @ LogError::Rewound { .. }) => Some(error.to_string()),
            Self::Taken | Self::Unstorable(_) | Self::Lasting(_) => None,
        }
    }

    /// The error for someone who will not try again.
    pub(crate) fn into_error(self, doing: &str, place: &str) -> LogError {
        match self {
            Self::Passing(detail) | Self::Unstorable(detail) => unavailable(doing, detail),
            Self::Taken => unavailable(doing, format!("{place}: a unique index refused")),
            Self::Lasting(error) => error,
        }
    }
}

pub(crate) fn unavailable(doing: &str, detail: String) -> LogError {
    LogError::Unavailable { operation: doing.to_owned(), detail }
}

/// The pauses of what is tried again here, 5 to 500 ms: callers wait for it.
pub(crate) fn backoff() -> Backoff {
    let limits = BackoffLimits {
        shortest: Duration::from_millis(5),
        longest: Duration::from_millis(500),
        ..BackoffLimits::DEFAULT
    };
    Backoff::new(limits, random_seed())
}
