//! Connections that are fit for the event log: the session settings its guarantees rest on, and the check that the
//! server can give them. Knows nothing of events.

use crate::{
    Use,
    failure::{Failure, unavailable},
    server::{ConnectError, PostgresServer, ServerFacts},
};
use sqlx::PgConnection;
use std::time::Duration;

/// READ COMMITTED so that a statement sees what was committed while the one before waited for a lock; a commit
/// that is answered before it is on disk would break the log's first promise; the timeouts keep one lost
/// client from holding the sequencer for ever.
pub(crate) const SESSION: &str = "SET default_transaction_isolation TO 'read committed';
    SET lock_timeout TO '5s';
    SET idle_in_transaction_session_timeout TO '10s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

const CHECKING: &str = "checking the Postgres server";

/// Opens one connection and makes it fit.
pub(crate) async fn open(server: &PostgresServer, within: Duration) -> Result<PgConnection, Failure> {
    let place = server.place();
    server.connect(SESSION, within).await.map_err(|error| match error {
        ConnectError::Refused(error) => Failure::of(error, "connecting to Postgres", place),
        ConnectError::Silent => {
            Failure::Passing(format!("{place}: no answer within {within:?}; check host, port and firewall"))
        }
    })
}

/// Whether the server can hold a log, or be read; the message says what to do if not.
pub(crate) async fn check_server(
    connection: &mut PgConnection,
    place: &str,
    purpose: Use,
) -> Result<(), Failure> {
    let facts = ServerFacts::of(connection).await.map_err(|e| Failure::of(e, CHECKING, place))?;
    if !facts.syncs() {
        tracing::warn!(
            place,
            "the server runs with fsync = off: acknowledged events may be lost in a power cut"
        );
    }
    let fit = match purpose {
        Use::Writing => facts.can_be_written(),
        Use::Reading => facts.can_be_read(),
    };
    fit.map_err(|reason| Failure::Lasting(unavailable(CHECKING, format!("{place}: {reason}"))))
}
