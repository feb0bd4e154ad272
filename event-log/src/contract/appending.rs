//! The contract of appending: all or nothing, dense, in order, durable.

use super::{Backend, append, append_one, event, everything, ids_in, put, stream};
use crate::{AppendRejection, ExpectedVersion, LogError, Position, Version};
use bytes::Bytes;

pub async fn versions_and_positions_are_dense(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let (a, b) = (stream("a"), stream("b"));
    let first = put(&log, &a, [1, 2]).await;
    assert_eq!((first.first_position, first.last_position), (Position::new(1), Position::new(2)));
    assert_eq!((first.first_version, first.last_version), (Version::new(1), Version::new(2)));
    let other = put(&log, &b, [3]).await;
    assert_eq!((other.first_position, other.first_version), (Position::new(3), Version::new(1)));
    let third = put(&log, &a, [4]).await;
    assert_eq!((third.last_position, third.last_version), (Position::new(4), Version::new(3)));
    assert!(third.recorded_at_ns >= first.recorded_at_ns, "the record's time does not run backwards");
    assert_eq!(everything(&log).await.len(), 4);
    assert_eq!(ids_in(&log, &a).await, [1, 2, 4]);
}

pub async fn a_conflict_rejects_one_append_and_not_its_neighbours(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let (a, b, c) = (stream("a"), stream("b"), stream("c"));
    put(&log, &a, [1, 2]).await;
    let group = vec![
        append(&b, ExpectedVersion::NoStream, [3]),
        append(&a, ExpectedVersion::Exact(Version::new(1)), [4]),
        append(&a, ExpectedVersion::NoStream, [5]),
        append(&a, ExpectedVersion::Exact(Version::new(2)), [6]),
        append(&b, ExpectedVersion::Exact(Version::new(1)), [7]),
        append(&c, ExpectedVersion::Exact(Version::new(1)), [8]),
    ];
    let outcomes = log.append(group).await.expect("the log takes appends");
    let taken: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(taken, [true, false, false, true, true, false]);
    let Err(AppendRejection::Conflict { stream: at, expected, actual }) = &outcomes[1] else {
        panic!("{:?} is no conflict", outcomes[1])
    };
    assert_eq!((at, expected, actual), (&a, &ExpectedVersion::Exact(Version::new(1)), &Version::new(2)));
    let ids: Vec<u128> = everything(&log).await.iter().map(|e| e.event_id().as_u128()).collect();
    assert_eq!(ids, [1, 2, 3, 6, 7], "rejected appends take no position");
    assert_eq!(log.stream_version(&c).await.expect("readable"), Version::ZERO);
}

pub async fn an_append_enters_whole_or_not_at_all(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let a = stream("a");
    put(&log, &a, [1]).await;
    let outcome = append_one(&log, append(&a, ExpectedVersion::Any, [2, 3, 1])).await;
    assert!(matches!(outcome, Err(AppendRejection::EventIdReused { .. })), "{outcome:?}");
    assert_eq!(ids_in(&log, &a).await, [1]);
    assert!(log.find(event(2).event_id).await.expect("readable").is_none());
}

pub async fn calls_are_sequenced_in_the_order_of_calling(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let a = stream("a");
    let mut answers: Vec<_> = (0..20)
        .map(|n| log.append(vec![append(&a, ExpectedVersion::Exact(Version::new(n)), [u128::from(n) + 1])]))
        .collect();
    answers.reverse();
    for answer in answers {
        let outcomes = answer.await.expect("the log takes appends");
        assert!(outcomes[0].is_ok(), "polled last to first, yet sequenced first to last: {outcomes:?}");
    }
    assert_eq!(ids_in(&log, &a).await, (1..=20).collect::<Vec<u128>>());
}

pub async fn unstorable_appends_are_refused_by_name(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let a = stream("a");
    let mut unnamed = append(&a, ExpectedVersion::Any, [1]);
    unnamed.events[0].event_type = "".into();
    let mut overlong = append(&a, ExpectedVersion::Any, [2]);
    overlong.events[0].metadata.actor = "x".repeat(256);
    let mut huge = append(&a, ExpectedVersion::Any, [3]);
    huge.events[0].payload = Bytes::from(vec![b' '; 65 << 20]);
    let nil = append(&a, ExpectedVersion::Any, [0]);
    let empty = append(&a, ExpectedVersion::Any, []);
    for (bad, why) in [(unnamed, "type"), (overlong, "actor"), (huge, "bytes"), (nil, "id"), (empty, "event")]
    {
        let outcome = append_one(&log, bad).await;
        let Err(AppendRejection::Invalid { reason, .. }) = &outcome else {
            panic!("{why}: {outcome:?} is not refused as invalid")
        };
        assert!(reason.contains(why), "{reason:?} names the {why}");
    }
    assert!(everything(&log).await.is_empty());
}

pub async fn what_was_appended_is_there_after_reopening(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let (a, b) = (stream("a"), stream("b"));
    put(&log, &a, [1, 2]).await;
    put(&log, &b, [3]).await;
    let before = everything(&log).await;
    let log = backend.reopen(log).await;
    assert_eq!(everything(&log).await, before);
    assert_eq!((ids_in(&log, &a).await, ids_in(&log, &b).await), (vec![1, 2], vec![3]));
    let next = put(&log, &a, [4]).await;
    assert_eq!((next.first_position, next.first_version), (Position::new(4), Version::new(3)));
}

pub async fn nothing_is_taken_after_closing(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let accepted = log.append(vec![append(&stream("a"), ExpectedVersion::Any, [1])]);
    log.close().await.expect("the log closes");
    assert!(accepted.await.expect("accepted before closing")[0].is_ok());
    let refused = log.append(vec![append(&stream("a"), ExpectedVersion::Any, [2])]).await;
    assert!(matches!(refused, Err(LogError::Closed)), "{refused:?}");
}

pub async fn a_large_append_and_a_large_group_go_in(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let a = stream("a");
    let large = put(&log, &a, 1..=2_000).await;
    assert_eq!(large.last_version, Version::new(2_000));
    let group = (0..500)
        .map(|n| append(&stream(&format!("of-{n}")), ExpectedVersion::NoStream, [10_000 + n]))
        .collect();
    let outcomes = log.append(group).await.expect("the log takes appends");
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(everything(&log).await.len(), 2_500);
    assert_eq!(ids_in(&log, &a).await.len(), 2_000);
}
