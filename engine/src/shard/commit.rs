//! The second half of a command's way, in two steps: when its events have their places in the log, processes go on from
//! them; when they are durable, callers are answered.
//!
//! What is sequenced can only be lost together with everything behind it, so what processes do about it is lost with it.
//! An answer to a caller is not: it waits, refusals too, because they may rest on events that are not durable.

use super::{
    Group, MAX_ATTEMPTS, Shard,
    decide::{Decided, Decision},
    history,
};
use crate::{
    CommandError, OrderOutcome, Outcome,
    processes::{ProcessMessage, Sequenced, StepDone},
    queued_command::{CommandIds, QueuedCommand, Reply},
};
use daybook_domain::OrderId;
use daybook_event_log::{AppendOutcome, AppendRejection, Appended, LogError, Position, StreamId};

/// How a written command fared in the log.
pub(super) enum AppendResult {
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
    /// The first step: the places of the next group are known. Processes are told what needs no second look.
    pub(super) fn sequence(&mut self, result: Result<Vec<AppendOutcome>, LogError>) {
        let group = &mut self.groups[self.sequenced];
        let (batch, mut decided) = (group.batch, std::mem::take(&mut group.decided));
        if let Err(error @ LogError::Poisoned { .. }) = &result {
            self.messages.push(ProcessMessage::LogFailed(error.clone()));
        }
        self.note_results(&mut decided, &result);
        let (mut orders, mut last) = (Vec::new(), Position::ZERO);
        for decided in &mut decided {
            if let Some(AppendResult::Stands(appended)) = &decided.result {
                last = last.max(appended.last_position);
                self.stands(decided, &mut orders);
            } else {
                self.tell_process_at_once(decided, batch);
            }
        }
        let group = &mut self.groups[self.sequenced];
        (group.decided, group.orders) = (decided, orders);
        self.sequenced += 1;
        self.shared.note_handed_over(last);
        self.shared.process_messages.put(&mut self.messages);
    }

    /// The second step: the first group is durable, or lost. Answers its commands; those that stood on a state that
    /// turned out wrong are decided anew.
    pub(super) async fn complete(&mut self, result: Result<Vec<AppendOutcome>, LogError>) {
        let lost = result.as_ref().err().cloned();
        let was_sequenced = self.sequenced > 0;
        if !was_sequenced {
            self.sequence(result);
        }
        let Some(group) = self.groups.pop_front() else { return };
        self.sequenced -= 1;
        let Group { batch, mut decided, orders, .. } = group;
        match lost {
            Some(error) if was_sequenced => self.lose(&mut decided, &error),
            _ => orders.into_iter().for_each(|(order, outcome)| self.shared.watches.decided(order, &outcome)),
        }
        self.durable = batch;
        self.unloadable.retain(|_, until| *until > batch);
        if self.shared.sole_writer {
            // Only now the log has all that was decided before.
            self.look_up_doubtful(&mut decided, None).await;
        }
        for decided in decided {
            self.answer_decided(decided, batch).await;
        }
        if self.groups.is_empty() {
            self.stale.clear();
        }
        self.shared.process_messages.put(&mut self.messages);
        self.meters.cached(self.cache.len());
        self.snapshots.write(&self.shared.snapshots);
    }

    /// Answers a command whose group is durable.
    async fn answer_decided(&mut self, decided: Decided, batch: u64) {
        let Decided { work, decision, result } = decided;
        match (decision, result) {
            (Decision::Written { events, snapshot, .. }, Some(AppendResult::Stands(appended))) => {
                let stream = work.stream.clone();
                if let Some(snapshot) = snapshot {
                    self.snapshots.push(stream.clone(), snapshot);
                }
                // Processes have been told.
                if matches!(work.reply, Reply::Caller(_)) {
                    let (position, version) = (appended.last_position, appended.last_version);
                    let outcome = Outcome { stream, position, version, events, repeated: false };
                    self.answer(&work.ids, work.name, work.reply, Ok(outcome));
                }
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
                let (stream, position) = (work.stream.clone(), *self.shared.log.head().borrow());
                let outcome = Outcome { stream, position, version, events: Vec::new(), repeated: false };
                self.answer(&work.ids, work.name, work.reply, Ok(outcome));
            }
            (Decision::Repeated(outcome), None) => {
                self.answer(&work.ids, work.name, work.reply, Ok(outcome));
            }
            (Decision::Told, _) => {}
            _ => self.decide_anew(work),
        }
    }

