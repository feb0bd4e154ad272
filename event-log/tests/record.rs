//! Stored bytes are taken for a record only if everything readers rely on holds.

use bytes::Bytes;
use daybook_event_log::{Metadata, NewEvent, Position, RecordedEvent, StreamId, Version};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

fn sample() -> Vec<u8> {
    let event = NewEvent {
        event_id: Uuid::from_u128(5),
        event_type: "OrderPlaced".into(),
        schema_version: 1,
        metadata: Metadata::default(),
        payload: Bytes::from_static(b"{}"),
    };
    let stream = StreamId::new("order", "1").expect("a name");
    let mut bytes = Vec::new();
    RecordedEvent::encode(&mut bytes, &stream, Position::new(3), Version::new(2), 9, &event);
    assert_eq!(bytes.len(), RecordedEvent::encoded_len(&stream, &event));
    bytes
}

/// Why the sample is no record after `spoil`; none if it still is one.
fn refusal(spoil: impl FnOnce(&mut Vec<u8>)) -> Option<&'static str> {
    let mut bytes = sample();
    spoil(&mut bytes);
    RecordedEvent::decode(bytes.into()).err().map(|invalid| invalid.0)
}

#[test]
fn what_is_encoded_decodes() {
    let event = RecordedEvent::decode(sample().into()).expect("a record");
    assert_eq!((event.position(), event.version()), (Position::new(3), Version::new(2)));
    assert_eq!((event.stream(), event.aggregate(), event.aggregate_id()), ("order-1", "order", "1"));
    assert_eq!(
        (event.event_type(), event.actor(), event.payload()),
        ("OrderPlaced", "anonymous", &b"{}"[..])
    );
    assert_eq!(event.stream_id().as_str(), "order-1");
}

#[test]
fn records_with_impossible_parts_are_refused_with_the_reason() {
    let refused = |reason: Option<&str>, word| reason.is_some_and(|reason| reason.contains(word));
    assert!(refused(refusal(|b| b.truncate(100)), "shorter"));
    assert!(refused(refusal(|b| b.truncate(118)), "add up"));
    assert!(refused(refusal(|b| b.push(0)), "add up"));
    assert!(refused(refusal(|b| b[..8].fill(0)), "count from 1"), "position zero");
    assert!(refused(refusal(|b| b[8..16].fill(0)), "count from 1"), "version zero");
    assert!(refused(refusal(|b| b[16..32].fill(0)), "event id"));
    assert!(refused(refusal(|b| b[110] = 1), "reserved"));
    assert!(refused(refusal(|b| b[116] = b'O'), "stream"), "an upper-case aggregate");
    assert!(refused(refusal(|b| b[121] = b'_'), "stream"), "no hyphen");
    assert!(refused(refusal(|b| b[122] = 0xff), "stream"), "no UTF-8");
    assert!(refused(refusal(|b| b[123] = 0xff), "text"), "a type that is no UTF-8");
    // Together valid UTF-8, but cut between the stream's name and the type in the middle of a letter.
    let torn = refusal(|b| b[122..124].copy_from_slice("é".as_bytes()));
    assert!(refused(torn, "stream"));
}

proptest! {
    /// Whatever decodes can be asked for everything without a panic.
    #[test]
    fn no_bytes_make_a_record_that_panics(at in 0..140_usize, value: u8, noise in vec(any::<u8>(), 0..200)) {
        let mut bytes = sample();
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        for bytes in [bytes, noise] {
            if let Ok(event) = RecordedEvent::decode(bytes.into()) {
                let asked = (event.stream_id(), event.event_type().len(), event.metadata(), event.payload().len());
                prop_assert!(!asked.0.as_str().is_empty());
            }
        }
    }
}
