//! Dead letters and skipped ones in the embedded store: rows of the meta keyspace.

use super::{EmbeddedRows, EmbeddedStore};
use crate::{ParkedEvent, ParkedStreams, StoreError};

/// Where a dead letter stands in the meta keyspace.
pub(super) fn key(rows: &EmbeddedRows, stream: &str, position: u64) -> Vec<u8> {
    let mut key = stream_prefix(rows, stream);
    key.extend_from_slice(&position.to_be_bytes());
    key
}

fn stream_prefix(rows: &EmbeddedRows, stream: &str) -> Vec<u8> {
    format!("dead/{}/{stream}/", rows.name()).into_bytes()
}

fn prefix(rows: &EmbeddedRows) -> Vec<u8> {
    format!("dead/{}/", rows.name()).into_bytes()
}

fn skipped_prefix(rows: &EmbeddedRows) -> Vec<u8> {
    format!("skip/{}/", rows.name()).into_bytes()
}

/// Stream and position in a key that [`key`] made, after its prefix.
fn stream_and_position(key: &[u8]) -> Option<(String, u64)> {
    let (stream, position) = key.split_last_chunk::<8>()?;
    let stream = std::str::from_utf8(stream.strip_suffix(b"/")?).ok()?;
    Some((stream.to_owned(), u64::from_be_bytes(*position)))
}

impl EmbeddedStore {
    pub(crate) fn dead_letters(
        &self,
        rows: &EmbeddedRows,
        stream: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.texts(&stream.map_or_else(|| prefix(rows), |stream| stream_prefix(rows, stream)), limit)
    }

    pub(crate) fn skipped_letters(
        &self,
        rows: &EmbeddedRows,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.texts(&skipped_prefix(rows), limit)
    }

    pub(crate) fn parked(&self, rows: &EmbeddedRows, checkpoint: u64) -> Result<ParkedStreams, StoreError> {
        let mut parked = ParkedStreams::new();
        let mut batch = self.db.batch();
        let prefix = prefix(rows);
        for row in self.meta.prefix(&prefix) {
            let key = row.key().map_err(StoreError::unavailable("reading dead letters"))?;
            let found = stream_and_position(&key[prefix.len()..]);
            let (stream, position) =
                found.ok_or_else(|| StoreError::damaged(&key, "not the key of a dead letter"))?;
            if position > checkpoint {
                batch.remove(&self.meta, key);
            } else {
                *parked.entry(stream).or_insert(0) += 1;
            }
        }
        batch.commit().map_err(StoreError::unavailable("forgetting dead letters"))?;
        Ok(parked)
    }

    pub(crate) fn skip(&self, rows: &EmbeddedRows, skipped: &ParkedEvent) -> Result<(), StoreError> {
        let mut to = skipped_prefix(rows);
        to.extend_from_slice(&skipped.position.to_be_bytes());
        let mut batch = self.db.batch();
        batch.remove(&self.meta, key(rows, &skipped.stream, skipped.position));
        batch.insert(&self.meta, to, skipped.json.as_str());
        batch.commit().map_err(StoreError::unavailable("skipping a dead letter"))?;
        self.persist()
    }

    fn texts(&self, prefix: &[u8], limit: usize) -> Result<Vec<String>, StoreError> {
        let rows = self.meta.prefix(prefix).take(limit);
        rows.map(|row| {
            let (key, value) = row.into_inner().map_err(StoreError::unavailable("reading dead letters"))?;
            String::from_utf8(value.to_vec()).map_err(|error| StoreError::damaged(&key, error))
        })
        .collect()
    }
}
