//! The generations of each read model on the server: which there are, their tables, how far they are. For the projector;
//! blocks.

use super::{PostgresRows, PostgresStore, batch::number, failure::failed, rows};
use crate::{Checkpoint, Generation, GenerationId, Role, RowKind, Schema, StoreError};
use daybook_event_log::Position;
use sqlx::{Row as _, postgres::PgRow};
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicI64},
};

const DOING: &str = "reading what is known of a read model";
const MAKING: &str = "making the tables of a read model";

impl Role {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Building => "building",
        }
    }
}

impl PostgresStore {
    /// A generation to be asked, or to be written to if it is opened with [`PostgresStore::generation`].
    pub fn shown(
        &self,
        name: &'static str,
        id: GenerationId,
        kinds: &'static [RowKind],
        revision: i64,
    ) -> Generation {
        let revision = Arc::new(AtomicI64::new(revision));
        let rows = PostgresRows { shared: self.shared.clone(), name, id, kinds, revision };
        Generation { name, id, kinds, rows: crate::GenerationRows::Postgres(rows), own_dir: PathBuf::new() }
    }

    /// Opens or makes a generation, to be written to from where it stands.
    pub(crate) fn generation(
        &self,
        name: &'static str,
        id: GenerationId,
        kinds: &'static [RowKind],
    ) -> Result<Generation, StoreError> {
        let known =
            "SELECT revision FROM daybook_read.generation WHERE model = $1 AND version = $2 AND number = $3";
        let found = self.find(known, name, id)?;
        let revision = match found.first() {
            Some(row) => column(row, 0)?,
            None => {
                self.make(name, id, kinds)?;
                0
            }
        };
        Ok(self.shown(name, id, kinds, revision))
    }

    /// The first number not below `wanted` that no generation ever had.
    pub(crate) fn number(&self, name: &'static str, wanted: u64) -> Result<u64, StoreError> {
        let shared = self.shared.clone();
        let last: i64 = self.shared.bridge.wait(async move {
            let asked = "SELECT coalesce(max(number), 0) FROM daybook_read.generation WHERE model = $1";
            let rows = shared.writing.ask(DOING, || sqlx::query(asked).bind(name)).await?;
            rows.first().map_or(Ok(0), |row| column(row, 0))
        })?;
        Ok(wanted.max(last.unsigned_abs() + 1))
    }

    /// Which generation has `role`. None too if any of its tables is gone; what is left of it is retired then.
    pub(crate) fn generation_id(
        &self,
        schema: &Schema,
        role: Role,
    ) -> Result<Option<GenerationId>, StoreError> {
        let (shared, name) = (self.shared.clone(), schema.name);
        let found = self.shared.bridge.wait(async move {
            let asked = "SELECT version, number, EXISTS (SELECT FROM unnest(tables) AS t WHERE to_regclass(t) IS NULL) \
                         FROM daybook_read.generation WHERE model = $1 AND role = $2";
            let rows = shared.writing.ask(DOING, || sqlx::query(asked).bind(name).bind(role.text())).await?;
            rows.first().map(|row| Ok((id(row)?, column::<bool>(row, 2)?))).transpose()
        })?;
        let Some((id, is_broken)) = found else { return Ok(None) };
        if id.version > schema.version {
            let (what, place) = (format!("the read model {name}"), self.place().to_owned());
            return Err(StoreError::Newer { what, place, found: id.version, known: schema.version });
        }
        if is_broken {
            tracing::warn!(
                projection = name,
                generation = id.number,
                "tables of a read model are gone; it is filled again"
            );
            self.retire_id(name, id)?;
            return Ok(None);
        }
        Ok(Some(id))
    }

    pub(crate) fn checkpoint(&self, rows: &PostgresRows) -> Result<Checkpoint, StoreError> {
        let asked = "SELECT position, event_id FROM daybook_read.generation WHERE model = $1 AND version = $2 AND number = $3";
        match self.find(asked, rows.name, rows.id)?.first() {
            Some(row) => Ok(Checkpoint { position: position(row, 0)?, event_id: column(row, 1)? }),
            None => Ok(Checkpoint::default()),
        }
    }

    /// The generation is not needed any more; its tables are dropped when no node can still be asking them.
    pub(crate) fn retire(&self, rows: &PostgresRows) -> Result<(), StoreError> {
        self.retire_id(rows.name, rows.id)
    }

    fn retire_id(&self, name: &'static str, id: GenerationId) -> Result<(), StoreError> {
        let retire = "UPDATE daybook_read.generation SET role = NULL, retired_at = coalesce(retired_at, now()) \
                      WHERE model = $1 AND version = $2 AND number = $3";
        self.find(retire, name, id).map(drop)
    }

    /// Answers about one generation, or does something to it that may be done twice.
    pub(super) fn find(
        &self,
        text: &'static str,
        name: &'static str,
        id: GenerationId,
    ) -> Result<Vec<PgRow>, StoreError> {
        let shared = self.shared.clone();
        self.shared.bridge.wait(async move {
            let ask = || sqlx::query(text).bind(name).bind(i64::from(id.version)).bind(number(id.number));
            shared.writing.ask(DOING, ask).await
        })
    }

    fn make(
        &self,
        name: &'static str,
        id: GenerationId,
        kinds: &'static [RowKind],
    ) -> Result<(), StoreError> {
        let tables: Vec<_> = kinds.iter().map(|kind| rows::table(kind, id)).collect();
        let names: Vec<_> = kinds.iter().map(|kind| format!("daybook_read.{}", kind.table)).collect();
        let shared = self.shared.clone();
        self.shared.bridge.wait(async move {
            let failed = |error| failed(MAKING, &shared.writing.place, error);
            let mut pooled = shared.writing.connection(MAKING).await?;
            let mut change = sqlx::Connection::begin(&mut pooled.connection).await.map_err(failed)?;
            let known = "INSERT INTO daybook_read.generation (model, version, number, tables, names) \
                         VALUES ($1, $2, $3, $4, $5)";
            let known = sqlx::query(known).bind(name).bind(i64::from(id.version)).bind(number(id.number));
            known.bind(tables).bind(names).execute(&mut *change).await.map_err(failed)?;
            for kind in kinds {
                sqlx::query(&rows::make(kind, id)).execute(&mut *change).await.map_err(failed)?;
            }
            change.commit().await.map_err(failed)?;
            pooled.give_back();
            Ok(())
        })
    }
}

/// Version and number, in the first two columns.
pub(super) fn id(row: &PgRow) -> Result<GenerationId, StoreError> {
    let (version, number): (i32, i64) = (column(row, 0)?, column(row, 1)?);
    Ok(GenerationId { version: version.unsigned_abs(), number: number.unsigned_abs() })
}

pub(super) fn position(row: &PgRow, at: usize) -> Result<Position, StoreError> {
    Ok(Position::new(column::<i64>(row, at)?.unsigned_abs()))
}

pub(super) fn column<'r, T>(row: &'r PgRow, at: usize) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let unreadable = |error: sqlx::Error| StoreError::Damaged {
        row: "in the schema daybook_read".to_owned(),
        detail: error.to_string(),
    };
    row.try_get(at).map_err(unreadable)
}
