//! The second half of a command's way: from a durable group to the answers, and to the processes.

use super::{
    Group, MAX_ATTEMPTS, Shard,
    decide::{Decided, Decision},
    history,
};
use crate::{
    CommandError, Outcome,
    processes::{ProcessMessage, Sequenced, StepDone},
    queued_command::{CommandIds, QueuedCommand, Reply},
};
use daybook_domain::Event;
use daybook_event_log::{AppendOutcome, AppendRejection, Appended, LogError};

/// How a written command fared in the log.
enum AppendResult {
    Stands(Appended),
    /// Its stream was not at the version it was decided upon.
    Conflict,
    /// Its events are in the log, or some of their ids are.
    SeenBefore,
    Failed(CommandError),
}

impl AppendResult {
    /// Of `count` events that stand in an append after some others.
    fn of(outcome: Option<&AppendOutcome>, after: usize, count: usize) -> Self {
        match outcome {
            Some(Ok(appended)) if appended.already_there => Self::SeenBefore,
            Some(Ok(appended)) => {
                let (first_position, first_version) =
                    (appended.first_position.plus(after as u64), appended.first_version.plus(after as u64));
                let more = (count as u64).saturating_sub(1);
                Self::Stands(Appended {
                    first_position,
                    last_position: first_position.plus(more),
                    first_version,
                    last_version: first_version.plus(more),
                    ..*appended
                })
            }
            Some(Err(AppendRejection::Conflict { .. })) => Self::Conflict,
            Some(Err(AppendRejection::EventIdReused { .. })) => Self::SeenBefore,
            Some(Err(AppendRejection::Invalid { reason, .. })) => {
                Self::Failed(CommandError::Invalid { reason: reason.clone() })
            }
            None => Self::Failed(CommandError::Log(LogError::Closed)),
        }
    }
}

impl Shard {
    /// Answers a group's commands. Those that stood on a state that turned out wrong are decided anew.
    pub(super) async fn complete(&mut self, group: Group, result: Result<Vec<AppendOutcome>, LogError>) {
        let Group { batch, decided, append: _ } = group;
        self.durable = batch;
        self.unloadable.retain(|_, until| *until > batch);
        let results = self.results(&decided, result);
        let head = *self.shared.log.head().borrow();
        for (decided, result) in decided.into_iter().zip(results) {
            let Decided { work, decision } = decided;
            match (decision, result) {
                (Decision::Written { events, snapshot, .. }, Some(AppendResult::Stands(appended))) => {
                    if let Some(snapshot) = snapshot {
                        self.snapshots.push(work.stream.clone(), snapshot);
                    }
                    self.stands(work, events, appended);
                }
                (Decision::Written { .. }, Some(AppendResult::SeenBefore)) => {
                    match history::recorded_outcome(&self.shared.log, &work.stream, &work.ids).await {
                        Ok(Some(outcome)) => self.answer(&work.ids, work.name, work.reply, Ok(outcome)),
                        Err(error) => self.answer(&work.ids, work.name, work.reply, Err(error)),
                        // Not this one, but one that was to be appended together with it.
                        Ok(None) => self.decide_anew(work),
                    }
                }
                (Decision::Written { .. }, Some(AppendResult::Failed(error)))
                | (Decision::Refused(error), None)
                    if !matches!(error, CommandError::Rejected(_) | CommandError::VersionConflict { .. })
                        || !self.was_stale(&work, batch) =>
                {
                    self.answer(&work.ids, work.name, work.reply, Err(error));
                }
                (Decision::Unchanged(version), None) if !self.was_stale(&work, batch) => {
                    let stream = work.stream.clone();
                    let outcome =
                        Outcome { stream, position: head, version, events: Vec::new(), repeated: false };
                    self.answer(&work.ids, work.name, work.reply, Ok(outcome));
                }
                (Decision::Repeated(outcome), None) => {
                    self.answer(&work.ids, work.name, work.reply, Ok(outcome));
                }
                _ => self.decide_anew(work),
            }
        }
        if self.groups.is_empty() {
            self.stale.clear();
        }
        self.shared.process_messages.put(&mut self.messages);
        self.meters.cached(self.cache.len());
        self.snapshots.write(&self.shared.snapshots);
    }

