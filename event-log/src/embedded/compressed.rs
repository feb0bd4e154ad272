//! The file of a full segment, compressed: about a fifth of it, still read from any byte on.
//!
//! It is in the Zstandard seekable format, so `zstd -d` gives back the very segment that was there:
//!
//! ```text
//! frames    one for every 16 KiB of the segment, each with zstd's checksum of what it holds
//! table     4 magic 0x184D2A5E · 4 length of what follows, as of any frame that zstd skips
//!           of each frame: 4 compressed length · 4 length
//!           4 number of frames · 1 zero · 4 magic 0x8F92EAB1
//! ```
//!
//! Blocks of 4 KiB would make it a quarter larger, of 64 KiB a tenth smaller; a single event costs the
//! decompression of its block, some 10 µs.
//!
//! Format: <https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md>

use super::{
    disk::DiskFile,
    format::{narrow, u32_at},
};
use std::{cell::RefCell, io, ops::Range, sync::Arc};
use zstd::bulk::{Compressor, Decompressor};

const BLOCK: usize = 16 << 10;
/// zstd's fastest ordinary level: the next ones cost more than they save.
const LEVEL: i32 = 1;
/// How much is read, compressed, written and synced at a time.
const PIECE: usize = 4 << 20;

const SKIPPED: u32 = 0x184D_2A5E;
const SEEKABLE: u32 = 0x8F92_EAB1;
const SKIPPED_HEAD: usize = 8;
const TABLE_ENTRY: usize = 8;
const FOOTER: usize = 9;

/// Writes what `plain` holds to the empty file `into`, makes it durable, reads it back and compares.
/// False, with the work undone, where `stopping` says so.
pub(super) fn write(
    plain: &dyn DiskFile,
    into: &Arc<dyn DiskFile>,
    stopping: &dyn Fn() -> bool,
) -> io::Result<bool> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    let mut table = Vec::new();
    let mut end = 0;
    for piece in Pieces::of(plain)? {
        if stopping() {
            return Ok(false);
        }
        let mut compressed = Vec::new();
        for block in piece?.chunks(BLOCK) {
            let frame = compressor.compress(block)?;
            table.extend_from_slice(&narrow(frame.len()).to_le_bytes());
            table.extend_from_slice(&narrow(block.len()).to_le_bytes());
            compressed.extend_from_slice(&frame);
        }
        into.write_at(&compressed, end)?;
        into.sync()?;
        end += compressed.len() as u64;
    }
    into.write_at(&framed(&table), end)?;
    into.sync()?;
    let written = CompressedFile::open(Arc::clone(into))?;
    if written.size()? != plain.size()? {
        return Err(damaged("what was written has not the length it should have"));
    }
    for (theirs, ours) in Pieces::of(plain)?.zip(Pieces::of(&written)?) {
        if stopping() {
            return Ok(false);
        }
        if theirs? != ours? {
            return Err(damaged("what was written does not read back"));
        }
    }
    Ok(true)
}

fn framed(table: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(SKIPPED_HEAD + table.len() + FOOTER);
    out.extend_from_slice(&SKIPPED.to_le_bytes());
    out.extend_from_slice(&narrow(table.len() + FOOTER).to_le_bytes());
    out.extend_from_slice(table);
    out.extend_from_slice(&narrow(table.len() / TABLE_ENTRY).to_le_bytes());
    out.push(0);
    out.extend_from_slice(&SEEKABLE.to_le_bytes());
    out
}

/// A file, a piece at a time.
struct Pieces<'a> {
    file: &'a dyn DiskFile,
    at: u64,
    size: u64,
}

impl<'a> Pieces<'a> {
    fn of(file: &'a dyn DiskFile) -> io::Result<Self> {
        Ok(Self { file, at: 0, size: file.size()? })
    }
}

impl Iterator for Pieces<'_> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.size {
            return None;
        }
        let mut bytes = vec![0; PIECE.min(usize::try_from(self.size - self.at).unwrap_or(PIECE))];
        let read = self.file.read_at(&mut bytes, self.at);
        self.at += bytes.len() as u64;
        Some(match read {
            Ok(read) if read == bytes.len() => Ok(bytes),
            Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(e) => Err(e),
        })
    }
}

/// A compressed segment, read as if it were not.
pub(super) struct CompressedFile {
    file: Arc<dyn DiskFile>,
    /// Where each block's frame begins, and where the last one ends.
    starts: Vec<u32>,
    size: u64,
}

