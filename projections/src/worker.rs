//! Keeps the read models of one commit group current: a supervised thread that applies and commits, and a thread that
//! reads and decodes the log ahead of it. It begins from what is stored, so after any failure, a full disk, a server
//! that is away, a lost lease, a panic, it is started again after a pause and nothing is missed or taken twice.
//!
//! Read models on this node's disk belong to this node. On a read store that nodes share, one of them works, which is who
//! holds the lease; the others stand by. The lease keeps two from doing the same work; that two of them cannot do harm is
//! seen to by the store, which refuses whoever did not know of the last commit.

use crate::{
    FollowLimits, RunnerError,
    apply_loop::{ApplyLoop, Message},
    decoded::DecodedRecord,
    failure::caught,
    generation_watcher::LeaseHeld,
    startup::{Prepared, prepare},
    store_session::StoreSession,
    worker_handle::{Shift, ShiftEnd, WorkerHandle},
};
use daybook_domain::Interests;
use daybook_event_log::{EventLog, Lease, Leases, LogError, PageLimits, Position};
use daybook_read_store::{PostgresStore, ReadStore, StoreError};
use daybook_subscriptions::{
    BackoffLimits, CancellationToken, Fault, Source, Supervisor, TaskContext, TaskSpec,
};
use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, time::sleep};

/// The lease of the shared read models. Persisted by the servers that keep leases.
const SHARED_LEASE: &str = "daybook read models";
const TIDY_EVERY: Duration = Duration::from_secs(30);
/// A generation this far behind its group is filled beside it, not in it.
const BESIDE_EVENTS: u64 = 100_000;
const BACKOFF: BackoffLimits = BackoffLimits {
    shortest: Duration::from_millis(250),
    longest: Duration::from_secs(30),
    good_while: Duration::from_secs(60),
};
/// While this node pauses, another may work.
const SHARED_BACKOFF: BackoffLimits =
    BackoffLimits { longest: Duration::from_secs(5), good_while: Duration::from_secs(10), ..BACKOFF };

/// What a worker works with, from one start to the next.
pub(crate) struct Worker {
    pub(crate) handle: Arc<WorkerHandle>,
    pub(crate) store: Arc<ReadStore>,
    pub(crate) place: WorkPlace,
    /// Of the server that nodes share, or of this program.
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) limits: FollowLimits,
    pub(crate) runtime: Handle,
}

/// Where the rows are.
pub(crate) enum WorkPlace {
    /// On this node's disk.
    Disk(Arc<StoreSession>),
    /// On a server that nodes share.
    Server { server: Arc<PostgresStore>, holds_lease: LeaseHeld },
}

impl Worker {
    /// Works whenever it may, until told to stop.
    pub(crate) fn supervise(self, supervisor: &Supervisor) {
        let backoff = match self.place {
            WorkPlace::Disk(_) => BACKOFF,
            WorkPlace::Server { .. } => SHARED_BACKOFF,
        };
        let spec = TaskSpec::new(self.handle.name().to_owned()).required().backoff(backoff).always_restarts();
        let handle = self.handle.clone();
        let task = supervisor.thread(spec, move |context| self.run(&context));
        handle.supervised(task);
    }

    fn run(&self, context: &TaskContext) -> Result<(), Fault> {
        let lease = match self.place {
            WorkPlace::Disk(_) => self.handle.name(),
            WorkPlace::Server { .. } => SHARED_LEASE,
        };
        let Some(lease) = self.runtime.block_on(context.lease(&*self.leases, lease))? else { return Ok(()) };
        let lease: Arc<dyn Lease> = lease.into();
        match &self.place {
            WorkPlace::Disk(session) => Ok(self.on_disk(session, lease, context)?),
            WorkPlace::Server { server, holds_lease } => {
                Ok(self.on_server(server, holds_lease, lease, context)?)
            }
        }
    }

    fn on_disk(
        &self,
        session: &Arc<StoreSession>,
        lease: Arc<dyn Lease>,
        context: &TaskContext,
    ) -> Result<(), RunnerError> {
        let Some(mut place) = session.enter(context)? else { return Ok(()) };
        let has_own_store = self.has_own_store();
        // After a panic, which leaves from here, queries may see rows that were never stored.
        place.set_ends(!has_own_store);
        let ended = self.work(lease, context, place.over().clone());
        place.set_ends(match &ended {
            Ok(()) | Err(RunnerError::Reopened) => false,
            Err(RunnerError::Store(StoreError::OwnStore { .. })) => false,
            Err(RunnerError::Store(_)) => true,
            Err(_) => !has_own_store,
        });
        ended
    }

    fn on_server(
        &self,
        server: &Arc<PostgresStore>,
        holds_lease: &LeaseHeld,
        lease: Arc<dyn Lease>,
        context: &TaskContext,
    ) -> Result<(), RunnerError> {
        // Whose read models they are is known by the log's first event.
        let mut events = Source::new(self.log.clone(), Position::ZERO, PageLimits::events(1));
        let first = self.runtime.block_on(context.stop().run_until_cancelled(events.next()));
        let Some(first) = first.transpose()?.and_then(|page| page.events.into_iter().next()) else {
            return Ok(());
        };
        server.migrate()?;
        server.claim(first.event_id())?;
        server.tidy()?;
        let _holds = Holds::begin(holds_lease);
        tracing::info!(store = server.place(), "this node keeps the read models current now");
        self.work(lease, context, CancellationToken::new())
    }

