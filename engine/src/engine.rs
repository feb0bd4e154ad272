//! The engine as its callers see it: puts the parts together, routes commands to shards, shuts down in order.

use crate::{
    CommandError, CommandRequest, DeadReaction, DeadReactionId, EngineError, EngineOptions,
    OrderOutcomeWaiter, Outcome, Priority, ProcessReport, ShopSecret,
    batch_channel::BatchChannel,
    command_queue::{CommandQueue, PRIORITY_CLASSES, PriorityClass, Refused},
    order_outcome::OrderOutcomeWaiters,
    processes::{Concerns, DeadReactions, Kept, ProcessMessage, Starts, keep_running},
    queued_command::{CommandIds, QueuedCommand, Reply},
    shard::{Shard, recorded_outcome},
    shared::{EngineShared, shard_routing},
    sku_claims::{product_put, put_product},
    snapshots::Snapshots,
    unchanged::NamedCommand,
};
use daybook_domain::{
    Command, OrderId,
    cart::CartCommand,
    process::{Process, ProcessConfig, all},
};
use daybook_event_log::{EventLog, Position, StreamId};
use daybook_subscriptions::{CancellationToken, Supervised, Supervisor, TaskSpec, TaskStatus};
use parking_lot::Mutex;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};
use uuid::Uuid;

/// What a caller is told to wait when queues are full.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long a shutdown waits for processes to come to rest; what is left is taken up by the next start.
const REST_WITHIN: Duration = Duration::from_secs(5);

/// Executes commands. Cheap to clone; all clones are one engine. Dropping the last one without
/// [`Engine::shutdown`] stops it at once, as a crash would: nothing acknowledged is lost.
#[derive(Clone)]
pub struct Engine {
    parts: Arc<Parts>,
}

struct Parts {
    shared: Arc<EngineShared>,
    closing: AtomicBool,
    supervisor: Supervisor,
    /// Ends shards that have nothing left to do.
    stopping: CancellationToken,
    /// Ends everything wherever it is.
    dropped: CancellationToken,
    shards: Vec<Supervised>,
    runner: Option<Supervised>,
    depths: JoinHandle<()>,
}

impl Engine {
    /// Starts an engine over `log`; processes resume where they were.
    pub async fn start(log: Arc<dyn EventLog>, options: EngineOptions) -> Result<Self, EngineError> {
        let snapshots = open_snapshots(options.state_dir.as_deref(), options.snapshot_every)?;
        let (processes, kept) = if options.run_processes {
            let kept = Kept::open(options.state_dir.clone(), &log).await?;
            (all_processes(&options), Some(kept))
        } else {
            (Vec::new(), None)
        };
        let shards = options.shards.max(1);
        let shared = Arc::new(EngineShared {
            sole_writer: log.is_sole_writer(),
            run_ahead: options.run_ahead && log.is_sole_writer(),
            queues: (0..shards)
                .map(|_| CommandQueue::new(options.checkout_queue_capacity, options.queue_capacity))
                .collect(),
            concerns: Concerns::of(&processes),
            process_messages: BatchChannel::new(kept.is_some()),
            handed_over: AtomicU64::new(0),
            watches: Arc::new(OrderOutcomeWaiters::default()),
            snapshots: Arc::new(snapshots),
            process_lag: AtomicU64::new(0),
            reactions_waiting: AtomicUsize::new(0),
            dead_letters: DeadReactions::default(),
            process_report: Mutex::default(),
            caught_up: watch::Sender::new(Position::ZERO),
            routing: shard_routing(&options.secret),
            log,
            options,
        });
        if let Some(kept) = &kept {
            kept.restore_dead_letters(&shared.dead_letters);
        }
        let runtime = shared.options.runtime.clone().unwrap_or_else(Handle::current);
        let (stopping, dropped) = (CancellationToken::new(), CancellationToken::new());
        let supervisor = Supervisor::on(runtime, stopping.clone());
        let shards = (0..shards).map(|index| run_shard(&supervisor, &shared, index, &dropped)).collect();
        let runner = kept.map(|kept| run_processes(&supervisor, &shared, processes, kept, &dropped));
        let depths = tokio::spawn(measure_depths(Arc::clone(&shared)));
        let parts = Parts {
            shared,
            closing: AtomicBool::new(false),
            supervisor,
            stopping,
            dropped,
            shards,
            runner,
            depths,
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// Executes a command and answers when what it led to is durable; of a command with a
    /// [`CommandRequest::request_hash`] also that it led to nothing.
    pub async fn execute(&self, request: CommandRequest) -> Result<Outcome, CommandError> {
        let named = NamedCommand::of(&request);
        let outcome = match product_put(&request.command).cloned() {
            Some(id) => put_product(self, &self.parts.shared, id, request).await?,
            None => self.submit(request).await?,
        };
        match named {
            Some(named) if outcome.events.is_empty() => named.record(self, outcome).await,
            _ => Ok(outcome),
        }
    }

    /// Has a command decided by the shard of its stream.
    pub(crate) async fn submit(&self, request: CommandRequest) -> Result<Outcome, CommandError> {
        let shared = &self.parts.shared;
        if self.parts.closing.load(Ordering::Acquire) {
            return Err(CommandError::ShuttingDown);
        }
        if request.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(CommandError::DeadlinePassed);
        }
        if matches!(&request.command, Command::Cart(_, CartCommand::CheckOutCart(_))) {
            self.admit_checkout()?;
        }
        let lane = match request.priority {
            Priority::Checkout => PriorityClass::Checkout,
            Priority::Normal => PriorityClass::Normal,
            Priority::Bulk => PriorityClass::Bulk,
        };
        let (reply, answer) = oneshot::channel();
        let work = to_work(request, reply, shared)?;
        match shared.queues[shared.shard_of(&work.stream)].offer(lane, work) {
            Ok(()) => {}
            Err(Refused::Full) => return Err(overloaded("commands")),
            Err(Refused::Closed) => return Err(CommandError::ShuttingDown),
        }
        answer.await.unwrap_or(Err(CommandError::Log(daybook_event_log::LogError::Closed)))
    }

    /// Refuses when the processes have more to do than they get done. [`Self::execute`] asks too; a caller asks
    /// before it prepares a checkout that would be refused.
    pub fn admit_checkout(&self) -> Result<(), CommandError> {
        if self.parts.shared.processes_overloaded() { Err(overloaded("processes")) } else { Ok(()) }
    }

    /// What a command led to, if it was executed before and its events are durable. For callers that cannot
    /// even build the command any more, because what it was built from has changed since.
    pub async fn recorded(
        &self,
        stream: &StreamId,
        command_id: Uuid,
        request_hash: u64,
    ) -> Result<Option<Outcome>, CommandError> {
        let (correlation, causation) = (Uuid::nil(), Uuid::nil());
        let ids = CommandIds { command: command_id, correlation, causation, request_hash };
        recorded_outcome(&self.parts.shared.log, stream, &ids).await
    }

    /// Waits for what becomes of an order. Subscribe before executing the checkout, so nothing is missed.
    #[must_use]
    pub fn watch_order(&self, id: OrderId) -> OrderOutcomeWaiter {
        self.parts.shared.watches.watch(id, Arc::clone(&self.parts.shared.log))
    }

    /// The shop's secret.
    #[must_use]
    pub fn secret(&self) -> &ShopSecret {
        &self.parts.shared.options.secret
    }

    /// The log this engine writes to.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.parts.shared.log
    }

