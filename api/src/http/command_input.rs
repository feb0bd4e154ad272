//! JSON bodies of commands: bounded in size and time, and read so that an error says where it is.

use super::{Caller, RequestTarget, digest, read_json};
use crate::{
    app::App,
    auth::Principal,
    describe::{DescribeInput, Description, Parameter, text},
    edge::HeldBytes,
    problem::{Problem, ProblemKind, kind},
    roles::NodeRole,
};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use daybook_domain::Actor;
use futures::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{error::Error, io, sync::Arc, time::Duration};

/// Extractor of a command: its caller and its fields. An empty body counts as `{}`.
pub(crate) struct CommandInput<T> {
    pub caller: Caller,
    pub body: T,
    /// Digest of the request; zero where no Idempotency-Key was given, since nothing can be a retry then.
    pub request_hash: u64,
}

/// Extractor of an operator's request: the same, but nothing of it is recorded, so that a retry is done again.
pub(crate) struct OperatorInput<T> {
    pub actor: Actor,
    pub body: T,
}

/// The fields of a command.
pub(crate) trait CommandBody: DeserializeOwned + Serialize + JsonSchema + 'static {
    /// For the document.
    fn example() -> Value;
}

/// A command without fields.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmptyBody {}

impl CommandBody for EmptyBody {
    fn example() -> Value {
        json!({})
    }
}

impl<T: CommandBody> FromRequest<Arc<App>> for CommandInput<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            return Err(Problem::new(&kind::INVALID_PARAMETER, "commands have no query parameters"));
        }
        let (target, secret) = (RequestTarget::read(&mut parts).await, app.engine.secret());
        let principal = parts.extensions.get::<Principal>();
        let caller = Caller::read(&parts.headers, principal, &target, secret)?;
        let limits = &app.limits;
        let mut held = app.body_budget.body();
        let bytes =
            collect(declared(&parts.headers), body, limits.body_bytes, limits.body_timeout, &mut held)
                .await?;
        // A page's form has a content type even where it is empty.
        let needs_type = !bytes.is_empty() || parts.headers.contains_key(header::CONTENT_TYPE);
        if needs_type && !is_json(&parts.headers) {
            return Err(Problem::new(&kind::UNSUPPORTED_MEDIA_TYPE, "commands are application/json")
                .with("expected", "application/json"));
        }
        let body: T = read_json(if bytes.is_empty() { b"{}" } else { &bytes })?;
        let request_hash = if caller.retry_safe { digest(secret, &target, &body) } else { 0 };
        Ok(Self { caller, body, request_hash })
    }
}

impl<T: CommandBody> FromRequest<Arc<App>> for OperatorInput<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let input = CommandInput::from_request(request, app).await?;
        Ok(Self { actor: input.caller.actor, body: input.body })
    }
}

/// What can be wrong with a body and the headers beside it.
pub(crate) const OF_BODIES: &[&ProblemKind] = &[
    &kind::NOT_HTTP,
    &kind::MALFORMED_JSON,
    &kind::INVALID_PARAMETER,
    &kind::INVALID_HEADER,
    &kind::REQUEST_TIMEOUT,
    &kind::BODY_TOO_LARGE,
    &kind::UNSUPPORTED_MEDIA_TYPE,
    &kind::INVALID_BODY,
    &kind::OVERLOADED,
];

/// What can become of any command, beside what its aggregate says.
const OF_COMMANDS: &[&ProblemKind] = &[
    &kind::VERSION_MISMATCH,
    &kind::INVALID_COMMAND,
    &kind::IDEMPOTENCY_KEY_REUSED,
    &kind::UNAVAILABLE,
    &kind::NEWER_PROGRAM,
    &kind::OUTCOME_UNKNOWN,
    &kind::DEADLINE_PASSED,
    &kind::LOG_FULL,
];

/// What a client has to know of keys.
const KEY_TEXT: &str = "Names this request for ever, so that it can be retried safely; use a UUID. Without it the command \
    is not safe to retry. A key is for one caller (`X-Daybook-Actor`; all anonymous callers are one) and one method and path: \
    the same key elsewhere is another request. A retry of what was done, also if there was nothing to do, is answered as the \
    first time; with another body it is 422. What was refused (4xx) leaves no trace: the same key is decided anew, and may \
    have another body.";

