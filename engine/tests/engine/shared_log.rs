//! Several engines on one log, as on a server that many nodes write to.

use crate::{
    books::Books,
    shop::{buy, cart, execute, log_and_clock, open_over, receive, stocked},
};
use daybook_engine::{CommandError, Engine, EngineOptions, OrderOutcome};
use daybook_event_log::{EventLog, MemoryLog};
use futures::future::join_all;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

async fn two_engines() -> (Arc<MemoryLog>, Vec<Engine>) {
    let (log, clock) = log_and_clock();
    let log = Arc::new(Arc::into_inner(log).expect("not shared yet").shared_with_others());
    let mut engines = Vec::new();
    for _ in 0..2 {
        engines.push(open_over(Arc::clone(&log) as _, clock.clone(), EngineOptions::default()).await);
    }
    (log, engines)
}

#[tokio::test(start_paused = true)]
async fn engines_that_get_in_each_others_way_decide_anew_and_lose_nothing() {
    let (log, engines) = two_engines().await;
    let asked = (0..400).map(|n| {
        let engine = engines[n as usize % 2].clone();
        async move {
            loop {
                tokio::task::yield_now().await;
                match execute(&engine, 10 + n, receive("mug", 1)).await {
                    Err(CommandError::Contended { .. }) => {}
                    answer => return answer.expect("only contention stands in the way"),
                }
            }
        }
    });
    let outcomes = join_all(asked).await;
    assert_eq!(log.head().borrow().get(), 400);
    let mut versions: Vec<u64> = outcomes.iter().map(|outcome| outcome.version.get()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=400).collect::<Vec<_>>());
    let books = Books::read(&log).await;
    books.numbers_are_dense();
    books.hold(&outcomes);
}

#[tokio::test(start_paused = true)]
async fn two_nodes_running_the_same_processes_place_each_order_once() {
    let (log, engines) = two_engines().await;
    stocked(&engines[0]).await;
    for n in 0..20 {
        let buying = buy(&engines[n as usize % 2], n, "tok_visa");
        let outcome = timeout(Duration::from_secs(100), buying).await;
        let Ok(outcome) = outcome else { panic!("order {n} is not decided:\n{}", Books::read(&log).await) };
        assert!(matches!(outcome, OrderOutcome::Confirmed { .. }), "{outcome:?}");
    }
    for engine in &engines {
        let head = *log.head().borrow();
        let at_rest = timeout(Duration::from_secs(100), engine.processes_caught_up(head)).await;
        assert!(at_rest.is_ok(), "something is still under way:\n{}", Books::read(&log).await);
    }
    let books = Books::read(&log).await;
    books.numbers_are_dense();
    books.commands_happened_once();
    for n in 0..20 {
        books.order_is_decided_and_agrees(cart(n));
    }
}
