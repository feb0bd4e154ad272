//! One segment file: its name, how it is prepared, how bytes are read from it.
//!
//! Knows headers and frames, but not which segment is the last or what is durable.

use super::{
    disk::{Disk, DiskFile, unavailable},
    format::{
        BadHeader, FRAME_HEADER, LogId, SEGMENT_FORMAT, SEGMENT_HEADER, SegmentHeader, decode_frame, u32_at,
    },
};
use crate::{LogError, RecordedEvent};
use bytes::Bytes;
use std::{io, sync::Arc};

/// Ends the names of files that are not ready; they are removed at the next start.
pub(super) const PREPARING: &str = ".preparing";
static ZEROS: [u8; 1 << 20] = [0; 1 << 20];
const SYNC_EVERY_BYTES: usize = 16 << 20;
/// What one read takes when a single event is wanted: most events are smaller.
const ONE_EVENT_BYTES: usize = 4 << 10;

/// An open segment.
pub(super) struct Segment {
    pub(super) ordinal: u64,
    pub(super) name: String,
    /// The size it was prepared with.
    pub(super) size: usize,
    pub(super) file: Arc<dyn DiskFile>,
}

pub(super) fn segment_name(ordinal: u64) -> String {
    format!("{ordinal:010}.segment")
}

/// The ordinal in a segment's name, or none if it names something else.
pub(super) fn ordinal_of(name: &str) -> Option<u64> {
    let ordinal = name.strip_suffix(".segment")?.parse().ok()?;
    (segment_name(ordinal) == name).then_some(ordinal)
}

/// Writes `length` zeros from `offset`.
pub(super) fn write_zeros(file: &dyn DiskFile, offset: u64, length: u64) -> io::Result<()> {
    let end = offset + length;
    let mut at = offset;
    while at < end {
        let piece = ZEROS.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
        file.write_at(&ZEROS[..piece], at)?;
        at += piece as u64;
    }
    Ok(())
}

impl Segment {
    /// Makes a segment of zeros that is durable under its name before anyone writes to it, so that
    /// appending later needs no room and changes no metadata.
    pub(super) fn prepare(disk: &dyn Disk, log: LogId, ordinal: u64, size: usize) -> io::Result<Self> {
        let name = segment_name(ordinal);
        let unready = format!("{name}{PREPARING}");
        let prepared = (|| {
            let file = disk.create(&unready)?;
            let header = SegmentHeader { log, ordinal, size: size as u64 }.encode();
            file.write_at(&header, 0)?;
            // Synced piece by piece: appends going on meanwhile then wait behind a short queue at the
            // disk, not behind a whole segment.
            for start in (SEGMENT_HEADER..size).step_by(SYNC_EVERY_BYTES) {
                write_zeros(&*file, start as u64, SYNC_EVERY_BYTES.min(size - start) as u64)?;
                file.sync()?;
            }
            disk.rename(&unready, &name)?;
            disk.sync_names()?;
            Ok(file)
        })();
        match prepared {
            Ok(file) => Ok(Self { ordinal, name, size, file }),
            Err(e) => {
                // Gives the room back; if even that fails, the next start removes it.
                let _ = disk.remove(&unready);
                Err(e)
            }
        }
    }

    /// The same segment, opened anew for writing or for reading only.
    pub(super) fn reopen(&self, disk: &dyn Disk, writable: bool) -> io::Result<Self> {
        let file = disk.open(&self.name, writable)?;
        Ok(Self { ordinal: self.ordinal, name: self.name.clone(), size: self.size, file })
    }

    /// Opens a segment of the log `log` for reading.
    pub(super) fn open(disk: &dyn Disk, log: LogId, ordinal: u64) -> Result<Self, LogError> {
        let name = segment_name(ordinal);
        let failed = |e: io::Error| {
            failure(&format!("{}/{name}", disk.place()), &format!("opening {name} in {}", disk.place()), &e)
        };
        let damaged = |detail: &str| LogError::Damaged {
            place: format!("{}/{name} at byte 0", disk.place()),
            detail: detail.to_owned(),
        };
        let file = disk.open(&name, false).map_err(failed)?;
        let mut head = [0; SEGMENT_HEADER];
        let read = file.read_at(&mut head, 0).map_err(failed)?;
        let header = SegmentHeader::decode(&head[..read]).map_err(|bad| match bad {
            BadHeader::Newer(found) => {
                LogError::NewerFormat { path: disk.place(), found, supported: SEGMENT_FORMAT }
            }
            BadHeader::Damaged(detail) => damaged(detail),
        })?;
        if header.log != log {
            return Err(damaged("this segment belongs to another log"));
        }
        if header.ordinal != ordinal {
            return Err(damaged("this segment stands under the name of another"));
        }
        let size = usize::try_from(header.size).ok().filter(|size| u32::try_from(*size).is_ok());
        let size = size.ok_or_else(|| damaged("its size is impossible"))?;
        Ok(Self { ordinal, name, size, file })
    }

