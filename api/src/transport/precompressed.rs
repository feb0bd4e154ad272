//! An answer that never changes while the program runs: compressed once, when it starts, so that asking for it costs
//! nothing but sending it.

use super::compression::{accepts_gzip, gzip};
use crate::http::{IfNoneMatch, body_tag, coded_tag};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use flate2::Compression;

/// A JSON document, plain and as gzip.
pub(crate) struct Precompressed {
    plain: Bytes,
    coded: Bytes,
    tag: HeaderValue,
}

impl Precompressed {
    pub(crate) fn new(json: String) -> Self {
        let tag = body_tag(1, json.as_bytes());
        let coded = Bytes::from(gzip(json.as_bytes(), Compression::best()));
        Self { plain: Bytes::from(json), coded, tag }
    }

    /// The answer to a request with these headers.
    pub(crate) fn answer(&self, headers: &HeaderMap, held: &IfNoneMatch) -> Response {
        if held.has(&self.tag) {
            return self.with_tag(StatusCode::NOT_MODIFIED, Body::empty(), &self.tag);
        }
        let coded_tag = coded_tag(&self.tag).filter(|_| accepts_gzip(headers));
        let (body, tag) = match &coded_tag {
            Some(tag) => (self.coded.clone(), tag),
            None => (self.plain.clone(), &self.tag),
        };
        let mut response = self.with_tag(StatusCode::OK, Body::from(body), tag);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if coded_tag.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        response
    }

    fn with_tag(&self, status: StatusCode, body: Body, tag: &HeaderValue) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(header::ETAG, tag.clone());
        response
    }
}
