//! Whole shops lived through from a seed: shoppers buy, retry and send twice, the disk is slow and refuses, a sync fails,
//! the engine crashes at any moment and starts again from what is durable. Whatever the order of things, the books agree,
//! and nothing has left the engine that a crash could take back.
//!
//! Every run draws new seeds. One that fails is made smaller and kept in `simulation.seeds`, which every run begins with.

use crate::{
    books::Books,
    shop::{cart, check_out, create_cart, id, line, order, pounds, receive},
    sim_log::{DiskPace, Random, SimLog},
    witness::Witness,
};
use async_trait::async_trait;
use daybook_domain::{
    Actor, Command, CreditId, OperationId, PaymentId, ShipmentId, Timestamp,
    order::{ChargeKind, CreditOrder, OrderCommand, ShipOrder},
    payment::{GatewayOutcome, GatewayRequest, OperationKind},
};
use daybook_engine::{
    Clock, CommandError, CommandRequest, Engine, EngineOptions, Gateway, Outcome, Priority, ShopSecret,
    SimulatedGateway,
};
use daybook_event_log::MemoryLog;
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

const TOKENS: [&str; 9] = [
    "tok_visa",
    "tok_visa",
    "tok_visa",
    "tok_declined",
    "tok_timeout_approved",
    "tok_timeout_declined",
    "tok_timeout_lost",
    "tok_action_required",
    "tok_never_confirmed_action_required",
];
const SKUS: [&str; 4] = ["mug", "pot", "cup", "tray"];

/// What a world is made of. Bounds are tiny, so that whatever holds a place for too long is noticed.
#[derive(Debug, Clone, Copy)]
struct Plan {
    seed: u64,
    shoppers: u128,
    crashes: u64,
    /// Reactions and calls to the gateway that may be in flight at once.
    places: usize,
    run_ahead: bool,
}

fn plans() -> impl Strategy<Value = Plan> {
    let parts = (any::<u64>(), 1_u128..=12, 0_u64..6, 2_usize..=4, prop::bool::weighted(0.8));
    parts.prop_map(|(seed, shoppers, crashes, places, run_ahead)| Plan {
        seed,
        shoppers,
        crashes,
        places,
        run_ahead,
    })
}

/// Business time that follows tokio's, so that a paused clock moves both.
struct RuntimeClock {
    start: Instant,
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        Timestamp::parse("2026-02-01T12:00:00Z").expect("a time").after(self.start.elapsed())
    }
}

struct World {
    witness: Arc<Witness>,
    clock: Arc<RuntimeClock>,
    gateway: Arc<MoodyGateway>,
    places: usize,
    run_ahead: bool,
    state_dir: Option<PathBuf>,
    random: Mutex<Random>,
    engine: watch::Sender<Option<Engine>>,
    acknowledged: Mutex<Vec<Outcome>>,
}

impl World {
    fn below(&self, bound: u64) -> u64 {
        self.random.lock().expect("not poisoned").below(bound)
    }

    async fn pause(&self, below_us: u64) {
        let pause = self.below(below_us);
        tokio::time::sleep(Duration::from_micros(pause)).await;
    }

    async fn boot(&self) -> Arc<SimLog> {
        let pace = DiskPace {
            sequencing_us: [0, 50, 1_000][self.below(3) as usize],
            sync_us: [300, 3_000, 20_000, 100_000][self.below(4) as usize],
            refuse_one_in: [0, 0, 40, 5][self.below(4) as usize],
        };
        let log = SimLog::open(self.witness.disk(), self.below(u64::MAX), pace);
        let options = EngineOptions {
            shards: 1 + self.below(3) as usize,
            cache_capacity: [4, 1_000][self.below(2) as usize],
            gateway: Arc::clone(&self.gateway) as _,
            clock: Arc::clone(&self.clock) as _,
            state_dir: self.state_dir.clone(),
            snapshot_every: 5,
            reactions_in_flight: self.places,
            gateway_calls_in_flight: self.places,
            run_ahead: self.run_ahead,
            secret: ShopSecret::new([7; ShopSecret::BYTES]),
            ..EngineOptions::default()
        };
        let engine = Engine::start(Arc::clone(&log) as _, options).await.expect("the engine starts");
        self.engine.send_replace(Some(engine));
        log
    }

    /// The power goes; at times a sync failed a moment ago.
    async fn crash(&self, log: &SimLog) {
        if self.below(3) == 0 {
            log.fail();
            self.pause(20_000).await;
        }
        self.engine.send_replace(None);
        self.witness.found(log.crash());
        tokio::task::yield_now().await;
    }

