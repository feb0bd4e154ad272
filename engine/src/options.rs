//! How an engine is set up; the defaults fit one machine.

use crate::{Clock, Gateway, ShopSecret, SimulatedGateway, SystemClock};
use daybook_domain::process::{Process, ProcessConfig};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// Is told the name of a place in the engine.
pub type OnReaching = Arc<dyn Fn(&str) + Send + Sync>;

/// How an engine is set up.
#[derive(Clone)]
pub struct EngineOptions {
    /// How many single writers share the streams among them. More than the machine's cores helps only on
    /// a backend that answers over a network.
    pub shards: usize,
    /// Where shards and processes run; none: where the engine is started. Of their own, they get their share of the
    /// machine however many connections have something to do.
    pub runtime: Option<Handle>,
    /// How many commands may wait per shard and priority; more are refused with `Overloaded` at once.
    pub queue_capacity: usize,
    /// The same for checkouts: fewer, since each one brings a dozen commands of processes with it, and waiting
    /// longer than a moment is worse for a customer than coming again.
    pub checkout_queue_capacity: usize,
    /// How many aggregates are kept in memory, all shards together.
    pub cache_capacity: usize,
    /// How long stock is held for an order that is not yet paid.
    pub reservation_hold: Duration,
    /// After how long without any event an active cart is abandoned; none: never.
    pub cart_idle: Option<Duration>,
    pub gateway: Arc<dyn Gateway>,
    /// How long a call to the gateway may take before its outcome counts as unknown.
    pub gateway_timeout: Duration,
    pub clock: Arc<dyn Clock>,
    /// Where checkpoints and snapshots are kept; none: in memory only, and processes start over by looking
    /// at every event again (each step still happens once).
    pub state_dir: Option<PathBuf>,
    /// Whether this engine runs the processes. On a shared log one node is enough; several do no harm.
    pub run_processes: bool,
    /// Whether processes go on from events that have their place in the log and are not durable yet, where nobody else
    /// writes to the log. Answers and calls to the outside wait for the disk all the same. On a log with other writers
    /// it changes nothing.
    pub run_ahead: bool,
    /// Processes beside the shop's own.
    pub further_processes: Vec<Arc<dyn Process>>,
    /// How many reactions of processes may have commands in flight at once. What waits for a time or for the outside
    /// does not count.
    pub reactions_in_flight: usize,
    /// How many calls to the gateway that take money may be in flight at once; a quarter of that again for those that
    /// let go of money, and for asking what became of a call.
    pub gateway_calls_in_flight: usize,
    /// How many events the processes may be behind before further checkouts are refused with `Overloaded`.
    pub max_process_lag: u64,
    /// How many events may wait for a place among the reactions under way before further checkouts are refused
    /// with `Overloaded`.
    pub max_reactions_waiting: usize,
    /// A stream gets a snapshot whenever it has grown by this many events.
    pub snapshot_every: u64,
    /// What ids are derived with that stand for something a client chose. By default a new one: what was done under a key
    /// before this start is then not recognised as done.
    pub secret: ShopSecret,
    /// Called with the name of a place in the engine whenever it is reached, so that a test can have it fail there:
    /// `decide <Command>`, `shard`, `processes`. None outside tests.
    pub on_reaching: Option<OnReaching>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        let process = ProcessConfig::default();
        Self {
            shards: std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(1, 16)),
            runtime: None,
            queue_capacity: 8_192,
            checkout_queue_capacity: 512,
            cache_capacity: 25_000,
            reservation_hold: process.reservation_hold,
            cart_idle: process.cart_idle,
            gateway: Arc::new(SimulatedGateway::new()),
            gateway_timeout: Duration::from_secs(10),
            clock: Arc::new(SystemClock),
            state_dir: None,
            run_processes: true,
            run_ahead: true,
            further_processes: Vec::new(),
            reactions_in_flight: 2_048,
            gateway_calls_in_flight: 1_024,
            max_process_lag: 200_000,
            max_reactions_waiting: 2_048,
            snapshot_every: 1_000,
            secret: ShopSecret::random(),
            on_reaching: None,
        }
    }
}

impl EngineOptions {
    /// A place that a test may have fail.
    pub(crate) fn reach(&self, place: &str) {
        if let Some(reached) = &self.on_reaching {
            reached(place);
        }
    }
}
