//! The index of a full segment on disk, of which only little is held in memory.
//!
//! ```text
//! header    0  8 "DAYBKIDX" ·  8  4 format · 12  4 checksum of the rest of the header and the held part
//!          16  8 salt       · 24  8 ordinal · 32  8 first position · 40  8 last recorded_at
//!          48  4 events     · 52  4 streams · 56  4 end of seal    · 60  4 length of the held part
//! held      samples: offset of every 64th frame · filter of event ids · filter of streams
//!           directory of event ids · directory of streams      (see `table`)
//! read on   table of event ids: 8 hash, 4 offset of the frame
//! demand    table of streams:   8 hash, 8 first version, 4 events, 4 first posting
//!           postings: 4 offset of the frame; a stream's stand together, in order of version
//! ```
//!
//! Everything here is derived from the segment: a file that is missing or fails a checksum is made
//! anew. It costs about 3 bytes of memory per event.

use super::{
    active::{Active, stable_hash},
    disk::{Disk, DiskFile},
    filter::Filter,
    format::{narrow, u32_at, u64_at},
    segment::PREPARING,
    table::{StreamTable, TableBuilder},
};
use crate::{Position, Version};
use std::{io, sync::Arc};
use uuid::Uuid;

const MAGIC: &[u8; 8] = b"DAYBKIDX";
const INDEX_FORMAT: u32 = 1;
const HEADER: usize = 64;
/// Every how many events the offset of a frame is held.
const SAMPLE_EVERY: usize = 64;
const ID_ENTRY: usize = 12;
const STREAM_ENTRY: usize = 24;

pub(super) fn index_name(ordinal: u64) -> String {
    format!("{ordinal:010}.index")
}

/// A stream as a segment's index knows it. The name is not in the index: look at an event.
pub(super) struct Postings {
    pub(super) first_version: Version,
    pub(super) events: u32,
    start: u32,
}

/// What the log must know of a sealed segment to go on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) first: Position,
    pub(super) events: u32,
    /// The offset after the seal.
    pub(super) end: u32,
    pub(super) last_recorded_at_ns: i64,
}

pub(super) struct IndexFile {
    file: Arc<dyn DiskFile>,
    pub(super) extent: Extent,
    samples: Vec<u32>,
    id_filter: Filter,
    stream_filter: Filter,
    ids: StreamTable,
    streams: StreamTable,
    postings_at: u64,
}

/// Writes the index of the full segment `ordinal`, which `active` knows, and whose seal ends at `end`.
pub(super) fn write(disk: &dyn Disk, salt: u64, ordinal: u64, active: &Active, end: u32) -> io::Result<()> {
    let bytes = encode(salt, ordinal, active, end);
    let name = index_name(ordinal);
    let unready = format!("{name}{PREPARING}");
    let written = (|| {
        let file = disk.create(&unready)?;
        file.write_at(&bytes, 0)?;
        file.sync()?;
        disk.rename(&unready, &name)
    })();
    if written.is_err() {
        let _ = disk.remove(&unready);
    }
    written
}

fn encode(salt: u64, ordinal: u64, active: &Active, end: u32) -> Vec<u8> {
    let (mut id_filter, mut ids) = (Filter::for_keys(active.len()), TableBuilder::new(ID_ENTRY));
    for (id, offset) in active.ids() {
        let hash = stable_hash(id.as_bytes());
        id_filter.insert(hash);
        ids.add(hash, &offset.to_le_bytes());
    }
    let mut postings: Vec<u8> = Vec::with_capacity(4 * active.len());
    let mut streams = TableBuilder::new(STREAM_ENTRY);
    let mut hashes = Vec::new();
    for (stream, offsets) in active.streams() {
        let hash = stable_hash(stream.name.as_str().as_bytes());
        hashes.push(hash);
        let mut entry = [0; 16];
        entry[..8].copy_from_slice(&stream.first_version.to_le_bytes());
        entry[8..12].copy_from_slice(&stream.events.to_le_bytes());
        entry[12..].copy_from_slice(&narrow(postings.len() / 4).to_le_bytes());
        streams.add(hash, &entry);
        postings.extend(offsets.iter().rev().flat_map(|offset| offset.to_le_bytes()));
    }
    let mut stream_filter = Filter::for_keys(hashes.len());
    hashes.into_iter().for_each(|hash| stream_filter.insert(hash));

    let (ids, streams) = (ids.build(), streams.build());
    let mut held: Vec<u8> =
        active.offsets().step_by(SAMPLE_EVERY).flat_map(|offset| offset.to_le_bytes()).collect();
    id_filter.encode(&mut held);
    stream_filter.encode(&mut held);
    held.extend_from_slice(&ids.directory);
    held.extend_from_slice(&streams.directory);

    let mut out = vec![0; HEADER];
    out[..8].copy_from_slice(MAGIC);
    out[8..12].copy_from_slice(&INDEX_FORMAT.to_le_bytes());
    out[16..24].copy_from_slice(&salt.to_le_bytes());
    out[24..32].copy_from_slice(&ordinal.to_le_bytes());
    out[32..40].copy_from_slice(&active.first().get().to_le_bytes());
    out[40..48].copy_from_slice(&active.last_recorded_at_ns().unwrap_or_default().to_le_bytes());
    let counts =
        [narrow(active.len()), narrow(streams.entries.len() / STREAM_ENTRY), end, narrow(held.len())];
    for (count, at) in counts.iter().zip((48..).step_by(4)) {
        out[at..at + 4].copy_from_slice(&count.to_le_bytes());
    }
    out.extend_from_slice(&held);
    let checksum = crc32c::crc32c(&out[16..]);
    out[12..16].copy_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(&ids.entries);
    out.extend_from_slice(&streams.entries);
    out.extend_from_slice(&postings);
    out
}

