//! What every exchange has in common, whichever route it is for: what a request may not say of its own form, the headers
//! of every answer, and compression. Outermost of all layers, so that refusals have
//! it too. What a route needs beside it is `edge/layer.rs`.

mod compression;
mod positions;
mod precompressed;
mod request_form;
mod response_headers;

use compression::accepts_gzip;
pub(crate) use positions::SealedPositions;
pub(crate) use precompressed::Precompressed;

use crate::edge::RemotePeer;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use std::sync::Arc;

/// What an answer depends on of its request's head.
struct Head {
    path: String,
    takes_gzip: bool,
    held: Option<HeaderValue>,
}

/// The outermost layer.
pub(crate) async fn exchange(
    State(positions): State<Arc<SealedPositions>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let head = Head {
        path: request.uri().path().to_owned(),
        takes_gzip: accepts_gzip(headers),
        held: headers.get(header::IF_NONE_MATCH).cloned(),
    };
    let is_get = request.method().is_safe();
    let mut response = match request_form::check(&request) {
        Err(problem) => problem.render(&head.path),
        Ok(()) if request.extensions().get::<RemotePeer>().is_some() => {
            let request = positions.open(request).await;
            positions.close(next.run(request).await).await
        }
        Ok(()) => next.run(request).await,
    };
    response_headers::complete(&mut response, &head.path, is_get);
    if response.status() == StatusCode::NOT_MODIFIED {
        compression::same_tag(&mut response, head.takes_gzip, head.held.as_ref());
        return response;
    }
    compression::complete(response, head.takes_gzip).await
}
