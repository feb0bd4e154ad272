//! What processes do while the outside is slow, when something panics, and when they are stopped.

use crate::{
    gated_log::GatedLog,
    shop::{buy, check_out, create_cart, execute, line, log_and_clock, open_over, order, receive, stocked},
};
use async_trait::async_trait;
use daybook_domain::{
    Command,
    order::{CancelOrder, ChargeKind, CreditOrder, OrderCommand, ShipOrder},
    payment::{GatewayOutcome, GatewayRequest, OperationKind},
};
use daybook_engine::{Engine, EngineOptions, Gateway, OrderOutcome, SimulatedGateway};
use daybook_event_log::{EventLog, MemoryLog, Position, StreamId, Version};
use futures::future::join_all;
use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// Few enough that anything that holds a place for long is noticed.
const PLACES: usize = 2;

fn few_places() -> EngineOptions {
    EngineOptions { reactions_in_flight: PLACES, ..EngineOptions::default() }
}

/// Puts a mug in a cart and checks out, without waiting for what becomes of it.
async fn check_out_only(engine: &Engine, n: u128, token: &str) {
    execute(engine, 0x2_0000 + n, create_cart(n, vec![line("mug", 1)])).await.expect("a new cart");
    execute(engine, 0x3_0000 + n, check_out(n, token)).await.expect("the cart can be checked out");
}

#[tokio::test(start_paused = true)]
async fn customers_in_three_d_secure_hold_up_nobody_else() {
    let (log, clock) = log_and_clock();
    let engine = open_over(log as _, clock, few_places()).await;
    stocked(&engine).await;
    for n in 0..50 {
        check_out_only(&engine, n, "tok_action_required").await;
    }
    for n in 100..110 {
        let outcome = timeout(Duration::from_secs(2), buy(&engine, n, "tok_visa")).await;
        assert!(matches!(outcome, Ok(OrderOutcome::Confirmed { .. })), "order {n}: {outcome:?}");
    }
}

/// Does as the simulated gateway does, but is broken in one place.
struct Broken {
    behind: SimulatedGateway,
    broken: fn(&GatewayRequest) -> Breakage,
}

enum Breakage {
    None,
    NeverKnown,
    Panics,
    Hangs,
    Refuses,
}

#[async_trait]
impl Gateway for Broken {
    async fn call(&self, request: &GatewayRequest) -> GatewayOutcome {
        match (self.broken)(request) {
            Breakage::None => self.behind.call(request).await,
            Breakage::NeverKnown => GatewayOutcome::Unknown,
            Breakage::Panics => panic!("the gateway's client has a bug"),
            Breakage::Hangs => std::future::pending().await,
            Breakage::Refuses => refused(),
        }
    }

    async fn status(&self, request: &GatewayRequest) -> GatewayOutcome {
        match (self.broken)(request) {
            Breakage::NeverKnown => GatewayOutcome::Unknown,
            Breakage::Hangs => std::future::pending().await,
            Breakage::Refuses => refused(),
            Breakage::None | Breakage::Panics => self.behind.status(request).await,
        }
    }
}

fn refused() -> GatewayOutcome {
    GatewayOutcome::Declined { code: "try_again_later".to_owned() }
}

fn broken(broken: fn(&GatewayRequest) -> Breakage) -> Arc<Broken> {
    Arc::new(Broken { behind: SimulatedGateway::new(), broken })
}

fn refunds_are_never_known(request: &GatewayRequest) -> Breakage {
    if request.kind == OperationKind::Refund { Breakage::NeverKnown } else { Breakage::None }
}

/// An order that is paid, shipped and partly given back.
async fn credited(engine: &Engine, n: u128) {
    assert!(matches!(buy(engine, n, "tok_visa").await, OrderOutcome::Confirmed { .. }));
    let shipment_id = daybook_domain::ShipmentId::new(crate::shop::id(0x40_0000 + n));
    let ship = ShipOrder { shipment_id, location: None, lines: None, carrier: None, tracking: None };
    let ship = Command::Order(order(n), OrderCommand::ShipOrder(ship));
    execute(engine, 0x4_0000 + n, ship).await.expect("it ships");
    settle(engine).await;
    let credit = CreditOrder {
        credit_id: daybook_domain::CreditId::new(crate::shop::id(0x50_0000 + n)),
        kind: ChargeKind::Manual,
        label: "a dent".to_owned(),
        amount: crate::shop::pounds(100),
    };
    let credit = Command::Order(order(n), OrderCommand::CreditOrder(credit));
    execute(engine, 0x5_0000 + n, credit).await.expect("it is credited");
}

