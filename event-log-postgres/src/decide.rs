//! Decides a group one append after the other, when it cannot go in as a whole: some stream has moved, or some
//! events are there already. Pure: what the log holds is handed in, read under the sequencer's lock.

use ahash::{AHashMap, AHashSet};
use daybook_event_log::{Append, AppendOutcome, AppendRejection, Appended, Position, StreamId, Version};
use uuid::Uuid;

/// Where an event stands.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) stream: StreamId,
    pub(crate) version: u64,
    pub(crate) position: u64,
    pub(crate) recorded_at_ns: i64,
}

/// What the log holds of the streams and event ids of a group.
pub(crate) struct Held {
    pub(crate) head: u64,
    /// The time that events written now will bear.
    pub(crate) now_ns: i64,
    pub(crate) versions: AHashMap<StreamId, u64>,
    pub(crate) places: AHashMap<Uuid, Place>,
}

/// What becomes of one append.
pub(crate) struct Decision {
    pub(crate) outcome: AppendOutcome,
    /// Whether its events are to be written.
    pub(crate) write: bool,
}

impl Held {
    /// Decides the next append, as if those decided before were in the log.
    pub(crate) fn decide(&mut self, append: &Append) -> Decision {
        match self.refusal_or_repetition(append) {
            Some(outcome) => Decision { outcome, write: false },
            None => Decision { outcome: Ok(self.take(append)), write: true },
        }
    }

    fn refusal_or_repetition(&self, append: &Append) -> Option<AppendOutcome> {
        let reused = |event_id| AppendRejection::EventIdReused { stream: append.stream.clone(), event_id };
        let mut seen = AHashSet::with_capacity(append.events.len());
        if let Some(twice) = append.events.iter().find(|event| !seen.insert(event.event_id)) {
            return Some(Err(reused(twice.event_id)));
        }
        if let Some(known) = append.events.iter().find(|event| self.places.contains_key(&event.event_id)) {
            return Some(self.repetition(append).ok_or_else(|| reused(known.event_id)));
        }
        let actual = self.versions.get(&append.stream).copied().unwrap_or(0);
        (!append.expected.holds(Version::new(actual))).then(|| {
            Err(AppendRejection::Conflict {
                stream: append.stream.clone(),
                expected: append.expected,
                actual: Version::new(actual),
            })
        })
    }

    /// Where these very events stand, if all of them do, in this stream, one after the other.
    fn repetition(&self, append: &Append) -> Option<Appended> {
        let places: Vec<&Place> =
            append.events.iter().map(|event| self.places.get(&event.event_id)).collect::<Option<_>>()?;
        let (first, last) = (*places.first()?, *places.last()?);
        let together = places.iter().enumerate().all(|(n, place)| {
            place.stream == append.stream
                && place.version == first.version + n as u64
                && place.position == first.position + n as u64
        });
        together.then(|| Appended {
            first_position: Position::new(first.position),
            last_position: Position::new(last.position),
            first_version: Version::new(first.version),
            last_version: Version::new(last.version),
            recorded_at_ns: first.recorded_at_ns,
            already_there: true,
        })
    }

    fn take(&mut self, append: &Append) -> Appended {
        let version = self.versions.entry(append.stream.clone()).or_insert(0);
        let (first_version, first_position) = (*version + 1, self.head + 1);
        for event in &append.events {
            *version += 1;
            self.head += 1;
            let place = Place {
                stream: append.stream.clone(),
                version: *version,
                position: self.head,
                recorded_at_ns: self.now_ns,
            };
            self.places.insert(event.event_id, place);
        }
        Appended {
            first_position: Position::new(first_position),
            last_position: Position::new(self.head),
            first_version: Version::new(first_version),
            last_version: Version::new(*version),
            recorded_at_ns: self.now_ns,
            already_there: false,
        }
    }
}
