//! Reading events: by position in long runs, by stream, by id.
//!
//! Runs are read in large pieces out of which events are handed on without copying; what a follower
//! near the head wants comes from memory.

use super::{
    active::stable_hash,
    format::{BATCH_HEADER, BatchHeader, Kind, frame_len, u32_at},
    index_file::{Postings, id_hash},
    segment::{Segment, Window},
    segments::{Lookup, Sealed, Segments, Unanswered, event_in, stream_in},
};
use crate::{LogError, PageLimits, PageRoom, Position, RecordedEvent, StreamId, Version};
use std::{io, sync::Arc};
use uuid::Uuid;

const RUN_BYTES: usize = 1 << 20;
/// Guess of an event's size, to read no more than a short answer needs.
const GUESS_BYTES: usize = 512;

/// A place to begin reading: the frame of the event at `position`.
struct Start {
    segment: Arc<Segment>,
    offset: usize,
    position: Position,
    /// The last position in this segment.
    last: Position,
}

/// Part of a stream: its events in one segment.
enum Stretch {
    KnownStream { segment: Arc<Segment>, offsets: Vec<u32> },
    Indexed { sealed: Arc<Sealed>, postings: Postings },
}

/// Reads what the segments hold, as far as it is durable.
pub(super) struct EventReader<'a> {
    segments: &'a Segments,
}

impl<'a> EventReader<'a> {
    pub(super) const fn of(segments: &'a Segments) -> Self {
        Self { segments }
    }

    /// The events from position `from` to `until`, as many as `limits` allow.
    pub(super) fn read_page(
        &self,
        from: Position,
        limits: PageLimits,
        until: Position,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let (mut next, mut room) = (from.max(Position::new(1)), PageRoom::new(limits));
        let mut events = self.segments.recent.read(next, until, &mut room);
        while !room.is_full() {
            if let Some(last) = events.last() {
                next = last.position().next();
            }
            if next > until {
                break;
            }
            let before = events.len();
            let start = self.start_of(next)?;
            read_run(&start, self.segments.salt, next, until.min(start.last), &mut room, &mut events)?;
            let went_on = events.len() > before || room.is_full();
            assert!(went_on, "a run that begins at a durable event holds at least that one");
        }
        Ok(events)
    }

    /// Whether `from` can be read without the disk.
    pub(super) fn holds(&self, from: Position) -> bool {
        !self.segments.recent.read(from, from, &mut PageRoom::new(PageLimits::events(1))).is_empty()
    }

    fn start_of(&self, position: Position) -> Result<Start, LogError> {
        let sealed = {
            let shelf = self.segments.shelf();
            if let Some(offset) = shelf.active.offset_of(position) {
                let segment = Arc::clone(&shelf.segment);
                let last = Position::new(shelf.active.next().get() - 1);
                return Ok(Start { segment, offset: offset as usize, position, last });
            }
            Arc::clone(&shelf.sealed)
        };
        let after = sealed.partition_point(|sealed| sealed.extent.first <= position);
        let sealed = after.checked_sub(1).map(|index| &sealed[index]);
        let start = sealed.and_then(|sealed| {
            let index = usize::try_from(position.get() - sealed.extent.first.get()).ok()?;
            let (index, offset) = match &sealed.lookup {
                Lookup::Memory(active) => (index, active.offset_of(position)?),
                Lookup::File(file) => file.sample_before(index)?,
            };
            Some(Start {
                segment: Arc::clone(&sealed.segment),
                offset: offset as usize,
                position: sealed.extent.first.plus(index as u64),
                last: sealed.last(),
            })
        });
        start.ok_or_else(|| LogError::Damaged {
            place: self.segments.disk.place(),
            detail: format!("no segment holds position {position}"),
        })
    }

