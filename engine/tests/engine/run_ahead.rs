//! Processes that go on from events which are not durable yet: how far, what waits for the disk all the same, and what
//! becomes of them when the disk fails.

use crate::{
    books::Books,
    shop::{
        buy, check_out, create_cart, execute, id, line, log_and_clock, open_over, order, receive, stocked,
    },
    sim_log::{DiskPace, SimLog},
};
use async_trait::async_trait;
use daybook_domain::{
    Actor, Command, EventData as _, Interests, Rejection,
    order::OrderPlaced,
    payment::{GatewayOutcome, GatewayRequest},
    process::{Process, Reaction, Refusal, Trigger},
};
use daybook_engine::{
    CommandError, CommandRequest, Engine, EngineOptions, Gateway, OrderOutcome, Outcome, SimulatedGateway,
};
use daybook_event_log::{EventLog, LogError, MemoryLog, Position};
use daybook_subscriptions::Status;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinHandle, time::sleep};

/// Counts its calls.
#[derive(Default)]
struct CountedGateway {
    behind: SimulatedGateway,
    calls: AtomicUsize,
}

#[async_trait]
impl Gateway for CountedGateway {
    async fn call(&self, request: &GatewayRequest) -> GatewayOutcome {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.behind.call(request).await
    }

    async fn status(&self, request: &GatewayRequest) -> GatewayOutcome {
        self.behind.status(request).await
    }
}

fn ahead(gateway: &Arc<CountedGateway>) -> EngineOptions {
    EngineOptions { run_ahead: true, gateway: Arc::clone(gateway) as _, ..EngineOptions::default() }
}

/// A shop with a cart in it, everything durable; from then on only what the test syncs is.
async fn shop_with_cart(log: &Arc<MemoryLog>, gateway: &Arc<CountedGateway>) -> Engine {
    let (_, clock) = log_and_clock();
    let engine = open_over(Arc::clone(log) as _, clock, ahead(gateway)).await;
    stocked(&engine).await;
    execute(&engine, 10, create_cart(1, vec![line("mug", 2), line("pot", 1)])).await.expect("a new cart");
    engine.processes_caught_up(*log.head().borrow()).await;
    log.hold_syncs();
    engine
}

fn asked(engine: &Engine, n: u128, command: Command) -> Answer {
    let engine = engine.clone();
    tokio::spawn(async move { engine.execute(CommandRequest::new(command, id(n), Actor::Anonymous)).await })
}

type Answer = JoinHandle<Result<Outcome, CommandError>>;

async fn a_while() {
    sleep(Duration::from_secs(2)).await;
}

