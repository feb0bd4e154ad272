//! A shop, opened: log, write path, read models and the router over them, in one process. Used by the
//! binary, and in-process by tests and benchmarks.

use crate::{
    data_dir::{DataDir, DataDirError},
    metrics::Exporter,
    node::{
        LagWatch, NatsHealth, NodeHealth, NodeReport, NodeTasks, keep_end, known_event, open_audit_tree,
        shop_secret,
    },
    options::{Nats, ServeOptions},
    write_path::WritePath,
};
use axum::Router;
use daybook_api::{Api, KeyText, Limits, NodeRole, Roles};
use daybook_audit::{AuditError, TreeWriter};
use daybook_engine::{Engine, EngineError, EngineOptions, ShopSecret, SimulatedGateway};
use daybook_esdb::Endpoint;
use daybook_event_log::{EventLog, LogError, Position};
use daybook_messaging::{MessagingError, NatsLog, RelayOptions, connect_watched};
use daybook_projections::{FollowLimits, Part, RunnerError};
use daybook_read_store::StoreError;
use daybook_search::{Search, SearchConfig};
use daybook_subscriptions::{Fault, Supervisor, TaskSpec};
use daybook_views::Views;
use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Who may do what cannot be found out.
#[derive(Debug, thiserror::Error)]
#[error("the shop's keys cannot be read: {0}")]
pub struct AccessUnknown(String);

