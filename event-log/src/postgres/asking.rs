//! Questions to the server that may be asked again: a limit on how long an answer may take, and another try while the
//! server is away. Knows nothing of what is asked.

use super::{
    connection,
    connections::{Connections, Lent, NotLent},
    failure::{Failure, unavailable},
    options::PostgresOptions,
    write::Pause,
};
use crate::LogError;
use sqlx::{
    Postgres, Row,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::Query,
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

const DOING: &str = "reading the Postgres log";

/// Connections for questions. Cheap to clone.
#[derive(Clone)]
pub(super) struct Asking {
    shared: Arc<Shared>,
}

struct Shared {
    server: PgConnectOptions,
    place: String,
    retry_for: Duration,
    try_for: Duration,
    connections: Connections,
}

impl Asking {
    pub(super) fn new(options: &PostgresOptions, server: PgConnectOptions, place: String) -> Self {
        let (retry_for, try_for) = (options.retry_for, options.try_for);
        let connections = Connections::new(options.read_connections as usize, try_for);
        Self { shared: Arc::new(Shared { server, place, retry_for, try_for, connections }) }
    }

    pub(super) fn place(&self) -> &str {
        &self.shared.place
    }

    pub(super) fn retry_for(&self) -> Duration {
        self.shared.retry_for
    }

    /// A connection, waiting for one if all are lent.
    pub(super) async fn lend(&self) -> Result<Lent<'_>, Failure> {
        let shared = &*self.shared;
        let open = connection::open(&shared.server, &shared.place, shared.try_for);
        shared.connections.lend(open).await.map_err(|not| match not {
            NotLent::Unopened(failure) => failure,
            NotLent::Closed => Failure::Lasting(LogError::Closed),
            NotLent::Busy => {
                let detail = format!("{}: all connections are busy; raise read_connections", shared.place);
                Failure::Lasting(unavailable(DOING, detail))
            }
        })
    }

    /// Asks once.
    pub(super) async fn once(&self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<PgRow>, Failure> {
        let mut lent = self.lend().await?;
        let place = self.place();
        let failure =
            match tokio::time::timeout(self.shared.try_for, query.fetch_all(&mut lent.connection)).await {
                Ok(Ok(rows)) => {
                    lent.give_back();
                    return Ok(rows);
                }
                Ok(Err(error)) => Failure::of(error, DOING, place),
                Err(_) => Failure::Passing(format!("{place}: no answer within {:?}", self.shared.try_for)),
            };
        self.shared.connections.drop_idle();
        Err(failure)
    }

    /// Whether the server is there and takes what is written.
    pub(super) async fn check(&self) -> Result<(), LogError> {
        let asked =
            sqlx::query("SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'");
        let rows = self.once(asked).await.map_err(|failure| failure.into_error(DOING, self.place()))?;
        let said = |column: usize| rows.first().is_some_and(|row| row.try_get(column).unwrap_or(false));
        connection::takes_writes(said(0), said(1))
            .map_err(|reason| unavailable(DOING, format!("{}: {reason}", self.place())))
    }

    /// Asks until there is an answer or the time is over.
    pub(super) async fn again<'q>(
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
    pub(super) async fn close(&self) {
        for connection in self.shared.connections.close() {
            connection::close(connection).await;
        }
    }
}
