//! What earlier runs did: the import's own commands found in the log, so that a run that goes on after a crash
//! need not send them again. Only a shortcut; a command sent again finds its recorded outcome anyway.

use super::requests::ACTOR;
use crate::ImportError;
use ahash::AHashMap;
use daybook_engine::{CommandRequest, Engine};
use daybook_event_log::Position;
use uuid::Uuid;

const BATCH: usize = 4_096;

/// Executed commands with the digests of their contents.
#[derive(Debug, Default)]
pub(crate) struct EarlierRuns {
    executed: AHashMap<Uuid, u64>,
}

impl EarlierRuns {
    /// Reads the log once, as far as it is now.
    pub(crate) async fn read(engine: &Engine) -> Result<Self, ImportError> {
        let actor = format!("system:{ACTOR}");
        let head = *engine.log().head().borrow();
        let mut past = Self::default();
        let mut next = Position::ZERO.next();
        while next <= head {
            let events = engine.log().read_all(next, BATCH).await?;
            let Some(last) = events.last() else { break };
            next = last.position().next();
            let ours = events.iter().filter(|event| event.actor() == actor);
            past.executed.extend(ours.map(|event| (event.command_id(), event.request_hash())));
        }
        Ok(past)
    }

    /// Whether this very command was executed. One with another content is not; the shop will say so.
    pub(crate) fn has(&self, request: &CommandRequest) -> bool {
        self.executed.get(&request.command_id) == Some(&request.request_hash)
    }
}