    /// Applies the log until something ends it. Success: it was told to stop.
    fn work(
        &self,
        lease: Arc<dyn Lease>,
        context: &TaskContext,
        over: CancellationToken,
    ) -> Result<(), RunnerError> {
        let (store, statuses) = (&self.store, self.handle.statuses());
        let prepared = self.runtime.block_on(prepare(store, statuses, &self.log, BESIDE_EVENTS))?;
        let Prepared { mut group, beside } = prepared;
        group.flush_interval = self.limits.flush_interval;
        let from = group.appliers.iter().map(|applier| applier.checkpoint.position).min();
        let from = from.unwrap_or(*self.log.head().borrow());
        let interests =
            statuses.iter().map(|status| status.definition.interests).fold(Interests::NONE, Interests::and);
        let (messages, inbox) = mpsc::channel();
        let shift = self.begin(from, interests, &messages, context)?;
        for filling in beside {
            self.handle.fill_beside(store, filling, &self.log, self.runtime.clone())?;
        }
        let _interrupts = Interrupts::begin(self, messages, lease, context.stop().clone(), over);
        if self.has_own_store() {
            daybook_event_log::lower_priority();
        }
        context.running();
        let mut work = ApplyLoop {
            group,
            statuses: statuses.to_vec(),
            log: self.log.clone(),
            interests,
            limits: self.limits,
            runtime: self.runtime.clone(),
        };
        let ended = work.run(&inbox, || match &self.place {
            WorkPlace::Disk(_) => Ok(()),
            WorkPlace::Server { server, .. } => server.tidy(),
        });
        drop(shift);
        ended
    }

    /// Starts the thread that reads and decodes.
    fn begin(
        &self,
        from: Position,
        interests: Interests,
        messages: &mpsc::Sender<Message>,
        context: &TaskContext,
    ) -> Result<ShiftEnd, RunnerError> {
        let stop = CancellationToken::new();
        let feed = LogFeed {
            source: Source::new(self.log.clone(), from, self.limits.page()),
            interests,
            limits: self.limits,
            messages: messages.clone(),
            context: context.clone(),
            stop: stop.clone(),
        };
        let (name, runtime) = (format!("{}-feed", self.handle.name()), self.runtime.clone());
        let is_background = self.has_own_store();
        let thread = std::thread::Builder::new().name(name.clone()).spawn(move || {
            if is_background {
                daybook_event_log::lower_priority();
            }
            let messages = feed.messages.clone();
            if let Err(error) = caught(&name, || runtime.block_on(feed.run())) {
                // The applying thread may have ended.
                let _ = messages.send(Message::End(Err(error)));
            }
        });
        let feed = thread.map_err(RunnerError::no_thread)?;
        let (messages, rebuilds) = (messages.clone(), Vec::new());
        Ok(self.handle.begin(Shift { messages, feed, rebuilds, stop }))
    }

    /// Whether its rows are neither in the store of this disk nor on a server.
    fn has_own_store(&self) -> bool {
        self.handle.statuses().iter().all(|status| status.definition.apart)
    }
}

/// The thread that reads and decodes for the one that applies.
struct LogFeed {
    source: Source,
    interests: Interests,
    limits: FollowLimits,
    messages: mpsc::Sender<Message>,
    context: TaskContext,
    stop: CancellationToken,
}

impl LogFeed {
    /// Until it is stopped, or the log cannot be read for good. What passes is tried again here, because the rows are
    /// sound and only late.
    async fn run(mut self) -> Result<(), RunnerError> {
        let mut backoff = self.context.backoff();
        loop {
            let began = Instant::now();
            let decode = |page| {
                self.context.running();
                DecodedRecord::page(page, &self.interests)
            };
            let deliver = |page| self.messages.send(Message::Page(page)).is_ok();
            let reading = self.limits.ahead().run(&mut self.source, decode, deliver);
            match self.stop.run_until_cancelled(reading).await {
                None | Some(Ok(())) => return Ok(()),
                Some(Err(LogError::Closed)) => return Err(LogError::Closed.into()),
                Some(Err(error)) => match Fault::from(error) {
                    Fault::Passing(why) => {
                        self.context.backing_off(format!("the log cannot be read: {why}"));
                        let pause = backoff.after(began.elapsed());
                        self.stop.run_until_cancelled(sleep(pause)).await;
                    }
                    fault => return Err(RunnerError::Log(fault)),
                },
            }
        }
    }
}

/// A task that sends the applying thread what ends or interrupts its work; aborted when this is dropped.
struct Interrupts(tokio::task::AbortHandle);

impl Interrupts {
    fn begin(
        worker: &Worker,
        messages: mpsc::Sender<Message>,
        lease: Arc<dyn Lease>,
        stop: CancellationToken,
        over: CancellationToken,
    ) -> Self {
        let watching = async move {
            loop {
                let message = tokio::select! {
                    biased;
                    () = stop.cancelled() => Message::End(Ok(())),
                    () = over.cancelled() => Message::End(Err(RunnerError::Reopened)),
                    () = lease.lost() => Message::End(Err(RunnerError::LeaseLost)),
                    () = sleep(TIDY_EVERY) => Message::Tidy,
                };
                let is_last = matches!(message, Message::End(_));
                if messages.send(message).is_err() || is_last {
                    return;
                }
            }
        };
        Self(worker.runtime.spawn(watching).abort_handle())
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Says that this node writes the shared read models, for as long as this lives.
struct Holds<'a>(&'a LeaseHeld);

impl<'a> Holds<'a> {
    fn begin(holds: &'a LeaseHeld) -> Self {
        *holds.lock() = true;
        Self(holds)
    }
}

impl Drop for Holds<'_> {
    fn drop(&mut self) {
        *self.0.lock() = false;
    }
}
