//! Reading: whole records by position, stream or id.

use crate::{
    head::{self, Head, HeadSeen},
    retrying_reader::RetryingReader,
    row,
};
use daybook_event_log::{
    KnownEvent, LogError, PageLimits, PageRoom, Position, RecordedEvent, StreamId, Version,
};
use sqlx::postgres::PgRow;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// So few are asked for at once however large they were lately.
const LEAST_EVENTS: usize = 16;

pub(crate) struct Reader {
    pub(crate) retrying: RetryingReader,
    pub(crate) head: Head,
    /// How large the events of the last page were, on average: foretells how many the next may have.
    event_bytes: AtomicUsize,
}

impl Reader {
    pub(crate) fn new(retrying: RetryingReader, head: Head) -> Self {
        Self { retrying, head, event_bytes: AtomicUsize::new(1_024) }
    }

    /// As many events from position `from` as the limits allow, or fewer if they are likely to be large.
    pub(crate) async fn page(
        &self,
        from: Position,
        limits: PageLimits,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let likely = (limits.bytes / self.event_bytes.load(Ordering::Relaxed).max(1)).max(LEAST_EVENTS);
        let limit = limits.events.min(likely);
        let (from, head) = (from.max(Position::new(1)), self.head.get());
        let place = self.retrying.place();
        self.head.check()?;
        // Of a log that was set back nothing is read, not even before that is known.
        let (known_position, known_event) = head::parameters(self.head.known());
        let sql = format!(
            "SELECT {} FROM events WHERE position >= $1 AND ($3 = 0 OR EXISTS (SELECT FROM events known \
             WHERE known.position = $3 AND known.event_id = $4)) ORDER BY position LIMIT $2",
            row::COLUMNS
        );
        let (first, most) = (number(from.get()), number(limit as u64));
        // What the server sends beyond the limit is not taken into memory.
        let fit = || {
            let mut room = PageRoom::new(limits);
            move |row: &PgRow| room.admit(row::payload_bytes(row))
        };
        let query = || sqlx::query(&sql).bind(first).bind(most).bind(known_position).bind(known_event);
        let rows = self.retrying.again_while(query, fit).await?;
        let mut records = row::records(&rows, place)?;
        let mut wanted = from;
        for record in &records {
            if record.position() != wanted {
                return Err(head::gap(place, wanted, Some(record.position())));
            }
            wanted = wanted.next();
        }
        if records.is_empty() && limit > 0 && head >= from {
            self.look().await?;
            return Err(head::gap(place, from, None));
        }
        if let Some(last) = records.last() {
            self.head.advance(KnownEvent::from(last));
            let bytes: usize = records.iter().map(|record| record.as_bytes().len()).sum();
            self.event_bytes.store(bytes / records.len(), Ordering::Relaxed);
        }
        // A record is a little larger than its payload.
        let mut room = PageRoom::new(limits);
        let fitting = records.iter().take_while(|record| room.admit(record.as_bytes().len())).count();
        records.truncate(fitting);
        Ok(records)
    }

    /// Whether the log on the server is the one that is known.
    async fn look(&self) -> Result<(), LogError> {
        let known = self.head.known();
        let rows = self.retrying.again(|| head::look(known)).await?;
        self.head.take(&HeadSeen::of(&rows), known, self.retrying.place())
    }

    pub(crate) async fn stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.head.check()?;
        let sql = format!(
            "SELECT {} FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence >= $3 \
             ORDER BY sequence LIMIT $4",
            row::COLUMNS
        );
        let (from, limit) = (number(from.get()), number(limit as u64));
        let query = || sqlx::query(&sql).bind(stream.aggregate()).bind(stream.id()).bind(from).bind(limit);
        row::records(&self.retrying.again(query).await?, self.retrying.place())
    }

    /// The same of many streams, in one round trip.
    pub(crate) async fn streams(
        &self,
        wanted: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<Vec<RecordedEvent>>, LogError> {
        self.head.check()?;
        let columns = row::COLUMNS;
        let sql = format!(
            "SELECT {columns}, n FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS w(t, i, v, n)
              CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.aggregate_type = w.t AND e.aggregate_id = w.i
                                     AND e.sequence >= w.v ORDER BY e.sequence LIMIT $4) found
              ORDER BY n, sequence"
        );
        let types: Vec<&str> = wanted.iter().map(|(stream, _)| stream.aggregate()).collect();
        let ids: Vec<&str> = wanted.iter().map(|(stream, _)| stream.id()).collect();
        let versions: Vec<i64> = wanted.iter().map(|(_, from)| number(from.get())).collect();
        let limit = number(limit as u64);
        let query = || sqlx::query(&sql).bind(&types).bind(&ids).bind(&versions).bind(limit);
        let rows = self.retrying.again(query).await?;
        let records = row::records(&rows, self.retrying.place())?;
        let mut found = vec![Vec::new(); wanted.len()];
        for (record, nth) in records.into_iter().zip(rows.iter().map(row::nth)) {
            if let Some(stream) = nth.and_then(|nth| found.get_mut(nth)) {
                stream.push(record);
            }
        }
        Ok(found)
    }

    pub(crate) async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        self.head.check()?;
        let sql = format!("SELECT {} FROM events WHERE event_id = $1", row::COLUMNS);
        let rows = self.retrying.again(|| sqlx::query(&sql).bind(event_id)).await?;
        Ok(row::records(&rows, self.retrying.place())?.pop())
    }

    pub(crate) async fn version(&self, stream: &StreamId) -> Result<Version, LogError> {
        self.head.check()?;
        let sql =
            "SELECT coalesce(max(sequence), 0) FROM events WHERE aggregate_type = $1 AND aggregate_id = $2";
        let query = || sqlx::query(sql).bind(stream.aggregate()).bind(stream.id());
        Ok(Version::new(row::only_number(&self.retrying.again(query).await?)))
    }

    /// Where the log ends on the server at this moment.
    pub(crate) async fn ask_head(&self) -> Result<Position, LogError> {
        let rows = self.retrying.again(|| sqlx::query(head::ASK)).await?;
        Ok(Position::new(row::only_number(&rows)))
    }
}

/// The server counts with a sign; nothing is beyond its range.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
