//! Events as others see them: CloudEvents 1.0 in JSON (structured mode), one object per event.
//!
//! The payload stands in `data` byte for byte as stored, and every other field of the record has an
//! attribute, so that a reader can restore the very record from it: [`read`] is the inverse of [`write`]. One exception: line
//! breaks between the tokens of a payload, which Daybook never writes and other programs may, become spaces, since an event
//! is one line in JSON Lines and in Server-Sent Events.
//! Numbers that may exceed 32 bits are texts, as CloudEvents demands.
//!
//! Where a channel cannot carry an event as large as that, [`write_reference`] leaves the payload out and says with the
//! extension `dataref` (CloudEvents: Claim Check Pattern) where the whole event is answered.

use crate::{InvalidRecord, KnownEvent, Metadata, NewEvent, Position, RecordedEvent, StreamId, Version};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct CloudEvent<'a> {
    specversion: Cow<'a, str>,
    id: Uuid,
    source: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    subject: Cow<'a, str>,
    time: Timestamp,
    datacontenttype: Cow<'a, str>,
    dataschema: Cow<'a, str>,
    position: Cow<'a, str>,
    streamversion: Cow<'a, str>,
    recordedat: Timestamp,
    actor: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Uuid::is_nil")]
    commandid: Uuid,
    #[serde(default, skip_serializing_if = "Uuid::is_nil")]
    correlationid: Uuid,
    #[serde(default, skip_serializing_if = "Uuid::is_nil")]
    causationid: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requesthash: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dataref: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

/// Appends `event` as one JSON object without a line break.
pub fn write(event: &RecordedEvent, out: &mut Vec<u8>) -> Result<(), InvalidRecord> {
    let data =
        serde_json::from_slice(event.payload()).map_err(|_| InvalidRecord("its payload is not JSON"))?;
    write_shown(&CloudEvent { data: Some(data), ..attributes(event) }, out)
}

/// The same without the payload, which is to be fetched from the shop.
pub fn write_reference(event: &RecordedEvent, out: &mut Vec<u8>) -> Result<(), InvalidRecord> {
    let place = format!("/events?from={}&limit=1", event.position());
    write_shown(&CloudEvent { dataref: Some(place.into()), ..attributes(event) }, out)
}

fn attributes(event: &RecordedEvent) -> CloudEvent<'_> {
    let time = |nanos: i64| Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::UNIX_EPOCH);
    let (aggregate, kind, schema) = (event.aggregate(), event.event_type(), event.schema_version());
    CloudEvent {
        specversion: "1.0".into(),
        id: event.event_id(),
        source: format!("/daybook/{aggregate}").into(),
        kind: kind.into(),
        subject: event.stream().into(),
        time: time(event.occurred_at_ns()),
        datacontenttype: "application/json".into(),
        dataschema: format!("/schemas/events/{aggregate}/{kind}.v{schema}.json").into(),
        position: event.position().to_string().into(),
        streamversion: event.version().to_string().into(),
        recordedat: time(event.recorded_at_ns()),
        actor: event.actor().into(),
        commandid: event.command_id(),
        correlationid: event.correlation_id(),
        causationid: event.causation_id(),
        requesthash: (event.request_hash() != 0).then(|| format!("{:016x}", event.request_hash()).into()),
        dataref: None,
        data: None,
    }
}

fn write_shown(shown: &CloudEvent<'_>, out: &mut Vec<u8>) -> Result<(), InvalidRecord> {
    let begin = out.len();
    serde_json::to_writer(&mut *out, shown).map_err(|_| InvalidRecord("it cannot be shown as JSON"))?;
    one_line(&mut out[begin..]);
    Ok(())
}

/// Makes a JSON text one line: a line break can only stand between its tokens, where a space does as well.
pub fn one_line(json: &mut [u8]) {
    json.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
}

/// Which event [`write`] or [`write_reference`] have written.
pub fn identify(json: &[u8]) -> Result<KnownEvent, InvalidRecord> {
    let shown = parse(json)?;
    Ok(KnownEvent { position: Position::new(number(&shown.position)?), event_id: shown.id })
}

fn parse(json: &[u8]) -> Result<CloudEvent<'_>, InvalidRecord> {
    serde_json::from_slice(json).map_err(|_| InvalidRecord("not a CloudEvent of Daybook's shape"))
}

fn number(text: &str) -> Result<u64, InvalidRecord> {
    text.parse().map_err(|_| InvalidRecord("a number is not one"))
}

