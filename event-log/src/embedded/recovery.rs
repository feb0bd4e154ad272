//! Opening what an earlier run left: which segments are full, where the last one ends.
//!
//! Full segments are taken at the word of their index files; only the last segment is read. Nothing is
//! changed before everything has been looked at.

use super::{
    active::Active,
    disk::{Disk, unavailable},
    format::LogId,
    index_file::IndexFile,
    scan::{FIRST_BATCH, Scanned, scan, tail_end},
    segment::{PREPARING, Segment, ordinal_of, segment_name, write_zeros},
    segments::{Sealed, Shelf},
};
use crate::{LogError, Position};
use std::{io, sync::Arc};

/// The zeros that end a segment's head: so a search that begins behind them sees the first batch.
const BEFORE_FIRST: usize = FIRST_BATCH - 8;

/// A log as it was found.
pub(super) struct Found {
    pub(super) shelf: Shelf,
    pub(super) scanned: Scanned,
    /// An empty segment prepared for later.
    pub(super) spare: Option<Arc<Segment>>,
    /// Segments that are full but have no index file.
    pub(super) unindexed: Vec<u64>,
    pub(super) last_recorded_at_ns: i64,
    /// Where the torn tail behind the last batch ends.
    dirty_end: usize,
}

/// Looks at all segments. Changes nothing.
pub(super) fn look(disk: &dyn Disk, log: LogId) -> Result<Found, LogError> {
    let segments = open_all(disk, log)?;
    let mut sealed: Vec<Arc<Sealed>> = Vec::new();
    let mut unindexed = Vec::new();
    let mut last_recorded_at_ns = 0;
    let mut rest = segments.into_iter();
    while let Some(segment) = rest.next() {
        let first = sealed.last().map_or(Position::new(1), |sealed| sealed.last().next());
        if let Some(full) = indexed(disk, log, &segment, first)? {
            last_recorded_at_ns = full.extent.last_recorded_at_ns;
            sealed.push(Arc::new(full));
            continue;
        }
        let mut active = Active::new(first);
        let scanned = scan(&segment, log.salt(), FIRST_BATCH, first, |offset, event| {
            check_version(&segment, &active, offset, &event)?;
            active.push_recorded(offset, &event);
            Ok(())
        })?;
        last_recorded_at_ns = active.last_recorded_at_ns().unwrap_or(last_recorded_at_ns);
        if scanned.sealed {
            unindexed.push(segment.ordinal);
            sealed.push(Arc::new(Sealed::in_memory(segment, active, scanned.end)));
            continue;
        }
        let dirty_end = tail_end(&segment, log.salt(), scanned.end, scanned.next, scanned.stopped_by)?;
        let spare = rest.next();
        check_unused(log, spare.iter().chain(rest.as_slice()), &segment, &scanned)?;
        let shelf = Shelf { sealed: Arc::new(sealed), active, segment };
        return Ok(Found { shelf, scanned, spare, unindexed, last_recorded_at_ns, dirty_end });
    }
    Err(LogError::Damaged {
        place: format!("{}/{}", disk.place(), segment_name(sealed.len() as u64 + 1)),
        detail: "the segment that events would be added to is missing".to_owned(),
    })
}

fn open_all(disk: &dyn Disk, log: LogId) -> Result<Vec<Arc<Segment>>, LogError> {
    let names = disk.list().map_err(|e| unavailable(&format!("reading {}", disk.place()), &e))?;
    let mut ordinals: Vec<u64> = names.iter().filter_map(|name| ordinal_of(name)).collect();
    ordinals.sort_unstable();
    let mut segments = Vec::with_capacity(ordinals.len());
    for (ordinal, expected) in ordinals.into_iter().zip(1..) {
        if ordinal != expected {
            return Err(LogError::Damaged {
                place: format!("{}/{}", disk.place(), segment_name(expected)),
                detail: "this segment is missing, while later ones are there".to_owned(),
            });
        }
        segments.push(Arc::new(Segment::open(disk, log, ordinal)?));
    }
    Ok(segments)
}

/// The segment as its index file describes it, if it has one that fits.
fn indexed(
    disk: &dyn Disk,
    log: LogId,
    segment: &Arc<Segment>,
    first: Position,
) -> Result<Option<Sealed>, LogError> {
    let Some(index) = IndexFile::open(disk, log.salt(), segment.ordinal) else { return Ok(None) };
    if index.extent.first != first {
        return Ok(None);
    }
    let size = segment.file.size().map_err(|e| segment.unreadable(&e))?;
    if size < u64::from(index.extent.end) {
        let detail = format!("the file ends here, but its events go on to byte {}", index.extent.end);
        return Err(segment.damaged(usize::try_from(size).unwrap_or(usize::MAX), &detail));
    }
    Ok(Some(Sealed::from_file(Arc::clone(segment), index)))
}

