//! All read models of a node: opened from a directory, kept current from a log.

use crate::{
    Definition, FollowLimits, RunnerError,
    decoded::read_to,
    generation_watcher::{GenerationWatcher, LeaseHeld},
    startup::{Prepared, prepare},
    status::ProjectionStatus,
    store_session::StoreSession,
    worker::{WorkPlace, Worker},
    worker_handle::WorkerHandle,
};
use daybook_domain::Interests;
use daybook_event_log::{EventLog, KnownEvent, Leases, LocalLeases, Position};
use daybook_read_store::{PostgresStore, ReadStore, ReopenableStore, StoreError};
use daybook_subscriptions::{CancellationToken, DropGuard, Supervisor, TaskSpec};
use parking_lot::Mutex;
use std::{
    fmt,
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// How read models are kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// Memory for rows read from disk, in bytes.
    pub cache_bytes: u64,
    /// In which limits the log is followed.
    pub limits: FollowLimits,
    /// The server that has the rows of all but search, shared by several nodes; None: they are on this disk.
    pub server: Option<ReadServer>,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, limits: FollowLimits::SERVING, server: None }
    }
}

/// A PostgreSQL server as the read store.
#[derive(Clone)]
pub struct ReadServer {
    /// `postgres://user:password@host:port/database`, with `sslmode`, `sslrootcert`, `sslcert` and `sslkey` as
    /// libpq has them.
    pub url: String,
    /// How long a server that is away is waited for when the read models are opened.
    pub patience: Duration,
}

/// Without the password.
impl fmt::Debug for ReadServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadServer").field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// Which parts of the work a node that shares its read store does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Keeps the shared read models current, or stands by to: one node at a time does.
    pub projects: bool,
    /// Keeps a search index of its own current.
    pub searches: bool,
}

impl Part {
    /// All of it, as on a single machine.
    pub const ALL: Self = Self { projects: true, searches: true };
}

/// All read models. Cheap to clone.
#[derive(Clone)]
pub struct ReadModels {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<ReadStore>,
    pub(crate) server: Option<Arc<PostgresStore>>,
    pub(crate) statuses: Vec<Arc<ProjectionStatus>>,
    pub(crate) running: Mutex<Option<Running>>,
    /// One rebuild is asked for at a time.
    pub(crate) asking: Mutex<()>,
    pub(crate) holds_lease: LeaseHeld,
    pub(crate) last_error: Arc<Mutex<Option<StoreError>>>,
    options: Options,
}

pub(crate) struct Running {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) runtime: Handle,
    pub(crate) workers: Vec<Arc<WorkerHandle>>,
    /// Starts again what fails, on the runtime of the caller and on that of the read store's server.
    pub(crate) supervisors: Vec<Supervisor>,
    /// Ends them when this is dropped.
    stop: DropGuard,
}

impl ReadModels {
    /// Opens read models in `dir`, which is made if it is not there. They answer from what is there; nothing moves
    /// until [`ReadModels::start`].
    pub fn open(dir: &Path, options: Options, definitions: Vec<Definition>) -> Result<Self, StoreError> {
        let store = Arc::new(ReadStore::Embedded(ReopenableStore::open(dir, options.cache_bytes)?));
        let server = match &options.server {
            Some(server) => Some(Arc::new(PostgresStore::open(&server.url, server.patience)?)),
            None => None,
        };
        let shared =
            server.clone().map_or_else(|| store.clone(), |server| Arc::new(ReadStore::Postgres(server)));
        let status = |definition: Definition| {
            let store = if definition.apart { store.clone() } else { shared.clone() };
            Arc::new(ProjectionStatus::new(definition, store))
        };
        let statuses: Vec<_> = definitions.into_iter().map(status).collect();
        let inner = Inner {
            store,
            server,
            statuses,
            running: Mutex::new(None),
            asking: Mutex::new(()),
            holds_lease: LeaseHeld::default(),
            last_error: Arc::default(),
            options,
        };
        let models = Self { inner: Arc::new(inner) };
        crate::startup::answer_from_what_is_there(&models.inner.statuses)?;
        models.look_again()?;
        Ok(models)
    }

    /// The foremost event that is in what they have on this disk: the log they were made of must have it.
    pub fn foremost_event(&self) -> Result<Option<KnownEvent>, StoreError> {
        crate::startup::foremost(&self.inner.statuses)
    }

    /// Lets queries see what is on the server by now, for who does not follow the log. May block while the server
    /// answers; does nothing where the rows are on this disk.
    pub fn look_again(&self) -> Result<(), StoreError> {
        let Some(server) = self.inner.server.clone() else { return Ok(()) };
        let mut watcher = self.watcher(&server, None);
        server.wait(async move {
            watcher.refresh().await;
            Ok(())
        })
    }

    fn watcher(&self, server: &Arc<PostgresStore>, log: Option<Arc<dyn EventLog>>) -> GenerationWatcher {
        let inner = &self.inner;
        let statuses = inner.statuses.iter().filter(|status| !status.definition.apart).cloned().collect();
        let (holds_lease, last_error) = (inner.holds_lease.clone(), inner.last_error.clone());
        GenerationWatcher::new(server.clone(), statuses, holds_lease, last_error, log)
    }

    /// Starts following `log`, from where each read model stands. Must be called within a tokio runtime.
    pub async fn start(&self, log: Arc<dyn EventLog>) -> Result<(), RunnerError> {
        self.start_part(log, Part::ALL).await
    }

