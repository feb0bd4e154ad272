//! One group of prepared appends as the columns of one `UNNEST` insert. Knows how to lay them out and where each append
//! then stands; whether they may go in is decided by the server function (all at once) or by `decide` (one by one).

use crate::{head, prepare::Prepared};
use ahash::AHashMap;
use daybook_event_log::{Append, Appended, ExpectedVersion, KnownEvent, Position, Version};
use sqlx::PgConnection;
use uuid::Uuid;

/// The columns of a group, borrowed from its appends.
#[derive(Default)]
pub(crate) struct Group<'a> {
    slots: AHashMap<&'a str, usize>,
    base_type: Vec<&'a str>,
    base_id: Vec<&'a str>,
    base: Vec<Option<i64>>,
    /// Events so far in each slot's stream.
    length: Vec<i64>,
    slot: Vec<i32>,
    ahead: Vec<i64>,
    aggregate_type: Vec<&'a str>,
    aggregate_id: Vec<&'a str>,
    event_id: Vec<Uuid>,
    event_type: Vec<&'a str>,
    schema_version: Vec<i32>,
    payload: Vec<&'a str>,
    metadata: Vec<&'a str>,
    spans: Vec<Span>,
}

/// Where one append lies in its group.
struct Span {
    slot: usize,
    /// Events of the same stream, and of the whole group, that go before.
    ahead: i64,
    start: usize,
    length: usize,
}

/// What the server answered to a group it took.
pub(crate) struct Taken {
    pub(crate) head: i64,
    recorded_at_ns: i64,
    bases: Vec<i64>,
}

impl<'a> Group<'a> {
    /// Adds an append. False if what it expects cannot go together with those before it in this group.
    #[must_use]
    pub(crate) fn push(&mut self, prepared: &'a Prepared) -> bool {
        let append = &prepared.append;
        let slot = self.slot_of(append);
        let wanted = match append.expected {
            ExpectedVersion::Any => None,
            ExpectedVersion::NoStream => Some(0),
            ExpectedVersion::Exact(version) => Some(i64::try_from(version.get()).unwrap_or(i64::MAX)),
        };
        let ahead = self.length[slot];
        if let Some(wanted) = wanted {
            let base = wanted - ahead;
            if base < 0 || self.base[slot].is_some_and(|other| other != base) {
                return false;
            }
            self.base[slot] = Some(base);
        }
        self.spans.push(Span { slot, ahead, start: self.event_id.len(), length: append.events.len() });
        self.push_events(prepared, slot);
        true
    }

    fn slot_of(&mut self, append: &'a Append) -> usize {
        *self.slots.entry(append.stream.as_str()).or_insert_with(|| {
            self.base_type.push(append.stream.aggregate());
            self.base_id.push(append.stream.id());
            self.base.push(None);
            self.length.push(0);
            self.base.len() - 1
        })
    }

    fn push_events(&mut self, prepared: &'a Prepared, slot: usize) {
        let stream = &prepared.append.stream;
        for (event, (payload, metadata)) in prepared.append.events.iter().zip(prepared.texts()) {
            self.length[slot] += 1;
            self.slot.push(i32::try_from(slot + 1).expect("a group has far fewer streams"));
            self.ahead.push(self.length[slot]);
            self.aggregate_type.push(stream.aggregate());
            self.aggregate_id.push(stream.id());
            self.event_id.push(event.event_id);
            self.event_type.push(&event.event_type);
            self.schema_version.push(i32::from(event.schema_version));
            self.payload.push(payload);
            self.metadata.push(metadata);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.event_id.is_empty()
    }

    /// Writes the group whole, or answers None if some stream is not where the group expects it. `at` is null for
    /// the server's time, or the time of the head as this transaction has set it. A log that has lost what is `known` of it
    /// refuses.
    pub(crate) async fn write(
        &self,
        connection: &mut PgConnection,
        known: Option<KnownEvent>,
        at: Option<i64>,
    ) -> Result<Option<Taken>, sqlx::Error> {
        let (known_position, known_event) = head::parameters(known);
        let (taken, head, recorded_at_ns, bases): (bool, i64, i64, Vec<i64>) = sqlx::query_as(
            "SELECT taken, head, recorded, bases
               FROM daybook_append_after($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)",
        )
        .bind(known_position)
        .bind(known_event)
        .bind(&self.base_type)
        .bind(&self.base_id)
        .bind(&self.base)
        .bind(&self.slot)
        .bind(&self.ahead)
        .bind(&self.aggregate_type)
        .bind(&self.aggregate_id)
        .bind(&self.event_id)
        .bind(&self.event_type)
        .bind(&self.schema_version)
        .bind(&self.payload)
        .bind(&self.metadata)
        .bind(at)
        .fetch_one(connection)
        .await?;
        Ok(taken.then_some(Taken { head, recorded_at_ns, bases }))
    }

    /// Where each append of the group stands, in its order.
    pub(crate) fn places<'t>(&'t self, taken: &'t Taken) -> impl Iterator<Item = Appended> + 't {
        self.spans.iter().map(|span| {
            let first_version = taken.bases[span.slot] + span.ahead + 1;
            let first_position = taken.head + span.start as i64 + 1;
            let last = span.length as i64 - 1;
            Appended {
                first_position: Position::new(first_position.unsigned_abs()),
                last_position: Position::new((first_position + last).unsigned_abs()),
                first_version: Version::new(first_version.unsigned_abs()),
                last_version: Version::new((first_version + last).unsigned_abs()),
                recorded_at_ns: taken.recorded_at_ns,
                already_there: false,
            }
        })
    }

    /// The last event of a group that was taken.
    pub(crate) fn last_event(&self, taken: &Taken) -> Option<KnownEvent> {
        let position = Position::new((taken.head + self.event_id.len() as i64).unsigned_abs());
        self.event_id.last().map(|&event_id| KnownEvent { position, event_id })
    }
}
