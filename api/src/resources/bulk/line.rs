//! One line of a bulk request: the request it stands for, and the outcome it gets.

use crate::{
    http::{FieldError, invalid_body, read_json},
    problem::{Problem, kind},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderName, HeaderValue, Method, Request, header},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tower::ServiceExt;

/// One command.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkLine {
    /// `POST` (default), `PUT`, `PATCH` or `DELETE`.
    #[serde(default = "post")]
    pub method: String,
    /// The command's route, for example `/inventory/MUG/receive`.
    pub path: String,
    /// As the header of that name.
    #[serde(default)]
    pub idempotency_key: Option<String>,
    /// As the header of that name, for example `"v7"` with its quotes.
    #[serde(default)]
    pub if_match: Option<String>,
    /// As the header `X-Daybook-Actor`.
    #[serde(default)]
    pub actor: Option<String>,
    /// As the header `Prefer`, for example `wait=10`.
    #[serde(default)]
    pub prefer: Option<String>,
    #[serde(default)]
    #[schemars(with = "Option<serde_json::Value>")]
    pub body: Option<Box<RawValue>>,
}

fn post() -> String {
    "POST".to_owned()
}

/// What became of one line.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BulkOutcome {
    /// Counted from 1.
    pub line: u64,
    pub status: u16,
    /// What the route answered: a receipt, or a problem.
    #[schemars(with = "serde_json::Value")]
    pub body: Box<RawValue>,
}

impl BulkLine {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        read_json(bytes)
    }

    /// What the line is about; lines about the same thing run in order.
    pub(super) fn resource(&self) -> &str {
        let mut slashes = self.path.match_indices('/').map(|(at, _)| at);
        let end = slashes.nth(2).unwrap_or(self.path.len());
        &self.path[..end]
    }

    /// Sends the line to its route.
    pub(super) async fn send(self, router: Router) -> (u16, Box<RawValue>) {
        let request = match self.request() {
            Ok(request) => request,
            Err(problem) => return shown(&problem),
        };
        let Ok(response) = router.oneshot(request).await;
        let status = response.status().as_u16();
        match to_bytes(response.into_body(), usize::MAX).await {
            Ok(body) => match serde_json::from_slice(&body) {
                Ok(body) => (status, body),
                Err(_) => shown(&Problem::new(&kind::INTERNAL, "the route did not answer with JSON")),
            },
            Err(_) => shown(&Problem::new(&kind::INTERNAL, "the route's answer broke off")),
        }
    }

    fn request(self) -> Result<Request<Body>, Problem> {
        let invalid =
            |field: &str, detail: String| invalid_body(vec![FieldError::new(&format!("/{field}"), detail)]);
        let method = match self.method.as_str() {
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            other => return Err(invalid("method", format!("is {other:?}, which is no command's method"))),
        };
        if self.path.starts_with("/commands") || self.path.starts_with("/admin") {
            return Err(invalid("path", "is a route that cannot be used in bulk".to_owned()));
        }
        let mut request =
            Request::new(Body::from(self.body.map_or_else(String::new, |body| body.get().to_owned())));
        *request.method_mut() = method;
        *request.uri_mut() =
            self.path.parse().map_err(|_| invalid("path", "is not a valid address".to_owned()))?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let given = [
            ("idempotency-key", "idempotency_key", self.idempotency_key),
            ("if-match", "if_match", self.if_match),
            ("x-daybook-actor", "actor", self.actor),
            ("prefer", "prefer", self.prefer),
        ];
        for (name, field, value) in given {
            if let Some(value) = value {
                let value = HeaderValue::from_str(&value)
                    .map_err(|_| invalid(field, "must be visible ASCII".to_owned()))?;
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Ok(request)
    }
}

/// A problem with the line itself.
pub(super) fn shown(problem: &Problem) -> (u16, Box<RawValue>) {
    let body = problem.to_json("/commands").to_string();
    (problem.kind.status, RawValue::from_string(body).expect("problems are JSON"))
}
