//! A pool of a few connections, each used for one statement at a time. A connection on which anything failed, or whose statement was
//! dropped in the middle, is not used again. Knows neither what is asked nor how a connection is made fit for it.
//!
//! sqlx' own pool asks the server after every use whether the connection still works, which doubles the round trips
//! of short statements.

use parking_lot::Mutex;
use sqlx::PgConnection;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// ConnectionPool of one kind to one server.
pub struct ConnectionPool {
    /// How long to wait for one while all are in use.
    patience: Duration,
    permits: Semaphore,
    idle: Mutex<Vec<PgConnection>>,
}

/// A connection out of the pool, with its permit. It is only used again after [`PooledConnection::give_back`].
pub struct PooledConnection<'a> {
    pub connection: PgConnection,
    /// It was opened just now, so what fails on it is not for having been idle.
    pub is_fresh: bool,
    connections: &'a ConnectionPool,
    _permit: SemaphorePermit<'a>,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum NotAvailable<E> {
    /// All are in use, and stayed so.
    Busy,
    Closed,
    /// A new one could not be opened.
    Unopened(E),
}

impl PooledConnection<'_> {
    /// Nothing went wrong on it.
    pub fn give_back(self) {
        if !self.connections.permits.is_closed() {
            self.connections.idle.lock().push(self.connection);
        }
    }
}

impl ConnectionPool {
    /// At most `most` at a time, and at least one.
    #[must_use]
    pub fn new(most: usize, patience: Duration) -> Self {
        Self { patience, permits: Semaphore::new(most.max(1)), idle: Mutex::default() }
    }

    /// A connection, waiting for one if all are in use; `open` makes a new one where none is idle.
    pub async fn take<E>(
        &self,
        open: impl Future<Output = Result<PgConnection, E>>,
    ) -> Result<PooledConnection<'_>, NotAvailable<E>> {
        let permit = match tokio::time::timeout(self.patience, self.permits.acquire()).await {
            Ok(permit) => permit.map_err(|_| NotAvailable::Closed)?,
            Err(_) => return Err(NotAvailable::Busy),
        };
        let idle = self.idle.lock().pop();
        let is_fresh = idle.is_none();
        let connection = match idle {
            Some(connection) => connection,
            None => open.await.map_err(NotAvailable::Unopened)?,
        };
        Ok(PooledConnection { connection, is_fresh, connections: self, _permit: permit })
    }

    /// What broke one connection has most likely broken those that are idle.
    pub fn drop_idle(&self) {
        self.idle.lock().clear();
    }

    /// Lends nothing any more; answers with those that were idle.
    pub fn close(&self) -> Vec<PgConnection> {
        self.permits.close();
        std::mem::take(&mut *self.idle.lock())
    }
}
