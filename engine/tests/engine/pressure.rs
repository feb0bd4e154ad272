//! Too much to do, too late, and a log that says no.

use crate::{
    gated_log::GatedLog,
    shop::{check_out, create_cart, execute, id, line, log_and_clock, open_over, receive},
};
use daybook_domain::Actor;
use daybook_engine::{CommandError, CommandRequest, Engine, EngineOptions, Outcome, Priority};
use daybook_event_log::{EventLog, LogError, Version};
use futures::future::join_all;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::JoinHandle, time::Instant};

fn small() -> EngineOptions {
    EngineOptions { queue_capacity: 4, ..EngineOptions::default() }
}

/// Sends more than can be queued while nothing gets done. Those who wait, and how many were refused at once.
async fn flood(engine: &Engine, priority: Priority) -> (Vec<JoinHandle<Result<Outcome, CommandError>>>, u32) {
    let (mut waiting, mut refused) = (Vec::new(), 0);
    for n in 0..200 {
        let mut request = CommandRequest::new(receive("mug", 1), id(10 + n), Actor::Anonymous);
        request.priority = priority;
        let engine = engine.clone();
        let mut sent = tokio::spawn(async move { engine.execute(request).await });
        match tokio::time::timeout(Duration::from_millis(1), &mut sent).await {
            Err(_) => waiting.push(sent),
            Ok(answer) => match answer.expect("no panic") {
                Err(CommandError::Overloaded { retry_after }) => {
                    assert!(retry_after > Duration::ZERO);
                    refused += 1;
                }
                other => panic!("{other:?}"),
            },
        }
    }
    (waiting, refused)
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once_and_everything_accepted_is_done() {
    let (log, clock) = log_and_clock();
    let gated = GatedLog::new(log, false);
    let engine = open_over(Arc::clone(&gated) as _, clock, small()).await;
    let (accepted, refused) = flood(&engine, Priority::Normal).await;
    assert!(refused > 100, "{refused}");
    gated.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    for answer in join_all(accepted).await {
        answer.expect("no panic").expect("what was accepted is done");
    }
}

#[tokio::test(start_paused = true)]
async fn more_checkouts_than_may_wait_are_refused_at_once_while_carts_are_still_taken() {
    let (log, clock) = log_and_clock();
    let gated = GatedLog::new(log, false);
    let options = EngineOptions { checkout_queue_capacity: 4, ..EngineOptions::default() };
    let engine = open_over(Arc::clone(&gated) as _, clock, options).await;
    let (accepted, refused) = flood(&engine, Priority::Checkout).await;
    assert!(refused > 100, "{refused}");
    let browsing = engine.clone();
    let cart = tokio::spawn(async move { execute(&browsing, 5, create_cart(1, vec![line("mug", 1)])).await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    gated.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    cart.await.unwrap().expect("there was room for it");
    for answer in join_all(accepted).await {
        answer.expect("no panic").expect("what was accepted is done");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_of_imports_does_not_keep_a_checkout_out() {
    let (log, clock) = log_and_clock();
    let gated = GatedLog::new(log, false);
    let engine = open_over(Arc::clone(&gated) as _, clock, small()).await;
    let bulk = |n: u128| CommandRequest {
        priority: Priority::Bulk,
        ..CommandRequest::new(receive("mug", 1), id(10 + n), Actor::Anonymous)
    };
    let flood: Vec<_> = (0..100)
        .map(|n| {
            let (engine, request) = (engine.clone(), bulk(n));
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(n as u64)).await;
                engine.execute(request).await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = engine.execute(bulk(1_000)).await;
    assert!(matches!(refused, Err(CommandError::Overloaded { .. })), "{refused:?}");
    let mut request = CommandRequest::new(receive("mug", 1), id(5), Actor::Anonymous);
    request.priority = Priority::Checkout;
    let engine = engine.clone();
    let checkout = tokio::spawn(async move { engine.execute(request).await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    gated.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    checkout.await.unwrap().expect("there was room for it");
    join_all(flood).await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_not_begun() {
    let (log, clock) = log_and_clock();
    let gated = GatedLog::new(Arc::clone(&log), false);
    let engine = open_over(Arc::clone(&gated) as _, clock, EngineOptions::default()).await;
    let blocking: Vec<_> = (0..40)
        .map(|n| {
            let engine = engine.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(n)).await;
                execute(&engine, 10 + u128::from(n), receive("mug", 1)).await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let late = CommandRequest {
        deadline: Some(Instant::now() + Duration::from_millis(5)),
        ..CommandRequest::new(receive("mug", 1), id(5), Actor::Anonymous)
    };
    let asking = engine.clone();
    let late = tokio::spawn(async move { asking.execute(late).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    gated.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    let answer = late.await.unwrap();
    assert!(matches!(answer, Err(CommandError::DeadlinePassed)), "{answer:?}");
    assert!(join_all(blocking).await.into_iter().all(|answer| answer.unwrap().is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_refuses_and_the_engine_goes_on_when_there_is_room() {
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
    execute(&engine, 1, receive("mug", 5)).await.unwrap();
    log.fail_appends(Some(LogError::Full { detail: "0 bytes left".to_owned() }));
    let answers = join_all((10..20).map(|n| execute(&engine, n, receive("mug", 5)))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(CommandError::Log(LogError::Full { .. })))));
    log.fail_appends(None);
    let retried = execute(&engine, 10, receive("mug", 5)).await.unwrap();
    assert_eq!(retried.version, Version::new(2), "what was refused has left no trace");
    assert!(!retried.repeated);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_confirmed_although_the_log_refused_in_the_middle_of_it() {
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
    execute(&engine, 1, receive("mug", 5)).await.unwrap();
    execute(&engine, 2, create_cart(1, vec![line("mug", 1)])).await.unwrap();
    let mut watch = engine.watch_order(crate::shop::order(1));
    execute(&engine, 3, check_out(1, "tok_visa")).await.unwrap();
    log.fail_appends(Some(LogError::Full { detail: "0 bytes left".to_owned() }));
    assert!(tokio::time::timeout(Duration::from_secs(60), watch.outcome()).await.is_err());
    log.fail_appends(None);
    let outcome = watch.outcome().await;
    assert!(matches!(outcome, daybook_engine::OrderOutcome::Confirmed { .. }), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_commands_are_refused_and_everything_before_is_in_the_log() {
    let (log, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&log) as _, clock, EngineOptions::default()).await;
    let asked: Vec<_> = (0..50)
        .map(|n| {
            let engine = engine.clone();
            tokio::spawn(async move { execute(&engine, 10 + n, receive("mug", 1)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    engine.shutdown().await;
    let done =
        join_all(asked).await.into_iter().filter(|answer| answer.as_ref().is_ok_and(Result::is_ok)).count();
    assert_eq!(log.head().borrow().get(), done as u64);
    let refused = execute(&engine, 1, receive("mug", 1)).await;
    assert!(matches!(refused, Err(CommandError::ShuttingDown)), "{refused:?}");
}
