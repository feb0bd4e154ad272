//! What a node knows of itself and its servers, for readiness: is the store there, who runs the processes, how
//! far the relay is.

use super::Roles;
use daybook_event_log::Position;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

pub(crate) struct Health {
    pub roles: Roles,
    store: Mutex<Option<String>>,
    runs_processes: AtomicBool,
    relayed: Mutex<Option<watch::Receiver<Position>>>,
    has_relay: bool,
}

impl Health {
    pub(crate) fn new(roles: Roles, runs_processes: bool, has_relay: bool) -> Self {
        let runs_processes = AtomicBool::new(runs_processes);
        Self { roles, store: Mutex::default(), runs_processes, relayed: Mutex::default(), has_relay }
    }

    /// Tells what is wrong with the event store; none: nothing.
    pub(crate) fn store(&self, trouble: Option<String>) {
        let mut known = self.store.lock();
        match (&*known, &trouble) {
            (None, Some(error)) => tracing::error!(error, "the event store is missing"),
            (Some(_), None) => tracing::info!("the event store is back"),
            _ => {}
        }
        *known = trouble;
    }

    pub(crate) fn store_is_missing(&self) -> bool {
        self.store.lock().is_some()
    }

    pub(crate) fn processes(&self, run_here: bool) {
        self.runs_processes.store(run_here, Ordering::Relaxed);
    }

    pub(crate) fn relay(&self, relayed: Option<watch::Receiver<Position>>) {
        *self.relayed.lock() = relayed;
    }

    /// Sets the gauges of what this node does, as of the log's `head`.
    pub(crate) fn measure(&self, head: u64) {
        let is_missing = f64::from(u8::from(self.store_is_missing()));
        metrics::gauge!("daybook_node_store_missing").set(is_missing);
        let runs_processes = f64::from(u8::from(self.runs_processes.load(Ordering::Relaxed)));
        metrics::gauge!("daybook_node_runs_processes").set(runs_processes);
        let relayed = self.relayed.lock().as_ref().map(|relayed| relayed.borrow().get());
        metrics::gauge!("daybook_relay_active").set(f64::from(u8::from(relayed.is_some())));
        if let Some(relayed) = relayed {
            #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
            metrics::gauge!("daybook_relay_lag_events").set(head.saturating_sub(relayed) as f64);
        }
    }

    /// What this node does at the moment; `head` is the log's, `projects` whether it keeps read models current.
    pub(crate) fn shown(&self, head: u64, projects: bool) -> Value {
        let mut shown = json!({
            "roles": self.roles.names(),
            "runs_processes": self.runs_processes.load(Ordering::Relaxed),
            "projects": projects,
        });
        if self.has_relay {
            shown["relay"] = match &*self.relayed.lock() {
                None => json!({ "active": false }),
                Some(relayed) => {
                    let position = relayed.borrow().get();
                    json!({ "active": true, "position": position, "lag_events": head.saturating_sub(position) })
                }
            };
        }
        shown
    }
}
