//! Where the Postgres log is and how hard to try. Says nothing of tables.

use crate::{failure::unavailable, server::PostgresServer};
use daybook_event_log::{KnownEvent, LogError};
use std::{fmt, time::Duration};

/// So many connections read at a time.
pub const DEFAULT_READ_CONNECTIONS: u32 = 8;

/// How to reach a log on a Postgres server.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database`, with `sslmode`, `sslrootcert`, `sslcert` and
    /// `sslkey` as libpq has them.
    pub url: String,
    /// An event that the log must have, where something is known of it: a log that has lost it is not used.
    pub known: Option<KnownEvent>,
    /// Connections for readers; the writer and the listener have one each beside them.
    pub read_connections: u32,
    /// Up to this many events share one commit, unless a single call brings more.
    pub group_events: usize,
    /// The largest payload that is taken.
    pub payload_bytes: usize,
    /// How long [`crate::PostgresLog::connect`] keeps trying to reach the server.
    pub connect_for: Duration,
    /// How long an append or a read is retried while the server is away.
    pub retry_for: Duration,
    /// How long one try may take before its connection is given up.
    pub try_for: Duration,
    /// How often the head is asked for, beside the server's notifications.
    pub poll_every: Duration,
}

impl PostgresOptions {
    /// The usual settings for the server at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            known: None,
            read_connections: DEFAULT_READ_CONNECTIONS,
            group_events: 1024,
            payload_bytes: 4 << 20,
            connect_for: Duration::from_secs(30),
            retry_for: Duration::from_secs(10),
            try_for: Duration::from_secs(10),
            poll_every: Duration::from_millis(250),
        }
    }

    /// The server that the URL names.
    pub(crate) fn server(&self) -> Result<PostgresServer, LogError> {
        PostgresServer::new(&self.url, "daybook")
            .map_err(|e| unavailable("reading the Postgres URL", e.to_string()))
    }
}

/// Without the password.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server();
        let place = server.as_ref().map_or("unreadable", PostgresServer::place);
        f.debug_struct("PostgresOptions").field("place", &place).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let options = PostgresOptions::new("postgres://shop:s3cret@db.example:5433/orders");
        let shown = format!("{options:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("postgres://db.example:5433/orders"), "{shown}");
    }

    #[test]
    fn a_wrong_url_is_refused_with_the_form_that_is_right_and_without_its_password() {
        let error = PostgresOptions::new("mysql//:s3cret").server().unwrap_err().to_string();
        assert!(error.contains("postgres://user:password@host:port/database"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}
