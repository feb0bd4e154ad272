//! All segments of a log with their indexes: where is this event, what version has that stream?
//!
//! The writer adds to it as it gives out positions; readers pass the last durable position and see
//! nothing beyond. Locks are held for lookups in memory only, never while a file is read.

use super::{
    active::{Active, KnownStream, stable_hash},
    disk::{Disk, unavailable},
    index_file::{self, Extent, IndexFile, Postings, id_hash},
    recent::Recent,
    scan::{FIRST_BATCH, scan},
    segment::{Segment, Window},
};
use crate::{LogError, Position, RecordedEvent, StreamId, Version};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::{io, sync::Arc};
use uuid::Uuid;

pub(super) struct Segments {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) salt: u64,
    /// Whether index files may be written.
    writable: bool,
    pub(super) recent: Recent,
    shelf: RwLock<Shelf>,
}

pub(super) struct Shelf {
    /// Full segments, oldest first.
    pub(super) sealed: Arc<Vec<Arc<Sealed>>>,
    pub(super) active: Active,
    pub(super) segment: Arc<Segment>,
}

/// A segment nothing is added to.
pub(super) struct Sealed {
    pub(super) segment: Arc<Segment>,
    pub(super) extent: Extent,
    pub(super) lookup: Lookup,
}

pub(super) enum Lookup {
    Memory(Active),
    File(IndexFile),
}

impl Sealed {
    pub(super) fn last(&self) -> Position {
        self.extent.first.plus(u64::from(self.extent.events).saturating_sub(1))
    }

    /// False: it certainly has no event whose id has this hash. One cache line; most questions end here.
    fn may_hold_id(&self, hash: u64) -> bool {
        match &self.lookup {
            Lookup::Memory(_) => true,
            Lookup::File(index) => index.may_hold_id(hash),
        }
    }

    /// The same for a stream's name.
    fn may_hold_stream(&self, hash: u64) -> bool {
        match &self.lookup {
            Lookup::Memory(_) => true,
            Lookup::File(index) => index.may_hold_stream(hash),
        }
    }

    pub(super) fn in_memory(segment: Arc<Segment>, active: Active, end: usize) -> Self {
        let extent = Extent {
            first: active.first(),
            events: super::format::narrow(active.len()),
            end: super::format::narrow(end),
            last_recorded_at_ns: active.last_recorded_at_ns().unwrap_or_default(),
        };
        Self { segment, extent, lookup: Lookup::Memory(active) }
    }

    pub(super) fn from_file(segment: Arc<Segment>, index: IndexFile) -> Self {
        Self { segment, extent: index.extent, lookup: Lookup::File(index) }
    }
}

impl Segments {
    pub(super) fn new(disk: Arc<dyn Disk>, salt: u64, recent_bytes: usize, shelf: Shelf) -> Self {
        let (recent, shelf) = (Recent::new(recent_bytes), RwLock::new(shelf));
        Self { disk, salt, writable: true, recent, shelf }
    }

    /// The same for someone who must not write to the disk.
    pub(super) fn read_only(disk: Arc<dyn Disk>, salt: u64, shelf: Shelf) -> Self {
        Self { writable: false, ..Self::new(disk, salt, 0, shelf) }
    }

    pub(super) fn shelf(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read()
    }

    pub(super) fn shelf_mut(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.shelf.write()
    }

    /// Declares the active segment full, its seal ending at `end`; `segment` goes on.
    pub(super) fn roll(&self, end: usize, segment: Arc<Segment>) {
        let mut shelf = self.shelf.write();
        let next = shelf.active.next();
        let full = std::mem::replace(&mut shelf.active, Active::new(next));
        let full_segment = std::mem::replace(&mut shelf.segment, segment);
        Arc::make_mut(&mut shelf.sealed).push(Arc::new(Sealed::in_memory(full_segment, full, end)));
    }

    /// Writes the index of the full segment `ordinal` and lets go of the one in memory.
    pub(super) fn write_index(&self, ordinal: u64) -> io::Result<()> {
        let sealed = Arc::clone(&self.shelf().sealed);
        let Some(full) = sealed.iter().find(|sealed| sealed.segment.ordinal == ordinal) else {
            return Ok(());
        };
        let Lookup::Memory(active) = &full.lookup else { return Ok(()) };
        index_file::write(&*self.disk, self.salt, ordinal, active, full.extent.end)?;
        self.reopen(ordinal)
    }

