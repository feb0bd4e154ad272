//! What is asked of the log when something happened, and what it answers.

use crate::{Metadata, Position, StreamId, Version};
use bytes::Bytes;
use std::borrow::Cow;
use uuid::Uuid;

/// An event not yet in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Unique for ever; the same id appended again is the same event.
    pub event_id: Uuid,
    /// For example `OrderPlaced`; at most 255 bytes.
    pub event_type: Cow<'static, str>,
    /// Which shape of this type the payload has, from 1.
    pub schema_version: u16,
    pub metadata: Metadata,
    /// One JSON object: the event's fields, without its type.
    pub payload: Bytes,
}

/// What the writer believes of the stream; the append is refused if it is otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Whatever is there.
    Any,
    /// The stream has no events.
    NoStream,
    /// The stream's last event has this version.
    Exact(Version),
}

/// Events for one stream, to be written whole or not at all. Never empty.
#[derive(Debug, Clone)]
pub struct Append {
    pub stream: StreamId,
    pub expected: ExpectedVersion,
    pub events: Vec<NewEvent>,
}

/// Where an append stands in the log. Its events have consecutive positions and versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub first_position: Position,
    pub last_position: Position,
    pub first_version: Version,
    pub last_version: Version,
    /// When the log took it, in nanoseconds since the Unix epoch.
    pub recorded_at_ns: i64,
    /// These very events were in the log already; nothing was written.
    pub already_there: bool,
}

/// Why one append was refused while its neighbours went in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendRejection {
    /// The stream is not at the expected version.
    #[error("{stream} is at version {actual}, not as expected ({expected:?})")]
    Conflict { stream: StreamId, expected: ExpectedVersion, actual: Version },
    /// Some of these event ids stand elsewhere in the log, so this is neither new nor a repetition. Names
    /// the first that does, or one that the append itself has twice.
    #[error("event {event_id} is already in the log, but not as part of this append to {stream}")]
    EventIdReused { stream: StreamId, event_id: Uuid },
    /// The append itself cannot be stored, for example because an event is too large.
    #[error("{stream}: {reason}")]
    Invalid { stream: StreamId, reason: String },
}

/// One outcome for each append of a group, in its order.
pub type AppendOutcome = Result<Appended, AppendRejection>;
