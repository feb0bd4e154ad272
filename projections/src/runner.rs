//! The thread that keeps a lane's read models current: events in, commits, watermarks out, and between two
//! batches whatever an operator asks for.

use crate::{
    DeadLetter, Flush, SkippedLetter, Steps, dead_letter,
    decoded::{Decoded, Reader},
    feed::{self, Chunk, FeedOptions},
    lane::Lane,
    member::{Interruption, Member},
    seat::Seat,
};
use daybook_domain::Interests;
use daybook_event_log::{EventLog, LogError, Position};
use daybook_read_store::{ReadStore, Role, StoreError};
use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
};
use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
};

/// What a lane's thread is told.
pub(crate) enum Message {
    Chunk(Chunk),
    /// Take over this member, in place of the one of the same name.
    Adopt(Box<Member>),
    /// Apply what waits in one stream; after leaving out one event, if so decided.
    Retry {
        name: &'static str,
        stream: String,
        skip: Option<SkippedLetter>,
        reply: oneshot::Sender<RetryAnswer>,
    },
    Stop,
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

/// Why a lane stopped or could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunnerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the log cannot be read: {0}")]
    Log(String),
    #[error("no read model is called {name:?}; there are {known}")]
    UnknownReadModel { name: String, known: String },
    #[error("nothing of this kind waits in the dead letters of {name}: {what}")]
    NoSuchDeadLetter { name: String, what: String },
    #[error("the read models are not running")]
    NotRunning,
    #[error("{name} is kept current by another node; ask the one whose /readyz says that it projects")]
    KeptElsewhere { name: String },
    #[error("{name} is being rebuilt already")]
    AlreadyRebuilding { name: String },
}

/// Resolves when a failure is told, for as long as somebody is left who could tell.
pub(crate) async fn failed(mut failure: watch::Receiver<Option<RunnerError>>) -> RunnerError {
    match failure.wait_for(Option::is_some).await.ok().and_then(|failure| failure.clone()) {
        Some(error) => error,
        None => std::future::pending().await,
    }
}

impl From<LogError> for RunnerError {
    fn from(error: LogError) -> Self {
        Self::Log(error.to_string())
    }
}

/// A lane at work.
pub(crate) struct LaneThreads {
    pub(crate) messages: mpsc::Sender<Message>,
    stop: watch::Sender<bool>,
    feed: JoinHandle<()>,
    apply: JoinHandle<()>,
}

/// What a lane's thread works with.
pub(crate) struct LaneWork {
    pub(crate) lane: Lane,
    pub(crate) seats: Vec<Arc<Seat>>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) interests: Interests,
    pub(crate) steps: Steps,
    /// Where a failure that stopped the lane is told.
    pub(crate) failure: Arc<watch::Sender<Option<RunnerError>>>,
}

/// Starts a lane's two threads.
pub(crate) fn spawn(name: &str, work: LaneWork) -> std::io::Result<LaneThreads> {
    let (messages, inbox) = mpsc::channel();
    let (stop, stopped) = watch::channel(false);
    let from = work.lane.members.iter().map(|member| member.checkpoint.position).min();
    let from = from.unwrap_or(*work.log.head().borrow());
    let reader = Reader::new(work.log.clone(), work.interests, from, None, work.steps);
    let background = work.seats.iter().all(|seat| seat.definition.apart);
    let options = FeedOptions { steps: work.steps, background, stop: stopped };
    let chunks = messages.clone();
    let feed = feed::spawn(format!("{name}-feed"), reader, options, move |chunk| {
        chunks.send(Message::Chunk(chunk)).is_ok()
    })?;
    let runtime = Handle::current();
    let apply = std::thread::Builder::new().name(format!("{name}-apply")).spawn(move || {
        if background {
            daybook_event_log::lower_priority();
        }
        let failure = work.failure.clone();
        let mut runner = Runner { work, runtime };
        if let Err(error) = runner.run(&inbox) {
            tracing::error!(%error, "read models stopped");
            failure.send_replace(Some(error));
        }
    })?;
    Ok(LaneThreads { messages, stop, feed, apply })
}

impl LaneThreads {
    /// Lets the current batch end, commits, and waits for the threads. Blocks.
    pub(crate) fn join(self) {
        self.stop.send_replace(true);
        // Either thread may have ended by itself; there is nothing left to do for it then.
        let _ = self.messages.send(Message::Stop);
        let _ = self.apply.join();
        let _ = self.feed.join();
    }
}

struct Runner {
    work: LaneWork,
    runtime: Handle,
}