    /// Resolves when all processes have reacted to everything up to `position` and their commands are done.
    /// (Deadlines that have not come yet do not count.) Never where no processes run.
    pub async fn processes_caught_up(&self, position: Position) {
        let mut caught_up = self.parts.shared.caught_up.subscribe();
        // The sender lives as long as this engine does.
        let _ = caught_up.wait_for(|done| *done >= position).await;
    }

    /// Finishes what was accepted, writes snapshots and checkpoints, and stops. The log stays open.
    /// What processes cannot finish within five seconds is taken up by the next start.
    pub async fn shutdown(&self) {
        self.parts.closing.store(true, Ordering::Release);
        if let Some(runner) = &self.parts.runner {
            let at_rest = async {
                loop {
                    let head = *self.log().head().borrow();
                    self.processes_caught_up(head).await;
                    if *self.log().head().borrow() == head {
                        return;
                    }
                }
            };
            tokio::select! {
                biased;
                () = runner.ended() => {}
                _ = timeout(REST_WITHIN, at_rest) => {}
            }
            runner.stop().await;
        }
        self.parts.stopping.cancel();
        for queue in &self.parts.shared.queues {
            queue.close();
        }
        for shard in &self.parts.shards {
            shard.ended().await;
        }
    }

    /// What each of the engine's loops does, for readiness: it restarts those that panic.
    #[must_use]
    pub fn statuses(&self) -> Vec<TaskStatus> {
        self.parts.supervisor.statuses()
    }

    /// What the processes have on their hands, for readiness. Zero where none run.
    #[must_use]
    pub fn process_report(&self) -> ProcessReport {
        self.parts.shared.process_report.lock().clone()
    }

    /// Reactions of processes that were given up, in the order of their events: at most `limit` after the given one.
    /// Empty where no processes run.
    #[must_use]
    pub fn dead_letters(&self, after: Option<&DeadReactionId>, limit: usize) -> Vec<DeadReaction> {
        self.parts.shared.dead_letters.list(after, limit)
    }

    /// Has a dead letter tried again at once; says whether there was one. Answers when that is kept.
    pub async fn retry_dead_letter(&self, id: &DeadReactionId) -> bool {
        self.resolve_dead_letter(id, ProcessMessage::RetryDeadLetter).await
    }

