//! A command happens at most once under its id, however often and whenever it is asked.

use crate::shop::{
    buy, cart, check_out, create_cart, execute, id, line, log_and_clock, open, open_over, order, receive,
    sku, stocked,
};
use daybook_domain::{
    Actor, Command,
    inventory::{InventoryCommand, ReleaseReason, ReleaseReservation},
};
use daybook_engine::{CommandError, CommandRequest, EngineOptions};
use daybook_event_log::{EventLog, Position, Version};
use futures::future::join_all;
use std::sync::Arc;

fn head(log: &dyn EventLog) -> Position {
    *log.head().borrow()
}

#[tokio::test(start_paused = true)]
async fn a_command_asked_again_answers_with_the_recorded_outcome_also_after_a_restart() {
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock.clone(), EngineOptions::default()).await;
    let first = execute(&engine, 5, create_cart(1, vec![line("mug", 1)])).await.unwrap();
    assert!(!first.repeated);
    execute(&engine, 6, receive("mug", 1)).await.unwrap();
    let before = head(&*log);
    for restarted in [false, true] {
        let engine = if restarted {
            engine.shutdown().await;
            open_over(Arc::clone(&log) as _, clock.clone(), EngineOptions::default()).await
        } else {
            engine.clone()
        };
        let again = execute(&engine, 5, create_cart(1, vec![line("mug", 1)])).await.unwrap();
        assert!(again.repeated);
        assert_eq!((again.position, again.version), (first.position, first.version));
        assert_eq!(again.events, first.events);
        assert_eq!(head(&*log), before, "nothing was written");
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_could_happen_twice_does_not() {
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
    let first = execute(&engine, 5, receive("mug", 10)).await.unwrap();
    execute(&engine, 6, receive("mug", 10)).await.unwrap();
    let again = execute(&engine, 5, receive("mug", 10)).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.position, first.position);
    assert_eq!(head(&*log), Position::new(2));
    let next = execute(&engine, 7, receive("mug", 10)).await.unwrap();
    assert_eq!(next.version, Version::new(3), "the stream goes on where it was");
}

#[tokio::test(start_paused = true)]
async fn the_same_command_sent_many_times_at_once_happens_once() {
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
    let answers = join_all((0..20).map(|_| execute(&engine, 5, receive("mug", 10)))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    assert!(answers.iter().all(|answer| answer.position == Position::new(1)));
    assert_eq!(head(&*log), Position::new(1));
}

#[tokio::test(start_paused = true)]
async fn an_id_used_for_another_stream_or_another_request_is_refused() {
    let engine = open().await;
    let request = |hash| CommandRequest {
        request_hash: hash,
        ..CommandRequest::new(receive("mug", 1), id(5), Actor::Anonymous)
    };
    engine.execute(request(1)).await.unwrap();
    assert!(engine.execute(request(1)).await.unwrap().repeated);
    assert!(engine.execute(request(0)).await.unwrap().repeated, "a hash that is not known is not compared");
    let other_body = engine.execute(request(2)).await;
    assert!(matches!(other_body, Err(CommandError::CommandIdReused)), "{other_body:?}");
    let other_stream = execute(&engine, 5, receive("pot", 1)).await;
    assert!(matches!(other_stream, Err(CommandError::CommandIdReused)), "{other_stream:?}");
}

#[tokio::test(start_paused = true)]
async fn one_id_sent_to_two_streams_at_once_happens_in_one_of_them() {
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
    let names: Vec<String> = (0..16).map(|n| format!("sku-{n}")).collect();
    let answers = join_all(names.iter().map(|name| execute(&engine, 5, receive(name, 1)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(CommandError::CommandIdReused))));
    assert_eq!(head(&*log), Position::new(1));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_command_wins_over_a_version_that_no_longer_fits() {
    let engine = open().await;
    let request = CommandRequest {
        expected_version: Some(Version::ZERO),
        ..CommandRequest::new(receive("mug", 1), id(5), Actor::Anonymous)
    };
    engine.execute(request.clone()).await.unwrap();
    assert!(engine.execute(request.clone()).await.unwrap().repeated);
    let new = engine.execute(CommandRequest { command_id: id(6), ..request }).await;
    match new {
        Err(CommandError::VersionConflict { expected, actual, .. }) => {
            assert_eq!((expected, actual), (Version::ZERO, Version::new(1)));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_changes_nothing_answers_with_the_streams_version() {
    let engine = open().await;
    execute(&engine, 5, receive("mug", 1)).await.unwrap();
    let release = ReleaseReservation { order_id: order(1), reason: ReleaseReason::OrderCancelled };
    let command = Command::Inventory(sku("mug"), InventoryCommand::ReleaseReservation(release));
    let outcome = execute(&engine, 6, command).await.unwrap();
    assert_eq!((outcome.events.len(), outcome.version, outcome.repeated), (0, Version::new(1), false));
    assert!(outcome.position >= Position::new(1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_command_may_be_asked_again_under_its_id_and_is_decided_anew() {
    let engine = open().await;
    let refused = execute(&engine, 5, check_out(1, "tok_visa")).await;
    assert!(matches!(refused, Err(CommandError::Rejected(_))), "{refused:?}");
    execute(&engine, 6, create_cart(1, vec![line("mug", 1)])).await.unwrap();
    assert!(!execute(&engine, 5, check_out(1, "tok_visa")).await.unwrap().repeated);
}

#[tokio::test(start_paused = true)]
async fn a_checkout_sent_again_later_still_tells_what_became_of_the_order() {
    let engine = open().await;
    stocked(&engine).await;
    let first = buy(&engine, 1, "tok_visa").await;
    let mut watch = engine.watch_order(cart(1).order_id());
    assert_eq!(watch.outcome().await, first);
}