    /// Notes the result of each written command; and which streams are not as they were thought to be.
    fn note_results(&mut self, decided: &mut [Decided], result: &Result<Vec<AppendOutcome>, LogError>) {
        for Decided { work, decision, result: noted } in decided {
            if let Decision::Written { events, append, after, .. } = decision {
                *noted = Some(match result {
                    Err(error) => AppendResult::Failed(CommandError::Log(error.clone())),
                    Ok(outcomes) => AppendResult::of(outcomes.get(*append), *after, events.len()),
                });
            }
            let as_thought = match (noted, decision) {
                // A sole writer had no state to decide upon; another one was behind.
                (None, Decision::Behind) => self.shared.sole_writer,
                (None | Some(AppendResult::Stands(_)), _) => true,
                _ => false,
            };
            if !as_thought {
                self.distrust(&work.stream);
            }
        }
    }

    /// If anything of the group was sequenced, the log has lost it, and with it everything that follows from it: all of
    /// that stands behind it.
    fn lose(&mut self, decided: &mut [Decided], error: &LogError) {
        let mut any = false;
        for Decided { work, decision, result } in decided {
            if matches!(result, Some(AppendResult::Stands(_))) {
                any = true;
                *result = Some(AppendResult::Failed(CommandError::Log(error.clone())));
                self.distrust(&work.stream);
                if matches!(work.reply, Reply::Process(_)) {
                    *decision = Decision::Told;
                }
            }
        }
        if any {
            self.messages.push(ProcessMessage::LogFailed(error.clone()));
        }
    }

    /// What was decided upon the stream's state is doubtful. The stream is loaded again, but not before the log has all
    /// of it that was decided until now.
    fn distrust(&mut self, stream: &StreamId) {
        self.cache.forget(stream, self.batch);
        self.stale.insert(stream.clone(), self.batch);
        if self.shared.sole_writer {
            self.unloadable.insert(stream.clone(), self.batch);
        }
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

    /// Hands a command's events to the processes; says what they decide about orders.
    fn stands(&mut self, decided: &mut Decided, orders: &mut Vec<(OrderId, OrderOutcome)>) {
        let Decided { work, decision, result } = decided;
        let (Decision::Written { events, .. }, Some(AppendResult::Stands(appended))) = (decision, result)
        else {
            return;
        };
        orders.extend(events.iter().filter_map(|event| OrderOutcome::of(event, appended.last_position)));
        let sequenced = Sequenced {
            stream: work.stream.clone(),
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
                let done = StepDone { events: std::mem::take(events), sequenced: Some(sequenced) };
                self.messages.push(ProcessMessage::Done(step, Ok(done)));
            }
            Reply::Caller(_) => {
                if self.shared.concerns.any() {
                    let concerned = self.shared.concerns.pick(events);
                    self.messages.push(ProcessMessage::Sequenced(sequenced, concerned));
                }
            }
        }
    }

    /// A process' command that wrote nothing is answered when what it stood on is sequenced, if it is certainly no
    /// repetition: only what is durable can be looked up.
    fn tell_process_at_once(&mut self, decided: &mut Decided, batch: u64) {
        let Reply::Process(step) = decided.work.reply else { return };
        let is_certain = self.shared.run_ahead && decided.work.fresh && !self.was_stale(&decided.work, batch);
        if !is_certain {
            return;
        }
        let name = decided.work.name;
        match std::mem::replace(&mut decided.decision, Decision::Told) {
            Decision::Refused(error) => {
                self.meters.answered(name, Some(&error));
                self.messages.push(ProcessMessage::Done(step, Err(error)));
            }
            Decision::Unchanged(_) => {
                self.meters.answered(name, None);
                let done = StepDone { events: Vec::new(), sequenced: None };
                self.messages.push(ProcessMessage::Done(step, Ok(done)));
            }
            other => decided.decision = other,
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
                let also =
                    self.in_flight.remove(&(ids.command, name)).map(|first| first.also).unwrap_or_default();
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
