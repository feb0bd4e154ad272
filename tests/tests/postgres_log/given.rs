//! What the tests start from, and the check of a whole history that they end with.

use bytes::Bytes;
use daybook_event_log::{
    Append, EventLog, ExpectedVersion, Metadata, NewEvent, Position, RecordedEvent, StreamId, Version,
};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

pub(crate) async fn database() -> String {
    daybook_tests::servers::postgres::database().await.unwrap()
}

pub(crate) async fn log(url: &str) -> PostgresLog {
    PostgresLog::connect(PostgresOptions::new(url)).await.unwrap()
}

pub(crate) fn stream(id: impl std::fmt::Display) -> StreamId {
    StreamId::new("counter", id).unwrap()
}

pub(crate) fn event(payload: &str) -> NewEvent {
    NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "Added".into(),
        schema_version: 1,
        metadata: Metadata::default(),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    }
}

pub(crate) fn added(by: u64) -> NewEvent {
    event(&format!("{{\"by\":{by}}}"))
}

pub(crate) fn append(stream: &StreamId, expected: ExpectedVersion, events: Vec<NewEvent>) -> Append {
    Append { stream: stream.clone(), expected, events }
}

pub(crate) async fn everything(log: &dyn EventLog) -> Vec<RecordedEvent> {
    let mut all = Vec::new();
    let mut next = Position::new(1);
    loop {
        let page = log.read_all(next, 1000).await.unwrap();
        let Some(last) = page.last() else { return all };
        next = last.position().next();
        all.extend(page);
    }
}

/// Dense positions, dense versions in order, times that do not run back, every event once.
pub(crate) fn assert_sound(history: &[RecordedEvent]) {
    let mut versions: HashMap<&str, Version> = HashMap::new();
    let mut ids = HashSet::new();
    let mut time = i64::MIN;
    for (event, position) in history.iter().zip(1..) {
        assert_eq!(event.position(), Position::new(position));
        let version = versions.entry(event.stream()).or_default();
        assert_eq!(event.version(), version.next(), "{event:?}");
        *version = event.version();
        assert!(ids.insert(event.event_id()), "{event:?} is there twice");
        assert!(event.recorded_at_ns() >= time, "{event:?} was recorded before the one before it");
        time = event.recorded_at_ns();
    }
}
