//! Dead letters and skipped ones on the server. Blocks.

use super::{PostgresRows, PostgresStore, batch::number, generations::column, statement::Statement};
use crate::{ParkedEvent, ParkedStreams, StoreError};
use std::sync::atomic::Ordering;

const DOING: &str = "reading dead letters";
const SKIPPING: &str = "skipping a dead letter";

impl PostgresStore {
    pub(crate) fn dead_letters(
        &self,
        rows: &PostgresRows,
        stream: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let asked = "SELECT letter::text FROM daybook_read.dead_letter WHERE model = $1 AND version = $2 AND number = $3 \
                     AND stream = coalesce($4, stream) ORDER BY stream, position LIMIT $5";
        self.letters(rows, asked, stream, limit)
    }

    pub(crate) fn skipped_letters(
        &self,
        rows: &PostgresRows,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let asked = "SELECT letter::text FROM daybook_read.skipped_letter WHERE model = $1 AND version = $2 AND number = $3 \
                     AND $4::text IS NULL ORDER BY position LIMIT $5";
        self.letters(rows, asked, None, limit)
    }

    fn letters(
        &self,
        rows: &PostgresRows,
        asked: &'static str,
        stream: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let (shared, name, id) = (self.shared.clone(), rows.name, rows.id);
        let (stream, limit) = (stream.map(str::to_owned), i64::try_from(limit).unwrap_or(i64::MAX));
        self.shared.bridge.wait(async move {
            let ask = || {
                let of = sqlx::query(asked).bind(name).bind(i64::from(id.version)).bind(number(id.number));
                of.bind(stream.clone()).bind(limit)
            };
            let found = shared.writing.ask(DOING, ask).await?;
            found.iter().map(|row| column(row, 0)).collect()
        })
    }

    /// How many wait per stream. They were parked together with the checkpoint, so none is beyond it.
    pub(crate) fn parked(&self, rows: &PostgresRows) -> Result<ParkedStreams, StoreError> {
        let asked = "SELECT stream, count(*) FROM daybook_read.dead_letter \
                     WHERE model = $1 AND version = $2 AND number = $3 GROUP BY stream";
        let mut parked = ParkedStreams::new();
        for row in &self.find(asked, rows.name, rows.id)? {
            let waiting: i64 = column(row, 1)?;
            parked.insert(column(row, 0)?, waiting.unsigned_abs());
        }
        Ok(parked)
    }

    /// Somebody has decided this, so it waits for the disk, other than commits of what can be made again.
    pub(crate) fn skip(&self, rows: &PostgresRows, skipped: &ParkedEvent) -> Result<(), StoreError> {
        let failed = |error| super::failure::failed(SKIPPING, self.place(), error);
        let (text, values) = skipping(rows, skipped.position, skipped.json.clone()).map_err(failed)?;
        let shared = self.shared.clone();
        self.shared.bridge.wait(async move { shared.execute(SKIPPING, &text, values).await })?;
        rows.revision.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn skipping(
    rows: &PostgresRows,
    position: u64,
    json: String,
) -> Result<(String, sqlx::postgres::PgArguments), sqlx::Error> {
    let mut statement = Statement::default();
    let of = [
        statement.bind(rows.name)?,
        statement.bind(i64::from(rows.id.version))?,
        statement.bind(number(rows.id.number))?,
    ];
    let [model, version, generation] = of;
    let is_it = format!("model = {model} AND version = {version} AND number = {generation}");
    let known = statement.bind(rows.revision.load(Ordering::Relaxed))?;
    let (position, json) = (statement.bind(number(position))?, statement.bind(json)?);
    statement.also(|name| {
        format!(
            "{name} AS (UPDATE daybook_read.generation SET revision = revision + 1 \
             WHERE {is_it} AND revision = {known} RETURNING 1)"
        )
    });
    statement.also(|name| {
        format!("{name} AS (DELETE FROM daybook_read.dead_letter WHERE {is_it} AND position = {position})")
    });
    statement.also(|name| {
        format!(
            "{name} AS (INSERT INTO daybook_read.skipped_letter (model, version, number, position, letter) \
             VALUES ({model}, {version}::int, {generation}, {position}, {json}::text::json))"
        )
    });
    Ok(statement.finish(
        "SELECT set_config('synchronous_commit', 'on', true), \
         daybook_read.end_commit((SELECT count(*) FROM part_0), 1)",
    ))
}
