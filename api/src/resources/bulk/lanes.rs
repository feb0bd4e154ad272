//! Runs bulk lines: in order within a lane, lanes side by side; outcomes come out in the order of the lines.
//! A resource always falls into the same lane. Reading stops while too much is under way.

use super::{
    BulkOutcome,
    line::{BulkLine, shown},
};
use crate::{app::App, problem::Problem};
use axum::{Router, body::Bytes};
use futures::{Stream, StreamExt};
use serde_json::value::RawValue;
use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

/// A line's number and where its outcome will come from.
type PendingOutcome = (u64, oneshot::Receiver<(u16, Box<RawValue>)>);

struct Job {
    line: BulkLine,
    /// The line's part of the body budget.
    _permit: Option<OwnedSemaphorePermit>,
    done: oneshot::Sender<(u16, Box<RawValue>)>,
}

/// The outcomes, one JSON line each. Work stops when the stream is dropped.
pub(super) fn run(
    app: Arc<App>,
    router: Router,
    lines: impl Stream<Item = (u64, Result<Vec<u8>, Problem>)> + Send + 'static,
    lanes: usize,
) -> impl Stream<Item = Bytes> + Send {
    let (outcomes, waiting) = mpsc::channel::<PendingOutcome>(lanes * 4);
    tokio::spawn(read(app, router, lines, lanes, outcomes));
    let waiting =
        futures::stream::unfold(waiting, async |mut waiting| Some((waiting.recv().await?, waiting)));
    waiting.then(|(number, outcome)| async move {
        let (status, body) = outcome.await.unwrap_or_else(|_| {
            shown(&Problem::new(&crate::problem::kind::OUTCOME_UNKNOWN, "the line's lane broke off"))
        });
        let outcome = BulkOutcome { line: number, status, body };
        let mut text =
            serde_json::to_vec(&outcome).expect("outcomes have text keys and no failing serializers");
        text.push(b'\n');
        Bytes::from(text)
    })
}

async fn read(
    app: Arc<App>,
    router: Router,
    lines: impl Stream<Item = (u64, Result<Vec<u8>, Problem>)> + Send,
    lanes: usize,
    outcomes: mpsc::Sender<PendingOutcome>,
) {
    let hasher = RandomState::new();
    let lanes: Vec<_> = (0..lanes).map(|_| lane(router.clone())).collect();
    let mut lines = std::pin::pin!(lines);
    while let Some((number, line)) = lines.next().await {
        let (done, outcome) = oneshot::channel();
        // Sending this first bounds what is in flight, and ends the reading when the client is gone.
        if outcomes.send((number, outcome)).await.is_err() {
            return;
        }
        let read = match line {
            Err(problem) => Err(problem),
            Ok(line) => {
                let permit = app.body_budget.for_line(line.len()).await;
                BulkLine::read(&line).map(|line| (line, permit))
            }
        };
        match read {
            Err(problem) => drop(done.send(shown(&problem))),
            Ok((line, permit)) => {
                let lane = (hasher.hash_one(line.resource()) % lanes.len() as u64) as usize;
                if lanes[lane].send(Job { line, _permit: permit, done }).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn lane(router: Router) -> mpsc::Sender<Job> {
    let (jobs, mut queue) = mpsc::channel::<Job>(4);
    tokio::spawn(async move {
        while let Some(Job { line, _permit, done }) = queue.recv().await {
            drop(done.send(line.send(router.clone()).await));
        }
    });
    jobs
}