    /// Reads the full segment `ordinal` from the form it has now.
    pub(super) fn reopen(&self, ordinal: u64) -> io::Result<()> {
        let sealed = Arc::clone(&self.shelf().sealed);
        let full = sealed.iter().find(|sealed| sealed.segment.ordinal == ordinal);
        // Without an index file it stays as it is, and still finds the new form.
        if let Some(full) = full
            && let Some(index) = IndexFile::open(&*self.disk, self.salt, ordinal)
        {
            let segment = full.segment.reopen(&*self.disk, false)?;
            self.replace(Arc::new(Sealed::from_file(Arc::new(segment), index)));
        }
        Ok(())
    }

    /// Takes what the writer of this log has made of full segments since they were read: index files instead of
    /// what is held in memory, and compressed forms. The last one it may still be at.
    pub(super) fn let_go_of_old_forms(&self) {
        let sealed = Arc::clone(&self.shelf().sealed);
        for full in sealed.iter().rev().skip(1).filter(|full| matches!(full.lookup, Lookup::Memory(_))) {
            if let Err(e) = self.reopen(full.segment.ordinal) {
                tracing::debug!(segment = full.segment.name, error = %e, "read on as it was");
            }
        }
    }

    fn replace(&self, newer: Arc<Sealed>) {
        let mut shelf = self.shelf.write();
        let sealed = Arc::make_mut(&mut shelf.sealed);
        if let Some(slot) = sealed.iter_mut().find(|s| s.segment.ordinal == newer.segment.ordinal) {
            *slot = newer;
        }
    }

    /// Asks the index of `sealed`; if it turns out to be damaged, makes it anew and asks again. Reading a whole segment is not the
    /// answer to a disk that fails for a moment, or to a system without a free file.
    pub(super) fn ask<T>(
        &self,
        sealed: &Arc<Sealed>,
        question: impl Fn(&Sealed) -> Result<T, Unanswered>,
    ) -> Result<T, LogError> {
        match question(sealed) {
            Ok(answer) => Ok(answer),
            Err(Unanswered::Log(e)) => Err(e),
            Err(Unanswered::Index(failed)) if !is_damage(&failed) => {
                question(sealed).map_err(|again| match again {
                    Unanswered::Log(e) => e,
                    Unanswered::Index(e) => {
                        unavailable(&format!("looking up events of {}", sealed.segment.name), &e)
                    }
                })
            }
            Err(Unanswered::Index(first)) => {
                tracing::warn!(segment = sealed.segment.name, error = %first, "making a damaged index anew");
                let rebuilt = self.rebuild(sealed)?;
                question(&rebuilt).map_err(|again| match again {
                    Unanswered::Log(e) => e,
                    Unanswered::Index(e) => {
                        unavailable(&format!("looking up events of {}", sealed.segment.name), &e)
                    }
                })
            }
        }
    }

    fn rebuild(&self, sealed: &Arc<Sealed>) -> Result<Arc<Sealed>, LogError> {
        let active = self.index_of(&sealed.segment, sealed.extent.first)?;
        let end = sealed.extent.end as usize;
        let rebuilt = Arc::new(Sealed::in_memory(Arc::clone(&sealed.segment), active, end));
        self.replace(Arc::clone(&rebuilt));
        if self.writable
            && let Err(e) = self.write_index(sealed.segment.ordinal)
        {
            tracing::warn!(segment = sealed.segment.name, error = %e, "its index stays in memory");
        }
        Ok(rebuilt)
    }

    fn index_of(&self, segment: &Segment, first: Position) -> Result<Active, LogError> {
        let mut active = Active::new(first);
        let scanned = scan(segment, self.salt, FIRST_BATCH, first, |offset, event| {
            active.push_recorded(offset, &event);
            Ok(())
        })?;
        if scanned.sealed { Ok(active) } else { Err(segment.damaged(scanned.end, scanned.stopped_by)) }
    }

    /// Whether none of these ids is in the log; cheap, and false now and then although none is.
    pub(super) fn certainly_new(&self, mut event_ids: impl Iterator<Item = Uuid>) -> bool {
        let shelf = self.shelf();
        event_ids.all(|event_id| {
            let hash = id_hash(event_id);
            !shelf.active.has(event_id)
                && shelf.sealed.iter().all(|sealed| match &sealed.lookup {
                    Lookup::Memory(active) => !active.has(event_id),
                    Lookup::File(index) => !index.may_hold_id(hash),
                })
        })
    }

