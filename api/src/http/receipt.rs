//! What a command's answer says.

use super::{etag, json};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use daybook_engine::Outcome;
use schemars::JsonSchema;
use serde::Serialize;

/// The command is done and durable.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Receipt<T> {
    /// Of the resource that the command was for.
    pub id: String,
    /// Where its last event stands in the log; pass it as `min_position` to read what you wrote.
    pub position: u64,
    /// The resource's version after it; the same as in `ETag`.
    pub version: u64,
    /// A retry: it had been executed before, and nothing was written now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    #[serde(flatten)]
    pub more: T,
}

/// Nothing beside the usual.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Nothing {}

/// The usual answer.
pub(crate) fn receipt(status: StatusCode, outcome: &Outcome, more: impl Serialize) -> Response {
    let receipt = Receipt {
        id: outcome.stream.id().to_owned(),
        position: outcome.position.get(),
        version: outcome.version.get(),
        repeated: outcome.repeated,
        more,
    };
    let body = serde_json::to_vec(&receipt).expect("receipts have text keys and no failing serializers");
    let mut response = json(status, body, receipt.position);
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag(receipt.version));
    if receipt.repeated {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// 200 with nothing beside the usual.
pub(crate) fn done(outcome: &Outcome) -> Response {
    receipt(StatusCode::OK, outcome, Nothing {})
}

/// 201 with the address of what was created.
pub(crate) fn created(outcome: &Outcome, location: &str, more: impl Serialize) -> Response {
    let mut response = receipt(StatusCode::CREATED, outcome, more);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
