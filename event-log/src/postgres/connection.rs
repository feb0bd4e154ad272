//! Connections that are fit for a log: the session settings the guarantees rest on, and the checks that the
//! server can give them. Knows nothing of events.

use super::{
    Use,
    failure::{Failure, unavailable},
};
use crate::LogError;
use futures::{FutureExt, TryFutureExt, future::BoxFuture};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use std::time::Duration;

/// READ COMMITTED so that a statement sees what was committed while the one before waited for a lock; a commit
/// that is answered before it is on disk would break the log's first promise; the timeouts keep one lost
/// client from holding the sequencer for ever.
const SESSION: &str = "SET default_transaction_isolation TO 'read committed';
    SET lock_timeout TO '5s';
    SET idle_in_transaction_session_timeout TO '10s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// The oldest server with `gen_random_uuid()` built in.
const OLDEST_SERVER: i32 = 13;

/// Opens one connection and makes it fit.
pub(super) async fn open(
    options: &PgConnectOptions,
    place: &str,
    within: Duration,
) -> Result<PgConnection, Failure> {
    let connecting = async {
        let mut connection = options.connect().await?;
        prepare(&mut connection).await?;
        Ok(connection)
    };
    match tokio::time::timeout(within, connecting).await {
        Ok(opened) => opened.map_err(|e| Failure::of(e, "connecting to Postgres", place)),
        Err(_) => Err(Failure::Passing(format!(
            "{place}: no answer within {within:?}; check host, port and firewall"
        ))),
    }
}

/// Makes a fresh connection fit.
pub(super) fn prepare(connection: &mut PgConnection) -> BoxFuture<'_, Result<(), sqlx::Error>> {
    connection.execute(SESSION).map_ok(drop).boxed()
}

/// Whether the server can hold a log, or be read; the message says what to do if not.
pub(super) async fn check_server(
    connection: &mut PgConnection,
    place: &str,
    purpose: Use,
) -> Result<(), LogError> {
    let asked = "SELECT current_setting('server_version_num')::int, current_setting('server_version'), \
                 current_setting('server_encoding'), current_setting('fsync') = 'on', \
                 pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'";
    let (number, version, encoding, syncs, standby, read_only): (i32, String, String, bool, bool, bool) =
        sqlx::query_as(asked)
            .fetch_one(connection)
            .await
            .map_err(|e| Failure::of(e, DOING, place).into_error(DOING, place))?;
    if !syncs {
        tracing::warn!(
            place,
            "the server runs with fsync = off: acknowledged events may be lost in a power cut"
        );
    }
    let (standby, read_only) = (standby && purpose == Use::Writing, read_only && purpose == Use::Writing);
    fit(number, &version, &encoding, standby, read_only)
        .map_err(|reason| unavailable(DOING, format!("{place}: {reason}")))
}

const DOING: &str = "checking the Postgres server";

fn fit(number: i32, version: &str, encoding: &str, standby: bool, read_only: bool) -> Result<(), String> {
    if number < OLDEST_SERVER * 10_000 {
        return Err(format!(
            "the server is PostgreSQL {version}; {OLDEST_SERVER} or newer is needed, so upgrade it or name another"
        ));
    }
    if encoding != "UTF8" {
        return Err(format!(
            "the database has encoding {encoding}; make one that can hold every text: createdb --encoding UTF8 --template template0 NAME"
        ));
    }
    takes_writes(standby, read_only).map_err(str::to_owned)
}

/// Whether a server takes writes; what to do if not.
pub(super) const fn takes_writes(standby: bool, read_only: bool) -> Result<(), &'static str> {
    if standby {
        return Err("the server is a standby and cannot take events; name the primary");
    }
    if read_only {
        return Err(
            "the server or this user is set to read only (default_transaction_read_only); set it to off, or name another server",
        );
    }
    Ok(())
}

/// Closes politely where that is possible at once.
pub(super) async fn close(connection: PgConnection) {
    let goodbye = tokio::time::timeout(Duration::from_secs(1), connection.close()).await;
    if !matches!(goodbye, Ok(Ok(()))) {
        tracing::debug!("a connection to Postgres was dropped without a goodbye");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_cannot_hold_a_log_are_refused_with_what_to_do() {
        assert_eq!(fit(150_018, "15.18", "UTF8", false, false), Ok(()));
        let refused = |result: Result<(), String>, what: &str| assert!(result.unwrap_err().contains(what));
        refused(fit(120_022, "12.22", "UTF8", false, false), "13 or newer");
        refused(fit(150_018, "15.18", "SQL_ASCII", false, false), "createdb --encoding UTF8");
        refused(fit(150_018, "15.18", "UTF8", true, true), "name the primary");
        refused(fit(150_018, "15.18", "UTF8", false, true), "read only");
    }
}
