//! Events that a newer program wrote: what concerns their streams waits for an upgrade, and everything else goes on.

use crate::shop::{
    buy, check_out, create_cart, execute, id, line, log_and_clock, open_over, order, receive, stocked,
};
use daybook_domain::Actor;
use daybook_engine::{CommandError, CommandRequest, Engine, EngineOptions, OrderOutcome, Priority};
use daybook_event_log::{
    Append, EventLog, ExpectedVersion, MemoryLog, NewEvent, Position, RecordedEvent, StreamId,
};
use std::{path::Path, sync::Arc};

/// Far fewer than there are orders for what is hot.
const PLACES: usize = 4;
const HOT_ORDERS: u128 = 60;
/// A version of an event that this program does not know.
const NEWER: u16 = 99;

fn options(state_dir: &Path) -> EngineOptions {
    EngineOptions {
        state_dir: Some(state_dir.to_owned()),
        reactions_in_flight: PLACES,
        gateway_calls_in_flight: PLACES,
        ..EngineOptions::default()
    }
}

/// The log as a program wrote it that gives these events a version which ours does not know, or that one's upgrade.
async fn written_by(events: &[RecordedEvent], version: impl Fn(&RecordedEvent) -> u16) -> Arc<MemoryLog> {
    let (log, _) = log_and_clock();
    for recorded in events {
        let event = NewEvent { schema_version: version(recorded), ..recorded.to_new_event() };
        let append =
            Append { stream: recorded.stream_id(), expected: ExpectedVersion::Any, events: vec![event] };
        let outcomes = log.append(vec![append]).await.expect("memory takes everything");
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
    }
    log
}

/// The version is known after the upgrade.
fn known_again(event: &RecordedEvent) -> u16 {
    if event.schema_version() == NEWER { 1 } else { event.schema_version() }
}

async fn everything(log: &MemoryLog) -> Vec<RecordedEvent> {
    log.read_all(Position::new(1), usize::MAX).await.expect("memory can be read")
}

/// Orders one unit of what is hot.
async fn order_hot(engine: &Engine, n: u128) {
    execute(engine, 0x5_0000 + n, create_cart(n, vec![line("hot", 1)])).await.expect("a new cart");
    let mut request = CommandRequest::new(check_out(n, "tok_visa"), id(0x6_0000 + n), Actor::Anonymous);
    request.priority = Priority::Checkout;
    engine.execute(request).await.expect("a cart with lines");
}

async fn becomes_of(engine: &Engine, n: u128) -> OrderOutcome {
    engine.watch_order(order(n)).outcome().await
}

#[tokio::test(start_paused = true)]
async fn the_shop_sells_on_while_a_hot_article_waits_for_an_upgrade_and_then_sells_that_too() {
    let (folder, (log, clock)) = (tempfile::tempdir().unwrap(), log_and_clock());
    let engine = open_over(Arc::clone(&log) as _, clock.clone(), options(folder.path())).await;
    stocked(&engine).await;
    execute(&engine, 3, receive("hot", 1_000)).await.unwrap();
    engine.shutdown().await;

    let is_hot = |event: &RecordedEvent| event.stream() == "inventory-hot";
    let newer =
        written_by(
            &everything(&log).await,
            |event| if is_hot(event) { NEWER } else { event.schema_version() },
        )
        .await;
    let engine = open_over(Arc::clone(&newer) as _, clock.clone(), options(folder.path())).await;
    let refused = execute(&engine, 4, receive("hot", 1)).await.unwrap_err();
    assert!(matches!(refused, CommandError::NewerProgram { .. }), "{refused}");
    for n in 0..HOT_ORDERS {
        order_hot(&engine, 1_000 + n).await;
    }
    for n in 0..20 {
        let outcome = buy(&engine, n, "tok_visa").await;
        assert!(matches!(outcome, OrderOutcome::Confirmed { .. }), "order {n}: {outcome:?}");
    }
    assert!(engine.dead_letters(None, 10).is_empty(), "they wait, and are not given up");
    engine.shutdown().await;

    let upgraded = written_by(&everything(&newer).await, known_again).await;
    let engine = open_over(Arc::clone(&upgraded) as _, clock, options(folder.path())).await;
    for n in 0..HOT_ORDERS {
        let outcome = becomes_of(&engine, 1_000 + n).await;
        assert!(matches!(outcome, OrderOutcome::Confirmed { .. }), "hot order {n}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_a_newer_program_wrote_is_reacted_to_after_the_upgrade() {
    let (folder, (log, clock)) = (tempfile::tempdir().unwrap(), log_and_clock());
    let idle = EngineOptions { run_processes: false, ..options(folder.path()) };
    let engine = open_over(Arc::clone(&log) as _, clock.clone(), idle).await;
    stocked(&engine).await;
    execute(&engine, 3, receive("hot", 1_000)).await.unwrap();
    order_hot(&engine, 1).await;
    engine.shutdown().await;

    let is_checkout = |event: &RecordedEvent| event.event_type() == "CartCheckedOut";
    let newer =
        written_by(
            &everything(&log).await,
            |event| if is_checkout(event) { NEWER } else { event.schema_version() },
        )
        .await;
    let engine = open_over(Arc::clone(&newer) as _, clock.clone(), options(folder.path())).await;
    let outcome = buy(&engine, 2, "tok_visa").await;
    assert!(matches!(outcome, OrderOutcome::Confirmed { .. }), "{outcome:?}");
    assert!(engine.dead_letters(None, 10).is_empty());
    let waiting = StreamId::new("order", order(1)).unwrap();
    assert!(newer.read_stream(&waiting, daybook_event_log::Version::new(1), 1).await.unwrap().is_empty());
    engine.shutdown().await;

    let upgraded = written_by(&everything(&newer).await, known_again).await;
    let engine = open_over(Arc::clone(&upgraded) as _, clock, options(folder.path())).await;
    let outcome = becomes_of(&engine, 1).await;
    assert!(matches!(outcome, OrderOutcome::Confirmed { .. }), "{outcome:?}");
}
