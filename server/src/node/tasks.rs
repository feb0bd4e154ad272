//! What a node does beside answering requests, by its roles and its servers: tasks that run until it stops.

use super::{Health, Store, processes, relaying, store};
use daybook_api::{NodeRole, Roles};
use daybook_engine::EngineOptions;
use daybook_event_log::EventLog;
use daybook_messaging::{Client, RelayOptions};
use std::{path::PathBuf, sync::Arc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// All that is needed to begin.
pub(crate) struct NodeTasks {
    pub roles: Roles,
    pub store: Store,
    pub nats: Option<(Client, RelayOptions)>,
    /// For an engine that runs the processes on a shared store.
    pub engine: EngineOptions,
    pub process_dir: PathBuf,
}

impl NodeTasks {
    /// Begins them; they end with `stopping`.
    pub(crate) fn begin(
        self,
        log: &Arc<dyn EventLog>,
        health: &Arc<Health>,
        tasks: &TaskTracker,
        stopping: &CancellationToken,
    ) {
        let (log, health, stopping) = (log.clone(), health.clone(), stopping.clone());
        let relay = self.nats.filter(|_| self.roles.has(NodeRole::Relay));
        match self.store {
            // The one engine runs the processes, and there is no other node.
            Store::Embedded => {
                if let Some(nats) = relay {
                    tasks.spawn(relaying::relay_alone(log, nats, health, stopping));
                }
            }
            Store::Postgres(postgres) => {
                tasks.spawn(store::look_after(log.clone(), health.clone(), stopping.clone()));
                if let Some(nats) = relay {
                    let (log, postgres, health) = (log.clone(), postgres.clone(), health.clone());
                    tasks.spawn(relaying::keep_relaying(log, nats, postgres, health, stopping.clone()));
                }
                if self.roles.has(NodeRole::Processes) {
                    let place = (postgres, self.process_dir);
                    let run =
                        processes::run_processes_while_leading(log, self.engine, place, health, stopping);
                    tasks.spawn(run);
                }
            }
        }
    }
}