impl CompressedFile {
    /// # Errors
    /// `InvalidData` where the file is not whole or not such a file.
    pub(super) fn open(file: Arc<dyn DiskFile>) -> io::Result<Self> {
        let length = usize::try_from(file.size()?).map_err(io::Error::other)?;
        let read = |range: Range<usize>| -> io::Result<Vec<u8>> {
            let mut bytes = vec![0; range.len()];
            let read = file.read_at(&mut bytes, range.start as u64)?;
            if read == bytes.len() { Ok(bytes) } else { Err(damaged("it is cut short")) }
        };
        let table_end = length.checked_sub(FOOTER).ok_or_else(|| damaged("it is cut short"))?;
        let footer = read(table_end..length)?;
        if u32_at(&footer, 5) != SEEKABLE || footer[4] != 0 {
            return Err(damaged("it does not end in a table of its blocks"));
        }
        let blocks = u32_at(&footer, 0) as usize;
        let frames_end = blocks
            .checked_mul(TABLE_ENTRY)
            .and_then(|table| table_end.checked_sub(table + SKIPPED_HEAD))
            .ok_or_else(|| damaged("the table of its blocks is cut short"))?;
        let table = read(frames_end..table_end)?;
        if u32_at(&table, 0) != SKIPPED || u32_at(&table, 4) as usize != length - frames_end - SKIPPED_HEAD {
            return Err(damaged("the table of its blocks does not add up"));
        }
        let mut starts = Vec::with_capacity(blocks + 1);
        let (mut start, mut size) = (0_u64, 0_u64);
        for (entry, number) in table[SKIPPED_HEAD..].chunks_exact(TABLE_ENTRY).zip(1..) {
            starts.push(u32::try_from(start).map_err(|_| damaged("its blocks are absurdly long"))?);
            let block = u32_at(entry, 4) as usize;
            if block > BLOCK || block == 0 || (block < BLOCK && number < blocks) {
                return Err(damaged("one of its blocks has an absurd length"));
            }
            start += u64::from(u32_at(entry, 0));
            size += block as u64;
        }
        if start != frames_end as u64 {
            return Err(damaged("the lengths of its blocks do not add up"));
        }
        starts.push(u32::try_from(start).map_err(|_| damaged("its blocks are absurdly long"))?);
        Ok(Self { file, starts, size })
    }

    /// Fills `into` with all of block `number`.
    fn decompress(&self, number: usize, frame: &[u8], into: &mut [u8]) -> io::Result<()> {
        thread_local! {
            static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
        }
        let length = DECOMPRESSOR.with_borrow_mut(|kept| {
            let decompressor = match kept {
                Some(decompressor) => decompressor,
                None => kept.insert(Decompressor::new()?),
            };
            decompressor.decompress_to_buffer(frame, into)
        });
        match length {
            Ok(length) if length == into.len() => Ok(()),
            Ok(_) => Err(damaged(&format!("block {number} has another length than it should have"))),
            Err(e) => Err(damaged(&format!("block {number} cannot be decompressed: {e}"))),
        }
    }
}

impl DiskFile for CompressedFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let wanted = self.size.saturating_sub(offset).min(into.len() as u64);
        let (Ok(from), Ok(wanted)) = (usize::try_from(offset), usize::try_from(wanted)) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if wanted == 0 {
            return Ok(0);
        }
        let blocks = from / BLOCK..(from + wanted).div_ceil(BLOCK);
        let base = self.starts[blocks.start];
        let mut frames = vec![0; (self.starts[blocks.end] - base) as usize];
        if self.file.read_at(&mut frames, u64::from(base))? < frames.len() {
            return Err(damaged("it was cut short"));
        }
        let mut partly = Vec::new();
        let mut filled = 0;
        for number in blocks {
            let frame = (self.starts[number] - base) as usize..(self.starts[number + 1] - base) as usize;
            let block = usize::try_from(self.size).map_or(BLOCK, |size| BLOCK.min(size - number * BLOCK));
            let skipped = (from + filled) - number * BLOCK;
            let taken = (block - skipped).min(wanted - filled);
            let target = &mut into[filled..filled + taken];
            if taken == block {
                self.decompress(number, &frames[frame], target)?;
            } else {
                partly.resize(block, 0);
                self.decompress(number, &frames[frame], &mut partly)?;
                target.copy_from_slice(&partly[skipped..skipped + taken]);
            }
            filled += taken;
        }
        Ok(filled)
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

fn damaged(detail: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the compressed segment is damaged: {detail}"))
}
