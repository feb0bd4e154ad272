//! `POST /commands`: many commands in one request. JSON Lines in, one outcome per line out, both streaming.
//!
//! A line is a request to one of the other routes, so whatever can be asked alone can be asked in bulk,
//! with the same meaning:
//!
//! ```text
//! {"method":"POST","path":"/inventory/MUG/receive","idempotency_key":"r-1","body":{"quantity":5}}
//! ```
//!
//! Lines about the same resource run in order; others run side by side, a bounded number at a time.

mod lanes;
mod line;

use crate::{
    app::App,
    http::position_header,
    problem::{Problem, kind},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Extension, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use futures::{StreamExt, TryStreamExt};
pub(crate) use line::{BulkLine, BulkOutcome};
use std::{
    io,
    sync::{OnceLock, Weak},
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio_util::io::StreamReader;

/// The routes that lines are sent to; set once the router is complete. Weak, because it is a part of that router.
#[derive(Clone)]
pub(crate) struct BulkTarget(pub Weak<OnceLock<Router>>);

const JSON_LINES: &str = "application/jsonl";

/// `POST /commands`
pub(crate) async fn run(
    State(shop): App,
    Extension(target): Extension<BulkTarget>,
    request: Request,
) -> Result<Response, Problem> {
    if !is_json_lines(&request) {
        return Err(Problem::new(&kind::UNSUPPORTED_MEDIA_TYPE, "bulk commands are JSON Lines")
            .with("expected", JSON_LINES));
    }
    let router = target.0.upgrade().and_then(|router| router.get().cloned());
    let router = router
        .ok_or_else(|| Problem::new(&kind::UNAVAILABLE, "the server is shutting down").retry_after(5))?;
    let limit = shop.limits.body_bytes;
    let bytes = request.into_body().into_data_stream().map_err(io::Error::other);
    let lines = line_stream(
        BufReader::with_capacity(64 << 10, StreamReader::new(bytes)),
        limit,
        shop.limits.body_timeout,
    );
    let outcomes = lanes::run(shop.clone(), router, lines, shop.limits.bulk_concurrency);
    let body = Body::from_stream(outcomes.map(Ok::<Bytes, io::Error>));
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON_LINES));
    let (name, value) = position_header(shop.head());
    response.headers_mut().insert(name, value);
    Ok(response)
}

fn is_json_lines(request: &Request) -> bool {
    let value =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    matches!(
        media_type,
        "application/jsonl" | "application/x-ndjson" | "application/json-lines" | "application/json-seq"
    )
}

/// The lines of the body with their numbers from 1; empty lines are skipped. Ends after a line that cannot be read.
fn line_stream<R: tokio::io::AsyncRead + Unpin + Send + 'static>(
    reader: BufReader<R>,
    limit: usize,
    patience: std::time::Duration,
) -> impl futures::Stream<Item = (u64, Result<Vec<u8>, Problem>)> + Send {
    futures::stream::unfold((Some(reader), 0_u64), move |(reader, mut number)| async move {
        let mut reader = reader?;
        loop {
            number += 1;
            let mut line = Vec::new();
            let mut bounded = (&mut reader).take(limit as u64 + 1);
            let read = tokio::time::timeout(patience, bounded.read_until(b'\n', &mut line)).await;
            let broken = match read {
                Err(_) => Problem::new(&kind::REQUEST_TIMEOUT, "the next line did not arrive in time"),
                Ok(Err(_)) => Problem::new(&kind::REQUEST_TIMEOUT, "the body broke off"),
                Ok(Ok(0)) => return None,
                Ok(Ok(_)) if line.len() > limit => {
                    Problem::new(&kind::BODY_TOO_LARGE, format!("a line may have {limit} bytes"))
                        .with("limit_bytes", limit)
                }
                Ok(Ok(_)) if line.trim_ascii().is_empty() => continue,
                Ok(Ok(_)) => return Some(((number, Ok(line)), (Some(reader), number))),
            };
            return Some(((number, Err(broken)), (None, number)));
        }
    })
}
