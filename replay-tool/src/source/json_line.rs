//! One line of an exported file as a record again: JSON Lines as `export` writes them by default, or a CloudEvent.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use daybook_event_log::{Metadata, NewEvent, Position, RecordedEvent, StreamId, Version, cloud_event};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

/// What tells the formats apart.
#[derive(Deserialize)]
struct Either {
    specversion: Option<serde::de::IgnoredAny>,
    payload: Option<serde::de::IgnoredAny>,
}

/// As `export --format jsonl` writes it.
#[derive(Deserialize)]
struct JsonLine<'a> {
    position: u64,
    stream: Cow<'a, str>,
    version: u64,
    event_id: Uuid,
    #[serde(rename = "type")]
    event_type: Cow<'a, str>,
    schema_version: u16,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    actor: Cow<'a, str>,
    #[serde(default)]
    command_id: Uuid,
    #[serde(default)]
    correlation_id: Uuid,
    #[serde(default)]
    causation_id: Uuid,
    #[serde(default)]
    request_hash: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// The record that was written as this line.
pub(super) fn read_line(line: &[u8]) -> anyhow::Result<RecordedEvent> {
    let expected =
        "expected an event as JSON Lines or as a CloudEvent (export --format jsonl or cloudevents)";
    match serde_json::from_slice(line).context(expected)? {
        Either { specversion: Some(_), .. } => Ok(cloud_event::read(line)?),
        Either { payload: Some(_), .. } => read_json_line(line),
        Either { .. } => bail!(expected),
    }
}

fn read_json_line(line: &[u8]) -> anyhow::Result<RecordedEvent> {
    let line: JsonLine<'_> = serde_json::from_slice(line)?;
    let nanos = |time: Timestamp| i64::try_from(time.as_nanosecond()).context("a time is out of range");
    let stream = StreamId::parse(&line.stream)?;
    let request_hash = line.request_hash.map_or(Ok(0), |text| u64::from_str_radix(&text, 16));
    let event = NewEvent {
        event_id: line.event_id,
        event_type: Cow::Owned(line.event_type.into_owned()),
        schema_version: line.schema_version,
        metadata: Metadata {
            occurred_at_ns: nanos(line.occurred_at)?,
            command_id: line.command_id,
            correlation_id: line.correlation_id,
            causation_id: line.causation_id,
            request_hash: request_hash.context("request_hash is not hexadecimal")?,
            actor: line.actor.into_owned(),
        },
        payload: Bytes::copy_from_slice(line.payload.get().as_bytes()),
    };
    RecordedEvent::check_sizes(&event, u32::MAX as usize).map_err(anyhow::Error::msg)?;
    let (mut bytes, position, version) =
        (Vec::new(), Position::new(line.position), Version::new(line.version));
    RecordedEvent::encode(&mut bytes, &stream, position, version, nanos(line.recorded_at)?, &event);
    Ok(RecordedEvent::decode(Bytes::from(bytes))?)
}
