//! For operators: reactions of processes that were given up, to be tried again or skipped.

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::{App, AppState},
    describe::AnswerDoc,
    http::{CommandBody, Limit, OperatorInput, Query, query_params},
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{Json, extract::State, http::Method};
use daybook_domain::{Timestamp, access::Scope};
use daybook_engine::{DeadReaction, DeadReactionId, Engine};
use daybook_event_log::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const TAG: &str = "operation";
const OPERATOR: Access = Access::scope(Scope::NodeOperate).loopback_only();

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/admin/processes/dead-letters",
            handler: list,
            version: V1,
            access: OPERATOR,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "listProcessDeadLetters",
                tag: TAG,
                summary: "Reactions of processes that were given up",
                text: "Asked of the node that runs the processes; `/readyz` says which one does.",
                problems: &[&kind::UNAVAILABLE],
                answers: AnswerDoc {
                    text: "They stay until they are tried again or skipped; in the order of their events.",
                    example: json!({ "dead_letters": [{
                        "process": "retry_payment_operation_when_it_fails", "position": 4713,
                        "stream": "payment-0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012", "event_type": "CaptureFailed",
                        "reason": "the gateway refused the capture and its repetitions", "attempts": 1,
                        "since": "2026-02-01T12:00:00Z"
                    }] }),
                },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/admin/processes/dead-letters/retry",
            handler: retry,
            version: V1,
            access: OPERATOR,
            owner: Owner::Shop,
            retry: Retry::Repeats,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "retryProcessDeadLetter",
                tag: TAG,
                summary: "Try a reaction again at once",
                text: "If it fails again it is a dead letter again. What it did before is not done twice.",
                problems: &[&kind::NOT_FOUND, &kind::UNAVAILABLE],
                answers: AnswerDoc { text: "It has been begun.", example: json!({ "left": 0 }) },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/admin/processes/dead-letters/skip",
            handler: skip,
            version: V1,
            access: OPERATOR,
            owner: Owner::Shop,
            retry: Retry::Repeats,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "skipProcessDeadLetter",
                tag: TAG,
                summary: "Give a reaction up for good",
                text: "What it was about stays undone: see to it by hand first.",
                problems: &[&kind::NOT_FOUND, &kind::UNAVAILABLE],
                answers: AnswerDoc { text: "It is forgotten.", example: json!({ "left": 0 }) },
            },
        })
}

/// Reactions that were given up.
#[derive(Serialize, JsonSchema)]
struct ProcessDeadLetters {
    dead_letters: Vec<ProcessDeadLetter>,
}

#[derive(Serialize, JsonSchema)]
struct ProcessDeadLetter {
    /// Which process reacted.
    process: String,
    /// The event that it reacted to.
    position: u64,
    stream: String,
    event_type: String,
    /// What stood in the way.
    reason: String,
    /// How often it was tried.
    attempts: u32,
    /// When it was given up.
    since: Timestamp,
}

impl From<DeadReaction> for ProcessDeadLetter {
    fn from(letter: DeadReaction) -> Self {
        Self {
            process: letter.process,
            position: letter.position.get(),
            stream: letter.stream.as_str().to_owned(),
            event_type: letter.event_type,
            reason: letter.reason,
            attempts: letter.attempts,
            since: Timestamp::from_nanos(letter.since_ns),
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WhichDeadLetter {
    /// Which process gave it up.
    process: String,
    /// The event that it reacted to.
    position: u64,
}

impl CommandBody for WhichDeadLetter {
    fn example() -> Value {
        json!({ "process": "retry_payment_operation_when_it_fails", "position": 4713 })
    }
}

impl WhichDeadLetter {
    fn id(&self) -> DeadReactionId {
        DeadReactionId { position: Position::new(self.position), process: self.process.clone() }
    }
}

/// How many dead letters there are now, at most 1,000.
#[derive(Serialize, JsonSchema)]
struct Left {
    left: usize,
}

impl Left {
    fn of(engine: &Engine) -> Json<Self> {
        Json(Self { left: engine.dead_letters(None, 1_000).len() })
    }
}

query_params! {
    struct HowMany {
        limit: Limit<100, 10_000> = "limit", "How many at most.",
            json!({ "type": "integer", "minimum": 1, "maximum": 10000, "default": 100 }), json!(100);
    }
}

async fn list(
    State(app): AppState,
    Query(HowMany { limit }): Query<HowMany>,
) -> Result<Json<ProcessDeadLetters>, Problem> {
    let letters = running_here(&app)?.dead_letters(None, limit.0);
    Ok(Json(ProcessDeadLetters { dead_letters: letters.into_iter().map(Into::into).collect() }))
}

async fn retry(State(app): AppState, input: OperatorInput<WhichDeadLetter>) -> Result<Json<Left>, Problem> {
    let engine = running_here(&app)?;
    if engine.retry_dead_letter(&input.body.id()).await { Ok(Left::of(&engine)) } else { Err(missing()) }
}

async fn skip(State(app): AppState, input: OperatorInput<WhichDeadLetter>) -> Result<Json<Left>, Problem> {
    let engine = running_here(&app)?;
    let WhichDeadLetter { process, position } = &input.body;
    tracing::warn!(process, position, by = %input.actor, "a reaction is given up for good");
    if engine.skip_dead_letter(&input.body.id()).await { Ok(Left::of(&engine)) } else { Err(missing()) }
}

/// The engine that runs the processes, if this node does.
fn running_here(app: &App) -> Result<Engine, Problem> {
    app.node.process_engine().ok_or_else(|| {
        let detail = "this node does not run the processes at the moment; ask the one that does";
        Problem::new(&kind::UNAVAILABLE, detail).retry_after(5)
    })
}

fn missing() -> Problem {
    Problem::new(&kind::NOT_FOUND, "there is no such dead letter")
}
