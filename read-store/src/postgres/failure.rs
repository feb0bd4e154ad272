//! What a failed statement means, in words for whoever has to act.

use crate::StoreError;
use sqlx::Error;

/// Raised by the schema's `end_commit`.
const SUPERSEDED: &str = "DB001";

/// The error for a statement that failed while `doing` something.
pub(super) fn failed(doing: &'static str, place: &str, error: Error) -> StoreError {
    let Error::Database(refusal) = &error else {
        return StoreError::Server { operation: doing, detail: format!("{place}: {error}") };
    };
    let code = refusal.code().unwrap_or_default().into_owned();
    if code == SUPERSEDED {
        return StoreError::Superseded { generation: format!("the read models on {place}") };
    }
    let hint = match code.as_str() {
        "28P01" | "28000" => "; check user and password in the URL, and pg_hba.conf",
        "3D000" => "; create the database first, for example with createdb",
        "42501" => "; grant this user CREATE on the database, and what it needs on the schema daybook_read",
        "42P01" | "3F000" | "42883" | "42703" => {
            "; the tables were dropped or replaced meanwhile: a projector makes and fills them again"
        }
        "53100" => "; the server's disk is full",
        "55P03" => "; look in pg_stat_activity for who holds the lock",
        "57014" => "; the statement took too long",
        _ => "",
    };
    StoreError::Server { operation: doing, detail: format!("{place}: {} ({code}){hint}", refusal.message()) }
}

/// A server that did not answer in time.
pub(super) fn silent(doing: &'static str, place: &str, within: std::time::Duration) -> StoreError {
    StoreError::Server { operation: doing, detail: format!("{place}: no answer within {within:?}") }
}

/// Whether the same may succeed once a server that is away has come back.
pub(super) fn is_passing(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => true,
        Error::Database(refusal) => {
            let code = refusal.code().unwrap_or_default().into_owned();
            ["08", "53", "57"].iter().any(|class| code.starts_with(class))
        }
        _ => false,
    }
}
