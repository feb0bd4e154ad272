//! All read models of a node: opened from a directory, kept current from a log.

use crate::{
    Definition, RunnerError, Steps,
    decoded::{Reader, read_ahead},
    following::{Follower, Leads},
    group::{Group, Groups},
    keeping::Keeper,
    leading::Leader,
    prepare::{Prepared, prepare},
    seat::Seat,
};
use daybook_domain::Interests;
use daybook_event_log::{EventLog, Position};
use daybook_read_store::{Door, PostgresStore, ReadStore, StoreError};
use parking_lot::Mutex;
use std::{
    fmt,
    path::Path,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::watch};

/// How read models are kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// Memory for rows read from disk, in bytes.
    pub cache_bytes: u64,
    /// In which steps the log is followed.
    pub steps: Steps,
    /// The server that has the rows of all but search, shared by several nodes; None: they are on this disk.
    pub server: Option<ReadServer>,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, steps: Steps::SERVING, server: None }
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
    pub(crate) seats: Vec<Arc<Seat>>,
    pub(crate) running: Mutex<Option<Running>>,
    /// One rebuild is asked for at a time.
    pub(crate) asking: Mutex<()>,
    pub(crate) failure: Arc<watch::Sender<Option<RunnerError>>>,
    pub(crate) leads: Leads,
    pub(crate) trouble: Arc<Mutex<Option<StoreError>>>,
    options: Options,
}

