//! Events that could not be applied, and those that wait behind them.
//!
//! The first bad event of a stream parks it: that event and all later ones of the same stream wait, for this
//! read model only. Retrying applies them in order; skipping leaves one out for good, with who, when and why.

use crate::{Generation, ReadStore, StoreError, read_store::json};
use ahash::AHashMap;
use daybook_domain::Timestamp;
use daybook_event_log::RecordedEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// The read model it was not applied to.
    pub projection: String,
    /// The stream it belongs to; later events of this stream wait behind it.
    pub stream: String,
    pub position: u64,
    pub version: u64,
    pub event_type: String,
    pub recorded_at: Timestamp,
    /// Why it could not be applied; none: it waits behind one that could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An event left out for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedLetter {
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// Who decided it, as an actor.
    pub skipped_by: String,
    pub skipped_at: Timestamp,
    pub reason: String,
}

/// How many events of each parked stream wait.
pub(crate) type Parked = AHashMap<String, u64>;

impl DeadLetter {
    pub(crate) fn new(projection: &str, record: &RecordedEvent, error: Option<String>) -> Self {
        Self {
            projection: projection.to_owned(),
            stream: record.stream().to_owned(),
            position: record.position().get(),
            version: record.version().get(),
            event_type: record.event_type().to_owned(),
            recorded_at: Timestamp::from_nanos(record.recorded_at_ns()),
            error,
        }
    }

    /// Its row in the meta keyspace.
    pub(crate) fn key(&self, generation: &Generation) -> Vec<u8> {
        let mut key = stream_prefix(generation, &self.stream);
        key.extend_from_slice(&self.position.to_be_bytes());
        key
    }
}

fn stream_prefix(generation: &Generation, stream: &str) -> Vec<u8> {
    format!("dead/{}/{stream}/", &**generation.keyspace.name()).into_bytes()
}

fn skipped_prefix(generation: &Generation) -> Vec<u8> {
    format!("skip/{}/", &**generation.keyspace.name()).into_bytes()
}

impl ReadStore {
    /// What waits for `generation`, by stream, then position; of one stream if given.
    pub(crate) fn dead_letters(
        &self,
        generation: &Generation,
        stream: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let prefix = match stream {
            Some(stream) => stream_prefix(generation, stream),
            None => format!("dead/{}/", &**generation.keyspace.name()).into_bytes(),
        };
        self.meta_rows(&prefix, limit)
    }

    pub(crate) fn skipped_letters(
        &self,
        generation: &Generation,
        limit: usize,
    ) -> Result<Vec<SkippedLetter>, StoreError> {
        self.meta_rows(&skipped_prefix(generation), limit)
    }

    /// How many wait per stream, after forgetting those beyond `checkpoint`: they will be met again.
    pub(crate) fn parked(&self, generation: &Generation, checkpoint: u64) -> Result<Parked, StoreError> {
        let mut parked = Parked::new();
        let mut batch = self.db.batch();
        for letter in self.dead_letters(generation, None, usize::MAX)? {
            if letter.position > checkpoint {
                batch.remove(&self.meta, letter.key(generation));
            } else {
                *parked.entry(letter.stream).or_insert(0) += 1;
            }
        }
        batch.commit().map_err(StoreError::unavailable("forgetting dead letters"))?;
        Ok(parked)
    }

    /// Moves a dead letter to the skipped ones.
    pub(crate) fn skip(&self, generation: &Generation, skipped: &SkippedLetter) -> Result<(), StoreError> {
        let mut key = skipped_prefix(generation);
        key.extend_from_slice(&skipped.letter.position.to_be_bytes());
        let mut batch = self.db.batch();
        batch.remove(&self.meta, skipped.letter.key(generation));
        batch.insert(&self.meta, key, json(skipped));
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
