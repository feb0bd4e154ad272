//! The engine as its callers see it.

use crate::{CommandError, CommandRequest, EngineError, EngineOptions, OrderWatch, Outcome};
use daybook_domain::OrderId;
use daybook_event_log::{EventLog, Position};
use std::sync::Arc;

/// Executes commands. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine {
    log: Arc<dyn EventLog>,
}

impl Engine {
    /// Starts an engine over `log`; processes resume where they were.
    pub async fn start(log: Arc<dyn EventLog>, options: EngineOptions) -> Result<Self, EngineError> {
        let _ = options;
        Ok(Self { log })
    }

    /// Executes a command and answers when what it led to is durable.
    pub async fn execute(&self, request: CommandRequest) -> Result<Outcome, CommandError> {
        let _ = request;
        Err(CommandError::ShuttingDown)
    }

    /// Waits for what becomes of an order. Subscribe before executing the checkout, so nothing is missed.
    #[must_use]
    pub fn watch_order(&self, id: OrderId) -> OrderWatch {
        OrderWatch::new(id)
    }

    /// The log this engine writes to.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// Resolves when all processes have reacted to everything up to `position` and their commands are done.
    pub async fn processes_caught_up(&self, position: Position) {
        let _ = position;
    }

    /// Finishes what was accepted, writes snapshots and checkpoints, and stops. The log stays open.
    pub async fn shutdown(&self) {}
}
