//! The bytes of a segment file. Integers are little-endian, everything is aligned to 8 bytes, checksums
//! are CRC-32C.
//!
//! ```text
//! segment   header, then batches and marks, then zeros up to the size it was prepared with
//! header    0  8 "DAYBKSEG" ·  8  4 format ·  12  4 checksum of 16..64 ·  16 16 log id
//!          32  8 ordinal    · 40  8 size   ·  48 16 zero
//! batch     header, then its events' frames
//! header    0  4 kind       ·  4  4 checksum of 8..32  ·  8  8 first position
//!          16  4 length of the frames · 20  4 number of events · 24  8 salt (first half of the log id)
//! frame     0  4 length of the record ·  4  4 checksum of length and record
//!           8  … record (see [`crate::RecordedEvent`]), zeros up to the next multiple of 8
//! ```
//!
//! A batch is what one sync made durable. Its header's checksum and those of all its frames must hold,
//! or none of it counts. A *seal* ends a full segment and a *rest* a run of the program; both are
//! headers without events, written only when everything before them is durable. So a bad batch with
//! anything good behind it is damage, and one with nothing behind it was never acknowledged.
//!
//! In a log of format 1 every segment lies there as it was written. In one of format 2 full segments may
//! be compressed (see [`super::compressed`]); what they decompress to has not changed.

use crate::{Position, RecordedEvent};
use bytes::Bytes;

/// The newest format of a log this program reads, and the one it writes.
pub(super) const FORMAT: u32 = 2;
/// The same for what is in a segment.
pub(super) const SEGMENT_FORMAT: u32 = 1;
pub(super) const SEGMENT_HEADER: usize = 64;
pub(super) const BATCH_HEADER: usize = 32;
pub(super) const FRAME_HEADER: usize = 8;
/// What must stay free behind every batch: room for a rest and a seal.
pub(super) const MARKS: usize = 2 * BATCH_HEADER;

const SEGMENT_MAGIC: &[u8; 8] = b"DAYBKSEG";

pub(super) const fn aligned(bytes: usize) -> usize {
    bytes.next_multiple_of(8)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut out = [0; 4];
    out.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(out)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut out = [0; 8];
    out.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(out)
}

/// A length or offset within a segment; segments are smaller than 4 GiB.
pub(super) fn narrow(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("segments are smaller than 4 GiB")
}

/// Identifies one log; its files carry it, so that files of two logs are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogId(pub(super) [u8; 16]);

impl LogId {
    pub(super) fn salt(self) -> u64 {
        u64_at(&self.0, 0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) log: LogId,
    pub(super) ordinal: u64,
    pub(super) size: u64,
}

/// Why bytes are not the header of a segment.
pub(super) enum BadHeader {
    Newer(u32),
    Damaged(&'static str),
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut out = [0; SEGMENT_HEADER];
        out[..8].copy_from_slice(SEGMENT_MAGIC);
        out[8..12].copy_from_slice(&SEGMENT_FORMAT.to_le_bytes());
        out[16..32].copy_from_slice(&self.log.0);
        out[32..40].copy_from_slice(&self.ordinal.to_le_bytes());
        out[40..48].copy_from_slice(&self.size.to_le_bytes());
        let checksum = crc32c::crc32c(&out[16..]);
        out[12..16].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
        if bytes.len() < SEGMENT_HEADER || &bytes[..8] != SEGMENT_MAGIC {
            return Err(BadHeader::Damaged("this is not the head of a segment"));
        }
        let format = u32_at(bytes, 8);
        if format > SEGMENT_FORMAT {
            return Err(BadHeader::Newer(format));
        }
        if format == 0 || u32_at(bytes, 12) != crc32c::crc32c(&bytes[16..SEGMENT_HEADER]) {
            return Err(BadHeader::Damaged("the segment's head does not match its checksum"));
        }
        let mut log = [0; 16];
        log.copy_from_slice(&bytes[16..32]);
        Ok(Self { log: LogId(log), ordinal: u64_at(bytes, 32), size: u64_at(bytes, 40) })
    }
}

/// What a header within a segment announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    FrameBatch,
    Seal,
    Rest,
}

impl Kind {
    const ALL: [Self; 3] = [Self::FrameBatch, Self::Seal, Self::Rest];

    /// All end in a byte that would make a frame's length absurd, so frames and headers never mix up.
    const fn magic(self) -> u32 {
        u32::from_le_bytes(match self {
            Self::FrameBatch => *b"BAT\xdb",
            Self::Seal => *b"SEA\xdb",
            Self::Rest => *b"RES\xdb",
        })
    }

    pub(super) fn of(magic: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.magic() == magic)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchHeader {
    pub(super) kind: Kind,
    /// Of a mark: the position of the next event to come.
    pub(super) first: Position,
    pub(super) length: u32,
    pub(super) events: u32,
    pub(super) salt: u64,
}

impl BatchHeader {
    pub(super) fn mark(kind: Kind, next: Position, salt: u64) -> [u8; BATCH_HEADER] {
        Self { kind, first: next, length: 0, events: 0, salt }.encode()
    }

    pub(super) fn encode(&self) -> [u8; BATCH_HEADER] {
        let mut out = [0; BATCH_HEADER];
        out[..4].copy_from_slice(&self.kind.magic().to_le_bytes());
        out[8..16].copy_from_slice(&self.first.get().to_le_bytes());
        out[16..20].copy_from_slice(&self.length.to_le_bytes());
        out[20..24].copy_from_slice(&self.events.to_le_bytes());
        out[24..32].copy_from_slice(&self.salt.to_le_bytes());
        let checksum = crc32c::crc32c(&out[8..]);
        out[4..8].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    /// The header in these bytes, if there is a sound one.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..BATCH_HEADER)?;
        let kind = Kind::of(u32_at(bytes, 0))?;
        (u32_at(bytes, 4) == crc32c::crc32c(&bytes[8..])).then(|| Self {
            kind,
            first: Position::new(u64_at(bytes, 8)),
            length: u32_at(bytes, 16),
            events: u32_at(bytes, 20),
            salt: u64_at(bytes, 24),
        })
    }
}

/// How many bytes a record of this length takes as a frame.
pub(super) const fn frame_len(record: usize) -> usize {
    FRAME_HEADER + aligned(record)
}

fn frame_checksum(length: u32, record: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length.to_le_bytes()), record)
}

/// Appends a frame to `out`; `write` appends the record.
pub(super) fn encode_frame(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_HEADER]);
    write(out);
    let record = start + FRAME_HEADER;
    let length = narrow(out.len() - record);
    let checksum = frame_checksum(length, &out[record..]);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..record].copy_from_slice(&checksum.to_le_bytes());
    out.resize(aligned(out.len()), 0);
}

/// The event in a whole frame (padding not needed); the reason if it is none.
pub(super) fn decode_frame(frame: &Bytes) -> Result<RecordedEvent, &'static str> {
    if frame.len() < FRAME_HEADER {
        return Err("a frame is cut short");
    }
    let length = u32_at(frame, 0);
    let end = FRAME_HEADER + length as usize;
    let record = frame.get(FRAME_HEADER..end).ok_or("a frame is cut short")?;
    if frame_checksum(length, record) != u32_at(frame, 4) {
        return Err("a frame does not match its checksum");
    }
    RecordedEvent::decode(frame.slice(FRAME_HEADER..end)).map_err(|invalid| invalid.0)
}
