//! For operators: how fresh the read models are, what could not be applied to them, and to fill one again.

use crate::{
    app::App,
    http::{Asked, CommandBody, EmptyBody, Params},
    problem::{Problem, kind},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
};
use daybook_domain::Timestamp;
use daybook_engine::{Clock, SystemClock};
use daybook_event_log::Position;
use daybook_projections::{DeadLetter, Freshness, RebuildProgress, RunnerError, SkippedLetter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every read model and every rebuild under way.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Projections {
    pub projections: Vec<Freshness>,
    pub rebuilds: Vec<RebuildProgress>,
    /// Why the read models stopped by themselves; absent while all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DeadLetters {
    /// Events that wait, oldest first.
    pub waiting: Vec<DeadLetter>,
    /// Events left out for good.
    pub skipped: Vec<SkippedLetter>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryBody {
    /// The stream whose events wait, for example `order-0199…`.
    pub stream: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SkipBody {
    /// The waiting event to leave out for good.
    pub position: u64,
    /// Why; it is kept with the event's name and who decided it.
    pub reason: String,
}

impl CommandBody for RetryBody {}
impl CommandBody for SkipBody {}

/// `GET /admin/projections`
pub(crate) async fn list(State(shop): App, params: Params) -> Result<impl IntoResponse, Problem> {
    params.finish()?;
    Ok(Json(Projections {
        projections: shop.reads.freshness(),
        rebuilds: shop.reads.rebuilds(),
        failure: shop.reads.failure().map(|failure| failure.to_string()),
    }))
}

/// `GET /admin/projections/{name}/dead-letters`
pub(crate) async fn dead_letters(
    State(shop): App,
    Path(name): Path<String>,
    mut params: Params,
) -> Result<impl IntoResponse, Problem> {
    let limit = params.limit(100, 10_000)?;
    params.finish()?;
    let reads = shop.reads.clone();
    beside(move || {
        let (waiting, skipped) = (reads.dead_letters(&name, limit)?, reads.skipped_letters(&name, limit)?);
        Ok(Json(DeadLetters { waiting, skipped }))
    })
    .await
}

/// `POST /admin/projections/{name}/dead-letters/retry`
pub(crate) async fn retry(
    State(shop): App,
    Path(name): Path<String>,
    asked: Asked<RetryBody>,
) -> Result<impl IntoResponse, Problem> {
    shop.reads.retry(&name, &asked.body.stream).await.map(Json).map_err(from_runner)
}

/// `POST /admin/projections/{name}/dead-letters/skip`
pub(crate) async fn skip(
    State(shop): App,
    Path(name): Path<String>,
    asked: Asked<SkipBody>,
) -> Result<impl IntoResponse, Problem> {
    let SkipBody { position, reason } = &asked.body;
    let (by, now): (_, Timestamp) = (asked.caller.actor.to_string(), SystemClock.now());
    let skipped = shop.reads.skip(&name, Position::new(*position), reason, &by, now).await;
    skipped.map(Json).map_err(from_runner)
}

/// `POST /admin/projections/{name}/rebuild`
pub(crate) async fn rebuild(
    State(shop): App,
    Path(name): Path<String>,
    _asked: Asked<EmptyBody>,
) -> Result<impl IntoResponse, Problem> {
    let reads = shop.reads.clone();
    beside(move || reads.rebuild(&name)).await?;
    Ok((StatusCode::ACCEPTED, Json(shop.reads.rebuilds())))
}

/// Asks what may have to wait for a server, beside the threads that serve connections.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RunnerError> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(from_runner),
        Err(error) => {
            tracing::error!(%error, "an operator's request broke off");
            Err(Problem::new(&kind::INTERNAL, "the request broke off"))
        }
    }
}

fn from_runner(error: RunnerError) -> Problem {
    let detail = error.to_string();
    match error {
        RunnerError::UnknownReadModel { .. } | RunnerError::NoSuchDeadLetter { .. } => {
            Problem::new(&kind::NOT_FOUND, detail)
        }
        RunnerError::AlreadyRebuilding { .. } => {
            Problem::new(&kind::CONFLICT, detail).with("reason", "AlreadyRebuilding")
        }
        RunnerError::NotRunning => Problem::new(&kind::UNAVAILABLE, detail).retry_after(5),
        RunnerError::KeptElsewhere { .. } => {
            Problem::new(&kind::ROLE_NOT_HERE, detail).with("role", "projector")
        }
        RunnerError::Store(_) | RunnerError::Log(_) => {
            tracing::error!(error = detail, "an operator's request failed");
            Problem::new(&kind::UNAVAILABLE, "the read store or the log cannot be read").retry_after(5)
        }
    }
}
