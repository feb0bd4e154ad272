//! Leases on a PostgreSQL server. A lease is a session advisory lock, so it ends with its holder's connection: when the
//! holder stops, dies, freezes or is cut off. Knows nothing of events.
//!
//! Both sides give up within a bounded time. The holder asks twice a second whether it still has the lock, and takes the
//! lease for lost when there is no answer within two seconds. The server ends the session of a holder from which it has
//! heard nothing for six, and with it the lock. So while programs run, the holder knows before anybody else can hold the
//! lease; only a holder that was frozen learns of it when it goes on. What it writes to the lease's memory then is refused,
//! because that goes over the connection that held the lock.

use crate::{
    connection,
    failure::{Failure, unavailable},
    options::PostgresOptions,
    server::PostgresServer,
};
use async_trait::async_trait;
use daybook_event_log::{Lease, Leases, LogError};
use sqlx::{Executor, PgConnection};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, watch},
    task::AbortHandle,
    time,
};
use uuid::Uuid;

/// How often a free lease is looked for, and a held one checked.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long the server may take to say that the lease is still held, or is free.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long reading and writing the memory may take.
const MEMORY_WITHIN: Duration = Duration::from_secs(4);

/// When the server takes the holder for gone; longer than the holder may go on without an answer. A host that is gone is
/// noticed by TCP, a program that is frozen by being idle, which servers before PostgreSQL 14 cannot notice.
const SESSION: &str = "SET tcp_keepalives_idle TO 3; SET tcp_keepalives_interval TO 1; SET tcp_keepalives_count TO 3;
    SET tcp_user_timeout TO 6000;
    SELECT set_config('idle_session_timeout', '6s', false) FROM pg_settings WHERE name = 'idle_session_timeout'";

/// The first of the lock's two numbers; the second stands for the lease's name.
const OURS: i32 = 0x0da1_b00c;
const DOING: &str = "keeping a lease on the Postgres server";

/// Leases on a PostgreSQL server, one table for their memory in its database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresLeases {
    server: PostgresServer,
    /// How long one try to connect may take.
    try_for: Duration,
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

    /// A secret that all programs on this server's database share: made when it is asked for first.
    ///
    /// # Errors
    /// The server is away, or refuses.
    pub async fn secret(&self, name: &str) -> Result<[u8; 32], LogError> {
        let place = self.server.place();
        let failed = |failure: Failure| failure.into_error(DOING, place);
        let mut connection = connection::open(&self.server, self.try_for).await.map_err(failed)?;
        let by_chance = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat();
        let asking = async {
            make_memory(&mut connection).await?;
            let keep =
                "INSERT INTO daybook_lease (task, memory) VALUES ($1, $2) ON CONFLICT (task) DO NOTHING";
            sqlx::query(keep).bind(name).bind(by_chance).execute(&mut connection).await?;
            sqlx::query_scalar::<_, Vec<u8>>(RECALL).bind(name).fetch_one(&mut connection).await
        };
        let secret = match time::timeout(MEMORY_WITHIN, asking).await {
            Ok(asked) => asked.map_err(|error| failed(Failure::of(error, DOING, place)))?,
            Err(_) => return Err(unavailable(DOING, format!("{place}: no answer within {MEMORY_WITHIN:?}"))),
        };
        secret.try_into().map_err(|_| {
            let detail =
                format!("{place}: the row {name:?} of daybook_lease is no secret of 32 bytes; remove it");
            unavailable(DOING, detail)
        })
    }

    /// Tries to take the lease over `connection`, or over a new one. Answers with the connection, and whether it holds.
    async fn attempt(
        &self,
        connection: Option<PgConnection>,
        name: &str,
    ) -> Result<(PgConnection, bool), Failure> {
        let place = self.server.place();
        let is_new = connection.is_none();
        let mut connection = match connection {
            Some(connection) => connection,
            None => connection::open(&self.server, self.try_for).await?,
        };
        let asking = async {
            if is_new {
                connection.execute(SESSION).await?;
            }
            let taken = try_lock(&mut connection, name).await?;
            if taken {
                make_memory(&mut connection).await?;
            }
            Ok(taken)
        };
        match time::timeout(ANSWER_WITHIN, asking).await {
            Ok(Ok(taken)) => Ok((connection, taken)),
            Ok(Err(error)) => Err(Failure::of(error, DOING, place)),
            Err(_) => Err(Failure::Passing(format!("{place}: no answer within {ANSWER_WITHIN:?}"))),
        }
    }
}

#[async_trait]
impl Leases for PostgresLeases {
    async fn acquire(&self, name: &str) -> Result<Box<dyn Lease>, LogError> {
        let mut connection = None;
        loop {
            match self.attempt(connection.take(), name).await {
                Ok((open, true)) => return Ok(Box::new(PostgresLease::hold(name, open))),
                Ok((open, false)) => connection = Some(open),
                Err(Failure::Passing(detail)) => {
                    tracing::debug!(detail, name, "the lease cannot be asked for yet");
                }
                Err(failure) => return Err(failure.into_error(DOING, self.server.place())),
            }
            time::sleep(LOOK_EVERY).await;
        }
    }
}

struct PostgresLease {
    name: String,
    session: Arc<Session>,
    heartbeat: AbortHandle,
}

/// The connection that holds the lock.
struct Session {
    /// None once the lease is lost.
    connection: Mutex<Option<PgConnection>>,
    is_lost: watch::Sender<bool>,
}

