//! Connections that are fit for the read store, and the check that the server can hold one.

use super::failure::{failed, silent};
use crate::StoreError;
use sqlx::{ConnectOptions, Executor, PgConnection, postgres::PgConnectOptions};
use std::{str::FromStr, time::Duration};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Writing,
    Asking,
}

/// The rows can be made again from the log, so commits need not wait for the disk: after a crash of the server a
/// read model stands at some earlier commit, whole, and goes on from there.
const WRITING: &str = "SET synchronous_commit TO off; SET lock_timeout TO '10s';
    SET statement_timeout TO '60s'; SET idle_in_transaction_session_timeout TO '10s'";

const ASKING: &str = "SET default_transaction_read_only TO on; SET statement_timeout TO '10s'";

/// Every statement goes by a primary key or a short range of one. The plan must not depend on statistics, which a
/// table that was made a moment ago does not have.
const PLANS: &str = "SET enable_seqscan TO off; SET enable_hashjoin TO off; SET enable_mergejoin TO off;
    SET jit TO off; SET default_transaction_isolation TO 'read committed'";

/// The oldest server that was tried.
const OLDEST_SERVER: i32 = 13;

const DOING: &str = "connecting";

/// A URL, understood.
pub(super) fn parse(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| StoreError::Server {
        operation: "reading the URL",
        detail: format!("{error}; expected postgres://user:password@host:port/database"),
    })?;
    Ok(options.application_name("daybook read store").disable_statement_logging())
}

/// Opens a connection and makes it fit; the inner error is the server's, or the way's to it.
pub(super) async fn try_open(
    options: &PgConnectOptions,
    purpose: Purpose,
) -> Result<PgConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.execute(PLANS).await?;
    connection.execute(if purpose == Purpose::Writing { WRITING } else { ASKING }).await?;
    Ok(connection)
}

/// The same within a time, with an error for people.
pub(super) async fn open(
    options: &PgConnectOptions,
    purpose: Purpose,
    place: &str,
    within: Duration,
) -> Result<PgConnection, StoreError> {
    match tokio::time::timeout(within, try_open(options, purpose)).await {
        Ok(opened) => opened.map_err(|error| failed(DOING, place, error)),
        Err(_) => Err(silent(DOING, place, within)),
    }
}

/// Whether the server can hold a read store; the message says what to do if not.
pub(super) async fn check_server(connection: &mut PgConnection, place: &str) -> Result<(), StoreError> {
    let asked = "SELECT current_setting('server_version_num')::int, current_setting('server_version'), \
                 current_setting('server_encoding'), pg_is_in_recovery(), \
                 current_setting('transaction_read_only') = 'on'";
    let (number, version, encoding, standby, read_only): (i32, String, String, bool, bool) =
        sqlx::query_as(asked).fetch_one(connection).await.map_err(|error| failed(DOING, place, error))?;
    let refused = |reason: String| {
        let detail = format!("{place}: {reason}");
        Err(StoreError::Server { operation: "checking the server", detail })
    };
    if number < OLDEST_SERVER * 10_000 {
        return refused(format!("it is PostgreSQL {version}; {OLDEST_SERVER} or newer is needed"));
    }
    if encoding != "UTF8" {
        return refused(format!(
            "the database has encoding {encoding}; make one that can hold every text: createdb --encoding UTF8 --template template0 NAME"
        ));
    }
    if standby || read_only {
        return refused("it takes no writes (a standby, or set to read only); name the primary".to_owned());
    }
    Ok(())
}