    /// Whether the file is still the one that stands under its name: else what is written to it is lost with the program.
    pub(super) fn expect_in_place(&self, disk: &dyn Disk) -> io::Result<()> {
        let named = disk.identity(&self.name).map_err(|e| gone(disk, &self.name, &e.to_string()))?;
        match (named, self.file.identity()?) {
            (Some(named), Some(open)) if named != open => {
                Err(gone(disk, &self.name, "another file has its name"))
            }
            _ => Ok(()),
        }
    }

    /// The error for bytes at `offset` that are not what was written.
    pub(super) fn damaged(&self, offset: usize, detail: &str) -> LogError {
        LogError::Damaged { place: format!("{} at byte {offset}", self.name), detail: detail.to_owned() }
    }

    pub(super) fn unreadable(&self, error: &io::Error) -> LogError {
        failure(&self.name, &format!("reading {}", self.name), error)
    }
}

fn gone(disk: &dyn Disk, name: &str, detail: &str) -> io::Error {
    io::Error::other(format!(
        "{}/{name} was removed or replaced while the log was open ({detail})",
        disk.place()
    ))
}

/// The error for a file at `place` that failed while `operation` was attempted: what it holds, or what is around it.
fn failure(place: &str, operation: &str, error: &io::Error) -> LogError {
    match error.kind() {
        io::ErrorKind::InvalidData => {
            LogError::Damaged { place: place.to_owned(), detail: error.to_string() }
        }
        _ => unavailable(operation, error),
    }
}

/// Reads a segment through a window, so that neighbouring events cost one read. Events handed out
/// share the window's memory.
pub(super) struct Window<'a> {
    segment: &'a Segment,
    bytes: Bytes,
    start: usize,
    read_bytes: usize,
}

impl<'a> Window<'a> {
    /// Reads at least `read_bytes` at a time.
    pub(super) fn new(segment: &'a Segment, read_bytes: usize) -> Self {
        Self { segment, bytes: Bytes::new(), start: 0, read_bytes }
    }

    pub(super) fn for_single_events(segment: &'a Segment) -> Self {
        Self::new(segment, ONE_EVENT_BYTES)
    }

    /// The bytes at `offset`; fewer than `length` where the file ends.
    pub(super) fn slice(&mut self, offset: usize, length: usize) -> Result<Bytes, LogError> {
        let held = offset >= self.start && offset + length <= self.start + self.bytes.len();
        if !held {
            let left = self.segment.size.saturating_sub(offset);
            let bytes = match self.read(offset, length.max(self.read_bytes).min(left)) {
                // What is damaged may lie behind what is asked for.
                Err(e) if e.kind() == io::ErrorKind::InvalidData => self.read(offset, length.min(left)),
                read => read,
            };
            let bytes = bytes.map_err(|e| self.segment.unreadable(&e))?;
            (self.bytes, self.start) = (Bytes::from(bytes), offset);
        }
        let from = offset - self.start;
        Ok(self.bytes.slice(from..self.bytes.len().min(from + length)))
    }

    fn read(&self, offset: usize, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read = self.segment.file.read_at(&mut bytes, offset as u64)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// The event whose frame is at `offset`.
    pub(super) fn event(&mut self, offset: usize) -> Result<RecordedEvent, LogError> {
        self.frame(offset)?.map_err(|detail| self.segment.damaged(offset, detail))
    }

    /// The same, with bad bytes as a value.
    pub(super) fn frame(&mut self, offset: usize) -> Result<Result<RecordedEvent, &'static str>, LogError> {
        let head = self.slice(offset, FRAME_HEADER)?;
        if head.len() < FRAME_HEADER {
            return Ok(Err("a frame is cut short"));
        }
        let length = u32_at(&head, 0) as usize;
        if length > self.segment.size {
            return Ok(Err("a frame's length is absurd"));
        }
        Ok(decode_frame(&self.slice(offset, FRAME_HEADER + length)?))
    }
}
