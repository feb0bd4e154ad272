//! Runs bulk lines: in order within a lane, lanes side by side, a bounded number at a time. Lines for one thing fall into
//! one lane. A lane is there only while it has something to run.
//!
//! A line that names an article or a location which is not there may have run before the line that brings it: it runs once
//! more when all lines before it have their outcomes, and its lane waits with it.

use super::line::{BulkLine, LineOutcome, LineSender};
use crate::edge::HeldBytes;
use axum::Router;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    sync::{Semaphore, oneshot, watch},
    task::JoinSet,
};

/// A line that waits or runs.
struct LineJob {
    line: BulkLine,
    /// The number of the line before it; zero: there is none.
    behind: u64,
    bytes: usize,
    _held: HeldBytes,
    done: oneshot::Sender<LineOutcome>,
}

/// What waits in each lane behind the line that it runs.
type Waiting = Arc<Mutex<HashMap<String, VecDeque<LineJob>>>>;

/// The lanes of one bulk request. What runs is dropped with them.
pub(super) struct Lanes {
    router: Router,
    sender: LineSender,
    waiting: Waiting,
    places: Arc<Semaphore>,
    /// Of lines not yet run and of outcomes not yet taken.
    bytes: Arc<AtomicUsize>,
    /// The last line that all up to it have their outcomes.
    answered: watch::Sender<u64>,
    tasks: JoinSet<()>,
}

impl Lanes {
    pub(super) fn new(router: Router, sender: LineSender, most: usize) -> Self {
        Self {
            router,
            sender,
            waiting: Waiting::default(),
            places: Arc::new(Semaphore::new(most.max(1))),
            bytes: Arc::default(),
            answered: watch::Sender::new(0),
            tasks: JoinSet::new(),
        }
    }

    /// How many bytes lines and outcomes have that are held for the client.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts an outcome that the client took no more.
    pub(super) fn taken(&self, outcome: &LineOutcome) {
        self.bytes.fetch_sub(outcome.bytes(), Ordering::Relaxed);
    }

    /// All lines up to this one have their outcomes.
    pub(super) fn are_answered_to(&self, number: u64) {
        self.answered.send_replace(number);
    }

    /// Counts an outcome that no lane led to.
    pub(super) fn add(&self, outcome: &LineOutcome) {
        self.bytes.fetch_add(outcome.bytes(), Ordering::Relaxed);
    }

    /// Has a line run behind those of the same thing.
    pub(super) fn start(
        &mut self,
        line: BulkLine,
        behind: u64,
        bytes: usize,
        held: HeldBytes,
    ) -> oneshot::Receiver<LineOutcome> {
        while self.tasks.try_join_next().is_some() {}
        let (done, outcome) = oneshot::channel();
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let key = line.lane();
        let job = LineJob { line, behind, bytes, _held: held, done };
        let mut waiting = self.waiting.lock();
        if let Some(lane) = waiting.get_mut(&key) {
            lane.push_back(job);
            return outcome;
        }
        waiting.insert(key.clone(), VecDeque::new());
        drop(waiting);
        let lane = BulkLane {
            key,
            waiting: self.waiting.clone(),
            router: self.router.clone(),
            sender: self.sender.clone(),
            places: self.places.clone(),
            answered: self.answered.subscribe(),
            is_over: false,
        };
        let bytes = self.bytes.clone();
        self.tasks.spawn(async move { lane.run(job, &bytes).await });
        outcome
    }
}

struct BulkLane {
    key: String,
    waiting: Waiting,
    router: Router,
    sender: LineSender,
    places: Arc<Semaphore>,
    answered: watch::Receiver<u64>,
    is_over: bool,
}

impl BulkLane {
    async fn run(mut self, first: LineJob, bytes: &AtomicUsize) {
        let mut next = Some(first);
        while let Some(job) = next {
            let outcome = self.outcome(&job).await;
            bytes.fetch_add(outcome.bytes(), Ordering::Relaxed);
            bytes.fetch_sub(job.bytes, Ordering::Relaxed);
            // The request may be gone.
            let _ = job.done.send(outcome);
            next = self.next();
        }
    }

    async fn outcome(&mut self, job: &LineJob) -> LineOutcome {
        let may_be_early = *self.answered.borrow() < job.behind;
        let outcome = self.send(&job.line).await;
        // Nobody holds a place while it waits: the lines before need them.
        if outcome.names_unknown
            && may_be_early
            && self.answered.wait_for(|answered| *answered >= job.behind).await.is_ok()
        {
            return self.send(&job.line).await;
        }
        outcome
    }

    async fn send(&self, line: &BulkLine) -> LineOutcome {
        // Never closed.
        let _place = self.places.acquire().await;
        line.send(self.router.clone(), self.sender.clone()).await
    }

    /// The next line of the lane; without one the lane is over.
    fn next(&mut self) -> Option<LineJob> {
        let mut waiting = self.waiting.lock();
        let next = waiting.get_mut(&self.key).and_then(VecDeque::pop_front);
        if next.is_none() {
            waiting.remove(&self.key);
            self.is_over = true;
        }
        next
    }
}

impl Drop for BulkLane {
    /// A lane that broke off answers what waits in it: the outcome is not known.
    fn drop(&mut self) {
        if !self.is_over {
            self.waiting.lock().remove(&self.key);
        }
    }
}