    /// Has a dead letter forgotten: what it was about stays undone. Says whether there was one. Answers when that is kept.
    pub async fn skip_dead_letter(&self, id: &DeadReactionId) -> bool {
        self.resolve_dead_letter(id, ProcessMessage::SkipDeadLetter).await
    }

    async fn resolve_dead_letter(
        &self,
        id: &DeadReactionId,
        message: impl FnOnce(DeadReactionId, oneshot::Sender<()>) -> ProcessMessage,
    ) -> bool {
        if !self.parts.shared.dead_letters.contains(id) {
            return false;
        }
        let Some(runner) = &self.parts.runner else { return false };
        let (done, kept) = oneshot::channel();
        self.parts.shared.process_messages.put_for_next_reader(message(id.clone(), done));
        tokio::select! {
            kept = kept => kept.is_ok(),
            () = runner.ended() => false,
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.dropped.cancel();
        self.stopping.cancel();
        self.depths.abort();
    }
}

fn run_shard(
    supervisor: &Supervisor,
    shared: &Arc<EngineShared>,
    index: usize,
    dropped: &CancellationToken,
) -> Supervised {
    let shard = Arc::new(tokio::sync::Mutex::new(Shard::new(Arc::clone(shared), index)));
    let (starts, dropped) = (Arc::new(AtomicUsize::new(0)), dropped.clone());
    supervisor.task(TaskSpec::new(format!("shard-{index}")).required(), move |_| {
        let (shard, starts, dropped) = (Arc::clone(&shard), Arc::clone(&starts), dropped.clone());
        async move {
            let run = async {
                let mut shard = shard.lock().await;
                if starts.fetch_add(1, Ordering::Relaxed) > 0 {
                    shard.begin_anew().await;
                }
                shard.run().await;
            };
            dropped.run_until_cancelled(run).await;
            Ok(())
        }
    })
}

fn run_processes(
    supervisor: &Supervisor,
    shared: &Arc<EngineShared>,
    processes: Vec<Arc<dyn Process>>,
    kept: Kept,
    dropped: &CancellationToken,
) -> Supervised {
    let (shared, starts, dropped) = (Arc::clone(shared), Starts::new(kept), dropped.clone());
    supervisor.task(TaskSpec::new("processes").required(), move |context| {
        let running = keep_running(Arc::clone(&shared), processes.clone(), Arc::clone(&starts), context);
        let dropped = dropped.clone();
        async move { dropped.run_until_cancelled(running).await.unwrap_or(Ok(())) }
    })
}

fn all_processes(options: &EngineOptions) -> Vec<Arc<dyn Process>> {
    let own = all(process_config(options)).into_iter().map(Arc::from);
    own.chain(options.further_processes.iter().cloned()).collect()
}

fn process_config(options: &EngineOptions) -> ProcessConfig {
    ProcessConfig { reservation_hold: options.reservation_hold, cart_idle: options.cart_idle }
}

fn open_snapshots(dir: Option<&Path>, every: u64) -> Result<Snapshots, EngineError> {
    Snapshots::open(dir, every).map_err(|source| EngineError::StateDir {
        path: dir.map(Path::to_path_buf).unwrap_or_default(),
        source,
    })
}

fn overloaded(what: &'static str) -> CommandError {
    metrics::counter!("daybook_engine_overloaded_total", "by" => what).increment(1);
    CommandError::Overloaded { retry_after: RETRY_AFTER }
}

fn to_work(
    request: CommandRequest,
    reply: oneshot::Sender<Result<Outcome, CommandError>>,
    shared: &EngineShared,
) -> Result<QueuedCommand, CommandError> {
    let stream = StreamId::parse(&request.command.stream_name())
        .map_err(|error| CommandError::Invalid { reason: error.to_string() })?;
    let command = request.command_id;
    if command.is_nil() {
        return Err(CommandError::Invalid { reason: "a command id must not be nil".to_owned() });
    }
    let or_itself = |id: Uuid| if id.is_nil() { command } else { id };
    Ok(QueuedCommand {
        stream,
        name: request.command.name(),
        command: Some(request.command),
        ids: CommandIds {
            command,
            correlation: or_itself(request.correlation_id),
            causation: or_itself(request.causation_id),
            request_hash: request.request_hash,
        },
        expected: request.expected_version,
        actor: request.actor,
        occurred_at: request.occurred_at.unwrap_or_else(|| shared.options.clock.now()),
        deadline: request.deadline,
        reply: Reply::Caller(reply),
        attempts: 0,
        fresh: false,
    })
}

/// Tells how full the queues are, once a second.
async fn measure_depths(shared: Arc<EngineShared>) {
    let gauges = PRIORITY_CLASSES
        .map(|(lane, name)| (lane, metrics::gauge!("daybook_engine_queue_depth", "lane" => name)));
    loop {
        for (lane, gauge) in &gauges {
            let depth: usize = shared.queues.iter().map(|queue| queue.depth(*lane)).sum();
            gauge.set(depth as f64);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
