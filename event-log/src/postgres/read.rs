//! Reading: whole records by position, stream or id, from a small pool, tried again while the server is away.

use super::{
    failure::Failure,
    head::{self, Head},
    row,
    write::Pause,
};
use crate::{LogError, Position, RecordedEvent, StreamId, Version};
use sqlx::{PgPool, postgres::PgRow};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

const DOING: &str = "reading the Postgres log";

pub(super) struct Reader {
    pub(super) pool: PgPool,
    pub(super) place: String,
    pub(super) head: Head,
    pub(super) retry_for: Duration,
}

impl Reader {
    pub(super) async fn all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let from = from.max(Position::new(1));
        let head = self.head.get();
        let sql =
            format!("SELECT {} FROM events WHERE position >= $1 ORDER BY position LIMIT $2", row::COLUMNS);
        let (first, limit) = (number(from.get()), number(limit as u64));
        let rows = self.retry(|| sqlx::query(&sql).bind(first).bind(limit).fetch_all(&self.pool)).await?;
        let records = row::records(&rows, &self.place)?;
        let mut wanted = from;
        for record in &records {
            if record.position() != wanted {
                return Err(head::gap(&self.place, wanted, Some(record.position())));
            }
            wanted = wanted.next();
        }
        if records.is_empty() && limit > 0 && head >= from {
            return Err(head::gap(&self.place, from, None));
        }
        if let Some(last) = records.last() {
            self.head.advance(last.position());
        }
        Ok(records)
    }

    pub(super) async fn stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let sql = format!(
            "SELECT {} FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence >= $3 \
             ORDER BY sequence LIMIT $4",
            row::COLUMNS
        );
        let (from, limit) = (number(from.get()), number(limit as u64));
        let rows = self
            .retry(|| {
                let query = sqlx::query(&sql).bind(stream.aggregate()).bind(stream.id());
                query.bind(from).bind(limit).fetch_all(&self.pool)
            })
            .await?;
        row::records(&rows, &self.place)
    }

    pub(super) async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        let sql = format!("SELECT {} FROM events WHERE event_id = $1", row::COLUMNS);
        let rows: Vec<PgRow> = self.retry(|| sqlx::query(&sql).bind(event_id).fetch_all(&self.pool)).await?;
        Ok(row::records(&rows, &self.place)?.pop())
    }

    pub(super) async fn version(&self, stream: &StreamId) -> Result<Version, LogError> {
        let sql =
            "SELECT coalesce(max(sequence), 0) FROM events WHERE aggregate_type = $1 AND aggregate_id = $2";
        let version: i64 = self
            .retry(|| {
                sqlx::query_scalar(sql).bind(stream.aggregate()).bind(stream.id()).fetch_one(&self.pool)
            })
            .await?;
        Ok(Version::new(version.unsigned_abs()))
    }

    /// Where the log ends on the server at this moment.
    pub(super) async fn ask_head(&self) -> Result<Position, LogError> {
        self.retry(|| head::ask(&self.pool)).await
    }

    async fn retry<T, F>(&self, query: impl Fn() -> F) -> Result<T, LogError>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let deadline = Instant::now() + self.retry_for;
        let mut pause = Pause::default();
        loop {
            let failure = match query().await {
                Ok(found) => return Ok(found),
                Err(error) => Failure::of(error, DOING, &self.place),
            };
            match failure {
                Failure::Passing(_) if Instant::now() < deadline => pause.wait().await,
                failure => return Err(failure.into_error(DOING, &self.place)),
            }
        }
    }
}

/// The server counts with a sign; nothing is beyond its range.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