/// Why a shop could not be opened. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Reads(#[from] StoreError),
    #[error("the audit folder cannot be used: {0}")]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Nats(#[from] MessagingError),
    #[error(
        "roles can be spread over nodes only on a shared event store; name one with --store postgres://…, or leave --roles out"
    )]
    RolesNeedSharedStore,
    #[error(transparent)]
    Runner(#[from] RunnerError),
    #[error("a thread could not be started ({0}); the system's limit of threads or memory is too low")]
    Thread(#[from] io::Error),
}

/// Events that the read models had shown but not stored when the program was killed are applied again before requests
/// are answered: else an article sold a moment ago would not be for sale. A read model that takes longer is being filled
/// again from the first event.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(3);

/// How often it is noted where the read models are.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Opens the read models beside the threads that serve: their server may have to be waited for.
async fn open_reads(options: &ServeOptions, dir: PathBuf) -> Result<(Views, Search), OpenError> {
    let server = options.read_store.server().cloned();
    let limits = if options.unattended { FollowLimits::FILLING } else { FollowLimits::SERVING };
    let options = daybook_projections::Options { server, limits, ..daybook_projections::Options::default() };
    let search = Search::default();
    let filling = search.definition(SearchConfig::default());
    let opened = tokio::task::spawn_blocking(move || Views::open_with(&dir, options, vec![filling])).await;
    match opened {
        Ok(opened) => Ok((opened?, search)),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Which of the read models a node keeps current. Those on its own disk no other node keeps; of those that nodes share
/// it does its role's part. Search is asked where queries are.
const fn part_of(roles: Roles, shared: bool) -> Part {
    if shared {
        Part { projects: roles.has(NodeRole::Projector), searches: roles.has(NodeRole::Queries) }
    } else {
        Part::ALL
    }
}

/// An open shop.
pub struct Daybook {
    dir: DataDir,
    api: Api,
    engine: Engine,
    reads: Views,
    leaving: CancellationToken,
    stopping: CancellationToken,
    followers: Supervisor,
    /// What the engine runs on.
    _write_path: WritePath,
}

impl Daybook {
    /// Opens the shop in `options.data`, which is made if it is not there.
    pub async fn open(options: ServeOptions) -> Result<Self, OpenError> {
        Self::open_reporting(options, &|_| {}).await
    }

    /// The same; `report` is called with what is waited for while a server is not there.
    pub async fn open_reporting(
        options: ServeOptions,
        report: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Self, OpenError> {
        let dir = DataDir::open(&options.data)?;
        let metrics = Exporter::install();
        let (roles, alone) = (options.roles, options.store.is_embedded());
        if alone && roles != Roles::ALL {
            return Err(OpenError::RolesNeedSharedStore);
        }
        // On a shared log this is what keeps a second node out of the directory, so it comes before what writes there.
        let (reads, search) = open_reads(&options, dir.read()).await?;
        let known = known_event(&dir, &reads)?;
        let log = options.store.open(dir.log(), known, options.log(), report).await?;
        let (nats, mut nats_health) = match &options.nats {
            None => (None, None),
            Some(Nats { server, replicas }) => {
                let (client, last_error) = connect_watched(server).await?;
                let relay = RelayOptions { replicas: *replicas, ..RelayOptions::default() };
                let key = options.store.message_key().await?;
                (Some((client, relay, key)), Some(NatsHealth { last_error, follows: None }))
            }
        };
        let audit = open_audit_tree(&dir.audit(), options.audit_origin.as_deref())?;
        let gateway = Arc::new(SimulatedGateway::new());
        let write_path = WritePath::start()?;
        // Only commands are known by what clients choose.
        let secret = if roles.has(NodeRole::Commands) {
            shop_secret(&dir, &options.store).await?
        } else {
            ShopSecret::random()
        };
        let engine_options = EngineOptions {
            secret,
            runtime: write_path.handle(),
            gateway: gateway.clone(),
            run_processes: alone,
            ..options.engine()
        };
        let process_engine = engine_options.clone();
        let engine_options = EngineOptions { state_dir: Some(dir.engine()), ..engine_options };
        let engine = Engine::start(log.clone(), engine_options).await?;
        let head = *log.head().borrow();
        let stopping = CancellationToken::new();
        let followers = Supervisor::new(stopping.clone());
        if roles.reads() {
            // Who takes commands sees its own events at once; others need not ask the log's server for news.
            let news: Arc<dyn EventLog> = match &nats {
                Some((client, _, key)) if !roles.has(NodeRole::Commands) => {
                    let by_nats = NatsLog::start(&followers, log, (client.clone(), key.clone()));
                    if let Some(health) = &mut nats_health {
                        health.follows = Some(by_nats.by_nats());
                    }
                    Arc::new(by_nats)
                }
                _ => log,
            };
            let on_a_server = options.read_store.server().is_some();
            reads.start_part(news, part_of(roles, on_a_server)).await?;
            if !on_a_server
                && !options.unattended
                && let Err(error) = reads.wait_for(head, CATCH_UP_WITHIN).await
            {
                tracing::warn!(%error, "serving read models that do not show all that is in the log");
            }
        }
        let health = Arc::new(NodeHealth::new(roles, alone.then(|| engine.clone()), nats_health));
        let leaving = CancellationToken::new();
        let lag = Arc::new(LagWatch::new(options.lag));
        let report = NodeReport {
            health: health.clone(),
            leaving: leaving.clone(),
            lag: lag.clone(),
            audit: audit.clone(),
            followers: followers.clone(),
            reads: reads.clone(),
            metrics: metrics.clone(),
            head: engine.log().head(),
            engine: engine.clone(),
        };
        let api = Api::new(daybook_api::Parts {
            engine: engine.clone(),
            reads: reads.clone(),
            search,
            gateway,
            audit: audit.clone(),
            node: Arc::new(report),
            roles,
            limits: options.limits,
            stopping: stopping.clone(),
        })?;
        followers.task(TaskSpec::new("metrics"), move |context| {
            let keeping = metrics.clone().keep_up(context.stop().clone());
            async move {
                keeping.await;
                Ok(())
            }
        });
        let watched = reads.clone();
        followers.task(TaskSpec::new("lag-watch").required(), move |context| {
            let watching = watch_lag(lag.clone(), watched.clone(), context.stop().clone());
            async move {
                watching.await;
                Ok(())
            }
        });
        TreeWriter::spawn(&followers, audit, engine.log().clone());
        let node_tasks = NodeTasks {
            roles,
            is_shared: !alone,
            leases: options.store.leases()?,
            nats,
            engine: process_engine,
            dir: dir.clone(),
        };
        node_tasks.begin(engine.log(), &health, &followers);
        Ok(Self { dir, api, engine, reads, leaving, stopping, followers, _write_path: write_path })
    }

    /// All routes, to be served or called in-process.
    pub fn router(&self) -> Router {
        self.api.router()
    }

    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    #[must_use]
    pub fn read_models(&self) -> &Views {
        &self.reads
    }

    /// Whether whoever has no key is let in.
    pub async fn is_open(&self) -> Result<bool, AccessUnknown> {
        self.api.is_open().await.map_err(|problem| AccessUnknown(problem.detail))
    }

    /// Whether the shop has this key, and it is good.
    pub async fn accepts(&self, key: &KeyText) -> Result<bool, AccessUnknown> {
        self.api.accepts(key).await.map_err(|problem| AccessUnknown(problem.detail))
    }

    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.api.limits()
    }

    /// To be cancelled before the shop stops: from then on it says that it is not ready, and serves on.
    #[must_use]
    pub fn leaving(&self) -> CancellationToken {
        self.leaving.clone()
    }

    /// Cancelled when the shop begins to stop.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Serves on `listener` until [`Daybook::stopping`] is cancelled; then requests under way are finished.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        self.api.serve(listener).await
    }

    /// Serves the log to clients of EventStoreDB too, until the shop stops.
    pub fn serve_esdb(&self, endpoint: Endpoint) {
        let (address, log, mut bound) = (endpoint.address(), self.engine.log().clone(), Some(endpoint));
        self.followers.task(TaskSpec::new("esdb").required(), move |context| {
            let (bound, log) = (bound.take(), log.clone());
            async move {
                let failed = |error: io::Error| Fault::Passing(error.to_string());
                let endpoint = match bound {
                    Some(endpoint) => endpoint,
                    None => Endpoint::bind(address).await.map_err(failed)?,
                };
                endpoint.serve(log, context.stop().clone()).await.map_err(failed)
            }
        });
    }

    /// Stops everything in order: what was accepted is finished, read models are committed, the log is closed.
    pub async fn shutdown(self) -> Result<(), OpenError> {
        self.stopping.cancel();
        self.followers.ended().await;
        self.engine.shutdown().await;
        let reads = self.reads.clone();
        match tokio::task::spawn_blocking(move || reads.shutdown()).await {
            Ok(Ok(())) => {}
            // What is not synced comes from the log again.
            Ok(Err(error)) => tracing::error!(%error, "the read models could not be synced"),
            Err(error) => tracing::error!(%error, "stopping the read models failed"),
        }
        if let Err(error) = keep_end(&**self.engine.log(), &self.dir, &mut Position::default()).await {
            tracing::warn!(error, "the log's last event could not be kept; the one before it is");
        }
        self.engine.log().close().await?;
        Ok(())
    }
}

/// Takes note once a second of where the read models are.
async fn watch_lag(lag: Arc<LagWatch>, reads: Views, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        lag.look(&reads.reports(), Instant::now());
    }
}
