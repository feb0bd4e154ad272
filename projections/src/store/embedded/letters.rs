//! Dead letters and skipped ones in the embedded store: rows of the meta keyspace.

use super::{EmbeddedStore, Rows, json};
use crate::{DeadLetter, SkippedLetter, StoreError, dead_letter::Parked};

/// Where a dead letter stands in the meta keyspace.
pub(super) fn key(rows: &Rows, letter: &DeadLetter) -> Vec<u8> {
    let mut key = stream_prefix(rows, &letter.stream);
    key.extend_from_slice(&letter.position.to_be_bytes());
    key
}

fn stream_prefix(rows: &Rows, stream: &str) -> Vec<u8> {
    format!("dead/{}/{stream}/", rows.name()).into_bytes()
}

fn skipped_prefix(rows: &Rows) -> Vec<u8> {
    format!("skip/{}/", rows.name()).into_bytes()
}

impl EmbeddedStore {
    pub(crate) fn dead_letters(
        &self,
        rows: &Rows,
        stream: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let prefix = match stream {
            Some(stream) => stream_prefix(rows, stream),
            None => format!("dead/{}/", rows.name()).into_bytes(),
        };
        self.meta_rows(&prefix, limit)
    }

    pub(crate) fn skipped_letters(
        &self,
        rows: &Rows,
        limit: usize,
    ) -> Result<Vec<SkippedLetter>, StoreError> {
        self.meta_rows(&skipped_prefix(rows), limit)
    }

    pub(crate) fn parked(&self, rows: &Rows, checkpoint: u64) -> Result<Parked, StoreError> {
        let mut parked = Parked::new();
        let mut batch = self.db.batch();
        for letter in self.dead_letters(rows, None, usize::MAX)? {
            if letter.position > checkpoint {
                batch.remove(&self.meta, key(rows, &letter));
            } else {
                *parked.entry(letter.stream).or_insert(0) += 1;
            }
        }
        batch.commit().map_err(StoreError::unavailable("forgetting dead letters"))?;
        Ok(parked)
    }

    pub(crate) fn skip(&self, rows: &Rows, skipped: &SkippedLetter) -> Result<(), StoreError> {
        let mut to = skipped_prefix(rows);
        to.extend_from_slice(&skipped.letter.position.to_be_bytes());
        let mut batch = self.db.batch();
        batch.remove(&self.meta, key(rows, &skipped.letter));
        batch.insert(&self.meta, to, json(skipped));
        batch.commit().map_err(StoreError::unavailable("skipping a dead letter"))?;
        self.persist()
    }

    fn meta_rows<V: serde::de::DeserializeOwned>(
        &self,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<V>, StoreError> {
        let rows = self.meta.prefix(prefix).take(limit);
        rows.map(|row| {
            let (key, value) = row.into_inner().map_err(StoreError::unavailable("reading dead letters"))?;
            crate::table::parse(&key, &value)
        })
        .collect()
    }
}
