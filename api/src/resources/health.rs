//! For probes and scrapers: whether the process answers, whether it can do its work or what is missing, and what it
//! measures.

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::AppState,
    describe::{AnswerDoc, Content, DescribeAnswer, DescribeInput, Description, Form},
    edge::RemotePeer,
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{Method, header, request::Parts},
    response::{IntoResponse, Response},
};
use daybook_domain::access::Scope;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{borrow::Cow, convert::Infallible};

const TAG: &str = "operation";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/livez",
            handler: live,
            version: V1,
            access: Access::PUBLIC,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "live",
                tag: TAG,
                summary: "The process answers",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "It does.", example: json!({ "status": "live" }) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/readyz",
            handler: ready,
            version: V1,
            access: Access::PUBLIC,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "ready",
                tag: TAG,
                summary: "The server can do its work, or what is missing",
                text: "What the node does, and what is missing in words, is told on the server's own machine only.",
                problems: &[&kind::UNAVAILABLE],
                answers: AnswerDoc {
                    text: "It can; beside it, what this node does.",
                    example: json!({ "status": "ready", "position": 4720, "lag_events": 0 }),
                },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/metrics",
            handler: metrics,
            version: V1,
            access: Access::scope(Scope::NodeRead).loopback_only(),
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "metrics",
                tag: TAG,
                summary: "Metrics in the Prometheus text format",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "Metrics.", example: json!("daybook_http_connections 3") },
            },
        })
}

#[derive(Serialize)]
struct Live {
    status: &'static str,
}

impl JsonSchema for Live {
    fn schema_name() -> Cow<'static, str> {
        "Live".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "required": ["status"], "properties": { "status": { "const": "live" } } })
    }
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    position: u64,
    lag_events: u64,
    #[serde(flatten)]
    node: Map<String, Value>,
}

impl JsonSchema for Ready {
    fn schema_name() -> Cow<'static, str> {
        "Ready".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "required": ["status", "position", "lag_events"],
            "properties": {
                "status": { "const": "ready" },
                "position": { "type": "integer", "minimum": 0 },
                "lag_events": { "type": "integer", "minimum": 0, "description": "How far the read models are behind." },
            },
            "additionalProperties": true,
        })
    }
}

/// All metrics in the Prometheus text format.
struct Metrics(String);

impl IntoResponse for Metrics {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], self.0).into_response()
    }
}

impl DescribeAnswer for Metrics {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        let content = Content { media_type: "text/plain", form: Form::Text, example: doc.example.clone() };
        to.answers_with(200, doc.text, &[], vec![content]);
    }
}

async fn live() -> Json<Live> {
    Json(Live { status: "live" })
}

/// Extractor: whether the caller may be told what the node does and what exactly is missing.
struct MayKnow(bool);

impl<S: Sync> FromRequestParts<S> for MayKnow {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<RemotePeer>().is_none()))
    }
}

impl DescribeInput for MayKnow {
    fn describe(_: &mut Description) {}
}

async fn ready(State(app): AppState, MayKnow(may_know): MayKnow) -> Result<Json<Ready>, Problem> {
    let mut missing = Vec::new();
    if app.stopping.is_cancelled() {
        missing.push("the server is shutting down".to_owned());
    }
    if let Some(failure) = app.reads.failure() {
        tracing::warn!(%failure, "not ready: read models stopped");
        missing.push(format!("the read models stopped: {failure}"));
    }
    missing.extend(app.node.missing());
    if app.reads.store_error().is_some() {
        missing.push("the read store cannot be reached or used; the server's log says why".to_owned());
    }
    if missing.is_empty() {
        return Ok(Json(Ready {
            status: "ready",
            position: app.head(),
            lag_events: app.reads.lag(),
            node: if may_know { app.node.shown() } else { Map::new() },
        }));
    }
    // Addresses and counts may stand in it.
    if !may_know {
        let detail = "the node is not ready; ask on the server's own machine what is missing";
        return Err(Problem::new(&kind::UNAVAILABLE, detail).routine().retry_after(2));
    }
    let problem = Problem::new(&kind::UNAVAILABLE, missing.join("; "))
        .with("missing", missing)
        .routine()
        .retry_after(2);
    Err(app.node.shown().into_iter().fold(problem, |problem, (name, value)| problem.with(&name, value)))
}

async fn metrics(State(app): AppState) -> Metrics {
    Metrics(app.node.metrics())
}
