//! Leases on a PostgreSQL server. A lease is a session advisory lock, so it ends with its holder's connection: when the
//! holder stops, dies or is cut off. Knows nothing of events.

use crate::{
    connection,
    failure::{Failure, unavailable},
    options::PostgresOptions,
    server::PostgresServer,
};
use async_trait::async_trait;
use daybook_event_log::{Lease, Leases, LogError};
use sqlx::PgConnection;
use std::time::Duration;
use tokio::{sync::Mutex, time};

/// How often a free lease is looked for, and a held one checked.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long the server may take to say that the lease is still held.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The first of the lock's two numbers; the second stands for the task.
const OURS: i32 = 0x0da1_b00c;
const DOING: &str = "keeping a lease on the Postgres server";

/// Leases on a PostgreSQL server, one table for their memory in its database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresLeases {
    server: PostgresServer,
    /// How long one try to connect may take.
    try_for: Duration,
}

struct PostgresLease {
    name: String,
    connection: Mutex<PgConnection>,
}

impl PostgresLeases {
    /// Leases on the server of `options`.
    ///
    /// # Errors
    /// `Unavailable` if the URL names no server.
    pub fn new(options: &PostgresOptions) -> Result<Self, LogError> {
        Ok(Self::on(options.server()?, options.try_for))
    }

    /// Leases on `server`.
    #[must_use]
    pub const fn on(server: PostgresServer, try_for: Duration) -> Self {
        Self { server, try_for }
    }
}

#[async_trait]
impl Leases for PostgresLeases {
    async fn acquire(&self, name: &str) -> Result<Box<dyn Lease>, LogError> {
        let place = self.server.place();
        let mut connection = None;
        loop {
            let attempt = async {
                let mut open = match connection.take() {
                    Some(open) => open,
                    None => connection::open(&self.server, self.try_for).await?,
                };
                let taken = try_lock(&mut open, name).await.map_err(|e| Failure::of(e, DOING, place))?;
                Ok::<_, Failure>((open, taken))
            };
            match attempt.await {
                Ok((mut open, true)) => {
                    make_memory(&mut open)
                        .await
                        .map_err(|e| Failure::of(e, DOING, place).into_error(DOING, place))?;
                    return Ok(Box::new(PostgresLease {
                        name: name.to_owned(),
                        connection: Mutex::new(open),
                    }));
                }
                Ok((open, false)) => connection = Some(open),
                Err(Failure::Passing(detail)) => {
                    tracing::debug!(detail, name, "the lease cannot be asked for yet");
                }
                Err(failure) => return Err(failure.into_error(DOING, place)),
            }
            time::sleep(LOOK_EVERY).await;
        }
    }
}

#[async_trait]
impl Lease for PostgresLease {
    async fn lost(&self) {
        loop {
            time::sleep(LOOK_EVERY).await;
            let mut connection = self.connection.lock().await;
            let held = sqlx::query_scalar::<_, bool>(HELD).bind(OURS).bind(number(&self.name));
            let answer = time::timeout(ANSWER_WITHIN, held.fetch_one(&mut *connection)).await;
            if !matches!(answer, Ok(Ok(true))) {
                return;
            }
        }
    }

    async fn recall(&self) -> Result<Option<Vec<u8>>, LogError> {
        let mut connection = self.connection.lock().await;
        let asked = sqlx::query_scalar("SELECT memory FROM daybook_lease WHERE task = $1").bind(&self.name);
        asked.fetch_optional(&mut *connection).await.map_err(|e| unavailable(DOING, e.to_string()))
    }

    async fn remember(&self, memory: &[u8]) -> Result<(), LogError> {
        let mut connection = self.connection.lock().await;
        let told = sqlx::query(REMEMBER).bind(&self.name).bind(memory).execute(&mut *connection);
        told.await.map(drop).map_err(|e| unavailable(DOING, e.to_string()))
    }
}

const HELD: &str = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() \
                    AND classid::int4 = $1 AND objid::int8 = $2 AND granted)";
const REMEMBER: &str = "INSERT INTO daybook_lease (task, memory) VALUES ($1, $2) \
                        ON CONFLICT (task) DO UPDATE SET memory = excluded.memory";

async fn try_lock(connection: &mut PgConnection, task: &str) -> Result<bool, sqlx::Error> {
    let key = i32::try_from(number(task)).unwrap_or(0);
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)").bind(OURS).bind(key).fetch_one(connection).await
}

/// Two holders of different leases may come here at once; the second then finds the table made.
async fn make_memory(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    const MAKE: &str =
        "CREATE TABLE IF NOT EXISTS daybook_lease (task text PRIMARY KEY, memory bytea NOT NULL)";
    match sqlx::query(MAKE).execute(&mut *connection).await {
        Err(sqlx::Error::Database(refusal)) if refusal.is_unique_violation() => {
            sqlx::query(MAKE).execute(connection).await.map(drop)
        }
        made => made.map(drop),
    }
}

/// A positive number for a task: FNV-1a, folded to 31 bits.
fn number(task: &str) -> i64 {
    let hash = task.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    i64::try_from((hash ^ (hash >> 32)) & 0x7fff_ffff).unwrap_or(0)
}