#[tokio::test(start_paused = true)]
async fn processes_go_on_without_the_disk_while_callers_and_the_gateway_wait_for_it() {
    let ((log, _), gateway) = (log_and_clock(), Arc::default());
    let engine = shop_with_cart(&log, &gateway).await;
    let before = log.sequenced();
    let mut outcome = engine.watch_order(order(1));
    let checked_out = asked(&engine, 11, check_out(1, "tok_visa"));
    a_while().await;
    let refused = asked(&engine, 12, check_out(1, "tok_visa"));
    a_while().await;

    let requested = log.sequenced();
    assert!(
        requested.get() >= before.get() + 6,
        "placed, reserved twice, allocated, to be paid: {requested}"
    );
    assert_eq!(*log.head().borrow(), before);
    assert!(!checked_out.is_finished(), "the checkout is not durable");
    assert!(!refused.is_finished(), "nor is what the refusal rests on");
    assert_eq!(gateway.calls.load(Ordering::Relaxed), 0, "nor what the gateway is called for");

    log.sync_to(Position::new(requested.get() - 1));
    a_while().await;
    assert!(checked_out.await.unwrap().is_ok());
    assert_eq!(
        gateway.calls.load(Ordering::Relaxed),
        0,
        "the event that asks for the payment is not durable"
    );

    log.sync();
    a_while().await;
    assert!(matches!(refused.await.unwrap(), Err(CommandError::Rejected(_))));
    assert_eq!(gateway.calls.load(Ordering::Relaxed), 1);
    assert!(log.sequenced() > requested, "paid, and on to the order's confirmation");
    let early = tokio::time::timeout(Duration::from_secs(5), outcome.outcome()).await;
    assert!(early.is_err(), "the confirmation is not durable: {early:?}");
    log.sync();
    assert!(matches!(outcome.outcome().await, OrderOutcome::Confirmed { .. }));
    let books = Books::read(&log).await;
    books.causes_are_there();
    assert_eq!((books.count("OrderPlaced"), books.count("OrderConfirmed")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn where_others_write_too_processes_wait_for_the_disk() {
    let ((_, clock), gateway) = (log_and_clock(), Arc::default());
    let log = Arc::new(MemoryLog::new().shared_with_others());
    let engine = open_over(Arc::clone(&log) as _, clock, ahead(&gateway)).await;
    stocked(&engine).await;
    execute(&engine, 10, create_cart(1, vec![line("mug", 2)])).await.unwrap();
    log.hold_syncs();
    let before = log.sequenced();
    let checked_out = asked(&engine, 11, check_out(1, "tok_visa"));
    a_while().await;
    assert_eq!(
        log.sequenced(),
        before.next(),
        "nothing follows from a checkout that another node may prevent"
    );
    log.sync();
    a_while().await;
    assert!(checked_out.await.unwrap().is_ok());
    assert!(log.sequenced() > before.next());
}

#[tokio::test(start_paused = true)]
async fn after_a_failed_sync_the_processes_have_failed_and_the_next_start_goes_on_from_what_is_durable() {
    let ((log, _), gateway) = (log_and_clock(), Arc::default());
    let engine = shop_with_cart(&log, &gateway).await;
    let before = log.sequenced();
    let checked_out = asked(&engine, 11, check_out(1, "tok_visa"));
    a_while().await;
    assert!(log.sequenced() > before.next(), "they have gone on");
    log.fail_sync();
    let unknown = checked_out.await.unwrap();
    assert!(matches!(unknown, Err(CommandError::Log(LogError::Poisoned { .. }))), "{unknown:?}");
    a_while().await;
    let processes = engine.statuses().into_iter().find(|task| task.name == "processes").unwrap();
    assert!(
        processes.required && matches!(&processes.status, Status::Failed(why) if why.contains("restart"))
    );
    let refused = execute(&engine, 13, receive("mug", 1)).await;
    assert!(matches!(refused, Err(CommandError::Log(LogError::Poisoned { .. }))), "{refused:?}");
    assert_eq!(gateway.calls.load(Ordering::Relaxed), 0);
    engine.shutdown().await;

    let found = Arc::new(log.crash(0));
    assert_eq!(found.sequenced(), before, "the checkout and all that followed from it are gone");
    let (_, clock) = log_and_clock();
    let engine = open_over(Arc::clone(&found) as _, clock, ahead(&gateway)).await;
    let mut outcome = engine.watch_order(order(1));
    execute(&engine, 11, check_out(1, "tok_visa")).await.unwrap();
    assert!(matches!(outcome.outcome().await, OrderOutcome::Confirmed { .. }));
    assert_eq!(gateway.calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn the_state_file_never_tells_of_what_a_crash_took() {
    let ((log, _), gateway, dir) = (log_and_clock(), Arc::default(), tempfile::tempdir().unwrap());
    let start = async |log: &Arc<MemoryLog>| {
        let (_, clock) = log_and_clock();
        let options = EngineOptions { state_dir: Some(dir.path().to_owned()), ..ahead(&gateway) };
        open_over(Arc::clone(log) as _, clock, options).await
    };
    let engine = start(&log).await;
    stocked(&engine).await;
    execute(&engine, 10, create_cart(1, vec![line("mug", 2)])).await.unwrap();
    a_while().await;
    log.hold_syncs();
    let checked_out = asked(&engine, 11, check_out(1, "tok_visa"));
    // Longer than it takes to write the state.
    sleep(Duration::from_secs(10)).await;
    drop(engine);
    drop(checked_out);
    // Only the checkout was on the disk: what followed from it must be done again.
    let found = Arc::new(log.crash(1));
    let engine = start(&found).await;
    let mut outcome = engine.watch_order(order(1));
    assert!(matches!(outcome.outcome().await, OrderOutcome::Confirmed { .. }));
    engine.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_not_loaded_again_before_the_log_has_all_of_it_that_is_sequenced() {
    let ((log, _), gateway) = (log_and_clock(), Arc::default());
    let engine = shop_with_cart(&log, &gateway).await;
    let created = asked(&engine, 20, create_cart(2, vec![line("mug", 1)]));
    a_while().await;
    log.fail_appends(Some(LogError::Full { detail: "for a moment".to_owned() }));
    let refused = asked(&engine, 21, check_out(2, "tok_visa"));
    a_while().await;
    log.fail_appends(None);
    let checked_out = asked(&engine, 22, check_out(2, "tok_visa"));
    a_while().await;
    log.sync();
    a_while().await;
    assert!(created.await.unwrap().is_ok());
    assert!(matches!(refused.await.unwrap(), Err(CommandError::Log(LogError::Full { .. }))));
    log.sync();
    a_while().await;
    let checked_out = checked_out.await.unwrap();
    assert!(checked_out.is_ok(), "the cart is there, although it could not be read: {checked_out:?}");
}

/// Is refused, and tries again soon, until the third time.
struct Patient {
    attempts: Arc<AtomicUsize>,
}

impl Process for Patient {
    fn name(&self) -> &'static str {
        "insist_when_order_is_placed"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[OrderPlaced::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let in_vain = if trigger.attempt < 2 { vec![check_out(99, "tok_visa")] } else { Vec::new() };
        Reaction::Commands(in_vain)
    }

    fn refused(&self, _trigger: Trigger<'_>, _command: &str, _rejection: &Rejection) -> Refusal {
        Refusal::Retry { after: Duration::from_millis(1) }
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_is_due_before_its_event_is_durable_waits_for_it_and_is_not_lost() {
    let (log, clock) = log_and_clock();
    let attempts = Arc::new(AtomicUsize::new(0));
    let patient = Patient { attempts: Arc::clone(&attempts) };
    let options = EngineOptions { further_processes: vec![Arc::new(patient)], ..EngineOptions::default() };
    let engine = open_over(Arc::clone(&log) as _, clock, options).await;
    stocked(&engine).await;
    execute(&engine, 10, create_cart(1, vec![line("mug", 2)])).await.unwrap();
    log.hold_syncs();
    let checked_out = asked(&engine, 11, check_out(1, "tok_visa"));
    a_while().await;
    assert_eq!(attempts.load(Ordering::Relaxed), 1, "the order is placed, but cannot be read yet");
    log.sync();
    a_while().await;
    assert!(checked_out.await.unwrap().is_ok());
    assert!(attempts.load(Ordering::Relaxed) >= 2);
    log.sync();
    a_while().await;
    assert_eq!(attempts.load(Ordering::Relaxed), 3);
}

/// How many syncs one checkout waits for one after the other, on a disk that has nothing else to do and takes much
/// longer than the engine.
async fn syncs_in_a_row(run_ahead: bool) -> usize {
    let (log, clock) = log_and_clock();
    let pace = DiskPace { sequencing_us: 0, sync_us: 40_000, refuse_one_in: 0 };
    let log = SimLog::open(log, 1, pace);
    let options = EngineOptions { run_ahead, ..EngineOptions::default() };
    let engine = open_over(Arc::clone(&log) as _, clock, options).await;
    stocked(&engine).await;
    execute(&engine, 10, create_cart(1, vec![line("mug", 2), line("pot", 1)])).await.expect("a new cart");
    a_while().await;
    let before = log.syncs();
    let mut outcome = engine.watch_order(order(1));
    execute(&engine, 11, check_out(1, "tok_visa")).await.expect("a cart with lines");
    assert!(matches!(outcome.outcome().await, OrderOutcome::Confirmed { .. }));
    log.syncs() - before
}

#[tokio::test(start_paused = true)]
async fn an_order_waits_for_four_syncs_in_a_row_instead_of_ten() {
    assert_eq!(syncs_in_a_row(false).await, 10);
    // The checkout; what follows from it, up to the request for payment; the gateway's answer; what follows from that.
    assert_eq!(syncs_in_a_row(true).await, 4);
}

#[tokio::test(start_paused = true)]
async fn many_orders_share_their_syncs() {
    let (log, clock) = log_and_clock();
    let pace = DiskPace { sequencing_us: 0, sync_us: 40_000, refuse_one_in: 0 };
    let log = SimLog::open(log, 1, pace);
    let options = EngineOptions { run_ahead: true, ..EngineOptions::default() };
    let engine = open_over(Arc::clone(&log) as _, clock, options).await;
    stocked(&engine).await;
    let before = log.syncs();
    let buying = (0..40).map(|n| {
        let engine = engine.clone();
        async move { buy(&engine, n, "tok_visa").await }
    });
    for outcome in futures::future::join_all(buying).await {
        assert!(matches!(outcome, OrderOutcome::Confirmed { .. }));
    }
    let syncs = log.syncs() - before;
    assert!(syncs <= 8, "two for the carts, four for the orders, and what they are apart: {syncs}");
}
