//! Many nodes writing to the same streams at once.

use crate::given::{added, append, assert_sound, database, everything, log, stream};
use daybook_event_log::{AppendRejection, Appended, EventLog as _, ExpectedVersion, RecordedEvent};
use daybook_event_log_postgres::PostgresLog;
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

const NODES: usize = 6;
const STREAMS: usize = 5;
const ROUNDS: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_race_write_one_dense_history_with_every_acknowledged_event_once() {
    let url = database().await;
    let mut work = tokio::task::JoinSet::new();
    for _ in 0..NODES {
        let node = Arc::new(log(&url).await);
        for _ in 0..3 {
            work.spawn(race(node.clone()));
        }
    }
    let acknowledged: HashMap<Uuid, (Appended, u64)> = work.join_all().await.into_iter().flatten().collect();
    let node = log(&url).await;
    let history = everything(&node).await;
    assert_sound(&history);
    assert_eq!(history.len(), acknowledged.len());
    for event in &history {
        assert_stands_where_it_was_said(event, &acknowledged[&event.event_id()]);
    }
    assert_eq!(*node.head().borrow(), history.last().unwrap().position());
}

fn assert_stands_where_it_was_said(event: &RecordedEvent, (appended, nth): &(Appended, u64)) {
    assert_eq!(event.position(), appended.first_position.plus(*nth));
    assert_eq!(event.version(), appended.first_version.plus(*nth));
    assert_eq!(event.recorded_at_ns(), appended.recorded_at_ns);
}

/// Appends groups over several streams, some at a version read before, some at any; keeps what was acknowledged.
async fn race(node: Arc<PostgresLog>) -> Vec<(Uuid, (Appended, u64))> {
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let mut group = Vec::new();
        for n in 0..STREAMS {
            let stream = stream(n);
            let expected = if round % 3 == 0 {
                ExpectedVersion::Any
            } else {
                ExpectedVersion::Exact(node.stream_version(&stream).await.unwrap())
            };
            group.push(append(&stream, expected, (0..=round % 2).map(added).collect()));
        }
        let outcomes = node.append(group.clone()).await.unwrap();
        for (append, outcome) in group.into_iter().zip(outcomes) {
            match outcome {
                Ok(appended) => {
                    assert!(!appended.already_there);
                    let ids = append.events.into_iter().map(|event| event.event_id);
                    acknowledged.extend(ids.zip(0..).map(|(id, nth)| (id, (appended, nth))));
                }
                Err(AppendRejection::Conflict { actual, .. }) => {
                    assert_ne!(append.expected, ExpectedVersion::Any);
                    assert_ne!(append.expected, ExpectedVersion::Exact(actual));
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    acknowledged
}
