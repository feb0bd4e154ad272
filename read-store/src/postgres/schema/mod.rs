//! The version of the read store's own tables: each step of the schema is one file, run once, in order, by whichever
//! node comes first. Says nothing of the tables that hold rows.

use super::failure::failed;
use crate::StoreError;
use sqlx::{Connection, Executor, PgConnection};

/// Step n brings the tables from version n − 1 to n. A step that was released is never edited.
const STEPS: [&str; 2] = [include_str!("1.sql"), include_str!("2.sql")];

/// Nodes that start together migrate one after the other; the number only has to differ from other programs'.
const LOCK: &str = "SELECT pg_advisory_xact_lock(6427181930118)";

const FIRST: &str = "CREATE SCHEMA IF NOT EXISTS daybook_read;
    CREATE TABLE IF NOT EXISTS daybook_read.schema_version
        (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())";

pub(super) const SUPPORTED: u32 = STEPS.len() as u32;

const DOING: &str = "preparing the tables";

/// Brings the tables to this program's version; refuses a newer one.
pub(super) async fn migrate(connection: &mut PgConnection, place: &str) -> Result<(), StoreError> {
    let found = version(connection).await.map_err(|error| failed(DOING, place, error))?;
    refuse_newer(found, place)?;
    if found == SUPPORTED {
        return Ok(());
    }
    let failed = |error| failed(DOING, place, error);
    let mut change = connection.begin().await.map_err(failed)?;
    change.execute(LOCK).await.map_err(failed)?;
    change.execute(FIRST).await.map_err(failed)?;
    let found = version(&mut change).await.map_err(failed)?;
    refuse_newer(found, place)?;
    for (step, number) in STEPS.iter().zip(1_i32..).skip(found as usize) {
        change.execute(*step).await.map_err(failed)?;
        let told = sqlx::query("INSERT INTO daybook_read.schema_version (version) VALUES ($1)").bind(number);
        told.execute(&mut *change).await.map_err(failed)?;
        tracing::info!(place, version = number, "read store tables brought to a new version");
    }
    change.commit().await.map_err(failed)
}

pub(super) fn refuse_newer(found: u32, place: &str) -> Result<(), StoreError> {
    if found > SUPPORTED {
        let (what, place) = ("the read store's schema daybook_read".to_owned(), place.to_owned());
        return Err(StoreError::Newer { what, place, found, known: SUPPORTED });
    }
    Ok(())
}

/// The version the tables have; zero where there are none.
async fn version(connection: &mut PgConnection) -> Result<u32, sqlx::Error> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('daybook_read.schema_version') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(0);
    }
    let asked = "SELECT coalesce(max(version), 0) FROM daybook_read.schema_version";
    let version: i32 = sqlx::query_scalar(asked).fetch_one(connection).await?;
    Ok(u32::try_from(version).unwrap_or(0))
}
