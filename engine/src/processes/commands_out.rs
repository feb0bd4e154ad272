//! Commands of processes on their way to the shards: collected during a round, sent to each shard at once.

use super::{StepKey, trigger_event::TriggerEvent};
use crate::{
    ids::{TriggerKind, reaction_id},
    queued_command::{CommandIds, QueuedCommand, Reply},
    shared::EngineShared,
};
use daybook_domain::{Actor, Command, Timestamp};
use daybook_event_log::StreamId;
use std::sync::Arc;

pub(super) struct CommandsOut {
    shared: Arc<EngineShared>,
    names: Vec<&'static str>,
    actors: Vec<Actor>,
    by_shard: Vec<Vec<QueuedCommand>>,
}

/// Whose command it is, and which of the reaction's.
pub(super) struct ProcessStep<'a> {
    pub(super) key: StepKey,
    pub(super) process: usize,
    /// Its number among all commands of the reaction. A part of the command's id.
    pub(super) number: usize,
    pub(super) event: &'a TriggerEvent,
    /// If a deadline asks: the time it was due.
    pub(super) due: Option<Timestamp>,
    /// Certainly not executed before.
    pub(super) fresh: bool,
}

impl CommandsOut {
    /// For processes of these names.
    pub(super) fn new(shared: Arc<EngineShared>, names: Vec<&'static str>) -> Self {
        let actors = names.iter().map(|name| Actor::System((*name).to_owned())).collect();
        let by_shard = shared.queues.iter().map(|_| Vec::new()).collect();
        Self { shared, names, actors, by_shard }
    }

    /// Adds a command; says to which stream it goes.
    pub(super) fn push(&mut self, step: &ProcessStep<'_>, command: Command) -> StreamId {
        let event = step.event;
        let (kind, occurred_at) = match step.due {
            Some(due) => (TriggerKind::Deadline, due),
            None => (TriggerKind::Event, event.occurred_at),
        };
        let name = self.names[step.process];
        let stream = StreamId::parse(&command.stream_name()).expect("commands name valid streams");
        let shard = self.shared.shard_of(&stream);
        let id = reaction_id(name, kind, event.event_id, step.number, stream.as_str(), command.name());
        self.by_shard[shard].push(QueuedCommand {
            stream: stream.clone(),
            name: command.name(),
            command: Some(command),
            ids: CommandIds {
                command: id,
                correlation: event.correlation_id,
                causation: event.event_id,
                request_hash: 0,
            },
            expected: None,
            actor: self.actors[step.process].clone(),
            occurred_at,
            deadline: None,
            reply: Reply::Process(step.key),
            attempts: 0,
            fresh: step.fresh && !event.recovering && kind == TriggerKind::Event,
        });
        stream
    }

    /// Sends all that was added.
    pub(super) fn flush(&mut self) {
        for (queue, commands) in self.shared.queues.iter().zip(&mut self.by_shard) {
            queue.put_process_commands(commands);
        }
    }
}
