//! Moving a log between its backends: the same bytes at the same positions, also when it was interrupted.

#![expect(clippy::unwrap_used, reason = "a test fails by it, also in the functions its cases share")]

use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EventLog, ExpectedVersion, ImportError, LogImport as _, Metadata,
    NewEvent, Position, StreamId, compare, copy,
};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use daybook_tests::servers::postgres::database;
use uuid::Uuid;

fn event(n: u64) -> NewEvent {
    NewEvent {
        event_id: Uuid::from_u128(u128::from(n) + 1),
        event_type: if n.is_multiple_of(3) { "Placed".into() } else { "Odd \"type\"".into() },
        schema_version: u16::try_from(n % 500).unwrap(),
        metadata: Metadata {
            occurred_at_ns: -i64::try_from(n).unwrap(),
            command_id: Uuid::from_u128(u128::from(n)),
            correlation_id: Uuid::nil(),
            causation_id: Uuid::from_u128(u128::from(n % 7)),
            request_hash: n << 40,
            actor: format!("customer:Zoë {n}"),
        },
        payload: format!(" {{ \"n\":{n},  \"é\":\"\\u0000\" }} ").into(),
    }
}

/// Appends of one to four events to a few streams, some of them in one group.
async fn fill(log: &dyn EventLog, from: u64, appends: u64) {
    let mut n = from * 10;
    for group in 0..appends / 3 {
        let group = (0..3)
            .map(|append| {
                let stream = StreamId::new("order", (group + append) % 11).unwrap();
                let events =
                    (0..=(group + append) % 4).map(|event_nth| event(n + event_nth)).collect::<Vec<_>>();
                n += events.len() as u64;
                Append { stream, expected: ExpectedVersion::Any, events }
            })
            .collect();
        assert!(log.append(group).await.unwrap().iter().all(Result::is_ok));
    }
}

async fn postgres() -> PostgresLog {
    PostgresLog::connect(PostgresOptions::new(database().await.unwrap())).await.unwrap()
}

fn embedded(folder: &std::path::Path) -> EmbeddedLog {
    EmbeddedLog::open(folder, EmbeddedOptions::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_moved_there_and_back_is_the_same_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let first = embedded(&folder.path().join("first"));
    fill(&first, 0, 3_000).await;
    let server = postgres().await;
    let mut told = Vec::new();
    let reached = copy(&first, &server, |reached, of| told.push((reached, of))).await.unwrap();
    assert_eq!(reached, *first.head().borrow());
    assert_eq!(told.last(), Some(&(reached, reached)));
    let back = embedded(&folder.path().join("back"));
    assert_eq!(copy(&server, &back, |_, _| {}).await.unwrap(), reached);
    assert_eq!(compare(&first, &server).await.unwrap(), reached);
    assert_eq!(compare(&first, &back).await.unwrap(), reached);

    // All three go on as logs, and what was appended since is copied by the next call.
    fill(&first, 10_000, 30).await;
    assert!(
        std::matches!(compare(&first, &server).await, Err(ImportError::Gap { head, .. }) if head == reached)
    );
    copy(&first, &server, |_, _| {}).await.unwrap();
    copy(&first, &back, |_, _| {}).await.unwrap();
    assert_eq!(compare(&server, &back).await.unwrap(), *first.head().borrow());
    fill(&server, 20_000, 3).await;
    assert!(*server.head().borrow() > *first.head().borrow());
}

#[tokio::test]
async fn pages_may_be_taken_over_again_and_in_other_cuts() {
    let folder = tempfile::tempdir().unwrap();
    let first = embedded(&folder.path().join("first"));
    fill(&first, 0, 60).await;
    let events = first.read_all(Position::new(1), usize::MAX).await.unwrap();
    let server = postgres().await;
    let back = embedded(&folder.path().join("back"));
    for range in [0..1, 0..7, 3..7, 5..20, 20..20, 0..events.len()] {
        server.append_recorded(&events[range.clone()]).await.unwrap();
        back.append_recorded(&events[range]).await.unwrap();
    }
    assert_eq!(compare(&first, &server).await.unwrap(), *first.head().borrow());
    assert_eq!(compare(&first, &back).await.unwrap(), *first.head().borrow());
}

#[tokio::test]
async fn a_different_log_and_a_gap_are_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let first = embedded(&folder.path().join("first"));
    fill(&first, 0, 30).await;
    let events = first.read_all(Position::new(1), usize::MAX).await.unwrap();
    let (server, other) = (postgres().await, embedded(&folder.path().join("other")));
    fill(&server, 5_000, 3).await;
    fill(&other, 5_000, 3).await;
    let before = (*server.head().borrow(), *other.head().borrow());
    for refused in [copy(&first, &server, |_, _| {}).await, copy(&first, &other, |_, _| {}).await] {
        assert!(std::matches!(refused, Err(ImportError::Differs { .. })), "{refused:?}");
    }
    for refused in [server.append_recorded(&events[20..]).await, other.append_recorded(&events[20..]).await] {
        assert!(std::matches!(refused, Err(ImportError::Gap { .. })), "{refused:?}");
    }
    assert!(std::matches!(copy(&other, &first, |_, _| {}).await, Err(ImportError::Gap { .. })));
    assert_eq!((*server.head().borrow(), *other.head().borrow()), before);
}
