//! Logs with sample events, for the tests of this crate.

use bytes::Bytes;
use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EventLog, ExpectedVersion, Metadata, NewEvent, Position, StreamId,
};
use std::{path::Path, sync::Arc};
use uuid::Uuid;

pub(crate) fn embedded(folder: &Path) -> Arc<dyn EventLog> {
    Arc::new(EmbeddedLog::open(folder, EmbeddedOptions::default()).expect("a sample is taken"))
}

/// Appends small events, in turn to the streams `sample-0`, `sample-1` and `sample-2`.
pub(crate) async fn append(log: &Arc<dyn EventLog>, count: usize) {
    for _ in 0..count {
        append_sized(log, 10).await;
    }
}

/// Appends one event with a payload of at least so many bytes.
pub(crate) async fn append_sized(log: &Arc<dyn EventLog>, bytes: usize) {
    let position: Position = log.head().borrow().next();
    let event = NewEvent {
        event_id: Uuid::from_u128(u128::from(position.get())),
        event_type: "SampleTaken".into(),
        schema_version: 1,
        metadata: Metadata::default(),
        payload: Bytes::from(format!(r#"{{"filler":"{}"}}"#, "x".repeat(bytes))),
    };
    let stream = StreamId::new("sample", position.get() % 3).expect("a sample is taken");
    let append = Append { stream, expected: ExpectedVersion::Any, events: vec![event] };
    log.append(vec![append]).await.expect("a sample is taken").remove(0).expect("a sample is taken");
}
