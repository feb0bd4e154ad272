//! A CSV file as it is or compressed with zstd, told apart by its first bytes.

use crate::ImportError;
use std::io::{self, BufReader, Cursor, Read};

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const UTF8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// The text of a source, and whether it was compressed (then a read error means damage).
pub(crate) struct Text<'a> {
    pub(crate) reader: Box<dyn Read + 'a>,
    pub(crate) compressed: bool,
    pub(crate) empty: bool,
}

/// Looks at the first bytes of `source` and decompresses if they say so; a byte order mark is dropped.
pub(crate) fn open<'a>(source: impl Read + 'a) -> Result<Text<'a>, ImportError> {
    let (first, source) = peek::<4>(source).map_err(ImportError::Read)?;
    let compressed = first == ZSTD_MAGIC;
    let plain: Box<dyn Read + 'a> = if compressed {
        Box::new(zstd::stream::read::Decoder::new(source).map_err(ImportError::Read)?)
    } else {
        Box::new(source)
    };
    let damaged = if compressed { ImportError::DamagedCompression } else { ImportError::Read };
    let (first, mut plain) = peek::<3>(plain).map_err(damaged)?;
    let empty = first.is_empty();
    if first == UTF8_MARK {
        io::copy(&mut (&mut plain).take(3), &mut io::sink()).map_err(damaged)?;
    }
    Ok(Text { reader: Box::new(BufReader::with_capacity(1 << 18, plain)), compressed, empty })
}

/// Up to `N` first bytes, and a reader that still has them.
fn peek<const N: usize>(mut source: impl Read) -> io::Result<(Vec<u8>, impl Read)> {
    let mut first = Vec::with_capacity(N);
    (&mut source).take(N as u64).read_to_end(&mut first)?;
    Ok((first.clone(), Cursor::new(first).chain(source)))
}
