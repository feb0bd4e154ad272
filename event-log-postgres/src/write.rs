//! The writer: takes what was asked for in the order it was asked, many calls to one commit, and answers each
//! when the commit is durable. It owns its one connection and replaces it when it breaks.

use crate::{
    commit::{self, Committed},
    connection,
    disk_space::DiskSpace,
    failure::{Failure, backoff, unavailable},
    head::Head,
    options::PostgresOptions,
    prepare::Prepared,
    server::{self, PostgresServer},
};
use daybook_event_log::{AppendOutcome, AppendRejection, LogError, Position};
use sqlx::PgConnection;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep},
};

const DOING: &str = "appending to the Postgres log";

/// One call of `append`, waiting for its answer.
pub(crate) struct Request {
    /// What can be stored, and what was refused on the way in, in the order of the call.
    pub(crate) appends: Vec<Result<Prepared, AppendRejection>>,
    pub(crate) asked: Instant,
    pub(crate) answer: oneshot::Sender<Result<Vec<AppendOutcome>, LogError>>,
}

pub(crate) struct PostgresWriter {
    pub(crate) options: PostgresOptions,
    pub(crate) server: PostgresServer,
    pub(crate) head: Head,
    pub(crate) disk_space: DiskSpace,
    /// What the other nodes are to be told.
    pub(crate) told: watch::Sender<Position>,
    pub(crate) connection: Option<PgConnection>,
}

impl PostgresWriter {
    /// Works until the last sender is gone and everything accepted is answered.
    pub(crate) async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Request>) {
        let mut requests = Vec::new();
        while let Some(first) = queue.recv().await {
            let mut events = events_in(&first);
            requests.push(first);
            while events < self.options.group_events {
                let Ok(next) = queue.try_recv() else { break };
                events += events_in(&next);
                requests.push(next);
            }
            // What was asked for meanwhile goes at once, without waiting for those just answered to ask again: so the
            // server works on one crowd while this program works on the other.
            self.serve(&mut requests).await;
        }
        if let Some(connection) = self.connection.take() {
            server::close(connection).await;
        }
    }

    /// Commits the appends of all requests together and answers them.
    async fn serve(&mut self, requests: &mut Vec<Request>) {
        let storable: Vec<&Prepared> = requests
            .iter()
            .flat_map(|request| &request.appends)
            .filter_map(|append| append.as_ref().ok())
            .collect();
        let asked = requests.last().map_or_else(Instant::now, |request| request.asked);
        let done = self.commit(&storable, asked + self.options.retry_for).await;
        let mut done = done.map(Vec::into_iter);
        for request in requests.drain(..) {
            let answer = match &mut done {
                Ok(outcomes) => {
                    let outcome = |append| match append {
                        Ok(_) => outcomes.next(),
                        Err(refusal) => Some(Err(refusal)),
                    };
                    Ok(request.appends.into_iter().filter_map(outcome).collect())
                }
                Err(error) => Err(error.clone()),
            };
            // Whoever asked may have gone; the events are in the log all the same.
            let _ = request.answer.send(answer);
        }
    }

    /// Commits, retrying until `deadline` what may pass; one outcome per append.
    async fn commit(
        &mut self,
        appends: &[&Prepared],
        deadline: Instant,
    ) -> Result<Vec<AppendOutcome>, LogError> {
        match self.commit_group(appends, deadline).await {
            Err(Failure::Unstorable(_)) => {}
            done => return done.map_err(|failure| failure.into_error(DOING, self.server.place())),
        }
        // One of them cannot be stored: each by itself, so that its neighbours go in.
        let mut outcomes = Vec::with_capacity(appends.len());
        for append in appends {
            match self.commit_group(&[append], deadline).await {
                Ok(outcome) => outcomes.extend(outcome),
                Err(Failure::Unstorable(reason)) => {
                    outcomes
                        .push(Err(AppendRejection::Invalid { stream: append.append.stream.clone(), reason }));
                }
                Err(failure) => return Err(failure.into_error(DOING, self.server.place())),
            }
        }
        Ok(outcomes)
    }

    async fn commit_group(
        &mut self,
        appends: &[&Prepared],
        deadline: Instant,
    ) -> Result<Vec<AppendOutcome>, Failure> {
        if appends.is_empty() {
            return Ok(Vec::new());
        }
        let mut backoff = backoff();
        loop {
            let failure = match self.attempt(appends).await {
                Ok(committed) => {
                    count(&committed);
                    self.disk_space.taken();
                    if let Some(last) = committed.last {
                        self.head.advance(last);
                        self.told.send_replace(last.position);
                    }
                    return Ok(committed.outcomes);
                }
                Err(failure) => failure,
            };
            self.disk_space.refused_by(&failure);
            if let Failure::Lasting(lost @ LogError::Rewound { .. }) = &failure {
                self.head.lose(lost.clone());
            }
            // What the connection was in the middle of is unknown.
            self.connection = None;
            match failure {
                Failure::Passing(_) | Failure::Taken if Instant::now() < deadline => {
                    tracing::warn!(
                        place = self.server.place(),
                        ?failure,
                        "appending failed and is tried again"
                    );
                    sleep(backoff.pause()).await;
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

    async fn attempt(&mut self, appends: &[&Prepared]) -> Result<Committed, Failure> {
        let (within, known) = (self.options.try_for, self.head.known());
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(connection::open(&self.server, within).await?),
        };
        let attempt = async {
            match commit::together(connection, appends, known).await {
                Ok(Some(committed)) => Ok(committed),
                Ok(None) => commit::one_by_one(connection, appends, known).await,
                Err(error) if is_unique_violation(&error) => {
                    commit::one_by_one(connection, appends, known).await
                }
                Err(error) => Err(error),
            }
        };
        match tokio::time::timeout(within, attempt).await {
            Ok(done) => done.map_err(|e| Failure::of(e, DOING, self.server.place())),
            Err(_) => Err(Failure::Passing(format!("{}: no answer within {within:?}", self.server.place()))),
        }
    }
}

/// The same names as the other backends have.
fn count(committed: &Committed) {
    let new = || committed.outcomes.iter().flatten().filter(|appended| !appended.already_there);
    let events: u64 =
        new().map(|appended| appended.last_position.get() - appended.first_position.get() + 1).sum();
    metrics::counter!("daybook_log_appends_total").increment(new().count() as u64);
    metrics::counter!("daybook_log_events_total").increment(events);
    metrics::histogram!("daybook_log_group_events").record(events as f64);
}

fn events_in(request: &Request) -> usize {
    request.appends.iter().flatten().map(|append| append.append.events.len()).sum()
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
