//! The loop of the thread that keeps a group's read models current: decoded pages in, commits and watermarks out, and
//! between two pages whatever an operator asks for.

use crate::{
    DeadLetter, Flush, FollowLimits, RunnerError, SkippedLetter,
    applier::{Applier, Interruption},
    commit_group::CommitGroup,
    dead_letter,
    decoded::{DecodedRecord, EventPage},
    status::ProjectionStatus,
};
use daybook_domain::Interests;
use daybook_event_log::{EventLog, Position};
use daybook_read_store::{ReadStore, Role, StoreError};
use daybook_subscriptions::Source;
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering, mpsc},
};
use tokio::{runtime::Handle, sync::oneshot};

/// What is sent to the thread.
pub(crate) enum Message {
    Page(EventPage),
    /// Take over this applier, in place of the one of the same name.
    Adopt(Box<Applier>),
    /// Apply what waits in one stream; after leaving out one event, if so decided.
    Retry {
        name: &'static str,
        stream: String,
        skip: Option<SkippedLetter>,
        reply: oneshot::Sender<RetryAnswer>,
    },
    /// It is time to tidy the store.
    Tidy,
    /// Commit and end, or end with this error.
    End(Result<(), RunnerError>),
}

/// What a retry came to.
pub(crate) type RetryAnswer = Result<Retried, RunnerError>;

/// What became of a parked stream.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Retried {
    /// So many of the waiting events are applied now.
    pub applied: u64,
    /// The event that still cannot be applied; none: the stream is no longer parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub still_parked: Option<DeadLetter>,
}

/// The state of the thread.
pub(crate) struct ApplyLoop {
    pub(crate) group: CommitGroup,
    pub(crate) statuses: Vec<Arc<ProjectionStatus>>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) interests: Interests,
    pub(crate) limits: FollowLimits,
    pub(crate) runtime: Handle,
}

impl ApplyLoop {
    /// Until told to end.
    pub(crate) fn run(
        &mut self,
        messages: &mpsc::Receiver<Message>,
        tidy: impl Fn() -> Result<(), StoreError>,
    ) -> Result<(), RunnerError> {
        self.retry_after_upgrade()?;
        self.publish();
        loop {
            let group = &self.group;
            let waits = group.has_unwritten() || group.appliers.iter().any(Applier::has_uncommitted);
            let message = if waits {
                messages.recv_timeout(self.limits.min_interval)
            } else {
                messages.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
            };
            match message {
                Ok(Message::Page(page)) => self.take(&page.content)?,
                Ok(Message::Adopt(applier)) => self.adopt(*applier)?,
                Ok(Message::Retry { name, stream, skip, reply }) => {
                    // Whoever asked may have gone; the retry stands all the same.
                    let _ = reply.send(self.retry(name, &stream, skip));
                    self.publish();
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.group.commit_waiting(Flush::WhenDue)?;
                    self.publish();
                }
                Ok(Message::Tidy) => tidy()?,
                Ok(Message::End(Err(error))) => return Err(error),
                Ok(Message::End(Ok(()))) | Err(mpsc::RecvTimeoutError::Disconnected) => {
                    self.group.commit_waiting(Flush::Now)?;
                    self.publish();
                    return Ok(());
                }
            }
        }
    }

    /// Applies what waits since an older program ran here. What it could not read, this one may.
    fn retry_after_upgrade(&mut self) -> Result<(), RunnerError> {
        let mut waiting = BTreeSet::new();
        for applier in self.group.appliers.iter().filter(|applier| !applier.parked.is_empty()) {
            let letters = self.group.store.dead_letters(&applier.generation, None, usize::MAX)?;
            let letters: Vec<DeadLetter> = dead_letter::parse(&letters)?;
            let of_newer = letters.into_iter().filter(|letter| letter.newer_program);
            waiting.extend(of_newer.map(|letter| (applier.definition.name, letter.stream)));
        }
        for (name, stream) in waiting {
            let retried = self.retry(name, &stream, None)?;
            if retried.applied > 0 {
                tracing::info!(
                    projection = name,
                    stream,
                    applied = retried.applied,
                    "events that a newer program wrote are applied now"
                );
            }
        }
        Ok(())
    }

    fn take(&mut self, events: &[DecodedRecord]) -> Result<(), RunnerError> {
        self.group.apply(events)?;
        metrics::counter!("daybook_projection_events_total").increment(events.len() as u64);
        #[expect(clippy::cast_precision_loss, reason = "a histogram of event counts needs no 53 bits")]
        metrics::histogram!("daybook_projection_batch_events").record(events.len() as f64);
        self.publish();
        Ok(())
    }