/// Within a segment versions go on where they stopped; a gap cannot come from a torn write.
fn check_version(
    segment: &Segment,
    active: &Active,
    offset: u32,
    event: &crate::RecordedEvent,
) -> Result<(), LogError> {
    match active.next_version_in(event.stream()) {
        Some(expected) if expected != event.version().get() => {
            let detail = format!("{event:?} has not the version {expected} that comes next");
            Err(segment.damaged(offset as usize, &detail))
        }
        _ => Ok(()),
    }
}

/// Nothing may be written behind the last segment: if there is, then what ends that one is damage.
fn check_unused<'a>(
    log: LogId,
    later: impl Iterator<Item = &'a Arc<Segment>>,
    last: &Segment,
    scanned: &Scanned,
) -> Result<(), LogError> {
    for segment in later {
        let unused = tail_end(segment, log.salt(), BEFORE_FIRST, Position::ZERO, "");
        unused.map_err(|error| match error {
            LogError::Damaged { .. } => {
                let detail = format!("{}, yet {} has events", scanned.stopped_by, segment.name);
                last.damaged(scanned.end, &detail)
            }
            other => other,
        })?;
    }
    Ok(())
}

impl Found {
    /// Makes the last segment fit to go on with: cuts the torn tail, restores the prepared size, and
    /// writes the last batch once more. It may be in the page cache only, either because the program
    /// was killed before its sync or because that sync failed; a sync alone would not tell.
    pub(super) fn repair(&mut self, disk: &dyn Disk, log: LogId) -> Result<(), LogError> {
        let name = self.shelf.segment.name.clone();
        let failed = |e: io::Error| unavailable(&format!("recovering {name}"), &e);
        self.shelf.segment = Arc::new(self.shelf.segment.reopen(disk, true).map_err(failed)?);
        if let Some(spare) = &mut self.spare {
            *spare = Arc::new(spare.reopen(disk, true).map_err(failed)?);
        }
        let segment = &self.shelf.segment;
        let (end, dirty_end) = (self.scanned.end, self.dirty_end);
        if dirty_end > end {
            tracing::warn!(
                segment = segment.name,
                from = end,
                to = dirty_end,
                reason = self.scanned.stopped_by,
                "cutting a torn tail that was never acknowledged"
            );
            write_zeros(&*segment.file, end as u64, (dirty_end - end) as u64).map_err(failed)?;
        }
        let size = segment.file.size().map_err(failed)?;
        if let Some(missing) = (segment.size as u64).checked_sub(size).filter(|missing| *missing > 0) {
            write_zeros(&*segment.file, size, missing).map_err(failed)?;
        }
        if let Some(part) = &self.scanned.last_part {
            let mut bytes = vec![0; part.len()];
            segment.file.read_at(&mut bytes, part.start as u64).map_err(failed)?;
            segment.file.write_at(&bytes, part.start as u64).map_err(failed)?;
        }
        segment.file.sync().map_err(failed)?;
        if let Some(spare) = &self.spare {
            clear(spare, log)?;
        }
        let names = disk.list().map_err(failed)?;
        for unready in names.iter().filter(|name| name.ends_with(PREPARING)) {
            disk.remove(unready).map_err(failed)?;
        }
        disk.sync_names().map_err(failed)
    }
}

/// Makes sure that a prepared segment is zeros up to its size.
fn clear(spare: &Segment, log: LogId) -> Result<(), LogError> {
    let dirty_end = tail_end(spare, log.salt(), BEFORE_FIRST, Position::ZERO, "the segment should be empty")?;
    let cleared = spare.file.size().and_then(|size| {
        write_zeros(&*spare.file, FIRST_BATCH as u64, dirty_end.saturating_sub(FIRST_BATCH) as u64)?;
        write_zeros(&*spare.file, size, (spare.size as u64).saturating_sub(size))?;
        if dirty_end > FIRST_BATCH || size < spare.size as u64 { spare.file.sync() } else { Ok(()) }
    });
    cleared.map_err(|e| unavailable(&format!("clearing {}", spare.name), &e))
}
