//! The contract of event ids: an event enters the log once, however often it is sent.

use super::{Backend, append, append_one, event, everything, ids_in, put, stream};
use crate::{AppendRejection, ExpectedVersion, Version};

pub async fn the_same_append_again_answers_with_where_it_stands(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let (a, b) = (stream("a"), stream("b"));
    put(&log, &b, [9]).await;
    let first = put(&log, &a, [1, 2, 3]).await;
    put(&log, &a, [4]).await;
    assert!(!first.already_there);
    // The expectation no longer holds, and need not: nothing is to be written.
    let again = append_one(&log, append(&a, ExpectedVersion::NoStream, [1, 2, 3])).await.expect("known");
    assert!(again.already_there);
    assert_eq!((again.first_position, again.last_position), (first.first_position, first.last_position));
    assert_eq!((again.first_version, again.last_version), (first.first_version, first.last_version));
    assert_eq!(again.recorded_at_ns, first.recorded_at_ns);
    assert_eq!(everything(&log).await.len(), 5);
}

pub async fn a_repetition_is_known_after_reopening(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let a = stream("a");
    let first = put(&log, &a, [1, 2]).await;
    let log = backend.reopen(log).await;
    let again = append_one(&log, append(&a, ExpectedVersion::Exact(Version::ZERO), [1, 2])).await;
    let again = again.expect("known");
    assert!(again.already_there);
    assert_eq!((again.first_position, again.last_version), (first.first_position, first.last_version));
    assert_eq!(everything(&log).await.len(), 2);
}

pub async fn ids_that_stand_elsewhere_are_refused(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let (a, b) = (stream("a"), stream("b"));
    put(&log, &a, [1, 2, 3]).await;
    put(&log, &b, [4]).await;
    put(&log, &a, [5]).await;
    let cases = [
        ("in another stream", append(&b, ExpectedVersion::Any, [1, 2])),
        ("partly new, new last", append(&a, ExpectedVersion::Any, [3, 6])),
        ("partly new, new first", append(&a, ExpectedVersion::Any, [6, 5])),
        ("in another order", append(&a, ExpectedVersion::Any, [2, 1])),
        ("with one left out", append(&a, ExpectedVersion::Any, [1, 3])),
        ("of two appends with a stranger between", append(&a, ExpectedVersion::Any, [3, 5])),
        ("twice in one append", append(&a, ExpectedVersion::Any, [7, 7])),
    ];
    for (case, reuse) in cases {
        let outcome = append_one(&log, reuse).await;
        assert!(matches!(outcome, Err(AppendRejection::EventIdReused { .. })), "{case}: {outcome:?}");
    }
    assert_eq!(ids_in(&log, &a).await, [1, 2, 3, 5]);
    assert_eq!(ids_in(&log, &b).await, [4]);
    assert!(log.find(event(6).event_id).await.expect("readable").is_none());
}

pub async fn a_repetition_within_one_group_is_seen(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let a = stream("a");
    let group = vec![
        append(&a, ExpectedVersion::NoStream, [1, 2]),
        append(&a, ExpectedVersion::NoStream, [1, 2]),
        append(&a, ExpectedVersion::Any, [2, 3]),
    ];
    let outcomes = log.append(group).await.expect("the log takes appends");
    let [Ok(first), Ok(again), Err(AppendRejection::EventIdReused { .. })] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert!(!first.already_there && again.already_there);
    assert_eq!(again.last_position, first.last_position);
    assert_eq!(ids_in(&log, &a).await, [1, 2]);
}
