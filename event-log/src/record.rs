//! The stored form of an event. These bytes are the truth: readers look into them, hashes and exports
//! take them as they are, and no backend re-encodes them.
//!
//! ```text
//!  offset  size  field                     (integers little-endian)
//!       0     8  position
//!       8     8  version
//!      16    16  event id
//!      32     8  recorded_at, ns since the Unix epoch
//!      40     8  occurred_at, ns since the Unix epoch
//!      48    16  command id                (zero: none)
//!      64    16  correlation id            (zero: none)
//!      80    16  causation id              (zero: none)
//!      96     8  request hash              (zero: none)
//!     104     2  schema version
//!     106     1  length of stream name     s
//!     107     1  length of event type      t
//!     108     1  length of actor           a
//!     109     3  zero
//!     112     4  length of payload         p
//!     116     s  stream name, UTF-8
//!             t  event type, UTF-8
//!             a  actor, UTF-8
//!             p  payload, a JSON object
//! ```

use crate::{NewEvent, Position, StreamId, Version};
use bytes::Bytes;
use uuid::Uuid;

const FIXED: usize = 116;

/// Everything about an event that is not its own fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// When it happened in the world, ns since the Unix epoch. An import may lie years back.
    pub occurred_at_ns: i64,
    /// The command that caused it; nil where there was none.
    pub command_id: Uuid,
    /// What it all began with; nil where unknown.
    pub correlation_id: Uuid,
    /// The event or command directly before; nil where there was none.
    pub causation_id: Uuid,
    /// Digest of the command's content, to tell a retry from another command under the same id.
    pub request_hash: u64,
    /// `anonymous`, `customer:<id>`, `staff:<id>` or `system:<name>`; at most 255 bytes.
    pub actor: String,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            occurred_at_ns: 0,
            command_id: Uuid::nil(),
            correlation_id: Uuid::nil(),
            causation_id: Uuid::nil(),
            request_hash: 0,
            actor: "anonymous".to_owned(),
        }
    }
}

/// An event in the log. Cheap to clone; fields are read out of the stored bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    bytes: Bytes,
}

