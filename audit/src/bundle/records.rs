//! The file `records`: each record with its length before it. What the bytes mean is not known here.

use bytes::Bytes;
use std::{
    fs::File,
    io::{self, BufReader, Read as _, Write},
    path::Path,
};

/// Appends one record.
pub(super) fn write_record(out: &mut impl Write, record: &Bytes) -> io::Result<()> {
    out.write_all(&u32::try_from(record.len()).unwrap_or(u32::MAX).to_le_bytes())?;
    out.write_all(record)
}

/// The records of a bundle, one after another.
pub(super) struct Records {
    input: BufReader<File>,
    left: u64,
}

impl Records {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let left = file.metadata()?.len();
        Ok(Self { input: BufReader::with_capacity(1 << 20, file), left })
    }

    fn next_record(&mut self) -> io::Result<Bytes> {
        let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends in the middle of a record");
        let mut length = [0; 4];
        self.left = self.left.checked_sub(4).ok_or_else(cut)?;
        self.input.read_exact(&mut length)?;
        let length = u64::from(u32::from_le_bytes(length));
        self.left = self.left.checked_sub(length).ok_or_else(cut)?;
        let mut record = vec![0; length as usize];
        self.input.read_exact(&mut record)?;
        Ok(Bytes::from(record))
    }
}

impl Iterator for Records {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let record = self.next_record();
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}