impl<T: CommandBody> DescribeInput for CommandInput<T> {
    fn describe(to: &mut Description) {
        describe_body::<T>(to);
        to.parameters.extend([
            Parameter::header(
                "Idempotency-Key",
                KEY_TEXT,
                json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
                // Each operation gets one of its own; see the document.
                json!(""),
            ),
            Parameter::header(
                "If-Match",
                "Execute only if the resource has this version, for example `\"v7\"` with its quotes; 412 otherwise.",
                text(),
                Value::Null,
            ),
            Parameter::header(
                "If-None-Match",
                "Only `*`: execute only if the resource is not there yet; 412 otherwise.",
                json!({ "type": "string", "enum": ["*"] }),
                Value::Null,
            ),
            actor(),
            Parameter::header(
                "traceparent",
                "W3C trace context; its trace id becomes the events' correlation id.",
                text(),
                json!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ),
        ]);
        to.problems.extend_from_slice(OF_COMMANDS);
        to.is_keyed = true;
        to.needs(NodeRole::Commands);
    }
}

impl<T: CommandBody> DescribeInput for OperatorInput<T> {
    fn describe(to: &mut Description) {
        describe_body::<T>(to);
        to.parameters.push(actor());
    }
}

fn describe_body<T: CommandBody>(to: &mut Description) {
    // An empty body counts as `{}`, so whether a body is required follows from reading that.
    let is_required = serde_json::from_slice::<T>(b"{}").is_err();
    to.takes::<T>(is_required, T::example());
}

fn actor() -> Parameter {
    Parameter::header(
        "X-Daybook-Actor",
        "For whom it is asked: `anonymous`, `customer:<id>` or `staff:<id>`. Believed from keys with the scope `act_as` only, and in a shop that is open. Recorded with what is written; without it the key's holder is.",
        text(),
        json!("staff:anna"),
    )
}

/// Whether the body says that it is JSON, in UTF-8 as all JSON is.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return false };
    if value == "application/json" {
        return true;
    }
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let (media_type, parameters) = text.split_once(';').unwrap_or((&text, ""));
    let media_type = media_type.trim();
    let is_json = media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    let charset = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("charset="));
    is_json && charset.is_none_or(|charset| charset.trim_matches('"') == "utf-8")
}

/// The declared length of the body.
fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The whole body, if it is not too large and arrives in time. `held` has room for what has arrived.
async fn collect(
    declared: Option<u64>,
    body: Body,
    limit: usize,
    within: Duration,
    held: &mut HeldBytes,
) -> Result<Bytes, Problem> {
    let closing =
        |problem: Problem| problem.header(header::CONNECTION, header::HeaderValue::from_static("close"));
    let too_large = || {
        let detail = format!("bodies may have {limit} bytes");
        closing(Problem::new(&kind::BODY_TOO_LARGE, detail).with("limit_bytes", limit))
    };
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut chunks = body.into_data_stream();
    let read = async {
        // Most bodies come in one piece, which is not copied.
        let (mut first, mut all) = (Bytes::new(), Vec::new());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                if is_malformed(&error) {
                    closing(Problem::new(&kind::NOT_HTTP, "the chunks of the body are malformed"))
                } else {
                    Problem::new(&kind::REQUEST_TIMEOUT, "the body broke off")
                }
            })?;
            let length = first.len() + all.len() + chunk.len();
            if length > limit {
                return Err(too_large());
            }
            held.grow_to(length).map_err(closing)?;
            if first.is_empty() && all.is_empty() {
                first = chunk;
            } else {
                all.extend_from_slice(&std::mem::take(&mut first));
                all.extend_from_slice(&chunk);
            }
        }
        Ok(if all.is_empty() { first } else { Bytes::from(all) })
    };
    tokio::time::timeout(within, read).await.unwrap_or_else(|_| {
        let detail = format!("the body did not arrive within {} s", within.as_secs());
        Err(closing(Problem::new(&kind::REQUEST_TIMEOUT, detail)))
    })
}

/// Whether the body did not break off but was framed wrongly: hyper says so with these kinds of errors.
fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        {
            return true;
        }
        next = error.source();
    }
    false
}
