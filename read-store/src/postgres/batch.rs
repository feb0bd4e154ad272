//! One batch as one statement, so that rows, checkpoints and dead letters go in together, in one round trip, or not
//! at all. It begins with the fence: the generations must be as their writer knew them, or nothing is written.

use super::{
    PostgresRows, Shared,
    failure::{failed, silent},
    key, rows,
    statement::Statement,
};
use crate::{
    Checkpoint, GenerationId, ParkedEvent, RowContent, RowKind, StoreError, Writes, schema, version_of,
};
use fjall::{UserKey, UserValue};
use sqlx::postgres::PgArguments;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

const DOING: &str = "committing a batch";

pub(crate) struct PostgresBatch {
    shared: Arc<Shared>,
    parts: Vec<GenerationChanges>,
}

/// What changes in one generation.
struct GenerationChanges {
    name: &'static str,
    id: GenerationId,
    revision: Arc<AtomicI64>,
    kinds: &'static [RowKind],
    checkpoint: Option<Checkpoint>,
    puts: Vec<(&'static RowKind, RowPut)>,
    removals: Vec<(&'static RowKind, Removal)>,
    parked: Vec<(i64, String, String)>,
    released: Vec<i64>,
}

/// A row as its table has it.
enum RowPut {
    View { view_id: String, version: i64, payload: UserValue },
    Entry { key: Vec<u8>, whole: Option<Vec<u8>>, view_id: String },
    Record { key: Vec<u8>, whole: Option<Vec<u8>>, payload: UserValue },
}

enum Removal {
    View(String),
    Key(Vec<u8>),
}

impl PostgresBatch {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, parts: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.puts.len() + part.removals.len()).sum()
    }

    fn part(&mut self, rows: &PostgresRows) -> &mut GenerationChanges {
        let found = self.parts.iter().position(|part| (part.name, part.id) == (rows.name, rows.id));
        let n = found.unwrap_or_else(|| {
            self.parts.push(GenerationChanges {
                name: rows.name,
                id: rows.id,
                revision: rows.revision.clone(),
                kinds: rows.kinds,
                checkpoint: None,
                puts: Vec::new(),
                removals: Vec::new(),
                parked: Vec::new(),
                released: Vec::new(),
            });
            self.parts.len() - 1
        });
        &mut self.parts[n]
    }

    pub(crate) fn write(&mut self, rows: &PostgresRows, writes: &mut Writes) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let part = self.part(rows);
        for (whole_key, value) in writes.drain() {
            let (kind, rest) = rows.kind(&whole_key)?;
            match value {
                Some(value) => part.puts.push((kind, put(rows, kind, (&whole_key, rest), value)?)),
                None => part.removals.push((kind, removal(kind, rest)?)),
            }
        }
        Ok(())
    }

    pub(crate) fn reach(&mut self, rows: &PostgresRows, checkpoint: Checkpoint) {
        self.part(rows).checkpoint = Some(checkpoint);
    }

    pub(crate) fn park(&mut self, rows: &PostgresRows, letter: &ParkedEvent) {
        let of = (number(letter.position), letter.stream.clone(), letter.json.clone());
        self.part(rows).parked.push(of);
    }

    pub(crate) fn release(&mut self, rows: &PostgresRows, position: u64) {
        self.part(rows).released.push(number(position));
    }

    /// Blocks until it is in, or is not.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        if self.parts.is_empty() {
            return Ok(());
        }
        let Self { shared, parts } = self;
        let place = shared.writing.place.clone();
        let revisions: Vec<_> = parts.iter().map(|part| part.revision.clone()).collect();
        let (text, values) = statement(parts).map_err(|error| failed(DOING, &place, error))?;
        let bridge = shared.clone();
        bridge.bridge.wait(async move { shared.execute(DOING, &text, values).await })?;
        for revision in revisions {
            revision.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Shared {
    /// Executes a statement that may not be repeated. After an error its connection is gone, and it is unknown
    /// whether it was done.
    pub(super) async fn execute(
        &self,
        doing: &'static str,
        text: &str,
        values: PgArguments,
    ) -> Result<(), StoreError> {
        let mut pooled = self.writing.connection(doing).await?;
        let done = sqlx::query_with(text, values).execute(&mut pooled.connection);
        match tokio::time::timeout(super::COMMIT_WITHIN, done).await {
            Ok(Ok(_)) => {
                pooled.give_back();
                Ok(())
            }
            Ok(Err(error)) => Err(failed(doing, &self.writing.place, error)),
            Err(_) => Err(silent(doing, &self.writing.place, super::COMMIT_WITHIN)),
        }
    }
}

fn put(
    rows: &PostgresRows,
    kind: &RowKind,
    (whole_key, rest): (&UserKey, &[u8]),
    value: UserValue,
) -> Result<RowPut, StoreError> {
    Ok(match kind.holds {
        RowContent::Views(id) => {
            let version = number(version_of(&value));
            RowPut::View { view_id: key::view_id(id, rest)?, version, payload: value }
        }
        RowContent::Leads(..) => {
            let led = schema::led_to(rows.kinds, whole_key, &value);
            let (letter, id) = led.ok_or_else(|| StoreError::damaged(whole_key, "it leads nowhere"))?;
            let view_id = key::view_id(rows.ids(letter)?.1, id)?;
            RowPut::Entry { key: key::fitting(rest), whole: key::whole(rest), view_id }
        }
        RowContent::Records => {
            RowPut::Record { key: key::fitting(rest), whole: key::whole(rest), payload: value }
        }
    })
}

fn removal(kind: &RowKind, rest: &[u8]) -> Result<Removal, StoreError> {
    Ok(match kind.holds {
        RowContent::Views(id) => Removal::View(key::view_id(id, rest)?),
        _ => Removal::Key(key::fitting(rest)),
    })
}

/// The server counts with a sign; nothing is beyond its range.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn statement(parts: Vec<GenerationChanges>) -> Result<(String, PgArguments), sqlx::Error> {
    let mut statement = Statement::default();
    let expected = statement.bind(parts.len() as i64)?;
    fence(&mut statement, &parts)?;
    for part in parts {
        let of = (part.name, number(u64::from(part.id.version)), number(part.id.number));
        park(&mut statement, of, part.parked, &part.released)?;
        // All kinds or none, so that there are few different statements, which the server then keeps prepared.
        if part.puts.is_empty() && part.removals.is_empty() {
            continue;
        }
        let (mut puts, mut removals) = (part.puts, part.removals);
        for kind in part.kinds {
            let table = rows::table(kind, part.id);
            remove(&mut statement, kind, &table, removals.extract_if(.., |(of, _)| *of == kind))?;
            upsert(&mut statement, kind, &table, puts.extract_if(.., |(of, _)| *of == kind))?;
        }
    }
    Ok(statement
        .finish(&format!("SELECT daybook_read.end_commit((SELECT count(*) FROM part_0), {expected})")))
}

