//! What operators and waiting readers ask of running read models: how fresh they are, what could not be
//! applied, and to fill one again.

use crate::{
    DeadLetter, ReadModels, RebuildProgress, Retried, RunnerError, SkippedLetter, lane::Lane, prepare::begin,
    read_models::no_thread, read_store::Role, rebuild::Rebuild, runner::Message, seat::Seat,
};
use daybook_domain::Timestamp;
use daybook_event_log::Position;
use schemars::JsonSchema;
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::sync::{oneshot, watch};

/// How far one read model is behind the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Freshness {
    pub projection: String,
    /// Everything up to here is visible.
    pub position: u64,
    /// The log's last event; the same as `position` while not running.
    pub head: u64,
    pub lag_events: u64,
}

/// Why waiting for a position ended without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    #[error("the read models are at position {visible}, not yet at {asked}; ask again")]
    TimedOut { asked: Position, visible: Position },
    #[error(transparent)]
    Stopped(RunnerError),
}

impl ReadModels {
    pub(crate) fn seat(&self, name: &str) -> Result<&Arc<Seat>, RunnerError> {
        let seats = &self.inner.seats;
        seats.iter().find(|seat| seat.definition.name == name).ok_or_else(|| {
            let known = seats.iter().map(|seat| seat.definition.name).collect::<Vec<_>>().join(", ");
            RunnerError::UnknownReadModel { name: name.to_owned(), known }
        })
    }

