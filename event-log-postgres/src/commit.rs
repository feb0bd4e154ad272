//! One group, one transaction: first all at once in a single round trip, and only if that cannot be, one append
//! after the other under the sequencer's lock. Either way the same group may be sent again after an answer was
//! lost: its event ids say what is there already, so it is never written twice.

use crate::{
    decide::{Held, Place},
    group::Group,
    head,
    prepare::Prepared,
};
use ahash::AHashMap;
use daybook_event_log::{AppendOutcome, KnownEvent, StreamId};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// What became of a group, and the last event that was written.
pub(crate) struct Committed {
    pub(crate) outcomes: Vec<AppendOutcome>,
    pub(crate) last: Option<KnownEvent>,
}

/// Writes `appends` in one round trip. None if they cannot all go in; then nothing was written.
pub(crate) async fn together(
    connection: &mut PgConnection,
    appends: &[&Prepared],
    known: Option<KnownEvent>,
) -> Result<Option<Committed>, sqlx::Error> {
    let mut group = Group::default();
    for append in appends {
        if !group.push(append) {
            return Ok(None);
        }
    }
    let Some(taken) = group.write(connection, known, None).await? else { return Ok(None) };
    let outcomes = group.places(&taken).map(Ok).collect();
    Ok(Some(Committed { outcomes, last: group.last_event(&taken) }))
}

/// Decides each append by itself and writes those that stand.
pub(crate) async fn one_by_one(
    connection: &mut PgConnection,
    appends: &[&Prepared],
    known: Option<KnownEvent>,
) -> Result<Committed, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let mut held = held(&mut transaction, appends).await?;
    let (known_position, known_event) = head::parameters(known);
    let expecting = sqlx::query("SELECT daybook_expect($1, $2)").bind(known_position).bind(known_event);
    expecting.execute(&mut *transaction).await?;
    let mut group = Group::default();
    let mut outcomes = Vec::with_capacity(appends.len());
    for append in appends {
        let decision = held.decide(&append.append);
        if decision.write && !group.push(append) {
            // Every accepted append expects what the ones before it leave, so this cannot be; refusing is safe.
            return Err(sqlx::Error::Protocol("a decided group does not fit together".to_owned()));
        }
        outcomes.push(decision.outcome);
    }
    let mut last = None;
    if !group.is_empty() {
        let Some(taken) = group.write(&mut transaction, known, Some(held.now_ns)).await? else {
            return Err(sqlx::Error::Protocol("a stream moved under the lock of log_head".to_owned()));
        };
        last = group.last_event(&taken);
    }
    transaction.commit().await?;
    Ok(Committed { outcomes, last })
}

/// Takes the lock, then reads what the log holds of these streams and events.
async fn held(connection: &mut PgConnection, appends: &[&Prepared]) -> Result<Held, sqlx::Error> {
    let (head, now_ns): (i64, i64) = sqlx::query_as(
        "SELECT position, greatest(recorded_at, daybook_now()) FROM log_head FOR NO KEY UPDATE",
    )
    .fetch_one(&mut *connection)
    .await?;
    let mut streams: Vec<&StreamId> = appends.iter().map(|append| &append.append.stream).collect();
    streams.sort_unstable();
    streams.dedup();
    let types: Vec<&str> = streams.iter().map(|stream| stream.aggregate()).collect();
    let ids: Vec<&str> = streams.iter().map(|stream| stream.id()).collect();
    let versions: Vec<i64> = sqlx::query_scalar(
        "SELECT coalesce((SELECT max(e.sequence) FROM events e
                           WHERE e.aggregate_type = b.type AND e.aggregate_id = b.id), 0)
           FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS b(type, id, n) ORDER BY b.n",
    )
    .bind(types)
    .bind(ids)
    .fetch_all(&mut *connection)
    .await?;
    let versions = streams.into_iter().cloned().zip(versions.into_iter().map(i64::unsigned_abs)).collect();
    let places = places(connection, appends).await?;
    Ok(Held { head: head.unsigned_abs(), now_ns, versions, places })
}

async fn places(
    connection: &mut PgConnection,
    appends: &[&Prepared],
) -> Result<AHashMap<Uuid, Place>, sqlx::Error> {
    let ids: Vec<Uuid> =
        appends.iter().flat_map(|append| append.append.events.iter().map(|event| event.event_id)).collect();
    let rows: Vec<(Uuid, String, String, i64, i64, i64)> = sqlx::query_as(
        "SELECT event_id, aggregate_type, aggregate_id, sequence, position, recorded_at
           FROM events WHERE event_id = ANY($1)",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(event_id, aggregate, id, version, position, recorded_at_ns)| {
            let stream = StreamId::new(&aggregate, id).map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
            let (version, position) = (version.unsigned_abs(), position.unsigned_abs());
            Ok((event_id, Place { stream, version, position, recorded_at_ns }))
        })
        .collect()
}
