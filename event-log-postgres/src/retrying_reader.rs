//! Questions to the server that may be asked again: a limit on how long an answer may take, and another try while the
//! server is away. Knows nothing of what is asked.

use crate::{
    connection,
    failure::{Failure, backoff, unavailable},
    options::PostgresOptions,
    pool::{ConnectionPool, NotAvailable, PooledConnection},
    server::{self, PostgresServer},
};
use daybook_event_log::LogError;
use futures::TryStreamExt;
use sqlx::{
    Executor, Postgres, Row,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

const DOING: &str = "reading the Postgres log";

/// Takes what an append takes, in its order, and gives it back. Appends wait for no longer than this takes.
const TAKE_LOCKS: &str = "BEGIN; SET LOCAL lock_timeout TO '1s'; SELECT position FROM log_head FOR NO KEY UPDATE; \
                          LOCK TABLE events IN ROW EXCLUSIVE MODE; ROLLBACK";

/// Connections for questions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RetryingReader {
    shared: Arc<ReaderShared>,
}

struct ReaderShared {
    server: PostgresServer,
    retry_for: Duration,
    try_for: Duration,
    pool: ConnectionPool,
}

impl RetryingReader {
    pub(crate) fn new(options: &PostgresOptions, server: PostgresServer) -> Self {
        let (retry_for, try_for) = (options.retry_for, options.try_for);
        let pool = ConnectionPool::new(options.read_connections as usize, try_for);
        Self { shared: Arc::new(ReaderShared { server, retry_for, try_for, pool }) }
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
                let detail = format!(
                    "{}: all connections that read are busy and stayed so for {:?}; if the server is not the one that is slow, raise --store-read-connections (and max_connections of the server)",
                    self.place(),
                    shared.try_for,
                );
                Failure::Lasting(unavailable(DOING, detail))
            }
        })
    }

    /// Asks once, for all rows.
    pub(crate) async fn once(&self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<PgRow>, Failure> {
        self.once_while(query, |_| true).await
    }

    /// Asks once, and takes rows while each is wanted.
    async fn once_while(
        &self,
        query: Query<'_, Postgres, PgArguments>,
        mut wanted: impl FnMut(&PgRow) -> bool,
    ) -> Result<Vec<PgRow>, Failure> {
        let mut pooled = self.connection().await?;
        let place = self.place();
        let taking = async {
            let (mut rows, mut answer) = (Vec::new(), query.fetch(&mut pooled.connection));
            while let Some(row) = answer.try_next().await? {
                if !wanted(&row) {
                    return Ok((rows, false));
                }
                rows.push(row);
            }
            Ok((rows, true))
        };
        let failure = match tokio::time::timeout(self.shared.try_for, taking).await {
            Ok(Ok((rows, is_whole))) => {
                // A connection whose answer was not read to the end is not used again.
                if is_whole {
                    pooled.give_back();
                }
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
            .map_err(|reason| unavailable(DOING, format!("{}: {reason}", self.place())))?;
        self.check_locks().await.map_err(|failure| failure.into_error(DOING, self.place()))
    }

    /// Whether the locks of an append can be had: another program may hold them for ever.
    async fn check_locks(&self) -> Result<(), Failure> {
        let mut pooled = self.connection().await?;
        let asked = pooled.connection.execute(TAKE_LOCKS);
        match tokio::time::timeout(self.shared.try_for, asked).await {
            Ok(Ok(_)) => {
                pooled.give_back();
                Ok(())
            }
            // A transaction that failed goes with its connection.
            Ok(Err(error)) => Err(Failure::of(error, DOING, self.place())),
            Err(_) => Err(Failure::Passing(format!("{}: no answer", self.place()))),
        }
    }

    /// Asks until there is an answer or the time is over.
    pub(crate) async fn again<'q>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, LogError> {
        self.again_while(query, || |_: &PgRow| true).await
    }

    /// The same, of which only the first rows are taken that are wanted; each try begins with a new `wanted`.
    pub(crate) async fn again_while<'q, W: FnMut(&PgRow) -> bool>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
        wanted: impl Fn() -> W,
    ) -> Result<Vec<PgRow>, LogError> {
        let deadline = Instant::now() + self.shared.retry_for;
        let mut backoff = backoff();
        loop {
            match self.once_while(query(), wanted()).await {
                Ok(rows) => return Ok(rows),
                Err(Failure::Passing(_)) if Instant::now() < deadline => sleep(backoff.pause()).await,
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
