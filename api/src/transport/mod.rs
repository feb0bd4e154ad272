//! What every exchange has in common, whichever route it is for: what a request may not say of its own form, the headers
//! of every answer, compression, the browsers that may read it, and positions as strangers see them. Outermost of all layers, so
//! that refusals have it too. What a route needs beside it is `edge/layer.rs`.

mod compression;
mod cors;
mod positions;
mod precompressed;
mod request_form;
mod response_headers;

pub(crate) use precompressed::Precompressed;

use compression::accepts_gzip;
use cors::Cors;
use positions::SealedPositions;

use crate::edge::RemotePeer;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};
use daybook_event_log::EventLog;
use std::sync::Arc;

/// What the outermost layer knows.
pub(crate) struct Transport {
    cors: Cors,
    positions: SealedPositions,
}

impl Transport {
    /// `origins`: those whose pages may read answers.
    pub(crate) fn new(origins: &[String], log: Arc<dyn EventLog>) -> Self {
        Self { cors: Cors::new(origins), positions: SealedPositions::new(log) }
    }
}

/// What an answer depends on of its request's head.
struct RequestHead {
    uri: Uri,
    takes_gzip: bool,
    held: Option<HeaderValue>,
    origin: Option<HeaderValue>,
}

/// The outermost layer.
pub(crate) async fn exchange(
    State(transport): State<Arc<Transport>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let head = RequestHead {
        uri: request.uri().clone(),
        takes_gzip: accepts_gzip(headers),
        held: headers.get(header::IF_NONE_MATCH).cloned(),
        origin: headers.get(header::ORIGIN).cloned(),
    };
    let is_get = request.method().is_safe();
    let mut response = match (transport.cors.preflight(&request), request_form::check(&request)) {
        (Some(allowed), _) => allowed,
        (None, Err(problem)) => problem.render(head.uri.path()),
        (None, Ok(())) if request.extensions().get::<RemotePeer>().is_some() => {
            let request = transport.positions.open(request).await;
            transport.positions.close(next.run(request).await).await
        }
        (None, Ok(())) => next.run(request).await,
    };
    response_headers::complete(&mut response, head.uri.path(), is_get);
    transport.cors.complete(&mut response, head.origin.as_ref());
    if response.status() == StatusCode::NOT_MODIFIED {
        compression::same_tag(&mut response, head.takes_gzip, head.held.as_ref());
        return response;
    }
    compression::complete(response, head.takes_gzip).await
}
