//! A task that only one of several nodes may do at a time: whoever holds its lease does it. The lease is a
//! session advisory lock, so it ends with its holder's connection: when the holder stops, dies or is cut off.
//! With the lease goes a memory, which each holder leaves to the next.
//!
//! A holder that was cut off may go on for a moment before it notices (see [`Lease::lost`]); what it does must
//! be harmless when done twice. Knows nothing of events.

use super::{
    connection,
    failure::{Failure, unavailable},
    options::{PostgresOptions, place},
};
use crate::LogError;
use sqlx::PgConnection;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Mutex, time};

/// How often a free lease is looked for, and a held one checked.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long the server may take to say that the lease is still held.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The first of the lock's two numbers; the second stands for the task.
const OURS: i32 = 0x0da1_b00c;
const DOING: &str = "keeping a lease on the Postgres server";

/// A lease that is held until it is dropped or lost.
pub struct Lease {
    task: String,
    connection: Arc<Mutex<PgConnection>>,
}

impl Lease {
    /// Waits until nobody else holds the lease for `task` (a few words, the same on all nodes), then holds it.
    /// An unreachable server is waited for.
    ///
    /// # Errors
    /// What trying again does not help: a wrong URL, a password refused, missing rights.
    pub async fn acquire(options: &PostgresOptions, task: &str) -> Result<Self, LogError> {
        let server = options.parsed()?;
        let place = place(&server);
        let mut connection = None;
        loop {
            let attempt = async {
                let mut open = match connection.take() {
                    Some(open) => open,
                    None => connection::open(&server, &place, options.try_for).await?,
                };
                let taken = try_lock(&mut open, task).await.map_err(|e| Failure::of(e, DOING, &place))?;
                Ok::<_, Failure>((open, taken))
            };
            match attempt.await {
                Ok((mut open, true)) => {
                    make_memory(&mut open)
                        .await
                        .map_err(|e| Failure::of(e, DOING, &place).into_error(DOING, &place))?;
                    return Ok(Self { task: task.to_owned(), connection: Arc::new(Mutex::new(open)) });
                }
                Ok((open, false)) => connection = Some(open),
                Err(Failure::Passing(detail)) => {
                    tracing::debug!(detail, task, "the lease cannot be asked for yet");
                }
                Err(failure) => return Err(failure.into_error(DOING, &place)),
            }
            time::sleep(LOOK_EVERY).await;
        }
    }

    /// Resolves when the lease is no longer held for sure; stop the task then.
    pub async fn lost(&self) {
        loop {
            time::sleep(LOOK_EVERY).await;
            let mut connection = self.connection.lock().await;
            let held = sqlx::query_scalar::<_, bool>(HELD).bind(OURS).bind(number(&self.task));
            let answer = time::timeout(ANSWER_WITHIN, held.fetch_one(&mut *connection)).await;
            if !matches!(answer, Ok(Ok(true))) {
                return;
            }
        }
    }

    /// What the last holder left; none if nobody did.
    pub async fn recall(&self) -> Result<Option<Vec<u8>>, LogError> {
        let mut connection = self.connection.lock().await;
        let asked = sqlx::query_scalar("SELECT memory FROM daybook_lease WHERE task = $1").bind(&self.task);
        asked.fetch_optional(&mut *connection).await.map_err(|e| unavailable(DOING, e.to_string()))
    }

    /// Leaves `memory` to the next holder, in place of what was left before.
    pub async fn remember(&self, memory: &[u8]) -> Result<(), LogError> {
        let mut connection = self.connection.lock().await;
        let told = sqlx::query(REMEMBER).bind(&self.task).bind(memory).execute(&mut *connection);
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
