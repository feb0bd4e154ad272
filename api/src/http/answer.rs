//! Answers of queries: JSON bytes as they are stored, with version and position in the headers. The type parameter is
//! the type that the bytes were written from.

use super::{IfNoneMatch, body_tag};
use crate::{
    describe::{AnswerDoc, DescribeAnswer, Description, HeaderDescription},
    problem::kind,
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use std::marker::PhantomData;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// As many as an answer has with those that every answer gets; their map need not grow.
const USUAL_HEADERS: usize = 12;
const POSITION: HeaderName = HeaderName::from_static("x-daybook-position");

/// `X-Daybook-Position` of a query's answer.
pub(crate) const CURRENT_TO: HeaderDescription = HeaderDescription {
    name: "X-Daybook-Position",
    description: "The position that the answer is current to.",
    schema_type: "integer",
};

/// `X-Daybook-Position` of a command's answer.
pub(crate) const WRITTEN_AT: HeaderDescription = HeaderDescription {
    name: "X-Daybook-Position",
    description: "Where the command's last event stands in the log.",
    schema_type: "integer",
};

pub(crate) const ETAG: HeaderDescription = HeaderDescription {
    name: "ETag",
    description: "The resource's version, for example `\"v7\"`: to be sent as `If-Match` of the next command.",
    schema_type: "string",
};

/// `ETag` of a query's answer.
pub(crate) const BODY_ETAG: HeaderDescription = HeaderDescription {
    name: "ETag",
    description: "The version and a digest of the whole body, for example `\"v7.5c2f81a09b3de647\"`: to be sent as `If-None-Match` of the next query. As `If-Match` of a command it means the version.",
    schema_type: "string",
};

pub(crate) const LOCATION: HeaderDescription = HeaderDescription {
    name: "Location",
    description: "The address of the resource.",
    schema_type: "string",
};

/// The header that says up to which position an answer is current, or where a command's last event stands.
pub(crate) fn position_header(position: u64) -> (HeaderName, HeaderValue) {
    (POSITION, HeaderValue::from(position))
}

/// A JSON body with the position it is current to.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>, position: u64) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    response.headers_mut().reserve(USUAL_HEADERS);
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    with_position(&mut response, position);
    response
}

fn with_position(response: &mut Response, position: u64) {
    response.headers_mut().insert(POSITION, HeaderValue::from(position));
}

/// One view of type `V`; 304 where the client has this very body already.
pub(crate) struct ViewAnswer<V> {
    response: Response,
    of: PhantomData<fn() -> V>,
}

impl<V> ViewAnswer<V> {
    /// The view as it is rendered: its tag covers all of it.
    pub(crate) fn new(body: impl Into<Bytes>, version: u64, position: u64, held: &IfNoneMatch) -> Self {
        let body = body.into();
        let tag = body_tag(version, &body);
        let mut response = if held.has(&tag) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            with_position(&mut response, position);
            response
        } else {
            json(StatusCode::OK, body, position)
        };
        response.headers_mut().insert(header::ETAG, tag);
        Self { response, of: PhantomData }
    }
}

impl<V> IntoResponse for ViewAnswer<V> {
    fn into_response(self) -> Response {
        self.response
    }
}

impl<V: JsonSchema> DescribeAnswer for ViewAnswer<V> {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        to.answers::<V>(200, doc, &[CURRENT_TO, BODY_ETAG]);
        to.answers_with(304, "The client has this body already.", &[CURRENT_TO, BODY_ETAG], Vec::new());
        to.problems.push(&kind::NOT_FOUND);
    }
}

/// JSON bytes that were written from a `V`, current to a position.
pub(crate) struct RawJson<V> {
    body: Bytes,
    position: u64,
    of: PhantomData<fn() -> V>,
}

impl<V> RawJson<V> {
    pub(crate) fn new(body: impl Into<Bytes>, position: u64) -> Self {
        Self { body: body.into(), position, of: PhantomData }
    }
}

impl<V> IntoResponse for RawJson<V> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, self.body, self.position)
    }
}

impl<V: JsonSchema> DescribeAnswer for RawJson<V> {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        to.answers::<V>(200, doc, &[CURRENT_TO]);
    }
}
