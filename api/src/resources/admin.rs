//! For operators: how fresh the read models are, what could not be applied to them, and to fill one again.

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::AppState,
    describe::{AnswerDoc, DescribeAnswer, Description, PathParameter},
    http::{CommandBody, EmptyBody, Id, Limit, OperatorInput, PathId, Query, query_params},
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use daybook_domain::{Timestamp, access::Scope};
use daybook_engine::{Clock, SystemClock};
use daybook_event_log::Position;
use daybook_projections::{
    DeadLetter, Freshness, Projection as _, RebuildProgress, Retried, RunnerError, SkippedLetter,
};
use daybook_search::SearchProjection;
use daybook_views::Views;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{convert::Infallible, str::FromStr};

const TAG: &str = "operation";
const OPERATOR: Access = Access::scope(Scope::NodeOperate).loopback_only();

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/admin/projections",
            handler: list,
            version: V1,
            access: OPERATOR,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "listProjections",
                tag: TAG,
                summary: "How fresh every read model is, and which are being rebuilt",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "The read models.", example: json!({ "projections": [{ "projection": "order", "position": 4720, "head": 4720, "lag_events": 0 }], "rebuilds": [] }) },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/admin/projections/{name}/rebuild",
            handler: rebuild,
            version: V1,
            access: OPERATOR,
            owner: Owner::Shop,
            retry: Retry::Repeats,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "rebuildProjection",
                tag: TAG,
                summary: "Fill a read model again from the first event",
                text: "The old rows answer until the new ones have caught up.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT, &kind::UNAVAILABLE, &kind::ROLE_NOT_HERE],
                answers: AnswerDoc { text: "The rebuild has begun.", example: json!([{ "projection": "order", "version": 1, "filling": 2, "position": 0, "head": 4720, "events_per_s": 0 }]) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/admin/projections/{name}/dead-letters",
            handler: dead_letters,
            version: V1,
            access: OPERATOR,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "listDeadLetters",
                tag: TAG,
                summary: "Events that could not be applied, and those that wait behind them",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::UNAVAILABLE, &kind::ROLE_NOT_HERE],
                answers: AnswerDoc { text: "What waits, and what was left out for good.", example: json!({ "waiting": [], "skipped": [] }) },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/admin/projections/{name}/dead-letters/retry",
            handler: retry,
            version: V1,
            access: OPERATOR,
            owner: Owner::Shop,
            retry: Retry::Repeats,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "retryDeadLetters",
                tag: TAG,
                summary: "Apply what waits in one stream, in order",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::UNAVAILABLE, &kind::ROLE_NOT_HERE],
                answers: AnswerDoc { text: "How far it went.", example: json!({ "applied": 3 }) },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/admin/projections/{name}/dead-letters/skip",
            handler: skip,
            version: V1,
            access: OPERATOR,
            owner: Owner::Shop,
            retry: Retry::Repeats,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "skipDeadLetter",
                tag: TAG,
                summary: "Leave one waiting event out for good, then go on with its stream",
                text: "Who decides it (`X-Daybook-Actor`) and why is kept.",
                problems: &[&kind::NOT_FOUND, &kind::UNAVAILABLE, &kind::ROLE_NOT_HERE],
                answers: AnswerDoc { text: "How far it went.", example: json!({ "applied": 2 }) },
            },
        })
}

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

impl CommandBody for RetryBody {
    fn example() -> Value {
        json!({ "stream": "order-0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012" })
    }
}

impl CommandBody for SkipBody {
    fn example() -> Value {
        json!({ "position": 4713, "reason": "its order was entered again by hand" })
    }
}

/// A read model's name, as the path has it; the runner knows whether there is one.
struct ReadModelName(String);

impl FromStr for ReadModelName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl PathId for ReadModelName {
    fn describe() -> PathParameter {
        let names: Vec<&str> = Views::NAMES.iter().copied().chain([SearchProjection::NAME]).collect();
        let schema = json!({ "type": "string", "enum": names });
        PathParameter { description: "The read model's name.", schema, example: json!("order") }
    }
}

query_params! {
    struct HowMany {
        limit: Limit<100, 10_000> = "limit", "How many at most.",
            json!({ "type": "integer", "minimum": 1, "maximum": 10000, "default": 100 }), json!(100);
    }
}

/// 202: the work has begun and goes on.
struct Accepted<T>(T);

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self.0)).into_response()
    }
}

impl<T: JsonSchema> DescribeAnswer for Accepted<T> {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        to.answers::<T>(202, doc, &[]);
    }
}

async fn list(State(app): AppState, _: Query<()>) -> Json<Projections> {
    Json(Projections {
        projections: app.reads.freshness(),
        rebuilds: app.reads.rebuilds(),
        failure: app.reads.failure().map(|failure| failure.to_string()),
    })
}

async fn dead_letters(
    State(app): AppState,
    Id(ReadModelName(name)): Id<ReadModelName>,
    Query(HowMany { limit }): Query<HowMany>,
) -> Result<Json<DeadLetters>, Problem> {
    let (reads, limit) = (app.reads.clone(), limit.0);
    beside(move || {
        let (waiting, skipped) = (reads.dead_letters(&name, limit)?, reads.skipped_letters(&name, limit)?);
        Ok(Json(DeadLetters { waiting, skipped }))
    })
    .await
}

async fn retry(
    State(app): AppState,
    Id(ReadModelName(name)): Id<ReadModelName>,
    input: OperatorInput<RetryBody>,
) -> Result<Json<Retried>, Problem> {
    app.reads.retry(&name, &input.body.stream).await.map(Json).map_err(from_runner)
}

async fn skip(
    State(app): AppState,
    Id(ReadModelName(name)): Id<ReadModelName>,
    input: OperatorInput<SkipBody>,
) -> Result<Json<Retried>, Problem> {
    let SkipBody { position, reason } = &input.body;
    let (by, now): (_, Timestamp) = (input.actor.to_string(), SystemClock.now());
    let skipped = app.reads.skip(&name, Position::new(*position), reason, &by, now).await;
    skipped.map(Json).map_err(from_runner)
}

async fn rebuild(
    State(app): AppState,
    Id(ReadModelName(name)): Id<ReadModelName>,
    _: OperatorInput<EmptyBody>,
) -> Result<Accepted<Vec<RebuildProgress>>, Problem> {
    let reads = app.reads.clone();
    beside(move || reads.rebuild(&name)).await?;
    Ok(Accepted(app.reads.rebuilds()))
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
        RunnerError::Store(_)
        | RunnerError::Log(_)
        | RunnerError::Crashed { .. }
        | RunnerError::Stopped { .. }
        | RunnerError::Reopened
        | RunnerError::LeaseLost => {
            tracing::error!(error = detail, "an operator's request failed");
            Problem::new(&kind::UNAVAILABLE, "the read store or the log cannot be read").retry_after(5)
        }
    }
}
