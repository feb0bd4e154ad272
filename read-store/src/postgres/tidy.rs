//! Housekeeping of the projector: names that could not follow a switch at once, and tables of generations that nobody
//! asks any more. What fails is tried again the next time; nothing depends on it.

use super::{PostgresStore, Shared, failure::failed, generations::column, switch::show};
use crate::StoreError;
use sqlx::{Connection, PgConnection};
use std::sync::Arc;

const DOING: &str = "tidying up";

impl PostgresStore {
    /// Shows what is not shown yet and drops what was retired a minute ago. (Nodes learn of a switch within a second;
    /// one that was cut off for longer asks anew when it is back.) Blocks.
    pub fn tidy(&self) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        self.shared.bridge.wait(tidy(shared))
    }
}

async fn tidy(shared: Arc<Shared>) -> Result<(), StoreError> {
    let failed = |error| failed(DOING, &shared.writing.place, error);
    let mut pooled = shared.writing.connection(DOING).await?;
    let connection = &mut pooled.connection;
    let hidden = "SELECT model, version::bigint, number FROM daybook_read.generation WHERE role = 'live' AND NOT shown";
    for row in &sqlx::query(hidden).fetch_all(&mut *connection).await.map_err(failed)? {
        let mut change = connection.begin().await.map_err(failed)?;
        show(&mut change, (column(row, 0)?, column(row, 1)?, column(row, 2)?)).await.map_err(failed)?;
        change.commit().await.map_err(failed)?;
    }
    let retired = "SELECT model, version::bigint, number, tables FROM daybook_read.generation WHERE role IS NULL \
                   AND coalesce(retired_at, written_at) < now() - interval '1 minute'";
    for row in &sqlx::query(retired).fetch_all(&mut *connection).await.map_err(failed)? {
        let tables: Vec<String> = column(row, 3)?;
        let of = (column(row, 0)?, column(row, 1)?, column(row, 2)?);
        if let Err(error) = discard(connection, of, &tables).await {
            tracing::warn!(%error, ?tables, "old tables could not be dropped yet");
        }
    }
    pooled.give_back();
    Ok(())
}

async fn discard(
    connection: &mut PgConnection,
    (model, version, generation): (&str, i64, i64),
    tables: &[String],
) -> Result<(), sqlx::Error> {
    let mut change = connection.begin().await?;
    sqlx::query("SET LOCAL lock_timeout TO '1s'").execute(&mut *change).await?;
    if !tables.is_empty() {
        let gone = format!("DROP TABLE IF EXISTS {}", tables.join(", "));
        sqlx::query(&gone).execute(&mut *change).await?;
    }
    let forget = "DELETE FROM daybook_read.generation WHERE model = $1 AND version = $2 AND number = $3 AND role IS NULL";
    sqlx::query(forget).bind(model).bind(version).bind(generation).execute(&mut *change).await?;
    change.commit().await?;
    tracing::info!(model, generation, "tables of an old generation were dropped");
    Ok(())
}