    /// The names of all read models.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.inner.seats.iter().map(|seat| seat.definition.name)
    }

    /// Up to where one read model's queries see everything, kept current.
    pub fn watermark(&self, name: &str) -> Result<watch::Receiver<Position>, RunnerError> {
        Ok(self.seat(name)?.watermark.subscribe())
    }

    /// Up to where all read models that commit together (all but search) see everything.
    #[must_use]
    pub fn visible(&self) -> Position {
        let together = self.inner.seats.iter().filter(|seat| !seat.definition.apart);
        together.map(|seat| *seat.watermark.borrow()).min().unwrap_or_default()
    }

    /// Waits until all read models that commit together (all but search) show `position`.
    pub async fn wait_for(&self, position: Position, timeout: Duration) -> Result<(), WaitError> {
        if self.visible() >= position {
            return Ok(());
        }
        let all = async {
            for seat in self.inner.seats.iter().filter(|seat| !seat.definition.apart) {
                wait(seat, position).await;
            }
        };
        self.or_failure(all, position, timeout).await
    }

    /// Waits until the read model `name` shows `position`.
    pub async fn wait_for_one(
        &self,
        name: &str,
        position: Position,
        timeout: Duration,
    ) -> Result<(), WaitError> {
        let seat = self.seat(name).map_err(WaitError::Stopped)?;
        self.or_failure(wait(seat, position), position, timeout).await
    }

    async fn or_failure(
        &self,
        shown: impl Future<Output = ()>,
        asked: Position,
        timeout: Duration,
    ) -> Result<(), WaitError> {
        let mut failure = self.inner.failure.subscribe();
        let failed = async {
            match failure.wait_for(Option::is_some).await.ok().and_then(|failure| failure.clone()) {
                Some(failure) => failure,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = shown => Ok(()),
            failure = failed => Err(WaitError::Stopped(failure)),
            () = tokio::time::sleep(timeout) => Err(WaitError::TimedOut { asked, visible: self.visible() }),
        }
    }

    /// Why the read models stopped by themselves; None while all is well.
    #[must_use]
    pub fn failure(&self) -> Option<RunnerError> {
        self.inner.failure.borrow().clone()
    }

    /// How far each read model is behind the log.
    #[must_use]
    pub fn freshness(&self) -> Vec<Freshness> {
        let head = self.inner.running.lock().as_ref().map(|running| running.log.head().borrow().get());
        let seats = self.inner.seats.iter();
        seats
            .map(|seat| {
                let position = seat.watermark.borrow().get();
                let head = head.unwrap_or(position);
                let lag_events = head.saturating_sub(position);
                Freshness { projection: seat.definition.name.to_owned(), position, head, lag_events }
            })
            .collect()
    }

    /// The largest lag of any read model, in events.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.freshness().iter().map(|freshness| freshness.lag_events).max().unwrap_or(0)
    }

    /// Events that wait because they, or one before them in their stream, could not be applied.
    pub fn dead_letters(&self, name: &str, limit: usize) -> Result<Vec<DeadLetter>, RunnerError> {
        match self.seat(name)?.live.current() {
            Some(generation) => Ok(self.inner.store.dead_letters(&generation, None, limit)?),
            None => Ok(Vec::new()),
        }
    }

    /// Events left out for good, with who decided it, when and why.
    pub fn skipped_letters(&self, name: &str, limit: usize) -> Result<Vec<SkippedLetter>, RunnerError> {
        match self.seat(name)?.live.current() {
            Some(generation) => Ok(self.inner.store.skipped_letters(&generation, limit)?),
            None => Ok(Vec::new()),
        }
    }

    /// Applies what waits in `stream`, in order, as far as it goes.
    pub async fn retry(&self, name: &str, stream: &str) -> Result<Retried, RunnerError> {
        self.ask_retry(name, stream.to_owned(), None).await
    }

    /// Leaves the waiting event at `position` out for good, then applies what waits behind it. `by` is the
    /// actor who decides it.
    pub async fn skip(
        &self,
        name: &str,
        position: Position,
        reason: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<Retried, RunnerError> {
        let waiting = self.dead_letters(name, usize::MAX)?;
        let letter = waiting.into_iter().find(|letter| letter.position == position.get());
        let letter = letter.ok_or_else(|| RunnerError::NoSuchDeadLetter {
            name: name.to_owned(),
            what: format!("no event at position {position}"),
        })?;
        let stream = letter.stream.clone();
        let (skipped_by, reason) = (by.to_owned(), reason.to_owned());
        let skip = SkippedLetter { letter, skipped_by, skipped_at: now, reason };
        self.ask_retry(name, stream, Some(skip)).await
    }

    async fn ask_retry(
        &self,
        name: &str,
        stream: String,
        skip: Option<SkippedLetter>,
    ) -> Result<Retried, RunnerError> {
        let name = self.seat(name)?.definition.name;
        let (reply, answer) = oneshot::channel();
        {
            let running = self.inner.running.lock();
            let lanes = &running.as_ref().ok_or(RunnerError::NotRunning)?.lanes;
            let lane =
                lanes.iter().find(|(names, _)| names.contains(&name)).ok_or(RunnerError::NotRunning)?;
            let message = Message::Retry { name, stream, skip, reply };
            lane.1.messages.send(message).map_err(|_| RunnerError::NotRunning)?;
        }
        answer.await.map_err(|_| RunnerError::NotRunning)?
    }

    /// Fills the read model `name` again from the first event, beside the rows that answer meanwhile, and
    /// switches when it has caught up.
    pub fn rebuild(&self, name: &str) -> Result<(), RunnerError> {
        let seat = self.seat(name)?.clone();
        let name = seat.definition.name;
        let mut running = self.inner.running.lock();
        let running = running.as_mut().ok_or(RunnerError::NotRunning)?;
        let store = &self.inner.store;
        if seat.rebuild.lock().is_some() || store.generation_id(name, Role::Building)?.is_some() {
            return Err(RunnerError::AlreadyRebuilding { name: name.to_owned() });
        }
        let number = seat.live.current().map_or(0, |live| live.id.number) + 1;
        let member = begin(store, &seat, number)?;
        let lane = running.lanes.iter().find(|(names, _)| names.contains(&name));
        let (_, threads) = lane.ok_or(RunnerError::NotRunning)?;
        let rebuild = Rebuild {
            lane: Lane { store: store.clone(), members: vec![member] },
            seat,
            log: running.log.clone(),
            adopter: threads.messages.clone(),
            stop: running.stop_rebuilds.subscribe(),
        };
        running.rebuilds.push(rebuild.spawn(running.runtime.clone()).map_err(no_thread)?);
        Ok(())
    }

    /// The rebuilds under way.
    #[must_use]
    pub fn rebuilds(&self) -> Vec<RebuildProgress> {
        self.inner.seats.iter().filter_map(|seat| seat.rebuild.lock().clone()).collect()
    }
}

async fn wait(seat: &Seat, position: Position) {
    // The sender lives as long as the seat, so this ends only with the position.
    let _ = seat.watermark.subscribe().wait_for(|mark| *mark >= position).await;
}
