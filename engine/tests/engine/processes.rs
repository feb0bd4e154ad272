//! What processes do while the outside is slow, when something panics, and when they are stopped.

use crate::{
    gated_log::GatedLog,
    shop::{buy, check_out, create_cart, execute, line, log_and_clock, open_over, order, receive, stocked},
};
use async_trait::async_trait;
use daybook_domain::{
    Command,
    order::{ChargeKind, CreditOrder, OrderCommand, ShipOrder},
    payment::{GatewayOutcome, GatewayRequest, OperationKind},
};
use daybook_engine::{Engine, EngineOptions, Gateway, OrderOutcome, SimulatedGateway};
use daybook_event_log::MemoryLog;
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
}

#[async_trait]
impl Gateway for Broken {
    async fn call(&self, request: &GatewayRequest) -> GatewayOutcome {
        match (self.broken)(request) {
            Breakage::None => self.behind.call(request).await,
            Breakage::NeverKnown => GatewayOutcome::Unknown,
            Breakage::Panics => panic!("the gateway's client has a bug"),
        }
    }

    async fn status(&self, request: &GatewayRequest) -> GatewayOutcome {
        match (self.broken)(request) {
            Breakage::NeverKnown => GatewayOutcome::Unknown,
            Breakage::None | Breakage::Panics => self.behind.status(request).await,
        }
    }
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
    let ship = ShipOrder { shipment_id, lines: None, carrier: None, tracking: None };
    execute(engine, 0x4_0000 + n, Command::Order(order(n), OrderCommand::ShipOrder(ship))).await.unwrap();
    settle(engine).await;
    let credit = CreditOrder {
        credit_id: daybook_domain::CreditId::new(crate::shop::id(0x50_0000 + n)),
        kind: ChargeKind::Manual,
        label: "a dent".to_owned(),
        amount: crate::shop::pounds(100),
    };
    execute(engine, 0x5_0000 + n, Command::Order(order(n), OrderCommand::CreditOrder(credit))).await.unwrap();
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