/// Takes the generations one commit further, those that are as their writer knew them.
fn fence(statement: &mut Statement, parts: &[GenerationChanges]) -> Result<(), sqlx::Error> {
    let models = statement.bind(parts.iter().map(|part| part.name).collect::<Vec<_>>())?;
    let versions = statement.bind(parts.iter().map(|part| i64::from(part.id.version)).collect::<Vec<_>>())?;
    let numbers = statement.bind(parts.iter().map(|part| number(part.id.number)).collect::<Vec<_>>())?;
    let known: Vec<_> = parts.iter().map(|part| part.revision.load(Ordering::Relaxed)).collect();
    let known = statement.bind(known)?;
    let position = |part: &GenerationChanges| part.checkpoint.map(|at| number(at.position.get()));
    let positions = statement.bind(parts.iter().map(position).collect::<Vec<_>>())?;
    let event_ids = parts.iter().map(|part| part.checkpoint.map(|at| at.event_id)).collect::<Vec<_>>();
    let event_ids = statement.bind(event_ids)?;
    let changed = parts.iter().map(|part| !part.puts.is_empty() || !part.removals.is_empty());
    let changed = statement.bind(changed.collect::<Vec<_>>())?;
    statement.also(|name| {
        format!(
            "{name} AS (UPDATE daybook_read.generation g SET revision = g.revision + 1, written_at = now(), \
             position = coalesce(n.position, g.position), event_id = coalesce(n.event_id, g.event_id), \
             changed_at = CASE WHEN n.changed THEN greatest(g.changed_at + 1, coalesce(n.position, g.position)) \
             ELSE g.changed_at END \
             FROM unnest({models}::text[], {versions}::bigint[], {numbers}::bigint[], {known}::bigint[], \
             {positions}::bigint[], {event_ids}::uuid[], {changed}::bool[]) \
             AS n(model, version, number, known, position, event_id, changed) \
             WHERE g.model = n.model AND g.version = n.version AND g.number = n.number AND g.revision = n.known \
             RETURNING 1)"
        )
    });
    Ok(())
}