impl Runner {
    fn run(&mut self, inbox: &mpsc::Receiver<Message>) -> Result<(), RunnerError> {
        self.publish();
        loop {
            let lane = &self.work.lane;
            let waits = lane.has_unwritten() || lane.members.iter().any(Member::has_uncommitted);
            let message = if waits {
                inbox.recv_timeout(self.work.steps.pace)
            } else {
                inbox.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
            };
            match message {
                Ok(Message::Chunk(chunk)) => self.take(&chunk.events)?,
                Ok(Message::Adopt(member)) => self.adopt(*member)?,
                Ok(Message::Retry { name, stream, skip, reply }) => {
                    // Whoever asked may have gone; the retry stands all the same.
                    let _ = reply.send(self.retry(name, &stream, skip));
                    self.publish();
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.work.lane.commit_waiting(Flush::WhenDue)?;
                    self.publish();
                }
                Ok(Message::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => {
                    self.work.lane.commit_waiting(Flush::Now)?;
                    self.publish();
                    return Ok(());
                }
            }
        }
    }

    fn take(&mut self, events: &[Decoded]) -> Result<(), RunnerError> {
        self.work.lane.apply(events)?;
        metrics::counter!("daybook_projection_events_total").increment(events.len() as u64);
        #[expect(clippy::cast_precision_loss, reason = "a histogram of event counts needs no 53 bits")]
        metrics::histogram!("daybook_projection_batch_events").record(events.len() as f64);
        self.publish();
        Ok(())
    }

    fn publish(&self) {
        let head = self.work.log.head().borrow().get();
        for member in &self.work.lane.members {
            let name = member.definition.name;
            if let Some(seat) = self.work.seats.iter().find(|seat| seat.definition.name == name) {
                seat.publish(member.visible);
            }
            let lag = head.saturating_sub(member.visible.get());
            let parked: u64 = member.parked.values().sum();
            #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
            {
                metrics::gauge!("daybook_projection_lag_events", "projection" => name).set(lag as f64);
                metrics::gauge!("daybook_projection_dead_letters", "projection" => name).set(parked as f64);
            }
        }
    }

    /// Brings a rebuilt member level with the lane, then lets it answer and drops the one it replaces.
    fn adopt(&mut self, member: Member) -> Result<(), RunnerError> {
        let name = member.definition.name;
        let store = self.work.lane.store.clone();
        let level = self.work.lane.members.iter().map(|member| member.checkpoint.position).max();
        let mut alone = Lane::new(store.clone(), vec![member]);
        if let Some(level) = level {
            let from = alone.members[0].checkpoint.position;
            let interests = self.work.interests;
            let mut reader =
                Reader::new(self.work.log.clone(), interests, from, Some(level), Steps::filling(&store));
            loop {
                let events = self.runtime.block_on(reader.read())?;
                if events.is_empty() {
                    break;
                }
                alone.apply(&events)?;
            }
        }
        let mut member = alone.members.remove(0);
        // Nothing may be on its way to rows that are about to go.
        self.work.lane.commit_waiting(Flush::Now)?;
        self.work.lane.members.retain(|old| old.definition.name != name);
        switch(&store, &self.work.seats, &mut member)?;
        self.work.lane.members.push(member);
        self.publish();
        Ok(())
    }

    fn retry(&mut self, name: &'static str, stream: &str, skip: Option<SkippedLetter>) -> RetryAnswer {
        let not_running = || RunnerError::NotRunning;
        let at = self.work.lane.members.iter().position(|member| member.definition.name == name);
        let at = at.ok_or_else(not_running)?;
        let lane = &mut self.work.lane;
        let store = lane.store.clone();
        if let Some(skipped) = skip {
            store.skip(&lane.members[at].generation, &skipped.to_row())?;
        }
        let letters = store.dead_letters(&lane.members[at].generation, Some(stream), usize::MAX)?;
        let letters: Vec<DeadLetter> = dead_letter::parse(&letters)?;
        let mut waiting = Vec::with_capacity(letters.len());
        for letter in &letters {
            let read = self.work.log.read_all(Position::new(letter.position), 1);
            let records = self.runtime.block_on(read)?;
            waiting.extend(records.into_iter().map(|record| Decoded::new(record, &self.work.interests)));
        }
        let lane = &mut self.work.lane;
        let member = &mut lane.members[at];
        let first = member.retry(&waiting);
        let (applied, error) = match first {
            Ok(()) => (waiting.len(), None),
            Err(Interruption::Store(error)) => return Err(error.into()),
            Err(Interruption::Poison(n, error)) => {
                member.discard();
                if let Err(Interruption::Store(error)) = member.retry(&waiting[..n]) {
                    return Err(error.into());
                }
                (n, Some(error))
            }
        };
        let still_parked = error.map(|error| DeadLetter { error: Some(error), ..letters[applied].clone() });
        lane.commit_retried(at, &letters[..applied], still_parked.as_ref())?;
        let left = (letters.len() - applied) as u64;
        let member = &mut lane.members[at];
        if left == 0 {
            member.parked.remove(stream);
        } else {
            member.parked.insert(stream.to_owned(), left);
        }
        Ok(Retried { applied: applied as u64, still_parked })
    }
}

/// Lets `member` answer queries, and drops the generation that did before.
pub(crate) fn switch(store: &ReadStore, seats: &[Arc<Seat>], member: &mut Member) -> Result<(), StoreError> {
    store.assign(Role::Live, &member.generation)?;
    member.projection.went_live();
    let Some(seat) = seats.iter().find(|seat| seat.definition.name == member.definition.name) else {
        return Ok(());
    };
    let before = seat.live.switch_to(member.generation.clone());
    seat.publish(member.visible);
    *seat.rebuild.lock() = None;
    match before {
        Some(before) if before.id() != member.generation.id() => store.drop_generation(&before),
        _ => Ok(()),
    }
}