    /// Waits until the processes write their state, which they do once a second while there is something new.
    async fn state_is_written(&self) {
        let Some(dir) = &self.state_dir else { return };
        let length = || std::fs::metadata(dir.join("processes.log")).map_or(0, |file| file.len());
        let before = length();
        for _ in 0..3_000 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if length() != before {
                return;
            }
        }
    }

    /// Executes until it is done or the business says no: through crashes, refusals, and sometimes twice.
    async fn insist(&self, command_id: u128, command: Command) -> Result<Outcome, CommandError> {
        let mut current = self.engine.subscribe();
        loop {
            let engine = current.wait_for(Option::is_some).await.expect("the world goes on").clone();
            let Some(engine) = engine else { continue };
            let mut request = CommandRequest::new(command.clone(), id(command_id), Actor::Anonymous);
            request.priority = [Priority::Checkout, Priority::Normal, Priority::Bulk][self.below(3) as usize];
            request.request_hash = 7;
            let twice = self.below(4) == 0;
            let executing = async {
                if twice {
                    let (first, second) =
                        tokio::join!(engine.execute(request.clone()), engine.execute(request.clone()));
                    if let (Ok(first), Ok(second)) = (&first, &second) {
                        assert_eq!(first.position, second.position, "one command, one outcome");
                    }
                    first
                } else {
                    engine.execute(request).await
                }
            };
            let answer = tokio::select! {
                answer = executing => answer,
                _ = current.wait_for(Option::is_none) => continue,
            };
            match answer {
                Ok(outcome) => {
                    self.witness.saw_done(&command, &outcome).await;
                    self.acknowledged.lock().expect("not poisoned").push(outcome.clone());
                    return Ok(outcome);
                }
                Err(CommandError::Rejected(rejection)) => {
                    self.witness.saw_refused(&command, &rejection).await;
                    return Err(rejection.into());
                }
                Err(_) => self.pause(5_000).await,
            }
        }
    }

    async fn shop(self: Arc<Self>, n: u128) {
        self.pause(20_000).await;
        let mut lines: Vec<_> = SKUS.iter().filter(|_| self.below(2) == 0).collect();
        if lines.is_empty() {
            lines.push(&SKUS[0]);
        }
        let lines = lines.into_iter().map(|sku| line(sku, 1 + self.below(3) as u32)).collect();
        self.insist(1_000 + n, create_cart(n, lines)).await.expect("a new cart");
        let token = TOKENS[self.below(TOKENS.len() as u64) as usize];
        let asks = token.ends_with("action_required");
        let token_sent = if asks { "tok_action_required" } else { token };
        let (checked_out, ()) =
            tokio::join!(self.insist(2_000 + n, check_out(n, token_sent)), self.see_outcome(n));
        checked_out.expect("a cart with lines");
        // It is a refusal unless the cart is known to be checked out; whichever, it rests on what is durable.
        let again = self.insist(5_000 + n, check_out(n, token_sent)).await;
        assert!(again.is_err() || again.is_ok_and(|outcome| outcome.events.is_empty()), "checked out twice");
        if token == "tok_action_required" {
            self.pause(60_000_000).await;
            let operation = order(n).payment_id().operation_id("authorize");
            self.gateway.behind.confirm_here(operation);
        }
        if self.below(2) == 0 {
            self.ship_and_give_back(n).await;
        }
    }
}

impl World {
    /// Waits a while for what becomes of the order, unless the engine crashes before.
    async fn see_outcome(&self, n: u128) {
        let mut current = self.engine.subscribe();
        let engine = current.wait_for(Option::is_some).await.expect("the world goes on").clone();
        let mut waiter = engine.expect("an engine").watch_order(order(n));
        let outcome = tokio::select! {
            outcome = waiter.outcome() => outcome,
            _ = current.wait_for(Option::is_none) => return,
            () = tokio::time::sleep(Duration::from_millis(500)) => return,
        };
        self.witness.saw_decided(order(n), &outcome).await;
    }

    /// Ships the order, if it comes to be confirmed, and sometimes gives a part of its price back.
    async fn ship_and_give_back(&self, n: u128) {
        let shipment_id = ShipmentId::new(id(0x60_0000 + n));
        let ship = ShipOrder { shipment_id, location: None, lines: None, carrier: None, tracking: None };
        let ship = Command::Order(order(n), OrderCommand::ShipOrder(ship));
        for _ in 0..20 {
            self.pause(4_000_000).await;
            if self.insist(3_000 + n, ship.clone()).await.is_err() {
                continue;
            }
            if self.below(2) == 0 {
                let credit = CreditOrder {
                    credit_id: CreditId::new(id(0x70_0000 + n)),
                    kind: ChargeKind::Manual,
                    label: "a dent".to_owned(),
                    amount: pounds(100),
                };
                let credit = Command::Order(order(n), OrderCommand::CreditOrder(credit));
                self.insist(4_000 + n, credit).await.expect("something was paid for goods that left");
            }
            return;
        }
    }
}

/// Does as the simulated gateway does; but refuses captures, voids and refunds at times, does not answer, or panics.
struct MoodyGateway {
    behind: SimulatedGateway,
    moods: Mutex<Moods>,
    witness: Arc<Witness>,
}

