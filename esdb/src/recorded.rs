//! An event of the log as the protocol shows it. Data is the stored payload, byte for byte.

use crate::proto::streams::ReadResp;
use crate::proto::streams::read_resp::read_event::{Position as EventPosition, RecordedEvent as Shown};
use crate::proto::streams::read_resp::{Content, ReadEvent};
use crate::proto::uuid::{Structured, Value};
use crate::proto::{AllStreamPosition, StreamIdentifier, Uuid as ProtoUuid};
use daybook_event_log::{Position, RecordedEvent};
use serde_json::json;
use uuid::Uuid;

/// An id as two numbers.
pub(crate) fn structured(id: Uuid) -> ProtoUuid {
    let (most, least) = id.as_u64_pair();
    let [most_significant_bits, least_significant_bits] = [most.cast_signed(), least.cast_signed()];
    ProtoUuid { value: Some(Value::Structured(Structured { most_significant_bits, least_significant_bits })) }
}

/// A position as the protocol's pair: both numbers are Daybook's.
pub(crate) fn pair(position: Position) -> AllStreamPosition {
    AllStreamPosition { commit_position: position.get(), prepare_position: position.get() }
}

/// `event` as an answer to a read; its id as text if the client asked for that.
pub(crate) fn shown(event: &RecordedEvent, id_as_text: bool) -> ReadResp {
    let id = event.event_id();
    let id =
        if id_as_text { ProtoUuid { value: Some(Value::String(id.to_string())) } } else { structured(id) };
    let metadata = [
        ("type", event.event_type().to_owned()),
        ("content-type", "application/json".to_owned()),
        // Steps of 100 ns since the Unix epoch.
        ("created", (event.recorded_at_ns() / 100).to_string()),
    ];
    let position = event.position().get();
    let shown = Shown {
        id: Some(id),
        stream_identifier: Some(StreamIdentifier { stream_name: event.stream().as_bytes().to_vec() }),
        // Their revisions begin at 0, our versions at 1.
        stream_revision: event.version().get() - 1,
        prepare_position: position,
        commit_position: position,
        metadata: metadata.map(|(name, value)| (name.to_owned(), value)).into(),
        custom_metadata: causes(event).into_bytes(),
        data: event.payload().to_vec(),
    };
    let event =
        ReadEvent { event: Some(shown), link: None, position: Some(EventPosition::CommitPosition(position)) };
    ReadResp { content: Some(Content::Event(event)) }
}

/// What EventStoreDB's users look for in the metadata, and what else the log knows of an event.
fn causes(event: &RecordedEvent) -> String {
    let mut metadata = json!({
        "schemaVersion": event.schema_version(),
        "actor": event.actor(),
        "occurredAtNs": event.occurred_at_ns(),
    });
    for (name, id) in [("$correlationId", event.correlation_id()), ("$causationId", event.causation_id())] {
        if !id.is_nil() {
            metadata[name] = json!(id);
        }
    }
    metadata.to_string()
}
