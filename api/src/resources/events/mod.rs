//! `GET /events`: everything that happened, in order, from any position, for as long as wanted.
//!
//! Each event is a CloudEvents 1.0 JSON object with the payload byte for byte as stored. JSON Lines, or
//! Server-Sent Events where `Accept` asks for `text/event-stream`; there the SSE id is the position, so
//! `Last-Event-ID` resumes behind it. With `follow=true` the answer goes on with what is yet to come.

mod filter;
mod stream;

use crate::{
    app::App,
    http::{Params, position_header},
    problem::{Problem, kind},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use filter::Filter;

/// How a batch of events is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    JsonLines,
    ServerSentEvents,
}

impl Form {
    fn accepted(headers: &HeaderMap) -> Result<Self, Problem> {
        let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
        let types = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
        for media_type in types {
            match media_type {
                "text/event-stream" => return Ok(Self::ServerSentEvents),
                "*/*"
                | "application/*"
                | "application/jsonl"
                | "application/x-ndjson"
                | "application/json-lines"
                | "application/json" => return Ok(Self::JsonLines),
                _ => {}
            }
        }
        Err(Problem::new(
            &kind::NOT_ACCEPTABLE,
            format!("{accept:?} is none of the media types of this feed"),
        )
        .with("available", vec!["application/jsonl", "text/event-stream"]))
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::JsonLines => "application/jsonl",
            Self::ServerSentEvents => "text/event-stream",
        }
    }
}

pub(crate) async fn feed(
    State(shop): App,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let form = Form::accepted(&headers)?;
    let from = params.take::<u64>("from")?;
    let limit = params.take::<u64>("limit")?;
    let follow = params.take::<bool>("follow")?.unwrap_or(form == Form::ServerSentEvents);
    let filter = Filter::take(&mut params)?;
    params.finish()?;
    let from = match (last_event_id(&headers)?, from) {
        (Some(last), _) => last.saturating_add(1),
        (None, Some(from)) => from.max(1),
        (None, None) => 1,
    };
    let log = shop.engine.log().clone();
    let ends = shop.stopping.clone();
    let feed = stream::Feed { from, limit, follow, filter, form };
    let mut response = Response::new(Body::from_stream(stream::run(log, feed, ends)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let (name, value) = position_header(shop.head());
    headers.insert(name, value);
    Ok(response)
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    value.to_str().ok().and_then(|text| text.trim().parse().ok()).map(Some).ok_or_else(|| {
        Problem::new(&kind::INVALID_HEADER, "Last-Event-ID must be a position as this feed gave it")
            .with("header", "Last-Event-ID")
    })
}
