//! Walks a segment batch by batch and tells a torn tail from damage.
//!
//! Used when a log is opened, when an index is rebuilt, and by readers beside a live writer. Changes
//! nothing on disk.

use super::{
    format::{BATCH_HEADER, BatchHeader, Kind, SEGMENT_HEADER, aligned, frame_len},
    segment::{Segment, Window},
};
use crate::{LogError, Position, RecordedEvent};
use std::ops::Range;

const READ_BYTES: usize = 1 << 20;
const ZEROS: [u8; 4096] = [0; 4096];

/// What stands at one place of a segment.
pub(super) enum Part {
    FrameBatch {
        events: Vec<(u32, RecordedEvent)>,
        end: usize,
    },
    Mark {
        kind: Kind,
        end: usize,
    },
    /// Nothing that counts, and why.
    Nothing(&'static str),
}

/// What a walk through a segment found.
pub(super) struct Scanned {
    /// Where the next batch belongs.
    pub(super) end: usize,
    /// The position after the last event.
    pub(super) next: Position,
    pub(super) sealed: bool,
    /// Where the last batch or mark lies.
    pub(super) last_part: Option<Range<usize>>,
    /// Whether that was a rest: nothing was being written when the program ended.
    pub(super) rested: bool,
    /// Why what stands at `end` does not count.
    pub(super) stopped_by: &'static str,
}

/// The part at `offset`, which counts only if it goes on with position `expected`.
pub(super) fn part_at(
    window: &mut Window<'_>,
    offset: usize,
    expected: Position,
    salt: u64,
) -> Result<Part, LogError> {
    let Some(header) = BatchHeader::decode(&window.slice(offset, BATCH_HEADER)?) else {
        return Ok(Part::Nothing("a batch's head does not match its checksum"));
    };
    if header.salt != salt {
        return Ok(Part::Nothing("a batch belongs to another log"));
    }
    if header.first != expected {
        return Ok(Part::Nothing("a batch is out of sequence"));
    }
    let start = offset + BATCH_HEADER;
    if header.kind != Kind::FrameBatch {
        return Ok(Part::Mark { kind: header.kind, end: start });
    }
    let end = start + header.length as usize;
    let mut events = Vec::with_capacity(header.events as usize);
    let mut at = start;
    while at < end {
        let event = match window.frame(at)? {
            Ok(event) => event,
            Err(detail) => return Ok(Part::Nothing(detail)),
        };
        if event.position() != expected.plus(events.len() as u64) {
            return Ok(Part::Nothing("an event is out of sequence"));
        }
        let next = at + frame_len(event.as_bytes().len());
        events.push((u32::try_from(at).unwrap_or(u32::MAX), event));
        at = next;
    }
    if at != end || events.len() != header.events as usize || events.is_empty() {
        return Ok(Part::Nothing("a batch's frames do not add up"));
    }
    Ok(Part::FrameBatch { events, end })
}

/// Walks `segment` from `offset`, where position `expected` comes next, and shows `visit` every event
/// of every whole batch with the offset of its frame.
pub(super) fn scan(
    segment: &Segment,
    salt: u64,
    offset: usize,
    expected: Position,
    mut visit: impl FnMut(u32, RecordedEvent) -> Result<(), LogError>,
) -> Result<Scanned, LogError> {
    let mut window = Window::new(segment, READ_BYTES);
    let mut found = Scanned {
        end: offset,
        next: expected,
        sealed: false,
        last_part: None,
        rested: false,
        stopped_by: "",
    };
    loop {
        let start = found.end;
        match part_at(&mut window, start, found.next, salt)? {
            Part::FrameBatch { events, end } => {
                found.next = found.next.plus(events.len() as u64);
                for (at, event) in events {
                    visit(at, event)?;
                }
                (found.end, found.last_part, found.rested) = (end, Some(start..end), false);
            }
            Part::Mark { kind, end } => {
                (found.end, found.last_part, found.rested) = (end, Some(start..end), true);
                if kind == Kind::Seal {
                    found.sealed = true;
                    return Ok(found);
                }
            }
            Part::Nothing(detail) => {
                found.stopped_by = detail;
                return Ok(found);
            }
        }
    }
}

/// Where a torn tail beginning at `offset` ends: the offset after its last byte that is not zero.
///
/// # Errors
/// [`LogError::Damaged`] at `offset` if anything sound stands behind it: then `offset` was durable once,
/// since nothing is written before all that precedes it is on disk.
pub(super) fn tail_end(
    segment: &Segment,
    salt: u64,
    offset: usize,
    expected: Position,
    detail: &str,
) -> Result<usize, LogError> {
    let mut window = Window::new(segment, READ_BYTES);
    let mut inspected = Window::new(segment, READ_BYTES);
    let (mut at, mut dirty_end) = (offset, offset);
    loop {
        let page = window.slice(at, ZEROS.len())?;
        if page.is_empty() {
            return Ok(dirty_end);
        }
        if page[..] != ZEROS[..page.len()] {
            let used = page.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            dirty_end = at + used;
            for candidate in (at..at + used).step_by(8).filter(|candidate| *candidate > offset) {
                if sound_part_at(&mut inspected, candidate, salt, expected)? {
                    return Err(segment.damaged(offset, &format!("{detail}, yet sound events follow it")));
                }
            }
        }
        at += page.len();
    }
}

fn sound_part_at(
    window: &mut Window<'_>,
    offset: usize,
    salt: u64,
    expected: Position,
) -> Result<bool, LogError> {
    let head = window.slice(offset, BATCH_HEADER)?;
    let kind = head.get(..4).and_then(|magic| Kind::of(super::format::u32_at(magic, 0)));
    if kind.is_none() {
        return Ok(false);
    }
    match BatchHeader::decode(&head).filter(|header| header.first >= expected) {
        None => Ok(false),
        Some(header) => Ok(!matches!(part_at(window, offset, header.first, salt)?, Part::Nothing(_))),
    }
}

/// Where the first batch of a segment stands.
pub(super) const FIRST_BATCH: usize = aligned(SEGMENT_HEADER);
