//! Says which generation of a read model answers from now on, in one transaction. Blocks.
//!
//! While a generation is live, its tables are also shown under names without numbers, for other programs. To point those
//! names elsewhere the server wants them for itself for a moment; if somebody is reading there for long, the switch is
//! not held up: the names follow later (`tidy`).

use super::{PostgresStore, batch::number, failure::failed, generations::column};
use crate::{Generation, GenerationRows, Role, StoreError};
use sqlx::{Connection, PgConnection};
use std::sync::atomic::Ordering;

const DOING: &str = "switching a read model";
/// Another transaction has the name.
const LOCKED: &str = "55P03";

impl PostgresStore {
    pub(crate) fn assign(&self, role: Role, generation: &Generation) -> Result<(), StoreError> {
        let GenerationRows::Postgres(rows) = &generation.rows else { return Err(crate::foreign(generation)) };
        let (shared, name, id) = (self.shared.clone(), generation.name, generation.id);
        let known = rows.revision.load(Ordering::Relaxed);
        self.shared.bridge.wait(async move {
            let place = &shared.writing.place;
            let failed = |error| failed(DOING, place, error);
            let mut pooled = shared.writing.connection(DOING).await?;
            let mut change = pooled.connection.begin().await.map_err(failed)?;
            sqlx::query("SET LOCAL synchronous_commit TO on").execute(&mut *change).await.map_err(failed)?;
            let retire = "UPDATE daybook_read.generation SET role = NULL, retired_at = now() \
                          WHERE model = $1 AND role = $4 AND (version <> $2 OR number <> $3)";
            let assign = "UPDATE daybook_read.generation SET role = $4, retired_at = NULL, revision = revision + 1, \
                          written_at = now() WHERE model = $1 AND version = $2 AND number = $3 AND revision = $5";
            let (version, number) = (i64::from(id.version), number(id.number));
            let retire = sqlx::query(retire).bind(name).bind(version).bind(number).bind(role.text());
            retire.execute(&mut *change).await.map_err(failed)?;
            let assign = sqlx::query(assign).bind(name).bind(version).bind(number).bind(role.text()).bind(known);
            if assign.execute(&mut *change).await.map_err(failed)?.rows_affected() != 1 {
                return Err(StoreError::Superseded { generation: format!("{name} generation {number} on {place}") });
            }
            if role == Role::Live {
                show(&mut change, (name, version, number)).await.map_err(failed)?;
                let tell = sqlx::query("SELECT pg_notify('daybook_read', '')");
                tell.execute(&mut *change).await.map_err(failed)?;
            }
            change.commit().await.map_err(failed)?;
            pooled.give_back();
            Ok(())
        })?;
        rows.revision.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Points the names of a read model to a generation, unless somebody holds them. Within a transaction.
pub(super) async fn show(
    change: &mut PgConnection,
    (model, version, generation): (&str, i64, i64),
) -> Result<(), sqlx::Error> {
    let asked =
        "SELECT tables, names FROM daybook_read.generation WHERE model = $1 AND version = $2 AND number = $3";
    let asked = sqlx::query(asked).bind(model).bind(version).bind(generation);
    let Some(row) = asked.fetch_optional(&mut *change).await? else { return Ok(()) };
    let unreadable = |error: StoreError| sqlx::Error::Protocol(error.to_string());
    let tables: Vec<String> = column(&row, 0).map_err(unreadable)?;
    let names: Vec<String> = column(&row, 1).map_err(unreadable)?;
    let mut attempt = change.begin().await?;
    sqlx::query("SET LOCAL lock_timeout TO '1s'").execute(&mut *attempt).await?;
    for (table, name) in tables.iter().zip(&names) {
        let point = format!("CREATE OR REPLACE VIEW {name} AS SELECT * FROM {table}");
        match sqlx::query(&point).execute(&mut *attempt).await {
            Ok(_) => {}
            Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some(LOCKED) => {
                tracing::warn!(name, "somebody reads there for long; the name follows the switch later");
                return attempt.rollback().await;
            }
            Err(error) => return Err(error),
        }
    }
    let done = "UPDATE daybook_read.generation SET shown = (version = $2 AND number = $3) WHERE model = $1";
    sqlx::query(done).bind(model).bind(version).bind(generation).execute(&mut *attempt).await?;
    attempt.commit().await
}
