//! The writer: takes what was asked for in the order it was asked, many calls to one commit, and answers each
//! when the commit is durable. It owns its one connection and replaces it when it breaks.

use super::{
    commit::{self, Committed},
    connection,
    failure::{Failure, unavailable},
    head::Head,
    options::PostgresOptions,
    payload,
};
use crate::{Append, AppendOutcome, AppendRejection, LogError, RecordedEvent};
use sqlx::{PgConnection, postgres::PgConnectOptions};
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

const DOING: &str = "appending to the Postgres log";

/// One call of `append`, waiting for its answer.
pub(super) struct Request {
    pub(super) appends: Vec<Append>,
    pub(super) asked: Instant,
    pub(super) answer: oneshot::Sender<Result<Vec<AppendOutcome>, LogError>>,
}

pub(super) struct Writer {
    pub(super) options: PostgresOptions,
    pub(super) server: PgConnectOptions,
    pub(super) place: String,
    pub(super) head: Head,
    pub(super) connection: Option<PgConnection>,
}

impl Writer {
    /// Works until the last sender is gone and everything accepted is answered.
    pub(super) async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Request>) {
        let mut requests = Vec::new();
        while let Some(first) = queue.recv().await {
            let mut events = count(&first);
            requests.push(first);
            while events < self.options.group_events {
                let Ok(next) = queue.try_recv() else { break };
                events += count(&next);
                requests.push(next);
            }
            self.serve(&mut requests).await;
        }
        if let Some(connection) = self.connection.take() {
            connection::close(connection).await;
        }
    }

    /// Commits the appends of all requests together and answers them.
    async fn serve(&mut self, requests: &mut Vec<Request>) {
        let refusals: Vec<Option<AppendRejection>> =
            requests.iter().flat_map(|request| &request.appends).map(|append| self.refuse(append)).collect();
        let storable: Vec<&Append> = requests
            .iter()
            .flat_map(|request| &request.appends)
            .zip(&refusals)
            .filter_map(|(append, refusal)| refusal.is_none().then_some(append))
            .collect();
        let asked = requests.last().map_or_else(Instant::now, |request| request.asked);
        let done = self.commit(&storable, asked + self.options.retry_for).await;
        let mut refusals = refusals.into_iter();
        let mut done = done.map(Vec::into_iter);
        for request in requests.drain(..) {
            let answer = match &mut done {
                Ok(outcomes) => Ok(refusals
                    .by_ref()
                    .take(request.appends.len())
                    .filter_map(|refusal| {
                        refusal.map_or_else(|| outcomes.next(), |refusal| Some(Err(refusal)))
                    })
                    .collect()),
                Err(error) => Err(error.clone()),
            };
            // Whoever asked may have gone; the events are in the log all the same.
            let _ = request.answer.send(answer);
        }
    }

    fn refuse(&self, append: &Append) -> Option<AppendRejection> {
        let invalid = |reason| Some(AppendRejection::Invalid { stream: append.stream.clone(), reason });
        if append.events.is_empty() {
            return invalid("an append without events".to_owned());
        }
        append.events.iter().find_map(|event| {
            let sizes = RecordedEvent::check_sizes(event, self.options.payload_bytes);
            let named = || match event.event_type.contains(char::is_control) {
                true => Err("the event type holds control characters".to_owned()),
                false => Ok(()),
            };
            sizes.and_then(|()| named()).and_then(|()| payload::check(&event.payload)).err().and_then(invalid)
        })
    }

    /// Commits, retrying until `deadline` what may pass; one outcome per append.
    async fn commit(
        &mut self,
        appends: &[&Append],
        deadline: Instant,
    ) -> Result<Vec<AppendOutcome>, LogError> {
        match self.commit_group(appends, deadline).await {
            Err(Failure::Unstorable(_)) => {}
            done => return done.map_err(|failure| failure.into_error(DOING, &self.place)),
        }
        // One of them cannot be stored: each by itself, so that its neighbours go in.
        let mut outcomes = Vec::with_capacity(appends.len());
        for append in appends {
            match self.commit_group(&[append], deadline).await {
                Ok(outcome) => outcomes.extend(outcome),
                Err(Failure::Unstorable(reason)) => {
                    outcomes.push(Err(AppendRejection::Invalid { stream: append.stream.clone(), reason }));
                }
                Err(failure) => return Err(failure.into_error(DOING, &self.place)),
            }
        }
        Ok(outcomes)
    }

    async fn commit_group(
        &mut self,
        appends: &[&Append],
        deadline: Instant,
    ) -> Result<Vec<AppendOutcome>, Failure> {
        if appends.is_empty() {
            return Ok(Vec::new());
        }
        let mut pause = Pause::default();
        loop {
            let failure = match self.attempt(appends).await {
                Ok(committed) => {
                    self.head.advance(committed.head);
                    return Ok(committed.outcomes);
                }
                Err(failure) => failure,
            };
            // What the connection was in the middle of is unknown.
            self.connection = None;
            match failure {
                Failure::Passing(_) | Failure::Taken if Instant::now() < deadline => {
                    tracing::warn!(place = self.place, ?failure, "appending failed and is tried again");
                    pause.wait().await;
                }
                Failure::Passing(detail) => {
                    return Err(Failure::Lasting(unavailable(
                        DOING,
                        format!(
                            "{detail}; given up after {:?}; append the same events again to learn whether they went in",
                            self.options.retry_for
                        ),
                    )));
                }
                failure => return Err(failure),
            }
        }
    }

    async fn attempt(&mut self, appends: &[&Append]) -> Result<Committed, Failure> {
        let within = self.options.try_for;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(connection::open(&self.server, &self.place, within).await?),
        };
        let attempt = async {
            match commit::together(connection, appends).await {
                Ok(Some(committed)) => Ok(committed),
                Ok(None) => commit::one_by_one(connection, appends).await,
                Err(error) if is_unique_violation(&error) => commit::one_by_one(connection, appends).await,
                Err(error) => Err(error),
            }
        };
        match tokio::time::timeout(within, attempt).await {
            Ok(done) => done.map_err(|e| Failure::of(e, DOING, &self.place)),
            Err(_) => Err(Failure::Passing(format!("{}: no answer within {within:?}", self.place))),
        }
    }
}

fn count(request: &Request) -> usize {
    request.appends.iter().map(|append| append.events.len()).sum()
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Waits a little longer each time.
#[derive(Default)]
pub(super) struct Pause {
    tries: u32,
}

impl Pause {
    const LONGEST: Duration = Duration::from_millis(500);

    pub(super) async fn wait(&mut self) {
        let wait = Duration::from_millis(5).saturating_mul(1 << self.tries.min(10));
        self.tries += 1;
        tokio::time::sleep(wait.min(Self::LONGEST)).await;
    }
}
