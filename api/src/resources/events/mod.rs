//! Everything that happened, in order, from any position, for as long as wanted.
//!
//! Each event is a CloudEvents 1.0 JSON object with the payload byte for byte as stored. JSON Lines, or
//! Server-Sent Events where `Accept` asks for `text/event-stream`; there the SSE id is the position, so
//! `Last-Event-ID` resumes behind it. With `follow=true` the answer goes on with what is yet to come.

mod filter;
mod stream;

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::AppState,
    describe::{AnswerDoc, Content, DescribeAnswer, DescribeInput, Description, Form, Parameter},
    edge::Client,
    http::{Accept, CURRENT_TO, Query, position_header, query_params},
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{
    body::Body,
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    response::{IntoResponse, Response},
};
use daybook_domain::access::Scope;
use filter::{Filter, FilterParams};
use serde_json::{Value, json};
use stream::FeedPlace;

const TAG: &str = "feeds";

/// How many events an answer with a filter looks at.
const MOST_LOOKED_AT: u64 = 100_000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/events",
            handler: feed,
            version: V1,
            access: Access::scope(Scope::EventsRead).loopback_only(),
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "events",
                tag: TAG,
                summary: "Everything that happened, in order, from any position",
                text: "CloudEvents 1.0 in JSON, the payload byte for byte as stored. As JSON Lines, or as Server-Sent Events where `Accept` asks for `text/event-stream`; there the id is the position, so `Last-Event-ID` goes on behind it. A following reader whom nothing concerns gets a sign of life every 15 seconds: as Server-Sent Events a comment with the id up to which was read; as JSON Lines an empty line or, with a filter, `{\"position\":\"4713\"}`, the position up to which was read and nothing else, so that it can go on behind that. An answer with a filter that does not follow looks at 100,000 events at most: `X-Daybook-Position` is the last of them, and the next answer begins behind it. With a `limit` that was reached, go on behind the last event instead.",
                problems: &[&kind::OVERLOADED],
                answers: answers(),
            },
        })
}

/// Text and example of the answer in each of its forms.
fn answers() -> [AnswerDoc; 2] {
    let line = r#"{"specversion":"1.0","id":"0199a5b0-…","source":"/daybook/order","type":"OrderPlaced","subject":"order-0199a5b0-…","time":"2026-11-22T10:00:00Z","position":"4713","data":{}}"#;
    let event = "id: 4713\nevent: OrderPlaced\ndata: {\"specversion\":\"1.0\"}\n\n";
    [
        AnswerDoc { text: "Events.", example: json!(line) },
        AnswerDoc { text: "Events.", example: json!(event) },
    ]
}

fn number(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

query_params! {
    /// Which part of the log is asked for.
    struct Range {
        from: Option<u64> = "from", "The first position; 1 unless given.", number("position"), json!(1);
        limit: Option<u64> = "limit", "How many events at most.", number("count"), json!(100);
        follow: Option<bool> = "follow",
            "Go on with what is yet to come; the default for Server-Sent Events.",
            json!({ "type": "boolean" }), json!(false);
    }
}

const JSON_LINES: &str = "application/jsonl";
const SERVER_SENT_EVENTS: &str = "text/event-stream";
/// What `Accept` may ask for; all but the second are names of JSON Lines.
const ACCEPTED: &[&str] =
    &[JSON_LINES, SERVER_SENT_EVENTS, "application/x-ndjson", "application/json-lines", "application/json"];

/// How a batch of events is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FeedForm {
    JsonLines,
    ServerSentEvents,
}

impl FeedForm {
    fn accepted(headers: &HeaderMap) -> Result<Self, Problem> {
        match Accept::of(headers).best(ACCEPTED) {
            Some(SERVER_SENT_EVENTS) => Ok(Self::ServerSentEvents),
            Some(_) => Ok(Self::JsonLines),
            None => {
                let detail = "none of the media types in Accept can be had of this feed";
                Err(Problem::new(&kind::NOT_ACCEPTABLE, detail)
                    .with("available", vec![JSON_LINES, SERVER_SENT_EVENTS]))
            }
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::JsonLines => JSON_LINES,
            Self::ServerSentEvents => SERVER_SENT_EVENTS,
        }
    }
}

/// Extractor: in which form the events are wanted, and behind which position.
struct FeedHeaders {
    form: FeedForm,
    last_event_id: Option<u64>,
}

impl<S: Sync> FromRequestParts<S> for FeedHeaders {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let form = FeedForm::accepted(&parts.headers)?;
        Ok(Self { form, last_event_id: last_event_id(&parts.headers)? })
    }
}

impl DescribeInput for FeedHeaders {
    fn describe(to: &mut Description) {
        let schema = json!({ "type": "integer" });
        to.parameters.push(Parameter::header(
            "Last-Event-ID",
            "Go on behind this position.",
            schema,
            Value::Null,
        ));
        to.problems.extend_from_slice(&[&kind::INVALID_HEADER, &kind::NOT_ACCEPTABLE]);
    }
}

/// Events as they come, in one of the forms.
struct Events {
    form: FeedForm,
    body: Body,
    position: u64,
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.form.media_type()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let (name, value) = position_header(self.position);
        headers.insert(name, value);
        response
    }
}

impl DescribeAnswer for Events {
    /// As JSON Lines, and as Server-Sent Events.
    type Docs = [AnswerDoc; 2];

    fn describe(docs: &Self::Docs, to: &mut Description) {
        let forms = [FeedForm::JsonLines, FeedForm::ServerSentEvents].into_iter().zip(docs);
        let contents = forms.map(|(form, doc)| Content {
            media_type: form.media_type(),
            form: Form::Text,
            example: doc.example.clone(),
        });
        to.answers_with(200, docs[0].text, &[CURRENT_TO], contents.collect());
    }
}

async fn feed(
    State(app): AppState,
    Query((Range { from, limit, follow }, filter)): Query<(Range, FilterParams)>,
    FeedHeaders { form, last_event_id }: FeedHeaders,
) -> Result<Events, Problem> {
    let follow = follow.unwrap_or(form == FeedForm::ServerSentEvents);
    let from = match (last_event_id, from) {
        (Some(last), _) => last.saturating_add(1),
        (None, Some(from)) => from.max(1),
        (None, None) => 1,
    };
    let filter = Filter::try_from(filter)?;
    let place = app.feed_places.take().ok_or_else(|| {
        let detail = "too many feeds are read, or too many of yours";
        Problem::new(&kind::OVERLOADED, detail).retry_after(5)
    })?;
    let head = app.head();
    // Everything may have to be looked at to find nothing, so a filtered answer has an end, and says where to go on.
    let until = (!follow && !filter.is_empty()).then(|| head.min(from.saturating_add(MOST_LOOKED_AT - 1)));
    let feed = stream::Feed { from, limit, until, follow, filter, form };
    let held = FeedPlace {
        place,
        readers: app.feed_readers.clone(),
        client: Client::current(),
        stopping: app.stopping.clone(),
    };
    let body = stream::run(app.engine.log().clone(), feed, held);
    Ok(Events { form, body: Body::from_stream(body), position: until.unwrap_or(head) })
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    value.to_str().ok().and_then(|text| text.trim().parse().ok()).map(Some).ok_or_else(|| {
        Problem::new(&kind::INVALID_HEADER, "Last-Event-ID must be a position as this feed gave it")
            .with("header", "Last-Event-ID")
    })
}
