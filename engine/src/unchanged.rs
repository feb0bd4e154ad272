//! Outcomes of commands that changed nothing, kept for those that a client named by an idempotency key: an event in a
//! stream of its own says so, durably, before the client is answered.
//!
//! The event has the id that the command's first event would have had. Whichever of several attempts, on whichever node,
//! reaches the log first is the outcome; the others find it there. Commands without a key, and those of processes, write
//! nothing.

use crate::{CommandError, CommandRequest, Engine, Outcome};
use daybook_domain::{
    Command, Event, RequestId,
    request::{RecordUnchanged, RequestChangedNothing, RequestCommand, RequestEvent},
};
use daybook_event_log::Version;

/// A named command, without its content.
pub(crate) struct NamedCommand {
    request: CommandRequest,
}

impl NamedCommand {
    /// None if the command has no name, so that nothing can be its retry.
    pub(crate) fn of(request: &CommandRequest) -> Option<Self> {
        if request.request_hash == 0 {
            return None;
        }
        let id = RequestId::new(request.command_id);
        let record = RecordUnchanged { stream: request.command.stream_name(), version: 0 };
        let request = CommandRequest {
            command: Command::Request(id, RequestCommand::RecordUnchanged(record)),
            expected_version: None,
            actor: request.actor.clone(),
            ..*request
        };
        Some(Self { request })
    }

    /// Records that everything was as wished, and answers what counts.
    pub(crate) async fn record(
        mut self,
        engine: &Engine,
        unchanged: Outcome,
    ) -> Result<Outcome, CommandError> {
        let (command_id, request_hash) = (self.request.command_id, self.request.request_hash);
        if let Command::Request(_, RequestCommand::RecordUnchanged(record)) = &mut self.request.command {
            record.version = unchanged.version.get();
        }
        let recorded = match engine.submit(self.request).await {
            // Another attempt found something to change.
            Err(CommandError::CommandIdReused) => {
                let recorded = engine.recorded(&unchanged.stream, command_id, request_hash).await?;
                return recorded.ok_or(CommandError::CommandIdReused);
            }
            other => other?,
        };
        let version = match recorded.events.first() {
            Some(Event::Request(RequestEvent::RequestChangedNothing(RequestChangedNothing {
                of_version,
                ..
            }))) => Version::new(*of_version),
            _ => unchanged.version,
        };
        let repeated = recorded.repeated || unchanged.repeated;
        Ok(Outcome { position: recorded.position, version, repeated, ..unchanged })
    }
}