pub(crate) struct Running {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) runtime: Handle,
    pub(crate) groups: Groups,
    /// The threads that see to it that the groups go on.
    keeping: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl ReadModels {
    /// Opens read models in `dir`, which is made if it is not there. They answer from what is there; nothing moves
    /// until [`ReadModels::start`].
    pub fn open(dir: &Path, options: Options, definitions: Vec<Definition>) -> Result<Self, StoreError> {
        let store = Arc::new(ReadStore::Embedded(Door::open(dir, options.cache_bytes)?));
        let server = match &options.server {
            Some(server) => Some(Arc::new(PostgresStore::open(&server.url, server.patience)?)),
            None => None,
        };
        let shared =
            server.clone().map_or_else(|| store.clone(), |server| Arc::new(ReadStore::Postgres(server)));
        let seat = |definition: Definition| {
            let store = if definition.apart { store.clone() } else { shared.clone() };
            Arc::new(Seat::new(definition, store))
        };
        let seats: Vec<_> = definitions.into_iter().map(seat).collect();
        let inner = Inner {
            store,
            server,
            seats,
            running: Mutex::new(None),
            asking: Mutex::new(()),
            failure: Arc::new(watch::Sender::new(None)),
            leads: Leads::default(),
            trouble: Arc::default(),
            options,
        };
        let models = Self { inner: Arc::new(inner) };
        crate::prepare::answer_from_what_is_there(&models.inner.seats)?;
        models.look_again()?;
        Ok(models)
    }

    /// Lets queries see what is on the server by now, for who does not follow the log. May block while the server
    /// answers; does nothing where the rows are on this disk.
    pub fn look_again(&self) -> Result<(), StoreError> {
        let Some((server, mut follower)) = self.follower(None) else { return Ok(()) };
        server.wait(async move {
            follower.refresh().await;
            Ok(())
        })
    }

    fn follower(&self, log: Option<Arc<dyn EventLog>>) -> Option<(Arc<PostgresStore>, Follower)> {
        let inner = &self.inner;
        let server = inner.server.clone()?;
        let seats = inner.seats.iter().filter(|seat| !seat.definition.apart).cloned().collect();
        let follower = Follower::new(server.clone(), seats, inner.leads.clone(), inner.trouble.clone(), log);
        Some((server, follower))
    }

    /// Starts following `log`, from where each read model stands. Must be called within a tokio runtime.
    pub async fn start(&self, log: Arc<dyn EventLog>) -> Result<(), RunnerError> {
        self.start_part(log, Part::ALL).await
    }

    /// The same for a node that does only a part of the work. Where the rows are on this disk, nobody else does the
    /// rest.
    pub async fn start_part(&self, log: Arc<dyn EventLog>, part: Part) -> Result<(), RunnerError> {
        let inner = &self.inner;
        let (stop, stopped) = watch::channel(false);
        let groups = Groups::default();
        let steps = inner.options.steps;
        let (apart, together): (Vec<_>, Vec<_>) =
            inner.seats.iter().cloned().partition(|seat| seat.definition.apart);
        let mut keeping = Vec::new();
        let mut lanes = Vec::new();
        if let Some((server, follower)) = self.follower(Some(log.clone())) {
            server.spawn(follower.run(stopped.clone()));
            if part.projects && !together.is_empty() {
                let leading = Leader {
                    store: together[0].store.clone(),
                    server,
                    seats: together,
                    log: log.clone(),
                    runtime: Handle::current(),
                    steps: steps.on_a_server(),
                    leads: inner.leads.clone(),
                    groups: groups.clone(),
                    stop: stopped.clone(),
                };
                keeping.push(leading.spawn().map_err(no_thread)?);
            }
        } else if part.projects && !together.is_empty() {
            lanes.push(together);
        }
        if part.searches {
            lanes.extend(apart.into_iter().map(|seat| vec![seat]));
        }
        let keeper = Keeper {
            store: inner.store.clone(),
            lanes,
            log: log.clone(),
            steps,
            groups: groups.clone(),
            failure: inner.failure.clone(),
            stop: stopped,
        };
        keeper.begin().await?;
        keeping.push(keeper.spawn().map_err(no_thread)?);
        *inner.running.lock() = Some(Running { log, runtime: Handle::current(), groups, keeping, stop });
        Ok(())
    }

    /// Brings all read models to `until` (or the log's end) in this task, without following on. For replays
    /// and tests; not while started.
    pub async fn catch_up(
        &self,
        log: &Arc<dyn EventLog>,
        until: Option<Position>,
    ) -> Result<Position, RunnerError> {
        let inner = &self.inner;
        let store = inner.seats.first().map_or(&inner.store, |seat| &seat.store);
        let Prepared { mut lane, .. } = prepare(store, &inner.seats, log, u64::MAX).await?;
        let wanted = inner.seats.iter().map(|seat| seat.definition.interests);
        let interests = wanted.fold(Interests::NONE, Interests::and);
        let from = lane.members.iter().map(|member| member.checkpoint.position).min();
        let mut reached = from.unwrap_or_default();
        let reader = Reader::new(log.clone(), interests, reached, until, Steps::filling(store));
        let (mut chunks, reading) = read_ahead(reader);
        while let Some(chunk) = chunks.recv().await {
            lane.apply(&chunk)?;
            reached = chunk.last().map_or(reached, |last| last.record.position());
        }
        reading.await.map_err(|panic| RunnerError::Log(panic.to_string()))??;
        lane.commit_waiting(crate::Flush::Now)?;
        for (member, seat) in lane.members.iter().flat_map(|member| {
            let seat = inner.seats.iter().find(|seat| seat.definition.name == member.definition.name);
            seat.map(|seat| (member, seat))
        }) {
            seat.publish(member.visible);
        }
        Ok(reached)
    }

    /// Ends the current batch, commits, and lets go of the log. Queries go on answering. Blocks for as long as
    /// a batch takes.
    pub fn shutdown(&self) -> Result<(), StoreError> {
        let began = Instant::now();
        let running = self.inner.running.lock().take();
        if let Some(Running { groups, keeping, stop, .. }) = running {
            stop.send_replace(true);
            for thread in keeping {
                // Whatever it panicked over, it has said so.
                let _ = thread.join();
            }
            let groups = std::mem::take(&mut *groups.lock());
            groups.into_iter().for_each(Group::stop);
        }
        self.inner.store.persist()?;
        tracing::info!(took_ms = began.elapsed().as_millis(), "read models stopped");
        Ok(())
    }
}

pub(crate) fn no_thread(error: std::io::Error) -> RunnerError {
    RunnerError::Store(StoreError::Unavailable { operation: "starting a thread", detail: error.to_string() })
}