/// Until processes have reacted to everything there is.
async fn settle(engine: &Engine) {
    let caught_up = async {
        loop {
            let head = *engine.log().head().borrow();
            engine.processes_caught_up(head).await;
            if *engine.log().head().borrow() == head {
                return;
            }
        }
    };
    timeout(Duration::from_secs(60), caught_up).await.expect("processes come to rest");
}

async fn events_read_after_a_crash(log: &Arc<MemoryLog>, dir: &Path, gateway: Arc<Broken>) -> usize {
    let (_, clock) = log_and_clock();
    let gated = GatedLog::new(Arc::clone(log), true);
    let options = EngineOptions { state_dir: Some(dir.to_owned()), gateway, ..few_places() };
    let engine = open_over(Arc::clone(&gated) as _, clock, options).await;
    sleep(Duration::from_secs(20)).await;
    drop(engine);
    gated.events_read.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn a_restart_reads_what_is_new_although_an_old_refund_is_still_open() {
    let dir = tempfile::tempdir().unwrap();
    let (log, clock) = log_and_clock();
    let gateway = broken(refunds_are_never_known);
    let options = EngineOptions {
        state_dir: Some(dir.path().to_owned()),
        gateway: Arc::clone(&gateway) as _,
        ..few_places()
    };
    let engine = open_over(Arc::clone(&log) as _, clock, options).await;
    stocked(&engine).await;
    credited(&engine, 1).await;
    // The refund is open in what is kept from now on.
    sleep(Duration::from_secs(5)).await;
    for page in 0..100 {
        let received = (0..100).map(|n| execute(&engine, 0x10_0000 + page * 100 + n, receive("cup", 1)));
        assert!(join_all(received).await.iter().all(Result::is_ok));
    }
    sleep(Duration::from_secs(5)).await;
    drop(engine);
    let read = events_read_after_a_crash(&log, dir.path(), gateway).await;
    assert!(read < 200, "{read} events read");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_gateways_client_is_an_unknown_outcome() {
    let (log, clock) = log_and_clock();
    let panics = |request: &GatewayRequest| match request.token.as_str() {
        "tok_buggy" => Breakage::Panics,
        _ => Breakage::None,
    };
    let engine = open_over(log as _, clock, EngineOptions { gateway: broken(panics), ..few_places() }).await;
    stocked(&engine).await;
    check_out_only(&engine, 1, "tok_buggy").await;
    sleep(Duration::from_secs(1)).await;
    let outcome = timeout(Duration::from_secs(2), buy(&engine, 2, "tok_visa")).await;
    assert!(matches!(outcome, Ok(OrderOutcome::Confirmed { .. })), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_log_that_does_not_answer() {
    let (log, clock) = log_and_clock();
    let before = open_over(Arc::clone(&log) as _, Arc::clone(&clock) as _, few_places()).await;
    stocked(&before).await;
    before.shutdown().await;
    let gated = GatedLog::new(log, true);
    gated.hang_reads();
    let engine = open_over(gated as _, clock, few_places()).await;
    timeout(Duration::from_secs(30), engine.shutdown()).await.expect("it stops");
}

fn hangs_on_its_token(request: &GatewayRequest) -> Breakage {
    if request.token == "tok_hangs" { Breakage::Hangs } else { Breakage::None }
}

#[tokio::test(start_paused = true)]
async fn a_void_is_not_behind_authorisations_that_get_no_answer() {
    let (log, clock) = log_and_clock();
    let options = EngineOptions {
        gateway: broken(hangs_on_its_token),
        gateway_calls_in_flight: PLACES,
        ..few_places()
    };
    let engine = open_over(Arc::clone(&log) as _, clock, options).await;
    stocked(&engine).await;
    assert!(matches!(buy(&engine, 1, "tok_visa").await, OrderOutcome::Confirmed { .. }));
    for n in 100..150 {
        check_out_only(&engine, n, "tok_hangs").await;
    }
    let cancel = CancelOrder { reason: "changed my mind".to_owned() };
    execute(&engine, 7, Command::Order(order(1), OrderCommand::CancelOrder(cancel))).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    let stream = StreamId::new("payment", order(1).payment_id()).unwrap();
    let events = log.read_stream(&stream, Version::new(1), 10).await.unwrap();
    let types: Vec<&str> = events.iter().map(|event| event.event_type()).collect();
    assert_eq!(types, ["AuthorizationRequested", "PaymentAuthorized", "VoidRequested", "PaymentVoided"]);
    // The fifty are called two at a time, each for ten seconds; nothing is lost that waited for its turn.
    sleep(Duration::from_secs(600)).await;
    let all = log.read_all(Position::new(1), 10_000).await.unwrap();
    let unknown = all.iter().filter(|event| event.event_type() == "PaymentOutcomeUnknown").count();
    assert_eq!(unknown, 50);
}

#[tokio::test(start_paused = true)]
async fn thousands_of_deadlines_that_come_at_once_do_not_stand_before_fresh_orders() {
    const CARTS: u128 = 3_000;
    let (log, clock) = log_and_clock();
    let options = EngineOptions { cart_idle: Some(Duration::from_secs(3_600)), ..few_places() };
    let engine = open_over(Arc::clone(&log) as _, Arc::clone(&clock) as _, options).await;
    stocked(&engine).await;
    for page in 0..CARTS / 100 {
        let created = (0..100).map(|n| {
            let n = 1_000 + page * 100 + n;
            execute(&engine, 0x10_0000 + n, create_cart(n, vec![line("mug", 1)]))
        });
        assert!(join_all(created).await.iter().all(Result::is_ok));
    }
    settle(&engine).await;
    let mut head = log.head();
    head.mark_unchanged();
    clock.advance(Duration::from_secs(3_601));
    head.changed().await.expect("the log is open");
    assert!(count(&log, "CartAbandoned").await < 100, "only the first of them are abandoned by now");
    assert!(matches!(buy(&engine, 1, "tok_visa").await, OrderOutcome::Confirmed { .. }));
    let before = count(&log, "CartAbandoned").await;
    assert!(before < 1_000, "{before} deadlines stood before an order");
    sleep(Duration::from_secs(600)).await;
    assert_eq!(count(&log, "CartAbandoned").await as u128, CARTS);
}

async fn count(log: &MemoryLog, event_type: &str) -> usize {
    let all = log.read_all(Position::new(1), usize::MAX).await.expect("memory reads");
    all.iter().filter(|event| event.event_type() == event_type).count()
}

fn captures_are_refused(request: &GatewayRequest) -> Breakage {
    if request.kind == OperationKind::Capture { Breakage::Refuses } else { Breakage::None }
}

#[tokio::test(start_paused = true)]
async fn a_capture_that_is_refused_is_tried_for_days_and_then_given_up_until_somebody_wants_it_again() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let dir = tempfile::tempdir().unwrap();
    let (log, clock) = log_and_clock();
    let gateway = broken(captures_are_refused);
    let options = || EngineOptions {
        gateway: Arc::clone(&gateway) as _,
        state_dir: Some(dir.path().to_owned()),
        ..few_places()
    };
    let engine = open_over(Arc::clone(&log) as _, Arc::clone(&clock) as _, options()).await;
    stocked(&engine).await;
    assert!(matches!(buy(&engine, 1, "tok_visa").await, OrderOutcome::Confirmed { .. }));
    let shipment_id = daybook_domain::ShipmentId::new(crate::shop::id(0x40_0001));
    let ship = ShipOrder { shipment_id, location: None, lines: None, carrier: None, tracking: None };
    execute(&engine, 7, Command::Order(order(1), OrderCommand::ShipOrder(ship))).await.unwrap();
    let mut failed = Vec::new();
    for hours in [0, 1, 6, 24, 72] {
        sleep(HOUR * hours + HOUR / 60).await;
        failed.push(count(&log, "CaptureFailed").await);
        assert_eq!(engine.dead_letters(None, 10).len(), usize::from(hours == 72), "after {hours} h");
    }
    assert_eq!(failed, [1, 2, 3, 4, 5]);
    let letter = engine.dead_letters(None, 10).remove(0);
    assert_eq!(letter.process, "retry_payment_operation_when_it_fails");
    sleep(Duration::from_secs(2)).await;
    engine.shutdown().await;
    drop(engine);

    let engine = open_over(Arc::clone(&log) as _, clock, options()).await;
    assert_eq!(engine.dead_letters(None, 10), std::slice::from_ref(&letter));
    assert!(engine.retry_dead_letter(&letter.id()).await);
    sleep(HOUR / 60).await;
    assert_eq!(count(&log, "CaptureFailed").await, 6, "it was asked for at once, and refused");
    let again = engine.dead_letters(None, 10);
    assert_eq!(again.len(), 1, "{again:?}");
    assert!(again[0].position > letter.position, "of the last refusal");
}