/// Restores the record from what [`write`] made of it.
pub fn read(json: &[u8]) -> Result<RecordedEvent, InvalidRecord> {
    let shown = parse(json)?;
    let data = shown.data.ok_or(InvalidRecord("its data is not in it"))?;
    let nanos = |time: Timestamp| {
        i64::try_from(time.as_nanosecond()).map_err(|_| InvalidRecord("a time is out of range"))
    };
    let schema = shown.dataschema.rsplit_once(".v").and_then(|(_, rest)| rest.strip_suffix(".json"));
    let stream =
        StreamId::parse(&shown.subject).map_err(|_| InvalidRecord("its subject is not a stream name"))?;
    let request_hash = shown.requesthash.as_deref().map_or(Ok(0), |text| u64::from_str_radix(text, 16));
    let event = NewEvent {
        event_id: shown.id,
        event_type: Cow::Owned(shown.kind.into_owned()),
        schema_version: schema
            .and_then(|version| version.parse().ok())
            .ok_or(InvalidRecord("its schema has no version"))?,
        metadata: Metadata {
            occurred_at_ns: nanos(shown.time)?,
            command_id: shown.commandid,
            correlation_id: shown.correlationid,
            causation_id: shown.causationid,
            request_hash: request_hash.map_err(|_| InvalidRecord("its request hash is not hexadecimal"))?,
            actor: shown.actor.into_owned(),
        },
        payload: Bytes::copy_from_slice(data.get().as_bytes()),
    };
    RecordedEvent::check_sizes(&event, u32::MAX as usize).map_err(|_| InvalidRecord("a part is too long"))?;
    let mut bytes = Vec::new();
    let (position, version) =
        (Position::new(number(&shown.position)?), Version::new(number(&shown.streamversion)?));
    RecordedEvent::encode(&mut bytes, &stream, position, version, nanos(shown.recordedat)?, &event);
    RecordedEvent::decode(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> RecordedEvent {
        record_with(br#"{"total":{"minor":1299,"currency":"GBP"},"note":"5.0 \u00e9"}"#)
    }

    fn record_with(payload: &'static [u8]) -> RecordedEvent {
        let event = NewEvent {
            event_id: Uuid::from_u128(7),
            event_type: "OrderPlaced".into(),
            schema_version: 3,
            metadata: Metadata {
                occurred_at_ns: 1_291_191_960_123_456_789,
                command_id: Uuid::from_u128(8),
                request_hash: 0xabc,
                actor: "customer:17850".to_owned(),
                ..Metadata::default()
            },
            payload: Bytes::from_static(payload),
        };
        let stream = StreamId::new("order", "A.1").unwrap();
        let mut bytes = Vec::new();
        RecordedEvent::encode(
            &mut bytes,
            &stream,
            Position::new(1 << 40),
            Version::new(2),
            1_700_000_000_000_000_001,
            &event,
        );
        RecordedEvent::decode(Bytes::from(bytes)).unwrap()
    }

    #[test]
    fn a_record_can_be_restored_from_its_cloud_event_byte_for_byte() {
        let mut json = Vec::new();
        write(&record(), &mut json).unwrap();
        assert_eq!(read(&json).unwrap().as_bytes(), record().as_bytes());
    }

    #[test]
    fn a_payload_of_several_lines_is_written_as_one() {
        let mut json = b"before\n".to_vec();
        write(&record_with(b"{\r\n  \"note\": \"a\\nb\"\n}"), &mut json).unwrap();
        let line = json.strip_prefix(b"before\n").unwrap();
        assert!(!line.iter().any(|byte| matches!(byte, b'\n' | b'\r')), "{}", String::from_utf8_lossy(line));
        let shown: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!(shown["data"]["note"], "a\nb", "a line break within a text stays");
        assert_eq!(read(line).unwrap().payload(), b"{    \"note\": \"a\\nb\" }");
    }

    #[test]
    fn a_reference_says_which_event_it_is_and_where_its_payload_is() {
        let mut json = Vec::new();
        write_reference(&record(), &mut json).unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(shown["dataref"], "/events?from=1099511627776&limit=1");
        assert_eq!(shown["data"], serde_json::Value::Null);
        assert_eq!(identify(&json).unwrap(), KnownEvent::from(&record()));
        read(&json).unwrap_err();
    }

    #[test]
    fn a_cloud_event_has_the_attributes_others_look_for() {
        let mut json = Vec::new();
        write(&record(), &mut json).unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(shown["specversion"], "1.0");
        assert_eq!(shown["type"], "OrderPlaced");
        assert_eq!(shown["subject"], "order-A.1");
        assert_eq!(shown["time"], "2010-12-01T08:26:00.123456789Z");
        assert_eq!(shown["position"], "1099511627776");
        assert_eq!(shown["data"]["total"]["minor"], 1299);
    }
}
