//! An event as one line of text: JSON, CloudEvents or CSV.

use crate::when;
use daybook_event_log::{
    RecordedEvent,
    cloud_event::{self, one_line},
};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

/// How an event becomes a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    JsonLines,
    CloudEvents,
    Csv,
}

const CSV_HEAD: &[u8] =
    b"position,stream,version,event_id,type,schema_version,occurred_at,recorded_at,actor,\
command_id,correlation_id,causation_id,payload\n";

#[derive(Serialize)]
struct Line<'a> {
    position: u64,
    stream: &'a str,
    version: u64,
    event_id: Uuid,
    #[serde(rename = "type")]
    kind: &'a str,
    schema_version: u16,
    occurred_at: String,
    recorded_at: String,
    actor: &'a str,
    #[serde(skip_serializing_if = "Uuid::is_nil")]
    command_id: Uuid,
    #[serde(skip_serializing_if = "Uuid::is_nil")]
    correlation_id: Uuid,
    #[serde(skip_serializing_if = "Uuid::is_nil")]
    causation_id: Uuid,
    /// In hexadecimal, so that the very record can be made of the line again.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_hash: Option<String>,
    payload: &'a RawValue,
}

impl Form {
    /// What stands before the first event.
    pub(super) fn head(self) -> Option<&'static [u8]> {
        (self == Self::Csv).then_some(CSV_HEAD)
    }

    /// Appends the event as one line with its line feed.
    pub(super) fn write(self, event: &RecordedEvent, out: &mut Vec<u8>) -> anyhow::Result<()> {
        match self {
            Self::CloudEvents => cloud_event::write(event, out)?,
            Self::JsonLines => {
                serde_json::to_writer(&mut *out, &line(event)?)?;
                one_line(out);
            }
            Self::Csv => return csv_line(event, out),
        }
        out.push(b'\n');
        Ok(())
    }

    /// The position that a line of this form tells.
    pub(super) fn position(self, line: &[u8]) -> Option<u64> {
        match self {
            Self::Csv => {
                let first = line.split(|byte| *byte == b',').next()?;
                std::str::from_utf8(first).ok()?.parse().ok()
            }
            Self::JsonLines | Self::CloudEvents => {
                let value: serde_json::Value = serde_json::from_slice(line).ok()?;
                let position = value.get("position")?;
                position.as_u64().or_else(|| position.as_str()?.parse().ok())
            }
        }
    }
}

fn line(event: &RecordedEvent) -> anyhow::Result<Line<'_>> {
    Ok(Line {
        position: event.position().get(),
        stream: event.stream(),
        version: event.version().get(),
        event_id: event.event_id(),
        kind: event.event_type(),
        schema_version: event.schema_version(),
        occurred_at: when::rfc3339(event.occurred_at_ns()),
        recorded_at: when::rfc3339(event.recorded_at_ns()),
        actor: event.actor(),
        command_id: event.command_id(),
        correlation_id: event.correlation_id(),
        causation_id: event.causation_id(),
        request_hash: (event.request_hash() != 0).then(|| format!("{:016x}", event.request_hash())),
        payload: serde_json::from_slice(event.payload())?,
    })
}

fn csv_line(event: &RecordedEvent, out: &mut Vec<u8>) -> anyhow::Result<()> {
    let line = line(event)?;
    let mut payload = line.payload.get().as_bytes().to_vec();
    one_line(&mut payload);
    let id = |id: Uuid| if id.is_nil() { String::new() } else { id.to_string() };
    let mut row = csv::WriterBuilder::new().from_writer(out);
    row.write_record([
        line.position.to_string().as_bytes(),
        line.stream.as_bytes(),
        line.version.to_string().as_bytes(),
        line.event_id.to_string().as_bytes(),
        line.kind.as_bytes(),
        line.schema_version.to_string().as_bytes(),
        line.occurred_at.as_bytes(),
        line.recorded_at.as_bytes(),
        line.actor.as_bytes(),
        id(line.command_id).as_bytes(),
        id(line.correlation_id).as_bytes(),
        id(line.causation_id).as_bytes(),
        &payload,
    ])?;
    row.flush()?;
    Ok(())
}
