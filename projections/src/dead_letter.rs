//! Events that could not be applied, and those that wait behind them.
//!
//! The first bad event of a stream parks it: that event and all later ones of the same stream wait, for this
//! read model only. Retrying applies them in order; skipping permits one out for good, with who, when and why.

use daybook_domain::Timestamp;
use daybook_event_log::RecordedEvent;
use daybook_read_store::{ParkedEvent, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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
    /// A newer program wrote it. It is applied by itself once that runs here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub newer_program: bool,
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
            newer_program: false,
        }
    }

    /// The same of an event that a newer program may be able to read.
    pub(crate) fn of_newer_program(self, is: bool) -> Self {
        Self { newer_program: is, ..self }
    }

    /// As the read store keeps it.
    pub(crate) fn to_row(&self) -> ParkedEvent {
        ParkedEvent { stream: self.stream.clone(), position: self.position, json: json(self) }
    }
}

impl SkippedLetter {
    /// As the read store keeps it.
    pub(crate) fn to_row(&self) -> ParkedEvent {
        let DeadLetter { stream, position, .. } = &self.letter;
        ParkedEvent { stream: stream.clone(), position: *position, json: json(self) }
    }
}

fn json(letter: &impl Serialize) -> String {
    serde_json::to_string(letter).expect("dead letters have text keys and no failing serializers")
}

/// Reads what the store kept.
pub(crate) fn parse<L: DeserializeOwned>(kept: &[String]) -> Result<Vec<L>, StoreError> {
    let letter = |json: &String| {
        serde_json::from_str(json).map_err(|error| StoreError::damaged(json.as_bytes(), error))
    };
    kept.iter().map(letter).collect()
}
