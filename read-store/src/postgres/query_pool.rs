//! Connections that are fit for one purpose, pooled to one statement at a time, and questions that may be asked again.

use super::{
    connection::{self, Purpose},
    failure::{failed, is_passing, silent},
};
use crate::StoreError;
use daybook_event_log_postgres::{ConnectionPool, NotAvailable, PooledConnection, PostgresServer};
use sqlx::{
    Postgres,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use std::time::Duration;

pub(super) struct QueryPool {
    pub(super) server: PostgresServer,
    pub(super) place: String,
    purpose: Purpose,
    /// How long a connection, and how long an answer, may take.
    within: Duration,
    connections: ConnectionPool,
}

impl QueryPool {
    pub(super) fn new(
        server: PostgresServer,
        purpose: Purpose,
        connections: usize,
        within: Duration,
    ) -> Self {
        let place = server.place().to_owned();
        Self { server, place, purpose, within, connections: ConnectionPool::new(connections, within) }
    }

    /// A connection, waiting for one if all are in use.
    pub(super) async fn connection(&self, doing: &'static str) -> Result<PooledConnection<'_>, StoreError> {
        let open = connection::open(&self.server, self.purpose, self.within);
        self.connections.take(open).await.map_err(|not| match not {
            NotAvailable::Unopened(error) => error,
            NotAvailable::Busy | NotAvailable::Closed => {
                let detail = format!("{}: all connections are busy", self.place);
                StoreError::Server { operation: doing, detail }
            }
        })
    }

    /// Asks one question. A connection that had broken unnoticed is replaced once; asking again does no harm.
    pub(super) async fn ask<'q>(
        &self,
        doing: &'static str,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        loop {
            let mut pooled = self.connection(doing).await?;
            match tokio::time::timeout(self.within, query().fetch_all(&mut pooled.connection)).await {
                Ok(Ok(rows)) => {
                    pooled.give_back();
                    return Ok(rows);
                }
                Ok(Err(error)) => {
                    if !is_passing(&error) {
                        // The server refused, politely: nothing is wrong with the connection.
                        pooled.give_back();
                        return Err(failed(doing, &self.place, error));
                    }
                    self.connections.drop_idle();
                    if pooled.is_fresh {
                        return Err(failed(doing, &self.place, error));
                    }
                }
                Err(_) => return Err(silent(doing, &self.place, self.within)),
            }
        }
    }
}
