//! One command to the shop, patiently: too much to do is waited for, a "no" is kept with its words, and only a
//! shop that cannot go on ends the import.

use super::earlier_runs::EarlierRuns;
use crate::ImportError;
use daybook_engine::{CommandError, CommandRequest, Engine};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

const AGAIN_AFTER: Duration = Duration::from_millis(5);

/// How one command went.
pub(crate) enum SendResult {
    Done,
    /// The business said no; in its words.
    Refused(String),
}

/// Sends commands and counts those that were executed.
pub(crate) struct Sender<'a> {
    engine: &'a Engine,
    past: EarlierRuns,
    executed: AtomicU64,
}

impl<'a> Sender<'a> {
    pub(crate) const fn new(engine: &'a Engine, past: EarlierRuns) -> Self {
        Self { engine, past, executed: AtomicU64::new(0) }
    }

    pub(crate) const fn engine(&self) -> &'a Engine {
        self.engine
    }

    pub(crate) fn executed(&self) -> u64 {
        self.executed.load(Ordering::Relaxed)
    }

    /// Whether an earlier run had this command executed.
    pub(crate) fn is_past(&self, request: &CommandRequest) -> bool {
        self.past.has(request)
    }

    /// Sends `request` until it is answered; at once if an earlier run did. `invoice` is named in the error.
    pub(crate) async fn send(
        &self,
        request: CommandRequest,
        invoice: &str,
    ) -> Result<SendResult, ImportError> {
        if self.is_past(&request) {
            self.executed.fetch_add(1, Ordering::Relaxed);
            return Ok(SendResult::Done);
        }
        loop {
            let error = match self.engine.execute(request.clone()).await {
                Ok(_) => {
                    self.executed.fetch_add(1, Ordering::Relaxed);
                    return Ok(SendResult::Done);
                }
                Err(error) => error,
            };
            match error {
                CommandError::Rejected(rejection) => return Ok(SendResult::Refused(rejection.to_string())),
                CommandError::CommandIdReused => {
                    return Ok(SendResult::Refused("it was imported before with another content".to_owned()));
                }
                CommandError::Invalid { reason } => return Ok(SendResult::Refused(reason)),
                CommandError::Overloaded { retry_after } => tokio::time::sleep(retry_after).await,
                CommandError::Contended { .. } | CommandError::DeadlinePassed => {
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                error @ (CommandError::VersionConflict { .. }
                | CommandError::Log(_)
                | CommandError::UnreadableHistory { .. }
                | CommandError::NewerProgram { .. }
                | CommandError::Panicked { .. }
                | CommandError::ShuttingDown) => {
                    return Err(ImportError::Engine { invoice: invoice.to_owned(), source: Box::new(error) });
                }
            }
        }
    }
}