    /// The result of each written command, in order; and which streams are not as they were thought to be.
    fn results(
        &mut self,
        decided: &[Decided],
        result: Result<Vec<AppendOutcome>, LogError>,
    ) -> Vec<Option<AppendResult>> {
        let mut results = Vec::with_capacity(decided.len());
        for Decided { work, decision } in decided {
            let result = match decision {
                Decision::Written { events, append, after, .. } => Some(match &result {
                    Err(error) => AppendResult::Failed(CommandError::Log(error.clone())),
                    Ok(outcomes) => AppendResult::of(outcomes.get(*append), *after, events.len()),
                }),
                _ => None,
            };
            let as_thought = match (&result, decision) {
                (None, Decision::Behind) => false,
                (None | Some(AppendResult::Stands(_)), _) => true,
                _ => false,
            };
            if !as_thought {
                self.cache.forget(&work.stream, self.batch);
                self.stale.insert(work.stream.clone(), self.batch);
            }
            results.push(result);
        }
        results
    }

    /// Whether the decision stood on a state that has turned out wrong.
    fn was_stale(&self, work: &QueuedCommand, batch: u64) -> bool {
        !self.stale.is_empty() && self.stale.get(&work.stream).is_some_and(|through| batch <= *through)
    }

    fn decide_anew(&mut self, mut work: QueuedCommand) {
        work.attempts += 1;
        if work.attempts >= MAX_ATTEMPTS || work.command.is_none() {
            let (stream, attempts) = (work.stream.clone(), work.attempts);
            let error = CommandError::Contended { stream, attempts };
            return self.answer(&work.ids, work.name, work.reply, Err(error));
        }
        // From now on it may have been executed by somebody else.
        work.fresh = false;
        self.retries.push(work);
    }

    fn stands(&mut self, work: QueuedCommand, events: Vec<Event>, appended: Appended) {
        for event in &events {
            self.shared.watches.happened(event, appended.last_position);
        }
        let sequenced = Sequenced {
            stream: work.stream,
            first_position: appended.first_position,
            first_version: appended.first_version,
            recorded_at_ns: appended.recorded_at_ns,
            count: events.len(),
            command_id: work.ids.command,
            correlation_id: work.ids.correlation,
            occurred_at: work.occurred_at,
        };
        match work.reply {
            Reply::Process(step) => {
                self.meters.answered(work.name, None);
                let done = StepDone { events, sequenced: Some(sequenced) };
                self.messages.push(ProcessMessage::Done(step, Ok(done)));
            }
            reply @ Reply::Caller(_) => {
                let stream = sequenced.stream.clone();
                if self.shared.concerns.any() {
                    let concerned = self.shared.concerns.pick(&events);
                    self.messages.push(ProcessMessage::Sequenced(sequenced, concerned));
                }
                let (position, version) = (appended.last_position, appended.last_version);
                let outcome = Outcome { stream, position, version, events, repeated: false };
                self.answer(&work.ids, work.name, reply, Ok(outcome));
            }
        }
    }

    /// Answers a command, and those who asked the same meanwhile.
    pub(super) fn answer(
        &mut self,
        ids: &CommandIds,
        name: &'static str,
        reply: Reply,
        answer: Result<Outcome, CommandError>,
    ) {
        self.meters.answered(name, answer.as_ref().err());
        match reply {
            Reply::Process(step) => {
                let done = answer.map(|outcome| StepDone { events: outcome.events, sequenced: None });
                self.messages.push(ProcessMessage::Done(step, done));
            }
            reply @ Reply::Caller(_) => {
                let also = self.in_flight.remove(&ids.command).map(|first| first.also).unwrap_or_default();
                for other in also {
                    let again = answer.clone().map(|outcome| Outcome { repeated: true, ..outcome });
                    send(other, again);
                }
                send(reply, answer);
            }
        }
    }
}

/// Sends a caller their answer; a caller who has gone does not want it.
pub(super) fn send(reply: Reply, answer: Result<Outcome, CommandError>) {
    if let Reply::Caller(caller) = reply {
        let _ = caller.send(answer);
    }
}