struct Moods {
    random: Random,
    refused: HashMap<OperationId, PaymentId>,
}

impl MoodyGateway {
    fn new(seed: u64, witness: Arc<Witness>) -> Self {
        let moods = Moods { random: Random(seed), refused: HashMap::new() };
        Self { behind: SimulatedGateway::new(), moods: Mutex::new(moods), witness }
    }

    fn one_in(&self, n: u64) -> bool {
        self.moods.lock().expect("not poisoned").random.one_in(n)
    }

    fn refuses(&self, request: &GatewayRequest, new: bool) -> Option<GatewayOutcome> {
        let mut moods = self.moods.lock().expect("not poisoned");
        let so_often = moods.refused.values().filter(|payment| **payment == request.payment_id).count();
        let takes_money = request.kind == OperationKind::Authorize;
        if new && !takes_money && so_often == 0 && moods.random.one_in(3) {
            moods.refused.insert(request.operation_id, request.payment_id);
        }
        let refused = moods.refused.contains_key(&request.operation_id);
        refused.then(|| GatewayOutcome::Declined { code: "try_again_later".to_owned() })
    }
}

#[async_trait]
impl Gateway for MoodyGateway {
    async fn call(&self, request: &GatewayRequest) -> GatewayOutcome {
        self.witness.saw_call(request).await;
        let seen = matches!(self.behind.status(request).await, GatewayOutcome::Approved { .. });
        let outcome = match self.refuses(request, !seen) {
            Some(refusal) => refusal,
            None => self.behind.call(request).await,
        };
        assert!(!self.one_in(40), "a bug in the gateway's client, after the call");
        if self.one_in(8) { GatewayOutcome::Unknown } else { outcome }
    }

    async fn status(&self, request: &GatewayRequest) -> GatewayOutcome {
        self.witness.saw_call(request).await;
        if self.one_in(8) {
            return GatewayOutcome::Unknown;
        }
        match self.refuses(request, false) {
            Some(refusal) => refusal,
            None => self.behind.status(request).await,
        }
    }
}

async fn live_through(plan: Plan) {
    let Plan { seed, shoppers, crashes, places, run_ahead } = plan;
    let clock = Arc::new(RuntimeClock { start: Instant::now() });
    let told = Arc::clone(&clock);
    let mut random = Random(seed);
    let dir = tempfile::tempdir().expect("a directory");
    let witness = Arc::new(Witness::of(MemoryLog::with_clock(move || told.now().as_nanos())));
    let world = Arc::new(World {
        gateway: Arc::new(MoodyGateway::new(seed ^ 1, Arc::clone(&witness))),
        witness,
        clock,
        places,
        run_ahead,
        state_dir: (random.below(3) > 0).then(|| dir.path().to_owned()),
        random: Mutex::new(random),
        engine: watch::Sender::new(None),
        acknowledged: Mutex::default(),
    });
    let mut log = world.boot().await;
    for (n, sku) in (0..).zip(SKUS) {
        world.insist(n, receive(sku, 8 + world.below(20) as u32)).await.expect("stock");
    }
    let shopping: Vec<_> = (0..shoppers).map(|n| tokio::spawn(Arc::clone(&world).shop(n))).collect();
    for _ in 0..crashes {
        match world.below(3) {
            0 => world.pause(30_000).await,
            1 => world.pause(3_000_000).await,
            _ => world.state_is_written().await,
        }
        world.crash(&log).await;
        world.pause(2_000).await;
        log = world.boot().await;
    }
    for shopper in shopping {
        shopper.await.expect("shoppers do not fail");
    }
    // Longer than stock is held and any pause lasts, also that after a refusal of the gateway.
    tokio::time::sleep(Duration::from_secs(2 * 3_600)).await;
    let engine = world.engine.borrow().clone().expect("the engine runs");
    let head = *engine.log().head().borrow();
    let at_rest = engine.processes_caught_up(head);
    if tokio::time::timeout(Duration::from_secs(600), at_rest).await.is_err() {
        let tasks = engine.statuses();
        engine.shutdown().await;
        panic!(
            "{plan:?}: something is still under way: {tasks:?}\n{}",
            Books::read(&world.witness.disk()).await
        );
    }
    assert_eq!(engine.dead_letters(None, 10), [], "{plan:?}: nothing is given up");
    engine.shutdown().await;
    let books = Books::read(&world.witness.disk()).await;
    books.numbers_are_dense();
    books.commands_happened_once();
    books.causes_are_there();
    world.witness.is_content();
    books.hold(&world.acknowledged.lock().expect("not poisoned"));
    for n in 0..shoppers {
        books.order_is_decided_and_agrees(cart(n));
        books.money_follows_goods(order(n));
    }
    books.stock_is_never_oversold();
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 30,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/engine/simulation.seeds"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_order_is_decided_and_the_books_agree_whatever_happens_in_between(plan in plans()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(live_through(plan));
    }
}
