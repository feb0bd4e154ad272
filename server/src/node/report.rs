//! What the HTTP interface shows of this node: put together from the node's health, its audit tree, its read models
//! and the metrics of the process.

use super::{Health, Trail};
use crate::metrics::Exporter;
use daybook_api::NodeStatus;
use daybook_event_log::Position;
use daybook_views::Views;
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::sync::watch;

pub(crate) struct Report {
    pub health: Arc<Health>,
    pub audit: Arc<Trail>,
    pub reads: Views,
    pub metrics: Exporter,
    /// The log's last durable position.
    pub head: watch::Receiver<Position>,
}

impl Report {
    fn head(&self) -> u64 {
        self.head.borrow().get()
    }
}

impl NodeStatus for Report {
    fn missing(&self) -> Vec<String> {
        let audit = self.audit.failure().map(|failure| format!("the audit tree cannot be kept: {failure}"));
        let store = self
            .health
            .store_trouble()
            .map(|trouble| format!("the event store cannot be reached, or takes nothing: {trouble}"));
        audit.into_iter().chain(store).collect()
    }

    fn shown(&self) -> Map<String, Value> {
        self.health.shown(self.head(), self.reads.projects())
    }

    fn metrics(&self) -> String {
        self.health.measure(self.head());
        let gauge = |is: bool| f64::from(u8::from(is));
        metrics::gauge!("daybook_node_read_store_missing").set(gauge(self.reads.store_trouble().is_some()));
        metrics::gauge!("daybook_node_projects").set(gauge(self.reads.projects()));
        self.metrics.render()
    }
}