/// Bytes that are not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an event record: {0}")]
pub struct InvalidRecord(pub &'static str);

impl RecordedEvent {
    /// Appends the stored form of `event` to `out`. Sizes must have been checked:
    /// see [`RecordedEvent::check_sizes`].
    pub fn encode(
        out: &mut Vec<u8>,
        stream: &StreamId,
        position: Position,
        version: Version,
        recorded_at_ns: i64,
        event: &NewEvent,
    ) {
        let m = &event.metadata;
        out.reserve(Self::encoded_len(stream, event));
        out.extend_from_slice(&position.get().to_le_bytes());
        out.extend_from_slice(&version.get().to_le_bytes());
        out.extend_from_slice(event.event_id.as_bytes());
        out.extend_from_slice(&recorded_at_ns.to_le_bytes());
        out.extend_from_slice(&m.occurred_at_ns.to_le_bytes());
        out.extend_from_slice(m.command_id.as_bytes());
        out.extend_from_slice(m.correlation_id.as_bytes());
        out.extend_from_slice(m.causation_id.as_bytes());
        out.extend_from_slice(&m.request_hash.to_le_bytes());
        out.extend_from_slice(&event.schema_version.to_le_bytes());
        let lengths = [stream.as_str().len(), event.event_type.len(), m.actor.len()];
        out.extend(lengths.map(|length| u8::try_from(length).unwrap_or(u8::MAX)));
        out.extend_from_slice(&[0, 0, 0]);
        let payload = u32::try_from(event.payload.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&payload.to_le_bytes());
        out.extend_from_slice(stream.as_str().as_bytes());
        out.extend_from_slice(event.event_type.as_bytes());
        out.extend_from_slice(m.actor.as_bytes());
        out.extend_from_slice(&event.payload);
    }

    /// How many bytes [`RecordedEvent::encode`] will write.
    #[must_use]
    pub fn encoded_len(stream: &StreamId, event: &NewEvent) -> usize {
        FIXED
            + stream.as_str().len()
            + event.event_type.len()
            + event.metadata.actor.len()
            + event.payload.len()
    }

    /// Whether `event` has an id and its parts fit their length fields; the reason if not.
    pub fn check_sizes(event: &NewEvent, max_payload: usize) -> Result<(), String> {
        if event.event_id.is_nil() {
            return Err("the nil event id; every event needs its own".to_owned());
        }
        if event.event_type.is_empty() || event.event_type.len() > 255 {
            return Err(format!("event type of {} bytes; 1 to 255 are allowed", event.event_type.len()));
        }
        if event.metadata.actor.len() > 255 {
            return Err(format!("actor of {} bytes; 255 are allowed", event.metadata.actor.len()));
        }
        if event.payload.len() > max_payload {
            return Err(format!("payload of {} bytes; {max_payload} are allowed", event.payload.len()));
        }
        Ok(())
    }

    /// Takes stored bytes for what they are, after checking everything its readers rely on: lengths, numbers,
    /// ids, names. (Whether the payload is JSON is not looked at.)
    pub fn decode(bytes: Bytes) -> Result<Self, InvalidRecord> {
        let fixed = bytes.get(..FIXED).ok_or(InvalidRecord("shorter than its fixed part"))?;
        let texts: usize = fixed[106..109].iter().map(|length| usize::from(*length)).sum();
        let payload = u32::from_le_bytes([fixed[112], fixed[113], fixed[114], fixed[115]]) as usize;
        if fixed[109..112] != [0, 0, 0] {
            return Err(InvalidRecord("reserved bytes are not zero"));
        }
        if bytes.len() != FIXED + texts + payload {
            return Err(InvalidRecord("the lengths of its parts do not add up"));
        }
        if fixed[..16].chunks_exact(8).any(|number| number == [0; 8]) {
            return Err(InvalidRecord("positions and versions count from 1"));
        }
        if fixed[16..32] == [0; 16] {
            return Err(InvalidRecord("it has no event id"));
        }
        let (stream, rest) = bytes[FIXED..FIXED + texts].split_at(usize::from(fixed[106]));
        let (event_type, actor) = rest.split_at(usize::from(fixed[107]));
        if !std::str::from_utf8(stream).is_ok_and(crate::id::names_a_stream) {
            return Err(InvalidRecord("its stream's name is none"));
        }
        if event_type.is_empty() || [event_type, actor].iter().any(|text| std::str::from_utf8(text).is_err())
        {
            return Err(InvalidRecord("its type or actor is not text"));
        }
        Ok(Self { bytes })
    }

    /// Takes bytes that [`RecordedEvent::encode`] made in this very process.
    pub(crate) fn from_own(bytes: Bytes) -> Self {
        Self { bytes }
    }

    /// The stored bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    #[must_use]
    pub fn position(&self) -> Position {
        Position::new(u64::from_le_bytes(self.array(0)))
    }

    #[must_use]
    pub fn version(&self) -> Version {
        Version::new(u64::from_le_bytes(self.array(8)))
    }

    #[must_use]
    pub fn event_id(&self) -> Uuid {
        Uuid::from_bytes(self.array(16))
    }

    /// When the log took it, ns since the Unix epoch.
    #[must_use]
    pub fn recorded_at_ns(&self) -> i64 {
        i64::from_le_bytes(self.array(32))
    }

    /// When it happened in the world, ns since the Unix epoch.
    #[must_use]
    pub fn occurred_at_ns(&self) -> i64 {
        i64::from_le_bytes(self.array(40))
    }

    #[must_use]
    pub fn command_id(&self) -> Uuid {
        Uuid::from_bytes(self.array(48))
    }

    #[must_use]
    pub fn correlation_id(&self) -> Uuid {
        Uuid::from_bytes(self.array(64))
    }

    #[must_use]
    pub fn causation_id(&self) -> Uuid {
        Uuid::from_bytes(self.array(80))
    }

    #[must_use]
    pub fn request_hash(&self) -> u64 {
        u64::from_le_bytes(self.array(96))
    }

    #[must_use]
    pub fn schema_version(&self) -> u16 {
        u16::from_le_bytes(self.array(104))
    }

    /// The stream's name, for example `order-0199…`.
    #[must_use]
    pub fn stream(&self) -> &str {
        self.text(FIXED, self.length(106))
    }

    /// The stream's name as an owned id.
    #[must_use]
    pub fn stream_id(&self) -> StreamId {
        StreamId::parse(self.stream()).expect("only valid stream names are stored")
    }

    /// Which kind of aggregate: the stream's name up to the first hyphen.
    #[must_use]
    pub fn aggregate(&self) -> &str {
        self.stream().split_once('-').map_or("", |(aggregate, _)| aggregate)
    }

    /// Which aggregate: the stream's name after the first hyphen.
    #[must_use]
    pub fn aggregate_id(&self) -> &str {
        self.stream().split_once('-').map_or("", |(_, id)| id)
    }

    #[must_use]
    pub fn event_type(&self) -> &str {
        self.text(FIXED + self.length(106), self.length(107))
    }

    #[must_use]
    pub fn actor(&self) -> &str {
        self.text(FIXED + self.length(106) + self.length(107), self.length(108))
    }

    /// The event's fields as one JSON object, as stored.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[FIXED + self.length(106) + self.length(107) + self.length(108)..]
    }

    /// The same as [`RecordedEvent::payload`], shared instead of borrowed.
    #[must_use]
    pub fn payload_bytes(&self) -> Bytes {
        self.bytes.slice(FIXED + self.length(106) + self.length(107) + self.length(108)..)
    }

    /// All of the metadata, owned.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        Metadata {
            occurred_at_ns: self.occurred_at_ns(),
            command_id: self.command_id(),
            correlation_id: self.correlation_id(),
            causation_id: self.causation_id(),
            request_hash: self.request_hash(),
            actor: self.actor().to_owned(),
        }
    }

    /// The event as it was before it was recorded.
    #[must_use]
    pub fn to_new_event(&self) -> NewEvent {
        NewEvent {
            event_id: self.event_id(),
            event_type: self.event_type().to_owned().into(),
            schema_version: self.schema_version(),
            metadata: self.metadata(),
            payload: self.payload_bytes(),
        }
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(&self.bytes[at..at + N]);
        out
    }

    fn length(&self, at: usize) -> usize {
        usize::from(self.bytes[at])
    }

    fn text(&self, at: usize, length: usize) -> &str {
        std::str::from_utf8(&self.bytes[at..at + length]).expect("decode checked that names are UTF-8")
    }
}

impl std::fmt::Debug for RecordedEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{} {} v{} {}", self.position(), self.stream(), self.version(), self.event_type())
    }
}
