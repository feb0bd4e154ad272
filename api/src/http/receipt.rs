//! What a command's answer says.

use super::{
    answer::{ETAG, LOCATION, WRITTEN_AT},
    json, version_tag,
};
use crate::describe::{AnswerDoc, DescribeAnswer, Description, HeaderDescription};
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use daybook_engine::Outcome;
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

pub(crate) const REPLAYED: HeaderDescription = HeaderDescription {
    name: "Idempotent-Replayed",
    description: "`true` for a retry: it had been executed before.",
    schema_type: "string",
};

/// The command is done and durable.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Receipt")]
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
#[schemars(rename = "Command")]
pub(crate) struct Nothing {}

impl Receipt<Nothing> {
    /// The receipt of a command that makes nothing of its own.
    pub(crate) fn of(outcome: &Outcome) -> Self {
        Self::with(outcome, Nothing {})
    }
}

impl<T> Receipt<T> {
    /// The receipt of a command, with what it made.
    pub(crate) fn with(outcome: &Outcome, more: T) -> Self {
        Self {
            id: outcome.stream.id().to_owned(),
            position: outcome.position.get(),
            version: outcome.version.get(),
            repeated: outcome.repeated,
            more,
        }
    }
}

impl<T: Serialize> Receipt<T> {
    fn respond(&self, status: StatusCode) -> Response {
        let body = serde_json::to_vec(self).expect("receipts have text keys and no failing serializers");
        let mut response = json(status, body, self.position);
        let headers = response.headers_mut();
        headers.insert(header::ETAG, version_tag(self.version));
        if self.repeated {
            headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

impl<T: Serialize> IntoResponse for Receipt<T> {
    fn into_response(self) -> Response {
        self.respond(StatusCode::OK)
    }
}

impl<T: JsonSchema> DescribeAnswer for Receipt<T> {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        to.answers::<Self>(200, doc, &[WRITTEN_AT, REPLAYED, ETAG]);
    }
}

/// The receipt of a command that created a resource.
pub(crate) struct Created<T> {
    pub receipt: Receipt<T>,
    /// The path of the resource.
    pub location: String,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = self.receipt.respond(StatusCode::CREATED);
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

impl<T: JsonSchema> DescribeAnswer for Created<T> {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        to.answers::<Receipt<T>>(201, doc, &[WRITTEN_AT, REPLAYED, ETAG, LOCATION]);
    }
}

/// The receipt of a command that makes a resource what it is told, whether or not it was there.
pub(crate) struct PutReceipt<T> {
    pub receipt: Receipt<T>,
    /// The path of the resource, where the command created it.
    pub created_at: Option<String>,
}

impl<T: Serialize> IntoResponse for PutReceipt<T> {
    fn into_response(self) -> Response {
        match self.created_at {
            Some(location) => Created { receipt: self.receipt, location }.into_response(),
            None => self.receipt.into_response(),
        }
    }
}

impl<T: JsonSchema> DescribeAnswer for PutReceipt<T> {
    /// Of a resource that was there, and of one that was created.
    type Docs = [AnswerDoc; 2];

    fn describe([done, created]: &Self::Docs, to: &mut Description) {
        Receipt::<T>::describe(done, to);
        Created::<T>::describe(created, to);
    }
}
