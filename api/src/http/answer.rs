//! Answers: JSON bytes as they are stored, with version and position in the headers.

use super::{IfNoneMatch, etag};
use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const POSITION: HeaderName = HeaderName::from_static("x-daybook-position");

/// The header that says up to which position an answer is current, or where a command's last event stands.
pub(crate) fn position_header(position: u64) -> (HeaderName, HeaderValue) {
    (POSITION, HeaderValue::from(position))
}

/// A JSON body with the position it is current to.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>, position: u64) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    with_position(&mut response, position);
    response
}

pub(crate) fn with_position(response: &mut Response, position: u64) {
    response.headers_mut().insert(POSITION, HeaderValue::from(position));
}

/// A resource at a version: 304 where the client has it already.
pub(crate) fn resource(body: impl Into<Bytes>, version: u64, position: u64, held: &IfNoneMatch) -> Response {
    if held.has(version) {
        return not_modified(etag(version), position);
    }
    tagged(body, etag(version), position)
}

/// A JSON body with its entity tag.
pub(crate) fn tagged(body: impl Into<Bytes>, tag: HeaderValue, position: u64) -> Response {
    let mut response = json(StatusCode::OK, body, position);
    response.headers_mut().insert(header::ETAG, tag);
    response
}

pub(crate) fn not_modified(tag: HeaderValue, position: u64) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().insert(header::ETAG, tag);
    with_position(&mut response, position);
    response
}
