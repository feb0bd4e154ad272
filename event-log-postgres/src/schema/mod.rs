//! The tables' versions: each step of the schema is one file, run once, in order, by whichever node comes first.

use crate::failure::Failure;
use daybook_event_log::LogError;
use sqlx::{Connection, Executor, PgConnection};

/// Step n brings the tables from version n − 1 to n. A step that was released is never edited.
const STEPS: [&str; 2] = [include_str!("1.sql"), include_str!("2.sql")];

/// Nodes that start together migrate one after the other; the number only has to differ from other programs'.
const LOCK: &str = "SELECT pg_advisory_xact_lock(6427181930117)";

const DOING: &str = "preparing the tables of the event log";
const LOOKING: &str = "looking for the tables of the event log";

/// Brings the tables to this program's version; refuses a newer one.
pub(super) async fn migrate(connection: &mut PgConnection, place: &str) -> Result<(), Failure> {
    let supported = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let found = version(connection).await.map_err(|e| Failure::of(e, DOING, place))?;
    refuse_newer(found, supported, place)?;
    if found == supported {
        return Ok(());
    }
    let failed = |e| refused(e, place);
    let mut change = connection.begin().await.map_err(failed)?;
    change.execute(LOCK).await.map_err(failed)?;
    change.execute("CREATE TABLE IF NOT EXISTS daybook_schema (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())")
    .await
    .map_err(failed)?;
    let found = version(&mut change).await.map_err(failed)?;
    refuse_newer(found, supported, place)?;
    for (step, number) in STEPS.iter().zip(1_i32..).skip(found as usize) {
        change.execute(*step).await.map_err(failed)?;
        sqlx::query("INSERT INTO daybook_schema (version) VALUES ($1)")
            .bind(number)
            .execute(&mut *change)
            .await
            .map_err(failed)?;
        tracing::info!(place, version = number, "event log tables brought to a new version");
    }
    change.commit().await.map_err(failed)
}

/// Refuses tables that are not of this program's version, and changes nothing.
pub(super) async fn expect(connection: &mut PgConnection, place: &str) -> Result<(), Failure> {
    let supported = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let found = version(connection).await.map_err(|e| Failure::of(e, LOOKING, place))?;
    refuse_newer(found, supported, place)?;
    if found == supported {
        return Ok(());
    }
    let detail = match found {
        0 => "the database has no event log, and one is not made just to read it".to_owned(),
        older => format!("its tables have version {older}; a shop started on it brings them to {supported}"),
    };
    Err(Failure::Lasting(LogError::NotALog { path: place.to_owned(), detail }))
}

fn refuse_newer(found: u32, supported: u32, place: &str) -> Result<(), Failure> {
    if found > supported {
        return Err(Failure::Lasting(LogError::NewerFormat { path: place.to_owned(), found, supported }));
    }
    Ok(())
}

/// The version the tables have; zero where there are none.
async fn version(connection: &mut PgConnection) -> Result<u32, sqlx::Error> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('daybook_schema') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(0);
    }
    let version: i32 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM daybook_schema")
        .fetch_one(connection)
        .await?;
    Ok(u32::try_from(version).unwrap_or(0))
}

/// A step the server refuses means that the table `events` is somebody else's.
fn refused(error: sqlx::Error, place: &str) -> Failure {
    match Failure::of(error, DOING, place) {
        Failure::Unstorable(detail) => Failure::Lasting(LogError::NotALog { path: place.to_owned(), detail }),
        other => other,
    }
}