impl IndexFile {
    /// Opens the index of segment `ordinal`; none if there is no sound one.
    pub(super) fn open(disk: &dyn Disk, salt: u64, ordinal: u64) -> Option<Self> {
        let file = disk.open(&index_name(ordinal), false).ok()?;
        let mut header = [0; HEADER];
        (file.read_at(&mut header, 0).ok()? == HEADER).then_some(())?;
        let known = &header[..8] == MAGIC && u32_at(&header, 8) == INDEX_FORMAT;
        (known && u64_at(&header, 16) == salt && u64_at(&header, 24) == ordinal).then_some(())?;
        let held_len = u32_at(&header, 60) as usize;
        (HEADER as u64 + held_len as u64 <= file.size().ok()?).then_some(())?;
        let mut held = vec![0; held_len];
        (file.read_at(&mut held, HEADER as u64).ok()? == held_len).then_some(())?;
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&header[16..]), &held);
        (checksum == u32_at(&header, 12)).then_some(())?;

        let (events, streams) = (u32_at(&header, 48), u32_at(&header, 52));
        let mut rest = &held[..];
        let mut take = |length: usize| {
            let (taken, left) = rest.split_at_checked(length)?;
            rest = left;
            Some(taken)
        };
        let samples = take(4 * (events as usize).div_ceil(SAMPLE_EVERY))?;
        let id_filter = Filter::decode(take(Filter::for_keys(events as usize).encoded_len())?)?;
        let stream_filter = Filter::decode(take(Filter::for_keys(streams as usize).encoded_len())?)?;
        let ids_at = (HEADER + held_len) as u64;
        let ids = StreamTable::decode(take(StreamTable::directory_len(events))?, ID_ENTRY, events, ids_at)?;
        let streams_at = ids_at + u64::from(events) * ID_ENTRY as u64;
        let streams_table = StreamTable::decode(
            take(StreamTable::directory_len(streams))?,
            STREAM_ENTRY,
            streams,
            streams_at,
        )?;
        let postings_at = streams_at + u64::from(streams) * STREAM_ENTRY as u64;
        (file.size().ok()? == postings_at + 4 * u64::from(events)).then_some(())?;
        Some(Self {
            extent: Extent {
                first: Position::new(u64_at(&header, 32)),
                events,
                end: u32_at(&header, 56),
                last_recorded_at_ns: u64_at(&header, 40).cast_signed(),
            },
            samples: samples.chunks_exact(4).map(|sample| u32_at(sample, 0)).collect(),
            file,
            id_filter,
            stream_filter,
            ids,
            streams: streams_table,
            postings_at,
        })
    }

    /// False: certainly none of its events has an id with this hash.
    pub(super) fn may_hold_id(&self, hash: u64) -> bool {
        self.id_filter.may_contain(hash)
    }

    /// The same for the names of streams.
    pub(super) fn may_hold_stream(&self, hash: u64) -> bool {
        self.stream_filter.may_contain(hash)
    }

    /// The frames that may hold the event whose id has this hash.
    pub(super) fn find(&self, hash: u64) -> io::Result<Vec<u32>> {
        self.ids.find(&*self.file, hash, |entry| u32_at(entry, 0))
    }

    /// The streams that may be the one whose name has this hash.
    pub(super) fn streams(&self, hash: u64) -> io::Result<Vec<Postings>> {
        self.streams.find(&*self.file, hash, |entry| Postings {
            first_version: Version::new(u64_at(entry, 0)),
            events: u32_at(entry, 8),
            start: u32_at(entry, 12),
        })
    }

    /// The frames of a stream's events here, from its `skip`th, at most `limit`.
    pub(super) fn offsets(&self, stream: &Postings, skip: u32, limit: usize) -> io::Result<Vec<u32>> {
        let count = (stream.events.saturating_sub(skip) as usize).min(limit);
        let mut bytes = vec![0; 4 * count];
        let at = self.postings_at + 4 * (u64::from(stream.start) + u64::from(skip));
        if self.file.read_at(&mut bytes, at)? < bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes.chunks_exact(4).map(|offset| u32_at(offset, 0)).collect())
    }

    /// A frame at or before the `index`th event of the segment, and which event it holds.
    pub(super) fn sample_before(&self, index: usize) -> Option<(usize, u32)> {
        let sample = index / SAMPLE_EVERY;
        Some((sample * SAMPLE_EVERY, *self.samples.get(sample)?))
    }
}

/// What an event id is looked up by.
pub(super) fn id_hash(event_id: Uuid) -> u64 {
    stable_hash(event_id.as_bytes())
}