fn park(
    statement: &mut Statement,
    (model, version, generation): (&'static str, i64, i64),
    parked: Vec<(i64, String, String)>,
    released: &[i64],
) -> Result<(), sqlx::Error> {
    if !released.is_empty() {
        let gone = (statement.bind(model)?, statement.bind(version)?, statement.bind(generation)?);
        let positions = statement.bind(released.to_vec())?;
        statement.also(|name| {
            let (model, version, generation) = gone;
            format!(
                "{name} AS (DELETE FROM daybook_read.dead_letter WHERE model = {model} AND version = {version} \
                 AND number = {generation} AND position = ANY({positions}))"
            )
        });
    }
    if !parked.is_empty() {
        let of = (statement.bind(model)?, statement.bind(version)?, statement.bind(generation)?);
        let positions = statement.bind(parked.iter().map(|letter| letter.0).collect::<Vec<_>>())?;
        let (streams, letters): (Vec<_>, Vec<_>) =
            parked.into_iter().map(|(_, stream, letter)| (stream, letter)).unzip();
        let (streams, letters) = (statement.bind(streams)?, statement.bind(letters)?);
        statement.also(|name| {
            let (model, version, generation) = of;
            format!(
                "{name} AS (INSERT INTO daybook_read.dead_letter (model, version, number, position, stream, letter) \
                 SELECT {model}, {version}::int, {generation}, n.position, n.stream, n.letter::json \
                 FROM unnest({positions}::bigint[], {streams}::text[], {letters}::text[]) \
                 AS n(position, stream, letter) ON CONFLICT (model, version, number, position) \
                 DO UPDATE SET letter = excluded.letter)"
            )
        });
    }
    Ok(())
}

fn remove(
    statement: &mut Statement,
    kind: &RowKind,
    table: &str,
    removals: impl Iterator<Item = (&'static RowKind, Removal)>,
) -> Result<(), sqlx::Error> {
    let (mut ids, mut keys) = (Vec::new(), Vec::new());
    for (_, removal) in removals {
        match removal {
            Removal::View(id) => ids.push(id),
            Removal::Key(key) => keys.push(key),
        }
    }
    let is_gone = match kind.holds {
        RowContent::Views(_) => format!("view_id = ANY({}::text[])", statement.bind(ids)?),
        _ => format!("key = ANY({}::bytea[])", statement.bind(keys)?),
    };
    statement.also(|name| format!("{name} AS (DELETE FROM {table} WHERE {is_gone})"));
    Ok(())
}

fn upsert(
    statement: &mut Statement,
    kind: &RowKind,
    table: &str,
    puts: impl Iterator<Item = (&'static RowKind, RowPut)>,
) -> Result<(), sqlx::Error> {
    let (mut ids, mut versions, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
    let (mut keys, mut wholes) = (Vec::new(), Vec::new());
    for (_, put) in puts {
        let (entry, id, version, payload) = match put {
            RowPut::View { view_id, version, payload } => (None, Some(view_id), Some(version), Some(payload)),
            RowPut::Entry { key, whole, view_id } => (Some((key, whole)), Some(view_id), None, None),
            RowPut::Record { key, whole, payload } => (Some((key, whole)), None, None, Some(payload)),
        };
        ids.extend(id);
        versions.extend(version);
        payloads.extend(payload.map(|json| String::from_utf8_lossy(&json).into_owned()));
        if let Some((key, whole)) = entry {
            keys.push(key);
            wholes.push(whole);
        }
    }
    let (columns, values, on_conflict) = match kind.holds {
        RowContent::Views(_) => {
            let values = (statement.bind(ids)?, statement.bind(versions)?, statement.bind(payloads)?);
            let values = format!(
                "n.a, n.b, n.c::json FROM unnest({}::text[], {}::bigint[], {}::text[]) AS n(a, b, c)",
                values.0, values.1, values.2
            );
            (
                "view_id, version, payload",
                values,
                "(view_id) DO UPDATE SET version = excluded.version, payload = excluded.payload",
            )
        }
        RowContent::Leads(..) => {
            let values = (statement.bind(keys)?, statement.bind(wholes)?, statement.bind(ids)?);
            let values = format!(
                "n.a, n.b, n.c FROM unnest({}::bytea[], {}::bytea[], {}::text[]) AS n(a, b, c)",
                values.0, values.1, values.2
            );
            ("key, whole, view_id", values, "(key) DO UPDATE SET view_id = excluded.view_id")
        }
        RowContent::Records => {
            let values = (statement.bind(keys)?, statement.bind(wholes)?, statement.bind(payloads)?);
            let values = format!(
                "n.a, n.b, n.c::json FROM unnest({}::bytea[], {}::bytea[], {}::text[]) AS n(a, b, c)",
                values.0, values.1, values.2
            );
            ("key, whole, payload", values, "(key) DO UPDATE SET payload = excluded.payload")
        }
    };
    statement.also(|name| {
        format!("{name} AS (INSERT INTO {table} ({columns}) SELECT {values} ON CONFLICT {on_conflict})")
    });
    Ok(())
}