    /// The full segments that may hold an event whose id has this hash, newest first.
    pub(super) fn holders_of_id(sealed: &[Arc<Sealed>], hash: u64) -> impl Iterator<Item = &Arc<Sealed>> {
        sealed.iter().rev().filter(move |sealed| sealed.may_hold_id(hash))
    }

    /// The same for a stream's name.
    pub(super) fn holders_of_stream(sealed: &[Arc<Sealed>], hash: u64) -> impl Iterator<Item = &Arc<Sealed>> {
        sealed.iter().rev().filter(move |sealed| sealed.may_hold_stream(hash))
    }

    /// What is known of an event, durable or not.
    pub(super) fn known(&self, event_id: Uuid) -> Result<Option<KnownStream>, LogError> {
        let sealed = {
            let shelf = self.shelf();
            if let Some(known) = shelf.active.find(event_id) {
                return Ok(Some(known));
            }
            Arc::clone(&shelf.sealed)
        };
        let hash = id_hash(event_id);
        for sealed in Self::holders_of_id(&sealed, hash) {
            let known = self.ask(sealed, |sealed| match &sealed.lookup {
                Lookup::Memory(active) => Ok(active.find(event_id)),
                Lookup::File(index) => {
                    Ok(event_in(sealed, index, event_id, hash)?.map(|event| KnownStream {
                        position: event.position(),
                        version: event.version(),
                        stream: event.stream_id(),
                        recorded_at_ns: event.recorded_at_ns(),
                    }))
                }
            })?;
            if known.is_some() {
                return Ok(known);
            }
        }
        Ok(None)
    }

    /// The version of `stream` up to position `until`.
    pub(super) fn version_of(&self, stream: &StreamId, until: Position) -> Result<Version, LogError> {
        let sealed = {
            let shelf = self.shelf();
            if let Some(version) = shelf.active.version_of(stream.as_str(), until) {
                return Ok(version);
            }
            Arc::clone(&shelf.sealed)
        };
        let hash = stable_hash(stream.as_str().as_bytes());
        for sealed in Self::holders_of_stream(&sealed, hash) {
            let version = self.ask(sealed, |sealed| match &sealed.lookup {
                Lookup::Memory(active) => Ok(active.version_of(stream.as_str(), until)),
                Lookup::File(index) => Ok(stream_in(sealed, index, stream, hash)?
                    .map(|found| Version::new(found.first_version.get() + u64::from(found.events) - 1))),
            })?;
            if let Some(version) = version {
                return Ok(version);
            }
        }
        Ok(Version::ZERO)
    }
}

/// Whether a file is not what was written; else it could not be read, which may pass.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    matches!(error.kind(), InvalidData | NotFound | UnexpectedEof)
}

/// Why an index gave no answer.
pub(super) enum Unanswered {
    /// The index cannot be read or is wrong; it can be made anew.
    Index(io::Error),
    /// The log itself cannot be read.
    Log(LogError),
}

impl From<io::Error> for Unanswered {
    fn from(error: io::Error) -> Self {
        Self::Index(error)
    }
}

impl From<LogError> for Unanswered {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

/// The event with this id in a full segment. The index knows hashes only, so the event itself is asked.
pub(super) fn event_in(
    sealed: &Sealed,
    index: &IndexFile,
    event_id: Uuid,
    hash: u64,
) -> Result<Option<RecordedEvent>, Unanswered> {
    let mut window = Window::for_single_events(&sealed.segment);
    for offset in index.find(hash)? {
        let event = window.event(offset as usize)?;
        if event.event_id() == event_id {
            return Ok(Some(event));
        }
    }
    Ok(None)
}

/// What the index of a full segment has of `stream`.
pub(super) fn stream_in(
    sealed: &Sealed,
    index: &IndexFile,
    stream: &StreamId,
    hash: u64,
) -> Result<Option<Postings>, Unanswered> {
    let mut window = Window::for_single_events(&sealed.segment);
    for candidate in index.streams(hash)? {
        let Some(offset) = index.offsets(&candidate, 0, 1)?.pop() else { continue };
        // Postings carry no checksum of their own; a wrong one leads to a wrong event or to none.
        let event =
            window.frame(offset as usize)?.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        if event.stream() == stream.as_str() {
            if event.version() != candidate.first_version {
                return Err(Unanswered::Index(io::ErrorKind::InvalidData.into()));
            }
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}
