//! What a node does beside answering requests, by its roles and its servers: tasks that run until it stops.

use super::{NodeHealth, processes::LeasedProcesses, store};
use crate::data_dir::DataDir;
use daybook_api::{NodeRole, Roles};
use daybook_engine::EngineOptions;
use daybook_event_log::{EventLog, Leases};
use daybook_messaging::{Client, MessageKey, Relay, RelayOptions};
use daybook_subscriptions::{Supervisor, TaskSpec};
use std::sync::Arc;

/// All that is needed to begin.
pub(crate) struct NodeTasks {
    pub roles: Roles,
    /// Whether other nodes may share the event store.
    pub is_shared: bool,
    pub leases: Arc<dyn Leases>,
    pub nats: Option<(Client, RelayOptions, MessageKey)>,
    /// For an engine that runs the processes on a shared store.
    pub engine: EngineOptions,
    pub dir: DataDir,
}

impl NodeTasks {
    /// Begins them under `followers`.
    pub(crate) fn begin(self, log: &Arc<dyn EventLog>, health: &Arc<NodeHealth>, followers: &Supervisor) {
        if let Some(nats) = self.nats.filter(|_| self.roles.has(NodeRole::Relay)) {
            health.set_relay(Relay::spawn(followers, log.clone(), self.leases.clone(), nats));
        }
        let (checked, reported, dir) = (log.clone(), health.clone(), self.dir.clone());
        followers.task(TaskSpec::new("store-check").required(), move |context| {
            let looking =
                store::look_after(checked.clone(), dir.clone(), reported.clone(), context.stop().clone());
            async move {
                looking.await;
                Ok(())
            }
        });
        // Where no other node shares the store, the one engine runs the processes.
        if self.is_shared && self.roles.has(NodeRole::Processes) {
            let (log, options, dir) = (log.clone(), self.engine, self.dir.processes());
            LeasedProcesses { log, options, leases: self.leases, dir, health: health.clone() }
                .spawn(followers);
        }
    }
}
