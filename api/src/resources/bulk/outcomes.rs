//! The outcomes of a bulk request, in the order of its lines, while the lines still come in. Reading stops while too much
//! is held for the client: lines that have not run, and outcomes that it does not take.

use super::{
    BulkOutcome,
    lanes::Lanes,
    line::{BulkLine, LineOutcome},
    line_reader::{LineReader, SentLine},
};
use crate::{
    edge::ClientPermit,
    problem::{Problem, kind},
};
use axum::body::Bytes;
use futures::Stream;
use std::collections::VecDeque;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// No more lines are read while lines and outcomes of the request have so many bytes.
const HELD_BYTES: usize = 1 << 20;
/// Lines under way and outcomes not taken, for each line that may run at a time.
const AHEAD: usize = 4;

/// One bulk request under way. Everything ends when it is dropped.
pub(super) struct BulkRun<S> {
    reader: LineReader<S>,
    lanes: Lanes,
    /// In the order of the lines.
    pending: VecDeque<(u64, oneshot::Receiver<LineOutcome>)>,
    most_pending: usize,
    /// The number of the last line that was begun or refused.
    last_number: u64,
    is_read: bool,
    stopping: CancellationToken,
    _place: ClientPermit,
}

impl<S, E> BulkRun<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin + Send + 'static,
    E: Send + 'static,
{
    pub(super) fn new(
        reader: LineReader<S>,
        lanes: Lanes,
        concurrency: usize,
        stopping: CancellationToken,
        place: ClientPermit,
    ) -> Self {
        let most_pending = concurrency.max(1) * AHEAD;
        Self {
            reader,
            lanes,
            pending: VecDeque::new(),
            most_pending,
            last_number: 0,
            is_read: false,
            stopping,
            _place: place,
        }
    }

    /// The outcomes, one JSON line each.
    pub(super) fn outcomes(self) -> impl Stream<Item = Bytes> + Send {
        futures::stream::unfold(self, async |mut run| Some((run.next().await?, run)))
    }

    async fn next(&mut self) -> Option<Bytes> {
        self.reader.is_patient();
        loop {
            let may_read =
                !self.is_read && self.pending.len() < self.most_pending && self.lanes.bytes() < HELD_BYTES;
            tokio::select! {
                biased;
                outcome = first(&mut self.pending), if !self.pending.is_empty() => {
                    let (number, outcome) = outcome;
                    self.lanes.are_answered_to(number);
                    return Some(self.written(number, outcome));
                }
                () = self.stopping.cancelled(), if !self.is_read => {
                    self.is_read = true;
                    let detail = "the server is shutting down; lines from here on were not read";
                    let next = self.reader.next_number();
                    self.refuse(next, &Problem::new(&kind::UNAVAILABLE, detail));
                }
                line = self.reader.next(), if may_read => match line {
                    Some(line) => self.begin(line),
                    None => self.is_read = true,
                },
                else => return None,
            }
        }
    }

    fn begin(&mut self, SentLine { number, text, held }: SentLine) {
        let read = text.and_then(|text| Ok((BulkLine::read(&text)?, text.len())));
        match read {
            Ok((line, bytes)) => {
                let outcome = self.lanes.start(line, self.last_number, bytes, held);
                self.last_number = number;
                self.pending.push_back((number, outcome));
            }
            Err(problem) => self.refuse(number, &problem),
        }
    }

    fn refuse(&mut self, number: u64, problem: &Problem) {
        let (done, outcome) = oneshot::channel();
        let refused = LineOutcome::of(problem);
        self.lanes.add(&refused);
        // Its receiver is below.
        let _ = done.send(refused);
        self.last_number = number;
        self.pending.push_back((number, outcome));
    }

    fn written(&self, number: u64, outcome: Option<LineOutcome>) -> Bytes {
        let outcome = match outcome {
            Some(outcome) => {
                self.lanes.taken(&outcome);
                outcome
            }
            None => LineOutcome::of(&Problem::new(&kind::OUTCOME_UNKNOWN, "the line's lane broke off")),
        };
        let outcome = BulkOutcome { line: number, status: outcome.status, body: outcome.body };
        let mut text =
            serde_json::to_vec(&outcome).expect("outcomes have text keys and no failing serializers");
        text.push(b'\n');
        Bytes::from(text)
    }
}

/// The outcome of the line that is first in order, when it is there. Cancel-safe.
async fn first(pending: &mut VecDeque<(u64, oneshot::Receiver<LineOutcome>)>) -> (u64, Option<LineOutcome>) {
    let Some((number, outcome)) = pending.front_mut() else { return std::future::pending().await };
    let (number, outcome) = (*number, outcome.await.ok());
    pending.pop_front();
    (number, outcome)
}
