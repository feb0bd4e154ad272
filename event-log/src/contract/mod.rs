//! What every backend must do, as tests any backend can be put through.
//!
//! A backend implements [`Backend`] and calls [`contract_tests!`](crate::contract_tests), which makes
//! one test of each function here. The functions panic where the contract is broken. [`model`] goes
//! further: it compares random histories with [`crate::MemoryLog`].

pub mod appending;
pub mod following;
pub mod model;
pub mod once;
pub mod reading;
pub mod sequencing;

use crate::{
    Append, AppendOutcome, Appended, EventLog, ExpectedVersion, Metadata, NewEvent, Position, RecordedEvent,
    StreamId, Version,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::{borrow::Cow, sync::Arc};
use uuid::Uuid;

/// How the contract gets at a backend's logs.
#[async_trait]
pub trait Backend: Send + Sync {
    /// A new log, empty, independent of every other.
    async fn fresh(&self) -> Arc<dyn EventLog>;

    /// Closes `log`, which came from [`Backend::fresh`], and opens the same one again. A backend that
    /// keeps nothing returns the log it was given.
    async fn reopen(&self, log: Arc<dyn EventLog>) -> Arc<dyn EventLog>;
}

/// Makes one `#[tokio::test]` of every function of the contract, run on the backend that the given
/// expression makes.
#[macro_export]
macro_rules! contract_tests {
    ($backend:expr) => {
        $crate::contract_tests! { @each $backend,
            appending::versions_and_positions_are_dense,
            appending::a_conflict_rejects_one_append_and_not_its_neighbours,
            appending::an_append_enters_whole_or_not_at_all,
            appending::calls_are_sequenced_in_the_order_of_calling,
            appending::unstorable_appends_are_refused_by_name,
            appending::what_was_appended_is_there_after_reopening,
            appending::nothing_is_taken_after_closing,
            appending::a_large_append_and_a_large_group_go_in,
            once::the_same_append_again_answers_with_where_it_stands,
            once::a_repetition_is_known_after_reopening,
            once::ids_that_stand_elsewhere_are_refused,
            once::a_repetition_within_one_group_is_seen,
            reading::a_stream_is_read_from_any_version,
            reading::everything_is_read_from_any_position,
            reading::a_page_is_bounded_in_bytes_and_holds_one_event_however_large,
            reading::an_event_is_found_by_its_id,
            reading::what_is_not_there_is_empty_not_an_error,
            reading::every_field_comes_back_as_it_was,
            sequencing::what_is_durable_was_sequenced_before_with_the_same_answer,
            sequencing::whoever_waits_for_the_first_answer_gets_it_and_the_events_are_durable_all_the_same,
            sequencing::both_answers_say_that_the_log_is_closed,
            following::a_follower_sees_past_and_present_once_each,
            following::a_dropped_wait_loses_nothing,
            following::a_follower_ends_when_the_log_is_closed,
            model::random_histories_agree_with_the_oracle,
        }
    };
    (@each $backend:expr, $($topic:ident :: $name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::contract::$topic::$name(&$backend).await;
            }
        )*
    };
}

/// A stream that no other sample uses.
#[must_use]
pub fn stream(name: &str) -> StreamId {
    StreamId::new("sample", name).expect("samples have valid names")
}

/// An event with id `n` (which must not be zero) and a payload that depends on it.
#[must_use]
pub fn event(n: u128) -> NewEvent {
    NewEvent {
        event_id: Uuid::from_u128(n),
        event_type: Cow::Borrowed("SampleTaken"),
        schema_version: 1,
        metadata: Metadata { occurred_at_ns: 7, ..Metadata::default() },
        payload: Bytes::from(format!("{{\"n\":{n}}}")),
    }
}

/// Events with the given ids for one stream.
#[must_use]
pub fn append(stream: &StreamId, expected: ExpectedVersion, ids: impl IntoIterator<Item = u128>) -> Append {
    Append { stream: stream.clone(), expected, events: ids.into_iter().map(event).collect() }
}

/// Appends one append by itself.
pub async fn append_one(log: &Arc<dyn EventLog>, append: Append) -> AppendOutcome {
    let mut outcomes = log.append(vec![append]).await.expect("the log takes appends");
    assert_eq!(outcomes.len(), 1, "one outcome per append");
    outcomes.remove(0)
}

/// Appends events with the given ids to `stream`, whatever its version.
pub async fn put(
    log: &Arc<dyn EventLog>,
    stream: &StreamId,
    ids: impl IntoIterator<Item = u128>,
) -> Appended {
    append_one(log, append(stream, ExpectedVersion::Any, ids)).await.expect("nothing is in the way")
}

/// The whole log, read in odd bites, checked to be dense.
pub async fn everything(log: &Arc<dyn EventLog>) -> Vec<RecordedEvent> {
    let mut events: Vec<RecordedEvent> = Vec::new();
    loop {
        let from = Position::new(events.len() as u64 + 1);
        let more = log.read_all(from, 7).await.expect("the log can be read");
        assert!(more.len() <= 7, "no more than the limit");
        if more.is_empty() {
            break;
        }
        events.extend(more);
    }
    for (event, n) in events.iter().zip(1..) {
        assert_eq!(event.position(), Position::new(n), "positions are dense");
    }
    assert_eq!(*log.head().borrow(), Position::new(events.len() as u64), "the head is the last position");
    events
}

/// The ids of a stream's events, checked to be dense in version.
pub async fn ids_in(log: &Arc<dyn EventLog>, stream: &StreamId) -> Vec<u128> {
    let events = log.read_stream(stream, Version::new(1), usize::MAX).await.expect("the stream can be read");
    for (event, n) in events.iter().zip(1..) {
        assert_eq!((event.version(), event.stream()), (Version::new(n), stream.as_str()));
    }
    let version = log.stream_version(stream).await.expect("the version can be read");
    assert_eq!(version, Version::new(events.len() as u64));
    events.iter().map(|event| event.event_id().as_u128()).collect()
}
