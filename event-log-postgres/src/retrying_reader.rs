//! Questions to the server that may be asked again: a limit on how long an answer may take, and another try while the
//! server is away. Knows nothing of what is asked.

use crate::{
    connection,
    failure::{Failure, unavailable},
    options::PostgresOptions,
    pool::{ConnectionPool, NotAvailable, PooledConnection},
    server::{self, PostgresServer},
    write::Pause,
};
use daybook_event_log::LogError;
use sqlx::{
    Postgres, Row,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

const DOING: &str = "reading the Postgres log";

/// Connections for questions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RetryingReader {
    shared: Arc<Shared>,
}

struct Shared {
    server: PostgresServer,
    retry_for: Duration,
    try_for: Duration,
    pool: ConnectionPool,
}

impl RetryingReader {
    pub(crate) fn new(options: &PostgresOptions, server: PostgresServer) -> Self {
        let (retry_for, try_for) = (options.retry_for, options.try_for);
        let pool = ConnectionPool::new(options.read_connections as usize, try_for);
        Self { shared: Arc::new(Shared { server, retry_for, try_for, pool }) }
    }

    pub(crate) fn place(&self) -> &str {
        self.shared.server.place()
    }

    pub(crate) fn retry_for(&self) -> Duration {
        self.shared.retry_for
    }

    /// A connection, waiting for one if all are pooled.
    pub(crate) async fn connection(&self) -> Result<PooledConnection<'_>, Failure> {
        let shared = &*self.shared;
        let open = connection::open(&shared.server, shared.try_for);
        shared.pool.take(open).await.map_err(|not| match not {
            NotAvailable::Unopened(failure) => failure,
            NotAvailable::Closed => Failure::Lasting(LogError::Closed),
            NotAvailable::Busy => {
                let detail = format!("{}: all connections are busy; raise read_connections", self.place());
                Failure::Lasting(unavailable(DOING, detail))
            }
        })
    }

    /// Asks once.
    pub(crate) async fn once(&self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<PgRow>, Failure> {
        let mut pooled = self.connection().await?;
        let place = self.place();
        let failure =
            match tokio::time::timeout(self.shared.try_for, query.fetch_all(&mut pooled.connection)).await {
                Ok(Ok(rows)) => {
                    pooled.give_back();
                    return Ok(rows);
                }
                Ok(Err(error)) => Failure::of(error, DOING, place),
                Err(_) => Failure::Passing(format!("{place}: no answer within {:?}", self.shared.try_for)),
            };
        self.shared.pool.drop_idle();
        Err(failure)
    }

    /// Whether the server is there and takes what is written.
    pub(crate) async fn check(&self) -> Result<(), LogError> {
        let asked =
            sqlx::query("SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'");
        let rows = self.once(asked).await.map_err(|failure| failure.into_error(DOING, self.place()))?;
        let said = |column: usize| rows.first().is_some_and(|row| row.try_get(column).unwrap_or(false));
        server::takes_writes(said(0), said(1))
            .map_err(|reason| unavailable(DOING, format!("{}: {reason}", self.place())))
    }

    /// Asks until there is an answer or the time is over.
    pub(crate) async fn again<'q>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, LogError> {
        let deadline = Instant::now() + self.shared.retry_for;
        let mut pause = Pause::default();
        loop {
            match self.once(query()).await {
                Ok(rows) => return Ok(rows),
                Err(Failure::Passing(_)) if Instant::now() < deadline => pause.wait().await,
                Err(failure) => return Err(failure.into_error(DOING, self.place())),
            }
        }
    }

    /// Nothing is asked any more.
    pub(crate) async fn close(&self) {
        for connection in self.shared.pool.close() {
            server::close(connection).await;
        }
    }
}