    /// Up to `limit` events of `stream` from version `from`, as far as position `until`.
    pub(super) fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
        until: Position,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let from = from.max(Version::new(1));
        let mut events = Vec::new();
        for stretch in self.stretches(stream, from, limit, until)?.into_iter().rev() {
            let left = limit - events.len();
            if left == 0 {
                break;
            }
            match stretch {
                Stretch::KnownStream { segment, offsets } => {
                    self.read_at(&segment, offsets.into_iter().take(left), &mut events)?;
                }
                Stretch::Indexed { sealed, postings } => {
                    events.extend(self.segments.ask(&sealed, |sealed| {
                        self.read_stretch(sealed, stream, &postings, from, left, until)
                    })?);
                }
            }
        }
        Ok(events)
    }

    /// The version of `stream` up to position `until`.
    pub(super) fn version_of(&self, stream: &StreamId, until: Position) -> Result<Version, LogError> {
        self.segments.version_of(stream, until)
    }

    /// What [`Self::read_stream`] answers, where it can be told without the disk.
    pub(super) fn stream_in_memory(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
        until: Position,
    ) -> Option<Vec<RecordedEvent>> {
        let from = from.max(Version::new(1));
        let (ordinal, offsets) = {
            let shelf = self.segments.shelf();
            match shelf.active.stream_offsets(stream.as_str(), from, limit, until) {
                Some((first, offsets)) if first <= from => (shelf.segment.ordinal, offsets),
                Some(_) => return None,
                None => {
                    let sealed = Arc::clone(&shelf.sealed);
                    drop(shelf);
                    return is_nowhere(&sealed, stream).then(Vec::new);
                }
            }
        };
        let events = offsets.into_iter().map(|offset| self.segments.recent.at(ordinal, offset as usize));
        events.collect()
    }

    /// The version of `stream` up to position `until`, where it can be told without the disk.
    pub(super) fn version_in_memory(&self, stream: &StreamId, until: Position) -> Option<Version> {
        let sealed = {
            let shelf = self.segments.shelf();
            if let Some(version) = shelf.active.version_of(stream.as_str(), until) {
                return Some(version);
            }
            Arc::clone(&shelf.sealed)
        };
        is_nowhere(&sealed, stream).then_some(Version::ZERO)
    }

    /// The event with this id, or that there is none, where it can be told without the disk.
    pub(super) fn id_in_memory(&self, event_id: Uuid, until: Position) -> Option<Option<RecordedEvent>> {
        let sealed = {
            let shelf = self.segments.shelf();
            if let Some(known) = shelf.active.find(event_id) {
                drop(shelf);
                let mut room = PageRoom::new(PageLimits::events(1));
                if known.position > until {
                    return Some(None);
                }
                return self.segments.recent.read(known.position, until, &mut room).pop().map(Some);
            }
            Arc::clone(&shelf.sealed)
        };
        Segments::holders_of_id(&sealed, id_hash(event_id)).next().is_none().then_some(None)
    }

    /// The segments that hold events of `stream` from version `from`, newest first.
    fn stretches(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
        until: Position,
    ) -> Result<Vec<Stretch>, LogError> {
        let mut stretches = Vec::new();
        let sealed = {
            let shelf = self.segments.shelf();
            if let Some((first, offsets)) = shelf.active.stream_offsets(stream.as_str(), from, limit, until) {
                stretches.push(Stretch::KnownStream { segment: Arc::clone(&shelf.segment), offsets });
                if first <= from {
                    return Ok(stretches);
                }
            }
            Arc::clone(&shelf.sealed)
        };
        let hash = stable_hash(stream.as_str().as_bytes());
        for sealed in Segments::holders_of_stream(&sealed, hash) {
            let found = self.segments.ask(sealed, |asked| match &asked.lookup {
                Lookup::Memory(active) => {
                    let found = active.stream_offsets(stream.as_str(), from, limit, until);
                    Ok(found.map(|(first, offsets)| {
                        (first, Stretch::KnownStream { segment: Arc::clone(&asked.segment), offsets })
                    }))
                }
                Lookup::File(index) => Ok(stream_in(asked, index, stream, hash)?.map(|postings| {
                    let first = postings.first_version;
                    (first, Stretch::Indexed { sealed: Arc::clone(sealed), postings })
                })),
            })?;
            if let Some((first, stretch)) = found {
                stretches.push(stretch);
                if first <= from {
                    break;
                }
            }
        }
        Ok(stretches)
    }

    fn read_stretch(
        &self,
        sealed: &Sealed,
        stream: &StreamId,
        postings: &Postings,
        from: Version,
        limit: usize,
        until: Position,
    ) -> Result<Vec<RecordedEvent>, Unanswered> {
        let mut events = Vec::new();
        let first = postings.first_version.max(from);
        let offsets = match &sealed.lookup {
            Lookup::File(index) => {
                let skip = first.get() - postings.first_version.get();
                index.offsets(postings, u32::try_from(skip).unwrap_or(u32::MAX), limit)?
            }
            Lookup::Memory(active) => {
                active.stream_offsets(stream.as_str(), from, limit, until).unwrap_or_default().1
            }
        };
        self.read_at(&sealed.segment, offsets.into_iter(), &mut events)
            .map_err(|_| Unanswered::Index(io::ErrorKind::InvalidData.into()))?;
        let wrong = events
            .iter()
            .zip(0..)
            .any(|(event, n)| event.stream() != stream.as_str() || event.version() != first.plus(n));
        if wrong { Err(Unanswered::Index(io::ErrorKind::InvalidData.into())) } else { Ok(events) }
    }

    fn read_at(
        &self,
        segment: &Segment,
        offsets: impl Iterator<Item = u32>,
        events: &mut Vec<RecordedEvent>,
    ) -> Result<(), LogError> {
        let mut window = Window::for_single_events(segment);
        for offset in offsets {
            let offset = offset as usize;
            events.push(match self.segments.recent.at(segment.ordinal, offset) {
                Some(event) => event,
                None => window.event(offset)?,
            });
        }
        Ok(())
    }

    /// The event with this id, if it stands at or before `until`.
    pub(super) fn find(&self, event_id: Uuid, until: Position) -> Result<Option<RecordedEvent>, LogError> {
        let sealed = {
            let shelf = self.segments.shelf();
            if let Some(known) = shelf.active.find(event_id) {
                drop(shelf);
                return Ok(self.read_page(known.position, PageLimits::events(1), until)?.pop());
            }
            Arc::clone(&shelf.sealed)
        };
        let hash = id_hash(event_id);
        for sealed in Segments::holders_of_id(&sealed, hash) {
            let found = self.segments.ask(sealed, |sealed| match &sealed.lookup {
                Lookup::Memory(active) => Ok(match active.find(event_id) {
                    Some(known) => self.read_page(known.position, PageLimits::events(1), until)?.pop(),
                    None => None,
                }),
                Lookup::File(index) => event_in(sealed, index, event_id, hash),
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// Whether certainly no full segment has an event of `stream`.
fn is_nowhere(sealed: &[Arc<Sealed>], stream: &StreamId) -> bool {
    let hash = stable_hash(stream.as_str().as_bytes());
    Segments::holders_of_stream(sealed, hash).next().is_none()
}

/// Reads events `from..=until` of one segment, beginning at or before `from`, while there is
/// `room`.
fn read_run(
    start: &Start,
    salt: u64,
    from: Position,
    until: Position,
    room: &mut PageRoom,
    events: &mut Vec<RecordedEvent>,
) -> Result<(), LogError> {
    let wanted = usize::try_from(until.get() - start.position.get() + 1).unwrap_or(usize::MAX);
    let skipped = usize::try_from(from.get() - start.position.get()).unwrap_or(usize::MAX);
    let wanted = wanted.min(room.events_left().saturating_add(skipped));
    events.reserve(wanted.min(1 << 16));
    let mut window = Window::new(&start.segment, wanted.saturating_mul(GUESS_BYTES).clamp(4096, RUN_BYTES));
    let (mut offset, mut next) = (start.offset, start.position);
    while next <= until && !room.is_full() {
        let head = window.slice(offset, BATCH_HEADER)?;
        if head.len() >= 4 && Kind::of(u32_at(&head, 0)).is_some() {
            let sound = BatchHeader::decode(&head).filter(|h| h.salt == salt && h.first == next);
            if sound.is_none() {
                return Err(start.segment.damaged(offset, "a batch's head is not what was written"));
            }
            offset += BATCH_HEADER;
            continue;
        }
        let event = window.event(offset)?;
        if event.position() != next {
            return Err(start.segment.damaged(offset, "an event is out of sequence"));
        }
        offset += frame_len(event.as_bytes().len());
        if next >= from {
            if !room.admit(event.as_bytes().len()) {
                break;
            }
            events.push(event);
        }
        next = next.next();
    }
    Ok(())
}
