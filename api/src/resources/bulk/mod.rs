//! Many commands in one request: JSON Lines in, one outcome per line out, both streaming.
//!
//! A line is a request to one of the other routes, so whatever can be asked alone can be asked in bulk,
//! with the same meaning:
//!
//! ```text
//! {"method":"POST","path":"/inventory/MUG/receive","idempotency_key":"r-1","body":{"quantity":5}}
//! ```
//!
//! Lines about the same resource run in order; others run side by side, a bounded number at a time. What is held of a
//! request is bounded in bytes, and how long it may bring nothing in time.

mod lanes;
mod line;
mod line_reader;
mod outcomes;

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::{App, AppState},
    describe::{AnswerDoc, BodyDescription, Content, DescribeAnswer, DescribeInput, Description, Form},
    edge::ClientPermit,
    http::{CURRENT_TO, position_header},
    problem::{Problem, kind},
    roles::NodeRole,
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use daybook_domain::access::Scope;
use futures::StreamExt;
use lanes::Lanes;
use line::{BulkLine, BulkOutcome, LineSender};
use line_reader::LineReader;
use outcomes::BulkRun;
use serde_json::json;
use std::{
    convert::Infallible,
    sync::{Arc, OnceLock, Weak},
};

const TAG: &str = "feeds";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::POST,
            path: "/commands",
            handler: run,
            version: V1,
            access: Access::scope(Scope::CommandsBulk),
            owner: Owner::Shop,
            retry: Retry::KeyPerLine,
            limits: RequestLimits::Lines,
            load: Load::Normal,
            doc: Doc {
                id: "bulkCommands",
                tag: TAG,
                summary: "Many commands in one request, one per line",
                text: "JSON Lines in, one outcome per line out, in the same order, while the lines still come in; outcomes that are not taken stop the reading of lines. A line is a request to one of the other command routes. Lines about the same resource are executed in order, others side by side. A line that names an article or a location which is not there is executed once more when all lines before it have their outcomes, so products, locations and their stock may come in one request. A line that fails says so in its outcome and does not stop the others; where the reading itself ends early, the last outcome says so. Give every line an `idempotency_key`, then the whole request can be sent again. Makers of clients that know no JSON Lines make no function of this operation; write and read the lines with the models of `BulkLine` and `BulkOutcome`.",
                problems: &[],
                answers: AnswerDoc {
                    text: "One outcome per line.",
                    example: json!({ "line": 1, "status": 200, "body": { "id": "MUG-RED", "position": 4702, "version": 1 } }),
                },
            },
        })
}

/// The routes that lines are sent to; set once the router is complete. Weak, because it is a part of that router.
#[derive(Clone)]
pub(crate) struct BulkTarget(pub Weak<OnceLock<Router>>);

const JSON_LINES: &str = "application/jsonl";

/// Extractor: the body as a stream of lines, and the routes to send them to.
struct BulkInput {
    body: Body,
    router: Router,
    sender: LineSender,
    place: ClientPermit,
}

impl FromRequest<Arc<App>> for BulkInput {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        if !is_json_lines(request.headers()) {
            return Err(Problem::new(&kind::UNSUPPORTED_MEDIA_TYPE, "bulk commands are JSON Lines")
                .with("expected", JSON_LINES));
        }
        let place = app.bulk_places.take().ok_or_else(|| {
            let detail = "too many bulk requests are under way, or too many of yours";
            Problem::new(&kind::OVERLOADED, detail).retry_after(5)
        })?;
        let (mut parts, body) = request.into_parts();
        let stopping = || Problem::new(&kind::UNAVAILABLE, "the server is shutting down").retry_after(5);
        let target = parts.extensions.remove::<BulkTarget>().ok_or_else(stopping)?;
        let router = target.0.upgrade().and_then(|router| router.get().cloned()).ok_or_else(stopping)?;
        let sender = LineSender { remote: parts.extensions.remove(), principal: parts.extensions.remove() };
        Ok(Self { body, router, sender, place })
    }
}

impl DescribeInput for BulkInput {
    fn describe(to: &mut Description) {
        let content = Content {
            media_type: JSON_LINES,
            form: Form::of::<BulkLine>(),
            example: json!({ "method": "POST", "path": "/inventory/MUG-RED/receive", "idempotency_key": "r-1", "body": { "quantity": 100 } }),
        };
        to.body = Some(BodyDescription { is_required: true, content });
        to.problems.extend_from_slice(&[
            &kind::UNSUPPORTED_MEDIA_TYPE,
            &kind::UNAVAILABLE,
            &kind::OVERLOADED,
        ]);
        to.needs(NodeRole::Commands);
    }
}

/// Outcomes, a JSON line each.
struct Outcomes {
    body: Body,
    position: u64,
}

impl IntoResponse for Outcomes {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON_LINES));
        let (name, value) = position_header(self.position);
        response.headers_mut().insert(name, value);
        response
    }
}

impl DescribeAnswer for Outcomes {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        let (form, example) = (Form::of::<BulkOutcome>(), doc.example.clone());
        let content = vec![Content { media_type: JSON_LINES, form, example }];
        to.answers_with(200, doc.text, &[CURRENT_TO], content);
    }
}

async fn run(State(app): AppState, input: BulkInput) -> Result<Outcomes, Problem> {
    let BulkInput { body, router, sender, place } = input;
    let limits = &app.limits;
    let budget = app.body_budget.clone();
    let reader = LineReader::new(body.into_data_stream(), budget, limits.body_bytes, limits.body_timeout);
    let lanes = Lanes::new(router, sender, limits.bulk_concurrency);
    let run = BulkRun::new(reader, lanes, limits.bulk_concurrency, app.stopping.clone(), place);
    let body = Body::from_stream(run.outcomes().map(Ok::<Bytes, Infallible>));
    Ok(Outcomes { body, position: app.head() })
}

fn is_json_lines(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    matches!(
        media_type,
        "application/jsonl" | "application/x-ndjson" | "application/json-lines" | "application/json-seq"
    )
}
