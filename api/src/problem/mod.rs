//! Every error a client can see: RFC 9457 `application/problem+json` with a stable `type` and the data to
//! act on. Handlers return a [`Problem`]; the edge writes it out, because only there `instance` is known.

mod catalogue;
mod from_engine;
mod from_log;
mod from_rejection;
mod members;

pub use catalogue::{ALL, ProblemKind};
pub mod kind {
    //! The kinds of problems, one constant each.
    pub use super::catalogue::kinds::*;
}
pub(crate) use catalogue::find;
pub(crate) use from_rejection::order_rejected;
pub(crate) use members::{any_schema, schema, schema_name};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

/// The media type of every error body.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One occurrence of a [`ProblemKind`] of problem.
#[derive(Debug, Clone)]
pub struct Problem {
    pub kind: &'static ProblemKind,
    /// What was wrong with this request, and what to do about it.
    pub detail: String,
    /// Members beside the standard ones, for programs.
    pub members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// An answer of normal operation, which is no line in the log.
    is_routine: bool,
}

impl Problem {
    pub fn new(kind: &'static ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), members: Map::new(), headers: Vec::new(), is_routine: false }
    }

    /// Adds data for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds the fields of `data`, if it is an object in JSON.
    #[must_use]
    pub fn with_all(mut self, data: &impl serde::Serialize) -> Self {
        if let Ok(Value::Object(fields)) = serde_json::to_value(data) {
            self.members.extend(fields);
        }
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says that this belongs to normal operation, so that it is not logged as an error.
    #[must_use]
    pub fn routine(self) -> Self {
        Self { is_routine: true, ..self }
    }

    pub(crate) fn is_routine(&self) -> bool {
        self.is_routine
    }

    /// Asks the client to come back after `seconds`.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The body: standard members first, data after them.
    #[must_use]
    pub fn to_json(&self, instance: &str) -> Value {
        debug_assert_eq!(members::objection(self.kind, &self.members), None, "the document is not true");
        let mut body = Map::new();
        body.insert("type".into(), format!("/problems/{}", self.kind.name).into());
        body.insert("title".into(), self.kind.title.into());
        body.insert("status".into(), self.kind.status.into());
        body.insert("detail".into(), self.detail.clone().into());
        body.insert("instance".into(), instance.into());
        for (name, value) in &self.members {
            body.entry(name.clone()).or_insert_with(|| value.clone());
        }
        Value::Object(body)
    }

    /// Writes the answer out.
    #[must_use]
    pub fn render(&self, instance: &str) -> Response {
        let mut response = Response::new(Body::from(self.to_json(instance).to_string()));
        *response.status_mut() = self.status();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response.headers_mut().extend(self.headers.iter().cloned());
        if let Some(seconds) = self.kind.retry_after_s() {
            response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from(seconds));
        }
        response
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    /// Hands the problem to the edge, which knows the request's path and renders it.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
