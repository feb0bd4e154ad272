//! What all handlers use: the write path, the read models, and the few things kept beside them.

use crate::{
    auth::Gate,
    edge::{Admission, BodyBudget, ClientBudget, Readers, Waits},
    history::Histories,
    http::{CommandInput, Condition, Freshness, invalid},
    limits::Limits,
    node_status::NodeStatus,
    position_waiters::PositionWaiters,
    prices::Prices,
    problem::{Problem, kind},
    stock_names::StockNames,
    transport::Precompressed,
};
use axum::extract::State;
use daybook_audit::AuditTree;
use daybook_domain::{Command, OrderId};
use daybook_engine::{CommandRequest, Engine, Gateway, Outcome, Priority};
use daybook_event_log::{EventLog, StreamId, Version};
use daybook_read_store::version_of;
use daybook_search::Search;
use daybook_views::Views;
use serde_json::value::RawValue;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;

/// How far beyond the log's end, as this node knows it, a position may be that is waited for. A log that only this
/// program writes to has hardly more than it knows, …
const AHEAD_OF_OWN_LOG: u64 = 1_000;
/// … and one that others write to has what they wrote within a second or so.
const AHEAD_OF_SHARED_LOG: u64 = 100_000;

/// Extractor: how handlers get at the [`App`].
pub(crate) type AppState = State<Arc<App>>;

pub(crate) struct App {
    pub engine: Engine,
    pub reads: Views,
    pub search: Search,
    /// Permits for searches, one per core.
    pub searches: Arc<Semaphore>,
    /// Where long histories and the past are read.
    pub readers: Arc<Readers>,
    pub histories: Histories,
    pub waits: Arc<Waits>,
    pub waiters: PositionWaiters,
    pub admission: Admission,
    pub body_budget: Arc<BodyBudget>,
    /// Places of bulk requests.
    pub bulk_places: Arc<ClientBudget>,
    /// Places of feeds.
    pub feed_places: Arc<ClientBudget>,
    /// Permits for reading a page for a feed.
    pub feed_readers: Arc<Semaphore>,
    pub prices: Prices,
    pub stock_names: StockNames,
    pub gate: Arc<Gate>,
    pub gateway: Arc<dyn Gateway>,
    pub audit: Arc<AuditTree>,
    pub node: Arc<dyn NodeStatus>,
    pub limits: Limits,
    pub openapi: Precompressed,
    /// Cancelled when the server stops, so that endless answers end.
    pub stopping: CancellationToken,
}

impl App {
    /// Has a command executed as its caller input.
    pub(crate) async fn execute<T>(
        &self,
        input: &CommandInput<T>,
        command: Command,
        priority: Priority,
    ) -> Result<Outcome, Problem> {
        if let Err(problem) = self.stock_names.check(&command).await {
            return self.recorded(input, &command.stream_name(), problem).await;
        }
        let caller = &input.caller;
        let expected_version = match caller.condition {
            Condition::None => None,
            Condition::Version(version) => Some(Version::new(version)),
            Condition::Exists => {
                self.must_exist(&command).await?;
                None
            }
        };
        let request = CommandRequest {
            expected_version,
            correlation_id: caller.correlation_id,
            request_hash: input.request_hash,
            deadline: Some(Instant::now() + self.limits.request_timeout),
            priority,
            ..CommandRequest::new(command, caller.command_id, caller.actor.clone())
        };
        Ok(self.engine.execute(request).await?)
    }

    /// `If-Match: *`. Nothing ceases to exist, so what is true now still is when the command is decided.
    async fn must_exist(&self, command: &Command) -> Result<(), Problem> {
        let stream = command.stream_name();
        let id = StreamId::parse(&stream)
            .map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.to_string()))?;
        if self.engine.log().read_stream(&id, Version::new(1), 1).await?.is_empty() {
            let detail = "If-Match: * asks for something that is there, and nothing is";
            return Err(Problem::new(&kind::VERSION_MISMATCH, detail).with("actual_version", 0));
        }
        Ok(())
    }

    /// What this very request led to when it was made before; else the problem that keeps it from being made
    /// now. A retry is answered like the first time, even if the article left sale meanwhile.
    pub(crate) async fn recorded<T>(
        &self,
        input: &CommandInput<T>,
        stream: &str,
        otherwise: Problem,
    ) -> Result<Outcome, Problem> {
        let caller = &input.caller;
        let Some(stream) = StreamId::parse(stream).ok().filter(|_| caller.retry_safe) else {
            return Err(otherwise);
        };
        let outcome = self.engine.recorded(&stream, caller.command_id, input.request_hash).await?;
        outcome.ok_or(otherwise)
    }

    /// The last durable position.
    pub(crate) fn head(&self) -> u64 {
        self.engine.log().head().borrow().get()
    }

    pub(crate) fn log(&self) -> &dyn EventLog {
        &**self.engine.log()
    }

    /// Waits until the read models show what the caller wants to see.
    pub(crate) async fn wait_until(&self, wanted: Freshness) -> Result<(), Problem> {
        self.check_wanted(wanted)?;
        if wanted.min_position == 0 {
            return Ok(());
        }
        self.waiters.reached(wanted.min_position, wanted.wait).await.map_err(|end| {
            end.problem(|| {
                let position = self.waiters.position();
                let detail = "the read models have not reached that position yet";
                Problem::new(&kind::NOT_REACHED, detail).with("position", position).retry_after(1)
            })
        })
    }

    /// A position far beyond the log's end is no position that this shop answered with: waiting for it is of no use.
    pub(crate) fn check_wanted(&self, wanted: Freshness) -> Result<(), Problem> {
        let ahead = if self.log().is_sole_writer() { AHEAD_OF_OWN_LOG } else { AHEAD_OF_SHARED_LOG };
        if wanted.min_position <= self.head().saturating_add(ahead) {
            return Ok(());
        }
        let detail =
            "min_position is far beyond the end of the log; take the position that a command answered with";
        Err(invalid("min_position", detail))
    }

    /// The order as stored, with its version, once the read models have reached `position`; none if that
    /// takes longer than `within`.
    pub(crate) async fn order_at(
        &self,
        id: OrderId,
        position: u64,
        within: Duration,
    ) -> Option<(Box<RawValue>, u64)> {
        if self.waiters.reached(position, within).await.is_err() {
            return None;
        }
        let row = self.reads.orders().by_id(id).await.ok()??;
        Some((serde_json::from_slice(row.json()).ok()?, version_of(row.json())))
    }
}
