//! Connections that are fit for one purpose, lent to one statement at a time, and questions that may be asked again.

use super::{
    connection::{self, Purpose},
    failure::{failed, is_passing, silent},
};
use crate::StoreError;
use daybook_event_log::postgres::{Connections, Lent, NotLent};
use sqlx::{
    Postgres,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::Query,
};
use std::time::Duration;

pub(super) struct Lending {
    pub(super) server: PgConnectOptions,
    pub(super) place: String,
    purpose: Purpose,
    /// How long a connection, and how long an answer, may take.
    within: Duration,
    connections: Connections,
}

impl Lending {
    pub(super) fn new(
        server: PgConnectOptions,
        place: String,
        purpose: Purpose,
        connections: usize,
        within: Duration,
    ) -> Self {
        Self { server, place, purpose, within, connections: Connections::new(connections, within) }
    }

    /// A connection, waiting for one if all are lent.
    pub(super) async fn lend(&self, doing: &'static str) -> Result<Lent<'_>, StoreError> {
        let open = connection::open(&self.server, self.purpose, &self.place, self.within);
        self.connections.lend(open).await.map_err(|not| match not {
            NotLent::Unopened(error) => error,
            NotLent::Busy | NotLent::Closed => {
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
                    self.connections.drop_idle();
                    if lent.is_fresh {
                        return Err(failed(doing, &self.place, error));
                    }
                }
                Err(_) => return Err(silent(doing, &self.place, self.within)),
            }
        }
    }
}
