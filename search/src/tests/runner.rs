//! The search as the read models run it: from a log, live, rebuilt beside itself, and after a restart.

use super::{
    super::{Search, SearchPage, SearchRequest},
    shop::{config, counted, created, repriced, spec},
};
use bytes::Bytes;
use daybook_domain::Event;
use daybook_event_log::{Append, EventLog, ExpectedVersion, MemoryLog, Metadata, NewEvent, Position};
use daybook_projections::{Options, ReadModels};
use std::{path::Path, sync::Arc, time::Duration};

const PATIENCE: Duration = Duration::from_secs(60);

async fn append(log: &MemoryLog, name: &str, event: Event) {
    let event_type = event.type_name();
    let new = NewEvent {
        event_id: uuid::Uuid::new_v4(),
        event_type: event_type.into(),
        schema_version: event.schema_version(),
        metadata: Metadata::default(),
        payload: Bytes::from(event.encode()),
    };
    let stream = format!("{}-{name}", event.aggregate());
    let stream = daybook_event_log::StreamId::parse(&stream).unwrap();
    let append = Append { stream, expected: ExpectedVersion::Any, events: vec![new] };
    log.append(vec![append]).await.unwrap().remove(0).unwrap();
}

async fn started(dir: &Path, log: &Arc<MemoryLog>) -> (ReadModels, Search) {
    let search = Search::default();
    let definition = search.definition(config());
    let models = ReadModels::open(dir, Options::default(), vec![definition]).unwrap();
    models.start(log.clone()).await.unwrap();
    (models, search)
}

/// What is found once everything in the log is visible.
async fn found(search: &Search, log: &MemoryLog, q: &str) -> SearchPage {
    let index = search.current().expect("the search is live");
    let head: Position = *log.head().borrow();
    tokio::time::timeout(PATIENCE, index.wait_for(head)).await.expect("the search follows the log");
    let request = SearchRequest { q: q.to_owned(), ..Default::default() };
    serde_json::from_slice(&index.search(&request).unwrap().body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_follows_the_log_and_reads_its_own_writes() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(MemoryLog::default());
    append(&log, "A", created("A", spec("A", "mug", "Acme", &["Home"], 100))).await;
    let (models, search) = started(dir.path(), &log).await;
    assert_eq!(found(&search, &log, "mug").await.hits[0].prices[0].minor, 100);
    append(&log, "A", repriced("A", 250)).await;
    append(&log, "A", counted("A", 4)).await;
    let hit = found(&search, &log, "mug").await.hits.remove(0);
    assert_eq!((hit.prices[0].minor, hit.in_stock), (250, true));
    models.shutdown().unwrap();
    drop((models, search));
    let (models, search) = started(dir.path(), &log).await;
    assert_eq!(found(&search, &log, "mug").await.hits[0], hit);
    models.shutdown().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_is_rebuilt_beside_the_one_that_answers() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(MemoryLog::default());
    for number in 0..50 {
        let name = format!("P{number}");
        append(&log, &name, created(&name, spec(&name, "mug", "Acme", &["Home"], 100))).await;
    }
    let (models, search) = started(dir.path(), &log).await;
    assert_eq!(found(&search, &log, "mug").await.total.value, 50);
    let before = search.current().unwrap();
    models.rebuild("search").unwrap();
    let switched = async {
        while Arc::ptr_eq(&before, &search.current().unwrap()) {
            assert_eq!(search.current().unwrap().len(), 50);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, switched).await.expect("the rebuild takes over");
    assert_eq!(found(&search, &log, "mug").await.total.value, 50);
    append(&log, "Q", created("Q", spec("Q", "mug", "Acme", &["Home"], 100))).await;
    assert_eq!(found(&search, &log, "mug").await.total.value, 51);
    models.shutdown().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_from_another_log_or_a_longer_one_is_made_again_and_never_found() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Arc::new(MemoryLog::default());
    for name in ["A", "B"] {
        append(&ours, name, created(name, spec(name, "mug", "Acme", &["Home"], 100))).await;
    }
    let (models, search) = started(dir.path(), &ours).await;
    assert_eq!(found(&search, &ours, "mug").await.total.value, 2);
    models.shutdown().unwrap();
    drop((models, search));
    // As long as ours, longer, and shorter: only the events at its positions are others.
    for events in [2, 3, 1] {
        let theirs = Arc::new(MemoryLog::default());
        for number in 0..events {
            let name = format!("T{number}");
            append(&theirs, &name, created(&name, spec(&name, "kettle", "Other", &["Home"], 100))).await;
        }
        let (models, search) = started(dir.path(), &theirs).await;
        assert_eq!(found(&search, &theirs, "mug").await.total.value, 0, "{events} events");
        assert_eq!(found(&search, &theirs, "kettle").await.total.value, events);
        models.shutdown().unwrap();
    }
}
