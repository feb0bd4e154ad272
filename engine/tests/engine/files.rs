//! The engine over the log it is made for: in files, with a real disk below.

use crate::{
    books::Books,
    shop::{buy, cart, copy, execute, receive, stocked},
};
use daybook_engine::{Engine, EngineOptions, OrderOutcome};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, MemoryLog, Position};
use futures::future::join_all;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn orders_placed_side_by_side_are_all_confirmed_and_found_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = Some(dir.path().join("state"));
    let open = || async {
        let log = EmbeddedLog::open(dir.path().join("log"), EmbeddedOptions::default()).expect("a log");
        let log: Arc<dyn EventLog> = Arc::new(log);
        let options = EngineOptions { state_dir: state_dir.clone(), ..EngineOptions::default() };
        (Engine::start(Arc::clone(&log), options).await.expect("an engine"), log)
    };
    let (engine, log) = open().await;
    stocked(&engine).await;
    let outcomes = join_all((0..100).map(|n| buy(&engine, n, "tok_visa"))).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, OrderOutcome::Confirmed { .. })));
    engine.shutdown().await;
    drop(engine);
    log.close().await.unwrap();
    drop(log);
    let (engine, log) = open().await;
    let head = *log.head().borrow();
    engine.processes_caught_up(head).await;
    assert!(execute(&engine, 1, receive("mug", 900_000)).await.unwrap().repeated);
    let all = log.read_all(Position::new(1), 10_000).await.unwrap();
    assert_eq!(all.len() as u64, head.get(), "nothing was done twice");
    let memory = MemoryLog::new();
    copy(&all, &memory).await;
    let books = Books::read(&memory).await;
    books.numbers_are_dense();
    books.commands_happened_once();
    for n in 0..100 {
        books.order_is_decided_and_agrees(cart(n));
    }
    engine.shutdown().await;
}
