//! The lines of a bulk request's body, with their numbers from 1; empty ones are skipped. Holds one line at most, and
//! waits for it a bounded time, however many empty lines come before it. A line that is too long is passed over.

use crate::{
    edge::{BodyBudget, HeldBytes},
    problem::{Problem, kind},
};
use axum::body::Bytes;
use futures::{Stream, StreamExt};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// A line as it was sent.
pub(super) struct SentLine {
    pub(super) number: u64,
    pub(super) text: Result<Vec<u8>, Problem>,
    /// The line's part of the budget.
    pub(super) held: HeldBytes,
}

/// Where lines come from, and how large they may be.
pub(super) struct LineReader<S> {
    chunks: S,
    budget: Arc<BodyBudget>,
    limit: usize,
    within: Duration,
    /// What has arrived behind the line that is being read.
    rest: Bytes,
    number: u64,
    line: Vec<u8>,
    held: HeldBytes,
    /// Why the line that is being read is passed over.
    passed_over: Option<Problem>,
    /// Until when the line must have arrived; none: nobody has waited for it yet.
    deadline: Option<Instant>,
    is_over: bool,
}

impl<S, E> LineReader<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    pub(super) fn new(chunks: S, budget: Arc<BodyBudget>, limit: usize, within: Duration) -> Self {
        let held = budget.line();
        Self {
            chunks,
            budget,
            limit,
            within,
            rest: Bytes::new(),
            number: 0,
            line: Vec::new(),
            held,
            passed_over: None,
            deadline: None,
            is_over: false,
        }
    }

    /// The next line that is not empty; none at the end, and after a line that did not arrive. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<SentLine> {
        if self.is_over {
            return None;
        }
        let within = self.within;
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + within);
        let arrived = match timeout_at(deadline, self.arrive()).await {
            Ok(arrived) => arrived,
            Err(_) => {
                let detail = format!("no command arrived within {} s", within.as_secs());
                Some(Err(Problem::new(&kind::REQUEST_TIMEOUT, detail)))
            }
        };
        self.deadline = None;
        match arrived {
            Some(Ok(())) => {}
            Some(Err(broken)) => {
                self.is_over = true;
                self.number += 1;
                self.passed_over = Some(broken);
            }
            None => {
                self.is_over = true;
                return None;
            }
        }
        let text = std::mem::take(&mut self.line);
        let held = std::mem::replace(&mut self.held, self.budget.line());
        let text = self.passed_over.take().map_or(Ok(text), Err);
        Some(SentLine { number: self.number, text, held })
    }

    /// The number of the line that comes next.
    pub(super) fn next_number(&self) -> u64 {
        self.number + 1
    }

    /// The client takes outcomes, so it has not gone silent: the line gets its whole time anew.
    pub(super) fn is_patient(&mut self) {
        self.deadline = None;
    }

    /// Resolves when `line` is whole; with none at the end of the body. Cancel-safe.
    async fn arrive(&mut self) -> Option<Result<(), Problem>> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let part = self.rest.split_to(end + 1);
                self.take(&part[..end]);
                self.number += 1;
                if self.has_line() {
                    return Some(Ok(()));
                }
                continue;
            }
            let part = std::mem::take(&mut self.rest);
            self.take(&part);
            match self.chunks.next().await {
                Some(Ok(chunk)) => self.rest = chunk,
                Some(Err(_)) => {
                    return Some(Err(Problem::new(&kind::REQUEST_TIMEOUT, "the body broke off")));
                }
                None if self.has_line() => {
                    self.number += 1;
                    return Some(Ok(()));
                }
                None => return None,
            }
        }
    }

    /// Whether what has arrived is a line to be answered; an empty one is forgotten.
    fn has_line(&mut self) -> bool {
        if self.passed_over.is_none() && self.line.trim_ascii().is_empty() {
            self.line.clear();
            return false;
        }
        true
    }

    /// Takes more of the line, if it is not passed over already.
    fn take(&mut self, part: &[u8]) {
        if self.passed_over.is_some() {
            return;
        }
        let length = self.line.len() + part.len();
        if length > self.limit {
            let detail = format!("a line may have {} bytes", self.limit);
            self.passed_over =
                Some(Problem::new(&kind::BODY_TOO_LARGE, detail).with("limit_bytes", self.limit));
        } else if let Err(no_room) = self.held.grow_to(length) {
            self.passed_over = Some(no_room);
        }
        if self.passed_over.is_some() {
            self.line = Vec::new();
            self.held = self.budget.line();
        } else {
            self.line.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use std::io;

    type Chunk = Result<Bytes, io::Error>;

    fn reader(chunks: Vec<&'static str>) -> LineReader<impl Stream<Item = Chunk> + Unpin> {
        let chunks = stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))));
        LineReader::new(chunks, Arc::default(), 5, Duration::from_secs(10))
    }

    async fn lines(mut reader: LineReader<impl Stream<Item = Chunk> + Unpin>) -> Vec<(u64, String)> {
        let mut lines = Vec::new();
        while let Some(line) = reader.next().await {
            let text = match line.text {
                Ok(text) => String::from_utf8(text).unwrap(),
                Err(problem) => format!("!{}", problem.kind.name),
            };
            lines.push((line.number, text));
        }
        lines
    }

    fn expected(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
        lines.iter().map(|(number, text)| (*number, (*text).to_owned())).collect()
    }

    #[tokio::test]
    async fn lines_are_the_same_however_they_are_cut_and_empty_ones_are_counted() {
        for chunks in [
            vec!["a\n\nbc\r\n \nd"],
            vec!["a", "\n", "\nb", "c\r\n ", "\nd"],
            vec!["", "a\n\nbc\r\n", " \nd"],
        ] {
            assert_eq!(lines(reader(chunks)).await, expected(&[(1, "a"), (3, "bc\r"), (5, "d")]));
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_passed_over_and_the_rest_is_read() {
        let read = lines(reader(vec!["a\n1234", "56789", "0\nb\n123456"])).await;
        assert_eq!(read, expected(&[(1, "a"), (2, "!body-too-large"), (3, "b"), (4, "!body-too-large")]));
    }

    #[tokio::test(start_paused = true)]
    async fn empty_lines_win_no_time_and_outcomes_that_are_taken_do() {
        let trickle = || {
            stream::unfold(0_u64, |n| async move {
                tokio::time::sleep(Duration::from_secs(9)).await;
                Some((Ok(Bytes::from("\n")), n + 1))
            })
        };
        let read =
            lines(LineReader::new(Box::pin(trickle()), Arc::default(), 5, Duration::from_secs(10))).await;
        assert_eq!(read, expected(&[(2, "!request-timeout")]));
        let mut patient = LineReader::new(Box::pin(trickle()), Arc::default(), 5, Duration::from_secs(10));
        for _ in 0..10 {
            let wait = tokio::time::timeout(Duration::from_secs(5), patient.next()).await;
            assert!(wait.is_err(), "nothing came, and it was not given up");
            patient.is_patient();
        }
    }
}
