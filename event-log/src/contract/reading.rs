//! The contract of reading: by stream, by position, by event id.

use super::{Backend, append_one, event, everything, put, stream};
use crate::{Append, EventLog, ExpectedVersion, Metadata, NewEvent, PageLimits, Position, Version};
use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

pub async fn a_stream_is_read_from_any_version(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let (a, b) = (stream("a"), stream("b"));
    for n in 0..10_u128 {
        put(&log, &a, [1 + 2 * n]).await;
        put(&log, &b, [2 + 2 * n]).await;
    }
    for from in 0..12_u64 {
        for limit in [0, 1, 3, 100] {
            let got = log.read_stream(&a, Version::new(from), limit).await.expect("readable");
            let got: Vec<u64> = got.iter().map(|event| event.version().get()).collect();
            let want: Vec<u64> = (from.max(1)..=10).take(limit).collect();
            assert_eq!(got, want, "from {from}, at most {limit}");
        }
    }
}

pub async fn everything_is_read_from_any_position(backend: &dyn Backend) {
    let log = backend.fresh().await;
    for n in 0..12_u128 {
        put(&log, &stream(&format!("s{}", n % 5)), [1 + n]).await;
    }
    for from in 0..14_u64 {
        for limit in [0, 1, 5, usize::MAX] {
            let got = log.read_all(Position::new(from), limit).await.expect("readable");
            let got: Vec<u64> = got.iter().map(|event| event.position().get()).collect();
            let want: Vec<u64> = (from.max(1)..=12).take(limit).collect();
            assert_eq!(got, want, "from {from}, at most {limit}");
        }
    }
}

pub async fn a_page_is_bounded_in_bytes_and_holds_one_event_however_large(backend: &dyn Backend) {
    let log = backend.fresh().await;
    for n in 1..=100_u128 {
        let filler = "x".repeat(if n == 50 { 1 << 18 } else { 400 });
        let payload = Bytes::from(format!(r#"{{"filler":"{filler}"}}"#));
        let append = Append {
            stream: stream("a"),
            expected: ExpectedVersion::Any,
            events: vec![NewEvent { payload, ..event(n) }],
        };
        append_one(&log, append).await.expect("nothing is in the way");
    }
    for bytes in [700, 10_000] {
        everything_in_pages(&log, PageLimits { events: 60, bytes }).await;
    }
    let log = backend.reopen(log).await;
    everything_in_pages(&log, PageLimits { events: 60, bytes: 10_000 }).await;
}

/// Reads a log of a hundred events.
async fn everything_in_pages(log: &Arc<dyn EventLog>, limits: PageLimits) {
    let mut next = Position::new(1);
    while next <= Position::new(100) {
        let page = log.read_page(next, limits).await.expect("readable");
        let bytes: usize = page.iter().map(|event| event.as_bytes().len()).sum();
        assert!(page.len() == 1 || bytes <= limits.bytes, "{} events, {bytes} bytes", page.len());
        let positions: Vec<u64> = page.iter().map(|event| event.position().get()).collect();
        let wanted: Vec<u64> = (next.get()..).take(page.len()).collect();
        assert!(!page.is_empty() && positions == wanted, "{positions:?}, not {wanted:?}");
        next = next.plus(page.len() as u64);
    }
    assert!(log.read_page(next, limits).await.expect("readable").is_empty());
}

pub async fn an_event_is_found_by_its_id(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let a = stream("a");
    put(&log, &a, 1..=5).await;
    for (n, version) in (1..=5_u128).zip(1..) {
        let found = log.find(event(n).event_id).await.expect("readable").expect("it is there");
        assert_eq!((found.version(), found.event_id()), (Version::new(version), event(n).event_id));
    }
    assert!(log.find(Uuid::from_u128(6)).await.expect("readable").is_none());
}

pub async fn what_is_not_there_is_empty_not_an_error(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let none = stream("none");
    assert_eq!(*log.head().borrow(), Position::ZERO);
    assert!(log.read_all(Position::new(1), 10).await.expect("readable").is_empty());
    assert!(log.read_stream(&none, Version::new(1), 10).await.expect("readable").is_empty());
    assert_eq!(log.stream_version(&none).await.expect("readable"), Version::ZERO);
    assert!(log.find(Uuid::from_u128(1)).await.expect("readable").is_none());
    put(&log, &stream("a"), [1]).await;
    assert!(log.read_all(Position::new(2), 10).await.expect("readable").is_empty());
    assert!(log.read_stream(&stream("a"), Version::new(2), 10).await.expect("readable").is_empty());
    assert!(log.append(Vec::new()).await.expect("nothing is asked, so nothing fails").is_empty());
}

pub async fn every_field_comes_back_as_it_was(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let metadata = Metadata {
        occurred_at_ns: -1_234_567_890_123_456_789,
        command_id: Uuid::from_u128(11),
        correlation_id: Uuid::from_u128(12),
        causation_id: Uuid::from_u128(13),
        request_hash: u64::MAX - 1,
        actor: "customer:Zoë".to_owned(),
    };
    let sent = NewEvent {
        event_id: Uuid::from_u128(14),
        event_type: "OrderPlaced".into(),
        schema_version: 513,
        metadata: metadata.clone(),
        payload: Bytes::from_static(
            r#"{"price":  1.50, "note":"naïve \u0000 \"quoted\"","n":[1,2,{}]}"#.as_bytes(),
        ),
    };
    let to = stream("ünï-code");
    let append =
        Append { stream: to.clone(), expected: ExpectedVersion::NoStream, events: vec![sent.clone()] };
    let appended = append_one(&log, append).await.expect("nothing is in the way");
    let log = backend.reopen(log).await;
    let got = everything(&log).await.remove(0);
    assert_eq!((got.stream(), got.event_id(), got.event_type()), (to.as_str(), sent.event_id, "OrderPlaced"));
    assert_eq!((got.schema_version(), got.recorded_at_ns()), (513, appended.recorded_at_ns));
    assert_eq!(got.metadata(), metadata);
    assert_eq!(got.payload(), &sent.payload[..], "the payload's very bytes, spaces and all");
}
