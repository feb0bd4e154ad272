//! What a node knows of itself and its servers, for readiness: is the store there, who runs the processes, how
//! far the relay is.

use daybook_api::Roles;
use daybook_engine::Engine;
use daybook_messaging::{LastError, RelayTask};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use tokio::sync::watch;

pub(crate) struct NodeHealth {
    pub roles: Roles,
    store: Mutex<Option<String>>,
    /// The engine that runs the processes, if this node does.
    process_engine: Mutex<Option<Engine>>,
    relay: OnceLock<RelayTask>,
    nats: Option<NatsHealth>,
}

/// The connection to NATS, and whether read models follow the log by it.
pub(crate) struct NatsHealth {
    pub last_error: LastError,
    pub follows: Option<watch::Receiver<bool>>,
}

impl NatsHealth {
    fn shown(&self) -> Value {
        let last_error = self.last_error.borrow().clone();
        let mut shown = json!({ "connected": last_error.is_none() });
        if let Some(follows) = &self.follows {
            let by_nats = last_error.is_none() && *follows.borrow();
            shown["news_from"] = if by_nats { "nats" } else { "log" }.into();
        }
        if let Some(error) = last_error {
            shown["trouble"] = error.into();
        }
        shown
    }
}

impl NodeHealth {
    pub(crate) fn new(roles: Roles, process_engine: Option<Engine>, nats: Option<NatsHealth>) -> Self {
        let process_engine = Mutex::new(process_engine);
        Self { roles, store: Mutex::default(), process_engine, relay: OnceLock::new(), nats }
    }

    /// Sets what is wrong with the event store; none: nothing.
    pub(crate) fn set_store_error(&self, error: Option<String>) {
        let mut known = self.store.lock();
        match (&*known, &error) {
            (None, Some(error)) => tracing::error!(error, "the event store is missing or takes nothing"),
            (Some(_), None) => tracing::info!("the event store is back"),
            _ => {}
        }
        *known = error;
    }

    /// What is wrong with the event store; none: nothing.
    pub(crate) fn store_error(&self) -> Option<String> {
        self.store.lock().clone()
    }

    /// Sets the engine that runs the processes here; none: they do not run here.
    pub(crate) fn set_process_engine(&self, engine: Option<Engine>) {
        *self.process_engine.lock() = engine;
    }

    pub(crate) fn process_engine(&self) -> Option<Engine> {
        self.process_engine.lock().clone()
    }

    /// Sets this node's relay; there is one at most.
    pub(crate) fn set_relay(&self, relay: RelayTask) {
        self.relay.get_or_init(|| relay);
    }

    /// Sets the gauges of what this node does, as of the log's `head`.
    pub(crate) fn measure(&self, head: u64) {
        let is_missing = f64::from(u8::from(self.store.lock().is_some()));
        metrics::gauge!("daybook_node_store_missing").set(is_missing);
        let runs_processes = f64::from(u8::from(self.process_engine.lock().is_some()));
        metrics::gauge!("daybook_node_runs_processes").set(runs_processes);
        let active = self.relay.get().filter(|relay| relay.is_active());
        let relayed = active.map(|relay| relay.relayed().borrow().get());
        metrics::gauge!("daybook_relay_active").set(f64::from(u8::from(relayed.is_some())));
        if let Some(relayed) = relayed {
            #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
            metrics::gauge!("daybook_relay_lag_events").set(head.saturating_sub(relayed) as f64);
        }
    }

    /// What this node does at the moment; `head` is the log's, `projects` whether it keeps read models current.
    pub(crate) fn shown(&self, head: u64, projects: bool) -> Map<String, Value> {
        let mut shown = Map::new();
        shown.insert("roles".to_owned(), self.roles.names().into());
        shown.insert("runs_processes".to_owned(), self.process_engine.lock().is_some().into());
        shown.insert("projects".to_owned(), projects.into());
        if let Some(relay) = self.relay.get() {
            shown.insert("relay".to_owned(), shown_relay(relay, head));
        }
        if let Some(nats) = &self.nats {
            shown.insert("nats".to_owned(), nats.shown());
        }
        shown
    }
}

fn shown_relay(relay: &RelayTask, head: u64) -> Value {
    if !relay.is_active() {
        return json!({ "active": false });
    }
    let position = relay.relayed().borrow().get();
    let lag = head.saturating_sub(position);
    let mut shown = json!({ "active": true, "position": position, "lag_events": lag });
    if let Some(error) = relay.last_error() {
        shown["trouble"] = error.into();
    }
    shown
}
