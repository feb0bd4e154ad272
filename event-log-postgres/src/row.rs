//! Rows of the table `events` as records. Reading only; `group` writes.

use crate::{metadata, payload};
use bytes::Bytes;
use daybook_event_log::{LogError, NewEvent, Position, RecordedEvent, StreamId, Version};
use sqlx::{Row, postgres::PgRow};
use std::ops::Range;
use uuid::Uuid;

/// The columns that [`records`] expects, in its order.
pub(crate) const COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, event_id, recorded_at, \
                                  event_type, event_version, payload::text, metadata::text";

/// Turns rows into records that share one buffer.
pub(crate) fn records(rows: &[PgRow], place: &str) -> Result<Vec<RecordedEvent>, LogError> {
    let mut bytes = Vec::new();
    let ends = rows
        .iter()
        .map(|row| {
            let start = bytes.len();
            encode(&mut bytes, row).map_err(|detail| damaged(row, place, detail))?;
            Ok(start..bytes.len())
        })
        .collect::<Result<Vec<Range<usize>>, LogError>>()?;
    let bytes = Bytes::from(bytes);
    let decoded = ends.into_iter().map(|range| RecordedEvent::decode(bytes.slice(range)));
    decoded
        .collect::<Result<_, _>>()
        .map_err(|e| LogError::Damaged { place: place.to_owned(), detail: e.to_string() })
}

/// How large the payload of an event is.
pub(crate) fn payload_bytes(row: &PgRow) -> usize {
    row.try_get::<&str, _>(8).map_or(0, str::len)
}

/// The number that is all of an answer.
pub(crate) fn only_number(rows: &[PgRow]) -> u64 {
    rows.first().and_then(|row| row.try_get::<i64, _>(0).ok()).unwrap_or_default().unsigned_abs()
}

/// Which of the streams that were asked for a row belongs to, from zero; the column behind [`COLUMNS`].
pub(crate) fn nth(row: &PgRow) -> Option<usize> {
    let nth: i64 = row.try_get(10).ok()?;
    usize::try_from(nth.checked_sub(1)?).ok()
}

fn encode(out: &mut Vec<u8>, row: &PgRow) -> Result<(), String> {
    let said = |e: sqlx::Error| e.to_string();
    let stream = StreamId::new(row.try_get(1).map_err(said)?, row.try_get::<&str, _>(2).map_err(said)?)
        .map_err(|e| e.to_string())?;
    let recorded_at_ns: i64 = row.try_get(5).map_err(said)?;
    let event_type: &str = row.try_get(6).map_err(said)?;
    let event = NewEvent {
        event_id: row.try_get::<Uuid, _>(4).map_err(said)?,
        schema_version: schema_version(row.try_get(7).map_err(said)?),
        metadata: metadata::read(row.try_get(9).map_err(said)?, recorded_at_ns),
        payload: Bytes::copy_from_slice(
            payload::unwrap(row.try_get(8).map_err(said)?, event_type).as_bytes(),
        ),
        event_type: event_type.to_owned().into(),
    };
    RecordedEvent::check_sizes(&event, usize::MAX)?;
    let position = Position::new(number(row, 0)?);
    let version = Version::new(number(row, 3)?);
    RecordedEvent::encode(out, &stream, position, version, recorded_at_ns, &event);
    Ok(())
}

fn number(row: &PgRow, column: usize) -> Result<u64, String> {
    let number: i64 = row.try_get(column).map_err(|e| e.to_string())?;
    u64::try_from(number).map_err(|e| e.to_string())
}

/// `3` and `3.1` are shapes of version 3; what is no number is taken for the first.
fn schema_version(text: &str) -> u16 {
    text.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(1)
}

fn damaged(row: &PgRow, place: &str, detail: String) -> LogError {
    let position: i64 = row.try_get(0).unwrap_or_default();
    LogError::Damaged { place: format!("{place}, table events, position {position}"), detail }
}
