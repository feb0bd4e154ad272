//! The interface, assembled: what handlers use, the routes over it, and the listener that serves them.

use crate::{
    app::App,
    auth::{Gate, KeyText},
    edge::{Admission, ClientBudget, Readers, Waits},
    history::Histories,
    limits::Limits,
    listener,
    node_status::NodeStatus,
    openapi,
    position_waiters::PositionWaiters,
    prices::Prices,
    problem::Problem,
    resources::{self, bulk::BulkTarget},
    roles::Roles,
    stock_names::StockNames,
    transport::{Precompressed, Transport, exchange},
};
use axum::{Extension, Router, middleware::from_fn_with_state};
use daybook_audit::AuditTree;
use daybook_engine::{Engine, Gateway};
use daybook_projections::RunnerError;
use daybook_search::Search;
use daybook_views::Views;
use std::{
    io,
    sync::{Arc, OnceLock},
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Bulk requests at a time, and feeds: each may last for as long as its client wants, …
const LONG_ANSWERS: usize = 256;
/// … and those of one client.
const LONG_ANSWERS_PER_CLIENT: usize = 64;

/// What the interface is made of; all of it runs already.
pub struct Parts {
    pub engine: Engine,
    pub reads: Views,
    pub search: Search,
    pub gateway: Arc<dyn Gateway>,
    pub audit: Arc<AuditTree>,
    pub node: Arc<dyn NodeStatus>,
    /// What the node does: routes of other roles are answered 503.
    pub roles: Roles,
    pub limits: Limits,
    /// Cancelled when the server stops: endless answers end, and no new connections are accepted.
    pub stopping: CancellationToken,
}

/// The HTTP interface over a running shop.
pub struct Api {
    app: Arc<App>,
    router: Router,
    /// Keeps the bulk route's target alive.
    _bulk_target: Arc<OnceLock<Router>>,
}

impl Api {
    /// Assembles the interface. Must be called on a Tokio runtime.
    pub fn new(parts: Parts) -> Result<Self, RunnerError> {
        let Parts { engine, reads, search, gateway, audit, node, roles, limits, stopping } = parts;
        let gate = Arc::new(Gate::new(limits.access, engine.log().clone()));
        let (routes, registered) = resources::routes(limits.request_timeout, roles, gate.clone()).finish();
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let waits = Arc::new(Waits::new(stopping.clone()));
        let waiters = PositionWaiters::new(
            Views::NAMES.iter().map(|name| reads.watermark(name)).collect::<Result<_, _>>()?,
            waits.clone(),
        );
        let readers = Arc::new(Readers::new(cores));
        let histories = Histories::new(engine.log().clone(), readers.clone());
        let app = Arc::new(App {
            stock_names: StockNames::new(
                engine.log().clone(),
                histories.clone(),
                reads.clone(),
                limits.takes_unlisted_stock,
            ),
            prices: Prices::new(reads.clone(), histories.clone(), waiters.clone()),
            waits,
            waiters,
            admission: Admission::new(limits.customers),
            body_budget: Arc::default(),
            bulk_places: ClientBudget::new(LONG_ANSWERS, LONG_ANSWERS_PER_CLIENT),
            feed_places: ClientBudget::new(LONG_ANSWERS, LONG_ANSWERS_PER_CLIENT),
            feed_readers: Arc::new(Semaphore::new(cores)),
            engine,
            reads,
            search,
            searches: Arc::new(Semaphore::new(cores)),
            readers,
            histories,
            gate,
            gateway,
            audit,
            node,
            limits,
            openapi: Precompressed::new(openapi::document(&registered).to_string()),
            stopping,
        });
        let transport = Arc::new(Transport::new(&app.limits.allowed_origins, app.engine.log().clone()));
        let target = Arc::new(OnceLock::new());
        let docs = SwaggerUi::new("/docs").config(Config::from("/openapi.json").try_it_out_enabled(true));
        let router = routes
            .with_state(app.clone())
            .merge(docs)
            .layer(Extension(BulkTarget(Arc::downgrade(&target))))
            .layer(from_fn_with_state(transport, exchange));
        target.get_or_init(|| router.clone());
        Ok(Self { app, router, _bulk_target: target })
    }

    /// All routes, to be served or called in-process.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Whether whoever has no key is let in.
    pub async fn is_open(&self) -> Result<bool, Problem> {
        self.app.gate.is_open().await
    }

    /// Whether the shop has this key, and it is good.
    pub async fn accepts(&self, key: &KeyText) -> Result<bool, Problem> {
        self.app.gate.accepts(key).await
    }

    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.app.limits
    }

    /// Serves on `listener` until the server stops; then requests under way are finished.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        listener::serve(listener, self.router(), &self.app.limits, self.app.stopping.clone()).await
    }
}
