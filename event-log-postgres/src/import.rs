//! Taking over events that were recorded elsewhere: one transaction a page, everything given explicitly.

use crate::{
    PostgresLog,
    failure::{Failure, backoff},
    prepare::Prepared,
    read::number,
    retrying_reader::RetryingReader,
};
use async_trait::async_trait;
use daybook_event_log::{
    Append, AppendRejection, ExpectedVersion, ImportError, KnownEvent, LogImport, Position, RecordedEvent,
    not_yet_imported,
};
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const DOING: &str = "importing into the Postgres log";

#[async_trait]
impl LogImport for PostgresLog {
    async fn append_recorded(&self, events: &[RecordedEvent]) -> Result<Position, ImportError> {
        let place = self.reader.retrying.place();
        let deadline = Instant::now() + self.reader.retrying.retry_for();
        let mut backoff = backoff();
        loop {
            // After a lost answer this tells whether the page went in.
            let head = self.reader.ask_head().await?;
            let new = not_yet_imported(self, head, events).await?;
            let Some((first, last)) = new.first().zip(new.last()) else { return Ok(head) };
            let failure = match import(&self.reader.retrying, self.payload_bytes, new).await? {
                Ok(found) if found.next() == first.position() => {
                    self.reader.head.advance(KnownEvent::from(last));
                    return Ok(last.position());
                }
                Ok(found) => {
                    let detail = format!("the log went on to position {found} meanwhile");
                    return Err(ImportError::Refused { position: first.position(), detail });
                }
                Err(failure) => failure,
            };
            match failure {
                Failure::Passing(_) if Instant::now() < deadline => sleep(backoff.pause()).await,
                Failure::Taken | Failure::Unstorable(_) => {
                    let detail = "the server refused it: an event id or a version is there already, or a value is out of its range".to_owned();
                    return Err(ImportError::Refused { position: first.position(), detail });
                }
                failure => return Err(failure.into_error(DOING, place).into()),
            }
        }
    }
}

/// Writes `events` if they follow the head. Answers where the head was under the lock.
async fn import(
    retrying: &RetryingReader,
    payload_bytes: usize,
    events: &[RecordedEvent],
) -> Result<Result<Position, Failure>, ImportError> {
    let rows = ImportRows::of(events, payload_bytes)?;
    let mut pooled = match retrying.connection().await {
        Ok(pooled) => pooled,
        Err(failure) => return Ok(Err(failure)),
    };
    match write_rows(&mut pooled.connection, events, &rows).await {
        Ok(head) => {
            pooled.give_back();
            Ok(Ok(head))
        }
        Err(error) => Ok(Err(Failure::of(error, DOING, retrying.place()))),
    }
}

async fn write_rows(
    connection: &mut PgConnection,
    events: &[RecordedEvent],
    rows: &ImportRows,
) -> Result<Position, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let head: i64 =
        sqlx::query_scalar("SELECT position FROM log_head FOR UPDATE").fetch_one(&mut *transaction).await?;
    let first = number(events[0].position().get());
    if head + 1 != first {
        return Ok(Position::new(head.unsigned_abs()));
    }
    let texts = || rows.prepared.iter().flat_map(Prepared::texts);
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                             position, event_id, recorded_at)
         SELECT t, i, s, e, v::text || '.0', p::json, m::json, $10 + n - 1, u, r
           FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::text[],
                       $8::uuid[], $9::bigint[]) WITH ORDINALITY AS x(t, i, s, e, v, p, m, u, r, n)",
    )
    .bind(events.iter().map(RecordedEvent::aggregate).collect::<Vec<_>>())
    .bind(events.iter().map(RecordedEvent::aggregate_id).collect::<Vec<_>>())
    .bind(events.iter().map(|event| number(event.version().get())).collect::<Vec<_>>())
    .bind(events.iter().map(RecordedEvent::event_type).collect::<Vec<_>>())
    .bind(events.iter().map(|event| i32::from(event.schema_version())).collect::<Vec<_>>())
    .bind(texts().map(|(payload, _)| payload).collect::<Vec<_>>())
    .bind(texts().map(|(_, metadata)| metadata).collect::<Vec<_>>())
    .bind(events.iter().map(RecordedEvent::event_id).collect::<Vec<Uuid>>())
    .bind(events.iter().map(RecordedEvent::recorded_at_ns).collect::<Vec<_>>())
    .bind(first)
    .execute(&mut *transaction)
    .await?;
    let recorded_at_ns = events.iter().map(RecordedEvent::recorded_at_ns).max();
    sqlx::query("UPDATE log_head SET position = position + $1, recorded_at = greatest(recorded_at, $2)")
        .bind(number(events.len() as u64))
        .bind(recorded_at_ns)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Position::new(head.unsigned_abs()))
}

/// The texts of a page, one event an append.
struct ImportRows {
    prepared: Vec<Prepared>,
}

impl ImportRows {
    fn of(events: &[RecordedEvent], payload_bytes: usize) -> Result<Self, ImportError> {
        let prepare = |event: &RecordedEvent| {
            let append = Append {
                stream: event.stream_id(),
                expected: ExpectedVersion::Any,
                events: vec![event.to_new_event()],
            };
            Prepared::new(append, payload_bytes).map_err(|rejection: AppendRejection| ImportError::Refused {
                position: event.position(),
                detail: rejection.to_string(),
            })
        };
        Ok(Self { prepared: events.iter().map(prepare).collect::<Result<_, _>>()? })
    }
}
