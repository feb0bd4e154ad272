//! Questions to the server that may be asked again: a small pool, a limit on how long an answer may take, and
//! another try while the server is away. Knows nothing of what is asked.

use super::{connection, failure::Failure, options::PostgresOptions, write::Pause};
use crate::LogError;
use sqlx::{
    PgPool, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
    query::Query,
};
use std::time::Duration;
use tokio::time::Instant;

const DOING: &str = "reading the Postgres log";

/// Connections for questions. Cheap to clone.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) pool: PgPool,
    pub(super) place: String,
    pub(super) retry_for: Duration,
    try_for: Duration,
}

impl Asking {
    pub(super) fn new(options: &PostgresOptions, server: PgConnectOptions, place: String) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(options.read_connections.max(1))
            .acquire_timeout(options.try_for)
            .test_before_acquire(false)
            .after_connect(|connection, _| connection::prepare(connection))
            .connect_lazy_with(server);
        Self { pool, place, retry_for: options.retry_for, try_for: options.try_for }
    }

    /// Asks once.
    pub(super) async fn once(&self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<PgRow>, Failure> {
        let failed = |error| Failure::of(error, DOING, &self.place);
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        match tokio::time::timeout(self.try_for, query.fetch_all(&mut *connection)).await {
            Ok(rows) => rows.map_err(failed),
            Err(_) => {
                // A line that does not answer would not answer the pool either.
                drop(connection.detach());
                Err(Failure::Passing(format!("{}: no answer within {:?}", self.place, self.try_for)))
            }
        }
    }

    /// Asks until there is an answer or the time is over.
    pub(super) async fn again<'q>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, LogError> {
        let deadline = Instant::now() + self.retry_for;
        let mut pause = Pause::default();
        loop {
            match self.once(query()).await {
                Ok(rows) => return Ok(rows),
                Err(Failure::Passing(_)) if Instant::now() < deadline => pause.wait().await,
                Err(failure) => return Err(failure.into_error(DOING, &self.place)),
            }
        }
    }
}