    /// The same for a node that does only a part of the work. Where the rows are on this disk, nobody else does the
    /// rest.
    pub async fn start_part(&self, log: Arc<dyn EventLog>, part: Part) -> Result<(), RunnerError> {
        let inner = &self.inner;
        let stop = CancellationToken::new();
        let supervisor = Supervisor::new(stop.clone());
        let mut supervisors = vec![supervisor.clone()];
        // Whatever ends this early ends what was begun.
        let stopping = stop.clone().drop_guard();
        let (apart, together): (Vec<_>, Vec<_>) =
            inner.statuses.iter().cloned().partition(|status| status.definition.apart);
        let mut groups = Vec::new();
        if part.projects && !together.is_empty() {
            groups.push(together);
        }
        if part.searches {
            groups.extend(apart.into_iter().map(|status| vec![status]));
        }
        if let Some(server) = inner.server.clone() {
            let on_the_server = Supervisor::on(server.runtime(), stop);
            self.watch_generations(&server, &on_the_server, &log);
            supervisors.push(on_the_server);
        }
        let on_disk = groups.iter().flatten().filter(|status| !status.store.is_on_a_server()).cloned();
        let session = Arc::new(StoreSession::new(inner.store.clone(), on_disk.collect()));
        let mut workers = Vec::with_capacity(groups.len());
        for statuses in groups {
            let store = statuses[0].store.clone();
            let handle = WorkerHandle::new(statuses);
            self.worker(handle.clone(), store, &session, log.clone()).supervise(&supervisor);
            workers.push(handle);
        }
        for worker in workers.iter().filter(|worker| !worker.is_shared()) {
            worker.begun().await?;
        }
        let runtime = Handle::current();
        *inner.running.lock() = Some(Running { log, runtime, workers, supervisors, stop: stopping });
        Ok(())
    }

    fn worker(
        &self,
        handle: Arc<WorkerHandle>,
        store: Arc<ReadStore>,
        session: &Arc<StoreSession>,
        log: Arc<dyn EventLog>,
    ) -> Worker {
        let (inner, runtime) = (&self.inner, Handle::current());
        let limits = inner.options.limits;
        match (&*store, &inner.server) {
            (ReadStore::Postgres(_), Some(server)) => {
                let leases: Arc<dyn Leases> = Arc::new(server.leases());
                let holds_lease = inner.holds_lease.clone();
                let place = WorkPlace::Server { server: server.clone(), holds_lease };
                Worker { handle, store, place, leases, log, limits: limits.on_a_server(), runtime }
            }
            _ => {
                let leases: Arc<dyn Leases> = Arc::new(LocalLeases::default());
                let place = WorkPlace::Disk(session.clone());
                Worker { handle, store, place, leases, log, limits, runtime }
            }
        }
    }

    fn watch_generations(
        &self,
        server: &Arc<PostgresStore>,
        supervisor: &Supervisor,
        log: &Arc<dyn EventLog>,
    ) {
        // Not these read models themselves, which own the supervisor.
        let watcher = self.watcher(server, Some(log.clone()));
        supervisor
            .task(TaskSpec::new("read-models-watch").required(), move |context| watcher.clone().run(context));
    }

    /// Brings all read models to `until` (or the log's end) in this task, without following on. For replays
    /// and tests; not while started.
    pub async fn catch_up(
        &self,
        log: &Arc<dyn EventLog>,
        until: Option<Position>,
    ) -> Result<Position, RunnerError> {
        let inner = &self.inner;
        let store = inner.statuses.first().map_or(&inner.store, |status| &status.store);
        let Prepared { mut group, .. } = prepare(store, &inner.statuses, log, u64::MAX).await?;
        let wanted = inner.statuses.iter().map(|status| status.definition.interests);
        let interests = wanted.fold(Interests::NONE, Interests::and);
        let from = group.appliers.iter().map(|applier| applier.checkpoint.position).min();
        let mut reached = from.unwrap_or_default();
        let head = *log.head().borrow();
        let until = until.map_or(head, |until| until.min(head));
        let (mut pages, reading) = read_to(log, reached, until, interests, FollowLimits::filling(store));
        while let Some(page) = pages.recv().await {
            group.apply(&page.content)?;
            reached = page.content.last().map_or(reached, |last| last.record.position());
        }
        reading.await.map_err(|panic| RunnerError::Crashed {
            thread: "catch-up".to_owned(),
            why: panic.to_string(),
        })??;
        group.commit_waiting(crate::Flush::Now)?;
        for (applier, status) in group.appliers.iter().flat_map(|applier| {
            let status =
                inner.statuses.iter().find(|status| status.definition.name == applier.definition.name);
            status.map(|status| (applier, status))
        }) {
            status.publish(applier.visible);
        }
        Ok(reached)
    }

    /// Ends the current batch, commits, and lets go of the log. Queries go on answering. Blocks for as long as
    /// a batch takes.
    pub fn shutdown(&self) -> Result<(), StoreError> {
        let began = Instant::now();
        let running = self.inner.running.lock().take();
        if let Some(Running { supervisors, stop, runtime, .. }) = running {
            drop(stop);
            let (ended, all_ended) = mpsc::channel();
            runtime.spawn(async move {
                for supervisor in supervisors {
                    supervisor.ended().await;
                }
                // Whoever shuts down waits for this, or for the runtime to be gone.
                let _ = ended.send(());
            });
            let _ = all_ended.recv();
        }
        self.inner.store.persist()?;
        tracing::info!(took_ms = began.elapsed().as_millis(), "read models stopped");
        Ok(())
    }
}