    fn publish(&self) {
        let head = self.log.head().borrow().get();
        for applier in &self.group.appliers {
            let name = applier.definition.name;
            if let Some(status) = self.statuses.iter().find(|status| status.definition.name == name) {
                status.publish(applier.visible);
                status.parked.store(applier.parked.values().sum(), Ordering::Relaxed);
            }
            let lag = head.saturating_sub(applier.visible.get());
            let parked: u64 = applier.parked.values().sum();
            #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
            {
                metrics::gauge!("daybook_projection_lag_events", "projection" => name).set(lag as f64);
                metrics::gauge!("daybook_projection_dead_letters", "projection" => name).set(parked as f64);
            }
        }
    }

    /// Brings a rebuilt applier level with the group, then lets it answer and drops the one it replaces.
    fn adopt(&mut self, applier: Applier) -> Result<(), RunnerError> {
        let name = applier.definition.name;
        let store = self.group.store.clone();
        let level = self.group.appliers.iter().map(|applier| applier.checkpoint.position).max();
        let mut alone = CommitGroup::new(store.clone(), vec![applier]);
        if let Some(level) = level {
            let from = alone.appliers[0].checkpoint.position;
            let interests = self.interests;
            let limits = FollowLimits::filling(&store).page();
            let mut source = Source::new(self.log.clone(), from, limits).until(level);
            while let Some(page) = self.runtime.block_on(source.now())? {
                alone.apply(&DecodedRecord::page(page, &interests))?;
            }
        }
        let mut applier = alone.appliers.remove(0);
        // Nothing may be on its way to rows that are about to go.
        self.group.commit_waiting(Flush::Now)?;
        self.group.appliers.retain(|old| old.definition.name != name);
        switch(&store, &self.statuses, &mut applier)?;
        self.group.appliers.push(applier);
        self.publish();
        Ok(())
    }

    fn retry(&mut self, name: &'static str, stream: &str, skip: Option<SkippedLetter>) -> RetryAnswer {
        let not_running = || RunnerError::NotRunning;
        let at = self.group.appliers.iter().position(|applier| applier.definition.name == name);
        let at = at.ok_or_else(not_running)?;
        let group = &mut self.group;
        let store = group.store.clone();
        if let Some(skipped) = skip {
            store.skip(&group.appliers[at].generation, &skipped.to_row())?;
        }
        let letters = store.dead_letters(&group.appliers[at].generation, Some(stream), usize::MAX)?;
        let letters: Vec<DeadLetter> = dead_letter::parse(&letters)?;
        let mut waiting = Vec::with_capacity(letters.len());
        for letter in &letters {
            let read = self.log.read_all(Position::new(letter.position), 1);
            let records = self.runtime.block_on(read)?;
            waiting.extend(records.into_iter().map(|record| DecodedRecord::new(record, &self.interests)));
        }
        let group = &mut self.group;
        let applier = &mut group.appliers[at];
        let first = applier.retry(&waiting);
        let (applied, error) = match first {
            Ok(()) => (waiting.len(), None),
            Err(Interruption::Store(error)) => return Err(error.into()),
            Err(Interruption::Poison(n, error)) => {
                applier.discard();
                if let Err(Interruption::Store(error)) = applier.retry(&waiting[..n]) {
                    return Err(error.into());
                }
                (n, Some(error))
            }
        };
        let still_parked = error.map(|error| {
            let letter = DeadLetter { error: Some(error), ..letters[applied].clone() };
            letter.of_newer_program(waiting[applied].is_of_newer_program())
        });
        group.commit_retried(at, &letters[..applied], still_parked.as_ref())?;
        let left = (letters.len() - applied) as u64;
        let applier = &mut group.appliers[at];
        if left == 0 {
            applier.parked.remove(stream);
        } else {
            applier.parked.insert(stream.to_owned(), left);
        }
        Ok(Retried { applied: applied as u64, still_parked })
    }
}

/// Lets `applier` answer queries, and drops the generation that did before.
pub(crate) fn switch(
    store: &ReadStore,
    statuses: &[Arc<ProjectionStatus>],
    applier: &mut Applier,
) -> Result<(), StoreError> {
    store.assign(Role::Live, &applier.generation)?;
    applier.projection.went_live();
    let Some(status) = statuses.iter().find(|status| status.definition.name == applier.definition.name)
    else {
        return Ok(());
    };
    let before = status.live.switch_to(applier.generation.clone());
    status.publish(applier.visible);
    *status.rebuild.lock() = None;
    match before {
        Some(before) if before.id() != applier.generation.id() => store.drop_generation(&before),
        _ => Ok(()),
    }
}
