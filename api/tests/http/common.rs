//! A shop in a temporary directory, asked through its router without a network: the interface over a real log, engine,
//! read models and audit tree, as one node has them. How the program opens them is tested in `server/tests`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use daybook_api::{Api, Limits, NodeStatus, Parts, Roles};
use daybook_audit::{AuditTree, TreeWriter};
use daybook_engine::{Engine, EngineOptions, ShopSecret, SimulatedGateway};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog};
use daybook_projections::{Options, Part};
use daybook_search::{Search, SearchConfig};
use daybook_subscriptions::Supervisor;
use daybook_views::Views;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::{Map, Value, json};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub(crate) struct Shop {
    pub(crate) api: Api,
    pub(crate) engine: Engine,
    pub(crate) stopping: CancellationToken,
    reads: Views,
    pub(crate) dir: TempDir,
}

/// A node that lacks nothing, and has the recorder of this process.
struct TestNode(PrometheusHandle);

impl TestNode {
    fn new() -> Self {
        static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
        let install =
            || PrometheusBuilder::new().set_buckets(&[0.1, 1.0]).unwrap().install_recorder().unwrap();
        Self(RECORDER.get_or_init(install).clone())
    }
}

impl NodeStatus for TestNode {
    fn process_engine(&self) -> Option<Engine> {
        None
    }

    fn missing(&self) -> Vec<String> {
        Vec::new()
    }

    fn shown(&self) -> Map<String, Value> {
        Map::from_iter([("roles".to_owned(), json!(["queries"]))])
    }

    fn metrics(&self) -> String {
        self.0.render()
    }
}

/// What the router answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    /// Fails the test unless this is a problem of that kind, complete after RFC 9457; answers its body.
    pub(crate) fn problem(&self, status: u16, name: &str) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["type"], format!("/problems/{name}"), "{body}");
        assert_eq!(body["status"], status);
        for member in ["title", "detail", "instance"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {body}");
        }
        body
    }
}

pub(crate) async fn shop() -> Shop {
    shop_with(Limits::default()).await
}

pub(crate) async fn shop_with(limits: Limits) -> Shop {
    open(TempDir::new().unwrap(), limits).await
}

/// A shop with this secret; all others here have another.
pub(crate) async fn shop_of(secret: [u8; ShopSecret::BYTES]) -> Shop {
    let limits = Limits { takes_unlisted_stock: true, ..Limits::default() };
    open_with(TempDir::new().unwrap(), limits, ShopSecret::new(secret)).await
}

/// A shop that takes stock of its products' SKUs only. All others here take any, because most tests need no product.
pub(crate) async fn shop_that_lists() -> Shop {
    open_with(TempDir::new().unwrap(), Limits::default(), ShopSecret::new([7; ShopSecret::BYTES])).await
}

/// The shop in `dir`, which an earlier one may have left.
pub(crate) async fn open(dir: TempDir, limits: Limits) -> Shop {
    let limits = Limits { takes_unlisted_stock: true, ..limits };
    open_with(dir, limits, ShopSecret::new([7; ShopSecret::BYTES])).await
}

async fn open_with(dir: TempDir, limits: Limits, secret: ShopSecret) -> Shop {
    let at = |name: &str| dir.path().join(name);
    // Before the parts that record.
    let node = TestNode::new();
    let log: Arc<dyn EventLog> = Arc::new(EmbeddedLog::open(at("log"), EmbeddedOptions::default()).unwrap());
    let search = Search::default();
    let filling = search.definition(SearchConfig::default());
    let reads = Views::open_with(&at("read"), Options::default(), vec![filling]).unwrap();
    let gateway = Arc::new(SimulatedGateway::new());
    let options = EngineOptions {
        gateway: gateway.clone(),
        run_processes: true,
        state_dir: Some(at("engine")),
        secret,
        ..EngineOptions::default()
    };
    let engine = Engine::start(log.clone(), options).await.unwrap();
    reads.start_part(log.clone(), Part::ALL).await.unwrap();
    let audit = Arc::new(AuditTree::open(&at("audit"), "daybook/test").unwrap());
    let stopping = CancellationToken::new();
    TreeWriter::spawn(&Supervisor::new(stopping.clone()), audit.clone(), log);
    let api = Api::new(Parts {
        engine: engine.clone(),
        reads: reads.clone(),
        search,
        gateway,
        audit,
        node: Arc::new(node),
        roles: Roles::ALL,
        limits,
        stopping: stopping.clone(),
    });
    Shop { api: api.unwrap(), engine, stopping, reads, dir }
}

impl Shop {
    pub(crate) fn router(&self) -> Router {
        self.api.router()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, &[], &body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, &[], &body.to_string()).await
    }

    /// Stops it and opens it again with these limits.
    pub(crate) async fn reopened(self, limits: Limits) -> Self {
        open(self.stopped().await, limits).await
    }

    /// Stops it, and hands over its directory.
    pub(crate) async fn stopped(self) -> TempDir {
        let Self { api, engine, stopping, reads, dir } = self;
        stopping.cancel();
        engine.shutdown().await;
        tokio::task::spawn_blocking(move || reads.shutdown()).await.unwrap().unwrap();
        engine.log().close().await.unwrap();
        drop((api, engine));
        dir
    }

    /// The last position in the log: unchanged where nothing was written.
    pub(crate) fn head(&self) -> u64 {
        self.engine.log().head().borrow().get()
    }

    /// A published product with one SKU at this price, and so many units of it in stock.
    pub(crate) async fn stock(&self, sku: &str, minor: i64, units: u32) {
        let product = json!({ "state": "published", "title": format!("Product {sku}"),
            "variants": [{ "sku": sku, "prices": [{ "minor": minor, "currency": "GBP" }] }] });
        assert!(self.put(&format!("/products/p-{sku}"), product).await.status.is_success());
        let receive = json!({ "quantity": units });
        assert_eq!(self.post(&format!("/inventory/{sku}/receive"), receive).await.status, 200);
    }

    pub(crate) async fn open_location(&self, id: &str) {
        let opened = self.put(&format!("/locations/{id}"), json!({ "name": id })).await;
        assert_eq!(opened.status, 201, "{}", opened.json());
    }

    /// A new cart with these lines; its id.
    pub(crate) async fn cart(&self, lines: &[(&str, u32)]) -> String {
        let lines: Vec<_> =
            lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
        let made = self.post("/carts", json!({ "currency": "GBP", "lines": lines })).await;
        assert_eq!(made.status, 201, "{}", made.json());
        made.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn checkout(&self, cart: &str, token: &str) -> Answer {
        self.post(&format!("/carts/{cart}/checkout"), json!({ "payment_token": token })).await
    }
}

/// The view at `path`, when `done` is true of it.
pub(crate) async fn eventually(shop: &Shop, path: &str, done: impl Fn(&Value) -> bool) -> Value {
    let mut view = Value::Null;
    for _ in 0..2_000 {
        view = shop.get(path).await.json();
        if done(&view) {
            return view;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{path} stays {view}");
}

/// The id of a new order of so many of `MUG`.
pub(crate) async fn order(shop: &Shop, quantity: u32) -> String {
    let cart = shop.cart(&[("MUG", quantity)]).await;
    let placed = shop.checkout(&cart, "tok_visa").await;
    assert_eq!(placed.status, 201, "{}", placed.json());
    placed.json()["id"].as_str().unwrap().to_owned()
}
