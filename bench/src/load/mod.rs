//! Load: closed-loop to find the peak, open-loop for latency.
//!
//! Closed loop: every connection sends its next request when it has its answer; good for the peak, useless
//! for latency, since a slow server is simply asked less. Open loop: requests are due at a fixed rate whatever
//! the server does, and latency counts from when a request was due, so waiting in line is not hidden
//! ("coordinated omission", Gil Tene).

mod answer;
mod client;
mod measured;
mod schedule;

pub(crate) use answer::{Id, Outcome};
pub(crate) use client::Client;
pub(crate) use measured::{Measured, STEP, Step, histogram, percentile_ms};
pub(crate) use schedule::Schedule;

use schedule::Desk;
use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::time::timeout_at;

/// One operation of a scenario: may be several requests. It gets its number.
pub(crate) trait Operation: AsyncFn(&mut Client, u64) -> anyhow::Result<Outcome> + 'static {}

impl<F: AsyncFn(&mut Client, u64) -> anyhow::Result<Outcome> + 'static> Operation for F {}

/// How the load is shaped.
#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) connections: usize,
    /// At the beginning, not counted.
    pub(crate) warm_up: Duration,
    pub(crate) pace: Pace,
    /// Who waits longer goes away; none: everybody waits.
    pub(crate) patience: Option<Duration>,
    pub(crate) timeline: bool,
}

#[derive(Clone)]
pub(crate) enum Pace {
    /// As fast as answers come, for so long after the warm-up.
    Closed(Duration),
    /// The warm-up is the schedule's beginning.
    Open(Schedule),
}

impl Shape {
    pub(crate) fn closed(connections: usize, warm_up: Duration, duration: Duration) -> Self {
        let pace = Pace::Closed(duration);
        Self { connections, warm_up, pace, patience: None, timeline: false }
    }

    pub(crate) fn open(connections: usize, warm_up: Duration, schedule: Schedule) -> Self {
        let pace = Pace::Open(schedule);
        Self { connections, warm_up, pace, patience: None, timeline: false }
    }

    /// How long it counts.
    pub(crate) fn counted(&self) -> Duration {
        match &self.pace {
            Pace::Closed(duration) => *duration,
            Pace::Open(schedule) => schedule.duration().saturating_sub(self.warm_up),
        }
    }
}

/// Runs the load; must be called within a `LocalSet`. `first` numbers the first operation, so that
/// operations of several runs differ.
pub(crate) async fn run(
    address: SocketAddr,
    shape: &Shape,
    first: u64,
    operation: Rc<impl Operation>,
) -> anyhow::Result<Measured> {
    let mut clients = Vec::with_capacity(shape.connections);
    for _ in 0..shape.connections {
        clients.push(Client::connect(address).await?);
    }
    let start = Instant::now();
    let counted_from = start + shape.warm_up;
    let end = counted_from + shape.counted();
    let desk = match &shape.pace {
        Pace::Closed(_) => None,
        Pace::Open(schedule) => Some(Rc::new(Desk::new(schedule.clone(), start))),
    };
    let worker = Worker {
        address,
        desk: desk.clone(),
        next: Rc::default(),
        measured: Rc::new(RefCell::new(Measured::new(shape.counted().as_secs_f64())?)),
        times: [start, counted_from, end],
        patience: shape.patience,
        timeline: shape.timeline,
        first,
    };
    let measured = worker.measured.clone();
    let workers: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::task::spawn_local(worker.clone().work(client, operation.clone())))
        .collect();
    drop(worker);
    if let Some(desk) = desk {
        desk.issue().await;
    }
    for worker in workers {
        worker.await?;
    }
    let Ok(measured) = Rc::try_unwrap(measured) else { anyhow::bail!("a worker is still running") };
    Ok(measured.into_inner())
}

/// What a connection works with.
#[derive(Clone)]
struct Worker {
    address: SocketAddr,
    desk: Option<Rc<Desk>>,
    next: Rc<Cell<u64>>,
    measured: Rc<RefCell<Measured>>,
    /// Start, counted from, end.
    times: [Instant; 3],
    patience: Option<Duration>,
    timeline: bool,
    first: u64,
}

impl Worker {
    async fn work(self, mut client: Client, operation: Rc<impl Operation>) {
        let [start, counted_from, end] = self.times;
        while let Some((number, due)) = self.take(end).await {
            let attempt = async {
                client.renew(self.address).await?;
                operation(&mut client, self.first + number).await
            };
            let outcome = match self.patience {
                None => attempt.await,
                Some(patience) => match timeout_at((due + patience).into(), attempt).await {
                    Ok(outcome) => outcome,
                    Err(_) => Err(anyhow::anyhow!("nobody waited that long")),
                },
            };
            let done = Instant::now();
            if self.timeline {
                self.measured.borrow_mut().note(&outcome, due - start, done - due);
            }
            if due >= counted_from && (self.desk.is_some() || done <= end) {
                self.measured.borrow_mut().record(outcome, done - due);
            }
        }
    }

    async fn take(&self, end: Instant) -> Option<(u64, Instant)> {
        if let Some(desk) = &self.desk {
            return desk.next().await;
        }
        let now = Instant::now();
        let number = self.next.replace(self.next.get() + 1);
        (now < end).then_some((number, now))
    }
}
