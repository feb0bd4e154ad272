//! Connections that are fit for the read store, and the check that the server can hold one.

use super::failure::{failed, silent};
use crate::StoreError;
use daybook_event_log_postgres::{ConnectError, PostgresServer, ServerFacts};
use sqlx::PgConnection;
use std::time::Duration;

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

const DOING: &str = "connecting";

/// A URL, understood.
pub(super) fn parse(url: &str) -> Result<PostgresServer, StoreError> {
    PostgresServer::new(url, "daybook read store")
        .map_err(|error| StoreError::Server { operation: "reading the URL", detail: error.to_string() })
}

/// Opens a connection and makes it fit, within a time.
pub(super) async fn try_open(
    server: &PostgresServer,
    purpose: Purpose,
    within: Duration,
) -> Result<PgConnection, ConnectError> {
    let session = if purpose == Purpose::Writing { WRITING } else { ASKING };
    server.connect(&format!("{PLANS};{session}"), within).await
}

/// The same with an error for people.
pub(super) async fn open(
    server: &PostgresServer,
    purpose: Purpose,
    within: Duration,
) -> Result<PgConnection, StoreError> {
    try_open(server, purpose, within).await.map_err(|error| match error {
        ConnectError::Refused(error) => failed(DOING, server.place(), error),
        ConnectError::Silent => silent(DOING, server.place(), within),
    })
}

/// Whether the server can hold a read store; the message says what to do if not.
pub(super) async fn check_server(connection: &mut PgConnection, place: &str) -> Result<(), StoreError> {
    let facts = ServerFacts::of(connection).await.map_err(|error| failed(DOING, place, error))?;
    facts.can_be_written().map_err(|reason| {
        let detail = format!("{place}: {reason}");
        StoreError::Server { operation: "checking the server", detail }
    })
}
