//! Questions to the server that may be asked again: a few connections, a limit on how long an answer may take, and
//! another try while the server is away. Knows nothing of what is asked.
//!
//! sqlx' own pool asks the server after every use whether the connection still works, which doubles the round trips
//! of short reads. Here a connection on which anything failed, or whose question was dropped, is not used again.

use super::{
    connection,
    failure::{Failure, unavailable},
    options::PostgresOptions,
    write::Pause,
};
use crate::LogError;
use parking_lot::Mutex;
use sqlx::{
    PgConnection, Postgres, Row,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::Query,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

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
    permits: Semaphore,
    idle: Mutex<Vec<PgConnection>>,
}

/// A connection with the right to have it. It is only used again after [`Lent::give_back`].
pub(super) struct Lent<'a> {
    pub(super) connection: PgConnection,
    shared: &'a Shared,
    _permit: SemaphorePermit<'a>,
}

impl Lent<'_> {
    pub(super) fn give_back(self) {
        if !self.shared.permits.is_closed() {
            self.shared.idle.lock().push(self.connection);
        }
    }
}

impl Asking {
    pub(super) fn new(options: &PostgresOptions, server: PgConnectOptions, place: String) -> Self {
        let permits = Semaphore::new(options.read_connections.max(1) as usize);
        let (retry_for, try_for) = (options.retry_for, options.try_for);
        Self {
            shared: Arc::new(Shared { server, place, retry_for, try_for, permits, idle: Mutex::default() }),
        }
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
        let waiting = tokio::time::timeout(shared.try_for, shared.permits.acquire());
        let permit = match waiting.await {
            Ok(permit) => permit.map_err(|_| Failure::Lasting(LogError::Closed))?,
            Err(_) => {
                let detail = format!("{}: all connections are busy; raise read_connections", shared.place);
                return Err(Failure::Lasting(unavailable(DOING, detail)));
            }
        };
        let idle = shared.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::open(&shared.server, &shared.place, shared.try_for).await?,
        };
        Ok(Lent { connection, shared, _permit: permit })
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
        // What broke this connection has most likely broken the others.
        self.shared.idle.lock().clear();
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
        self.shared.permits.close();
        let idle = std::mem::take(&mut *self.shared.idle.lock());
        for connection in idle {
            connection::close(connection).await;
        }
    }
}
