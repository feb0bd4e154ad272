//! A few connections, lent to one statement at a time. A connection on which anything failed, or whose statement was
//! dropped in the middle, is not used again. (sqlx' own pool asks the server after every use whether the connection
//! still works, which doubles the round trips of short questions.)

use super::{
    connection::{self, Purpose},
    failure::{failed, is_passing, silent},
};
use crate::StoreError;
use parking_lot::Mutex;
use sqlx::{
    PgConnection, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::Query,
};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

pub(super) struct Lending {
    pub(super) server: PgConnectOptions,
    pub(super) place: String,
    purpose: Purpose,
    /// How long a connection, and how long an answer, may take.
    within: Duration,
    permits: Semaphore,
    idle: Mutex<Vec<PgConnection>>,
}

/// A connection with the right to have it. It is only used again after [`Lent::give_back`].
pub(super) struct Lent<'a> {
    pub(super) connection: PgConnection,
    lending: &'a Lending,
    is_fresh: bool,
    _permit: SemaphorePermit<'a>,
}

impl Lent<'_> {
    pub(super) fn give_back(self) {
        self.lending.idle.lock().push(self.connection);
    }
}

impl Lending {
    pub(super) fn new(
        server: PgConnectOptions,
        place: String,
        purpose: Purpose,
        connections: usize,
        within: Duration,
    ) -> Self {
        let permits = Semaphore::new(connections.max(1));
        Self { server, place, purpose, within, permits, idle: Mutex::default() }
    }

    /// A connection, waiting for one if all are lent.
    pub(super) async fn lend(&self, doing: &'static str) -> Result<Lent<'_>, StoreError> {
        let waiting = tokio::time::timeout(self.within, self.permits.acquire());
        let Ok(Ok(permit)) = waiting.await else {
            let detail = format!("{}: all connections are busy", self.place);
            return Err(StoreError::Server { operation: doing, detail });
        };
        let idle = self.idle.lock().pop();
        let is_fresh = idle.is_none();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::open(&self.server, self.purpose, &self.place, self.within).await?,
        };
        Ok(Lent { connection, lending: self, is_fresh, _permit: permit })
    }

    /// Asks one question. A connection that had broken unnoticed is replaced once; asking again does no harm.
    pub(super) async fn ask<'q>(
        &self,
        doing: &'static str,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        loop {
            let mut lent = self.lend(doing).await?;
            match tokio::time::timeout(self.within, query().fetch_all(&mut lent.connection)).await {
                Ok(Ok(rows)) => {
                    lent.give_back();
                    return Ok(rows);
                }
                Ok(Err(error)) => {
                    if !is_passing(&error) {
                        // The server refused, politely: nothing is wrong with the connection.
                        lent.give_back();
                        return Err(failed(doing, &self.place, error));
                    }
                    // What broke this connection has most likely broken the others.
                    self.idle.lock().clear();
                    if lent.is_fresh {
                        return Err(failed(doing, &self.place, error));
                    }
                }
                Err(_) => return Err(silent(doing, &self.place, self.within)),
            }
        }
    }
}
