//! What the HTTP interface shows of this node: put together from the node's health, its audit tree, its read models
//! and the metrics of the process.

use super::{LagWatch, NodeHealth};
use crate::metrics::Exporter;
use daybook_api::NodeStatus;
use daybook_audit::AuditTree;
use daybook_engine::Engine;
use daybook_event_log::Position;
use daybook_subscriptions::Supervisor;
use daybook_views::Views;
use serde_json::{Map, Value, json};
use std::{sync::Arc, time::Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) struct NodeReport {
    pub health: Arc<NodeHealth>,
    /// Cancelled when the node is about to stop.
    pub leaving: CancellationToken,
    pub lag: Arc<LagWatch>,
    pub audit: Arc<AuditTree>,
    /// The followers of the log that run here.
    pub followers: Supervisor,
    pub reads: Views,
    pub metrics: Exporter,
    /// The log's last durable position.
    pub head: watch::Receiver<Position>,
    /// The engine for callers' commands.
    pub engine: Engine,
}

impl NodeReport {
    /// Loops of the write path and of the processes that have panicked and are being started again, or are not any more.
    fn troubled_loops(&self) -> Vec<String> {
        let engines = [Some(self.engine.clone()), self.health.process_engine()];
        let statuses = engines.into_iter().flatten().flat_map(|engine| engine.statuses());
        let mut troubled: Vec<String> = statuses
            .filter_map(|task| {
                Some(format!("{} of the engine does not work: {}", task.name, task.status.why()?))
            })
            .collect();
        // Where one engine does both, it is asked twice.
        troubled.sort();
        troubled.dedup();
        troubled
    }

    fn head(&self) -> u64 {
        self.head.borrow().get()
    }
}

impl NodeStatus for NodeReport {
    fn missing(&self) -> Vec<String> {
        let audit =
            self.audit.write_failure().map(|failure| format!("the audit tree cannot be kept: {failure}"));
        let failed = self.followers.statuses().into_iter().filter(|task| task.required);
        let failed = failed.filter(|task| task.status.is_failed()).map(|task| {
            format!("{} has failed and needs a person: {}", task.name, task.status.why().unwrap_or_default())
        });
        let store = self
            .health
            .store_error()
            .map(|error| format!("the event store cannot be reached, or takes nothing: {error}"));
        let leaving = self.leaving.is_cancelled().then(|| "the node is about to stop".to_owned());
        let behind = self.lag.behind(&self.reads.reports(), Instant::now());
        let missing = leaving.into_iter().chain(failed).chain(audit).chain(store);
        missing.chain(behind).chain(self.troubled_loops()).collect()
    }

    fn process_engine(&self) -> Option<Engine> {
        self.health.process_engine()
    }

    fn shown(&self) -> Map<String, Value> {
        let mut shown = self.health.shown(self.head(), self.reads.projects());
        let followers = self.followers.statuses().into_iter().map(|task| (task.name.clone(), json!(task)));
        shown.insert("followers".to_owned(), followers.collect::<Map<_, _>>().into());
        let audited = self.audit.size();
        let audit = json!({ "position": audited, "lag_events": self.head().saturating_sub(audited) });
        shown.insert("audit".to_owned(), audit);
        let reports = self.reads.reports();
        let of_projections: u64 = reports.iter().map(|report| report.dead_letters).sum();
        let projections = reports.iter().map(|report| (report.name.to_owned(), json!(report)));
        shown.insert("projections".to_owned(), projections.collect::<Map<_, _>>().into());
        let engines = [Some(self.engine.clone()), self.health.process_engine()];
        let of_processes =
            engines.iter().flatten().map(|engine| engine.dead_letters(None, usize::MAX).len()).max();
        let letters = json!({ "projections": of_projections, "processes": of_processes.unwrap_or(0) });
        shown.insert("dead_letters".to_owned(), letters);
        let tasks = |engine: &Engine| {
            engine.statuses().into_iter().map(|task| (task.name.clone(), json!(task))).collect::<Map<_, _>>()
        };
        // On a shared store the processes have an engine of their own; else it is the same one.
        let mut engine = tasks(&self.engine);
        if let Some(processes) = self.health.process_engine() {
            engine.extend(tasks(&processes).into_iter().filter(|(name, _)| name == "processes"));
            shown.insert("processes".to_owned(), json!(processes.process_report()));
        }
        shown.insert("engine".to_owned(), engine.into());
        shown
    }

    fn metrics(&self) -> String {
        self.health.measure(self.head());
        let gauge = |is: bool| f64::from(u8::from(is));
        metrics::gauge!("daybook_node_read_store_missing").set(gauge(self.reads.store_error().is_some()));
        metrics::gauge!("daybook_node_projects").set(gauge(self.reads.projects()));
        self.metrics.render()
    }
}
