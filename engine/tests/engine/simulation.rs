//! Whole shops lived through from a seed: shoppers buy, retry and send twice, the disk is slow and refuses,
//! the engine crashes at any moment and starts again. Whatever the order of things, the books agree.
//!
//! To see one seed again: `SIMULATION_SEED=17 cargo test -p daybook-engine simulation`.

use crate::{
    books::Books,
    shop::{cart, check_out, create_cart, id, line, order, receive},
    sim_log::{Random, SimLog},
};
use daybook_domain::{Actor, Command, Timestamp};
use daybook_engine::{
    Clock, CommandError, CommandRequest, Engine, EngineOptions, Outcome, Priority, SimulatedGateway,
};
use daybook_event_log::MemoryLog;
use std::{
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
const SHOPPERS: u128 = 12;

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
    disk: Arc<MemoryLog>,
    clock: Arc<RuntimeClock>,
    gateway: Arc<SimulatedGateway>,
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
        let log = SimLog::open(Arc::clone(&self.disk), self.below(u64::MAX), [0, 40][self.below(2) as usize]);
        let options = EngineOptions {
            shards: 1 + self.below(3) as usize,
            cache_capacity: [4, 1_000][self.below(2) as usize],
            gateway: Arc::clone(&self.gateway) as _,
            clock: Arc::clone(&self.clock) as _,
            state_dir: self.state_dir.clone(),
            snapshot_every: 5,
            ..EngineOptions::default()
        };
        let engine = Engine::start(Arc::clone(&log) as _, options).await.expect("the engine starts");
        self.engine.send_replace(Some(engine));
        log
    }

    async fn crash(&self, log: &SimLog) {
        self.engine.send_replace(None);
        log.crash().await;
        tokio::task::yield_now().await;
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
                    self.acknowledged.lock().expect("not poisoned").push(outcome.clone());
                    return Ok(outcome);
                }
                Err(CommandError::Rejected(rejection)) => return Err(rejection.into()),
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
        self.insist(2_000 + n, check_out(n, token_sent)).await.expect("a cart with lines");
        if token == "tok_action_required" {
            self.pause(60_000_000).await;
            let operation = order(n).payment_id().operation_id("authorize");
            self.gateway.confirm_action(operation);
        }
    }
}

async fn live_through(seed: u64) {
    let clock = Arc::new(RuntimeClock { start: Instant::now() });
    let told = Arc::clone(&clock);
    let mut random = Random(seed);
    let dir = tempfile::tempdir().expect("a directory");
    let world = Arc::new(World {
        disk: Arc::new(MemoryLog::with_clock(move || told.now().as_nanos())),
        clock,
        gateway: Arc::new(SimulatedGateway::new()),
        state_dir: (random.below(3) > 0).then(|| dir.path().to_owned()),
        random: Mutex::new(random),
        engine: watch::Sender::new(None),
        acknowledged: Mutex::default(),
    });
    let mut log = world.boot().await;
    for (n, sku) in (0..).zip(SKUS) {
        world.insist(n, receive(sku, 8 + world.below(20) as u32)).await.expect("stock");
    }
    let shoppers: Vec<_> = (0..SHOPPERS).map(|n| tokio::spawn(Arc::clone(&world).shop(n))).collect();
    for _ in 0..world.below(6) {
        world.pause(30_000).await;
        world.crash(&log).await;
        world.pause(2_000).await;
        log = world.boot().await;
    }
    for shopper in shoppers {
        shopper.await.expect("shoppers do not fail");
    }
    // Longer than stock is held and any pause lasts: by now everything has been decided.
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let engine = world.engine.borrow().clone().expect("the engine runs");
    let head = *engine.log().head().borrow();
    let at_rest = engine.processes_caught_up(head);
    if tokio::time::timeout(Duration::from_secs(600), at_rest).await.is_err() {
        engine.shutdown().await;
        panic!("seed {seed}: something is still under way:\n{}", Books::read(&world.disk).await);
    }
    engine.shutdown().await;
    let books = Books::read(&world.disk).await;
    books.numbers_are_dense();
    books.commands_happened_once();
    books.hold(&world.acknowledged.lock().expect("not poisoned"));
    for n in 0..SHOPPERS {
        books.order_is_decided_and_agrees(cart(n));
    }
    books.stock_is_never_oversold();
}

#[test]
fn every_order_is_decided_and_the_books_agree_whatever_happens_in_between() {
    let one = std::env::var("SIMULATION_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = one.map_or(0..60, |seed: u64| seed..seed + 1);
    for seed in seeds {
        println!("seed {seed}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(live_through(seed));
    }
}