impl PostgresLease {
    /// The lease over the connection that has its lock; must be called on a runtime, where its heartbeat runs.
    fn hold(name: &str, connection: PgConnection) -> Self {
        let (connection, is_lost) = (Mutex::new(Some(connection)), watch::Sender::new(false));
        let session = Arc::new(Session { connection, is_lost });
        let heartbeat = tokio::spawn(Arc::clone(&session).check_until_lost(number(name))).abort_handle();
        Self { name: name.to_owned(), session, heartbeat }
    }
}

impl Drop for PostgresLease {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

impl Session {
    async fn check_until_lost(self: Arc<Self>, number: i64) {
        loop {
            time::sleep(LOOK_EVERY).await;
            // Who uses the connection now finds out as well, in a bounded time.
            let Ok(mut connection) = self.connection.try_lock() else { continue };
            let Some(open) = connection.as_mut() else { return };
            let held = sqlx::query_scalar::<_, bool>(HELD).bind(OURS).bind(number);
            let answer = time::timeout(ANSWER_WITHIN, held.fetch_one(open)).await;
            if !matches!(answer, Ok(Ok(true))) {
                *connection = None;
                self.is_lost.send_replace(true);
                return;
            }
        }
    }

    /// Does work over the connection. If there is no answer, nothing is known of the lock: the lease is lost.
    async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, LogError> {
        match time::timeout(MEMORY_WITHIN, work).await {
            Ok(done) => done.map_err(|error| unavailable(DOING, error.to_string())),
            Err(_) => {
                self.is_lost.send_replace(true);
                if let Ok(mut connection) = self.connection.try_lock() {
                    *connection = None;
                }
                Err(unavailable(DOING, format!("no answer within {MEMORY_WITHIN:?}")))
            }
        }
    }
}

fn lost() -> sqlx::Error {
    sqlx::Error::Protocol("the lease is lost".to_owned())
}

#[async_trait]
impl Lease for PostgresLease {
    async fn lost(&self) {
        // An error means that the sender is gone, which this lease has.
        let _ = self.session.is_lost.subscribe().wait_for(|is_lost| *is_lost).await;
    }

    async fn recall(&self) -> Result<Option<Vec<u8>>, LogError> {
        let asking = async {
            let mut connection = self.session.connection.lock().await;
            let open = connection.as_mut().ok_or_else(lost)?;
            sqlx::query_scalar(RECALL).bind(&self.name).fetch_optional(open).await
        };
        self.session.within(asking).await
    }

    async fn remember(&self, memory: &[u8]) -> Result<(), LogError> {
        let writing = async {
            let mut connection = self.session.connection.lock().await;
            let open = connection.as_mut().ok_or_else(lost)?;
            sqlx::query(REMEMBER).bind(&self.name).bind(memory).execute(open).await.map(drop)
        };
        self.session.within(writing).await
    }

    async fn recall_parts(&self, from: u64) -> Result<Vec<Vec<u8>>, LogError> {
        let asking = async {
            let mut connection = self.session.connection.lock().await;
            let open = connection.as_mut().ok_or_else(lost)?;
            let parts = sqlx::query_scalar(RECALL_PARTS).bind(self.part(from)).bind(self.part(u64::MAX));
            parts.fetch_all(open).await
        };
        self.session.within(asking).await
    }

    async fn remember_part(&self, number: u64, part: &[u8]) -> Result<(), LogError> {
        let writing = async {
            let mut connection = self.session.connection.lock().await;
            let open = connection.as_mut().ok_or_else(lost)?;
            sqlx::query(REMEMBER).bind(self.part(number)).bind(part).execute(open).await.map(drop)
        };
        self.session.within(writing).await
    }

    async fn forget_parts_before(&self, number: u64) -> Result<(), LogError> {
        let writing = async {
            let mut connection = self.session.connection.lock().await;
            let open = connection.as_mut().ok_or_else(lost)?;
            sqlx::query(FORGET_PARTS).bind(self.part(0)).bind(self.part(number)).execute(open).await.map(drop)
        };
        self.session.within(writing).await
    }
}

impl PostgresLease {
    /// Under which name a part stands in the table, beside the memory itself. Sorts as the numbers do.
    fn part(&self, number: u64) -> String {
        format!("{}#{number:020}", self.name)
    }
}

const RECALL: &str = "SELECT memory FROM daybook_lease WHERE task = $1";
const HELD: &str = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() \
                    AND classid::int4 = $1 AND objid::int8 = $2 AND granted)";
const REMEMBER: &str = "INSERT INTO daybook_lease (task, memory) VALUES ($1, $2) \
                        ON CONFLICT (task) DO UPDATE SET memory = excluded.memory";

const RECALL_PARTS: &str = "SELECT memory FROM daybook_lease WHERE task COLLATE \"C\" >= $1 AND task COLLATE \"C\" <= $2 \
                            ORDER BY task COLLATE \"C\"";
const FORGET_PARTS: &str =
    "DELETE FROM daybook_lease WHERE task COLLATE \"C\" >= $1 AND task COLLATE \"C\" < $2";

async fn try_lock(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    let key = i32::try_from(number(name)).unwrap_or(0);
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

/// A positive number for a name: FNV-1a, folded to 31 bits.
fn number(name: &str) -> i64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    i64::try_from((hash ^ (hash >> 32)) & 0x7fff_ffff).unwrap_or(0)
}
