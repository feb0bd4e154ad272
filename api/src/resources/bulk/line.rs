//! One line of a bulk request: the request it stands for, and the outcome it gets.

use crate::{
    auth::Principal,
    edge::{FromBulkLine, RemotePeer},
    http::{FieldError, invalid_body, read_json},
    problem::{Problem, ProblemKind, kind},
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
use uuid::Uuid;

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

/// Whose lines they are: a line may do what its sender may.
#[derive(Clone)]
pub(super) struct LineSender {
    /// Set where the request came from another machine.
    pub(super) remote: Option<RemotePeer>,
    pub(super) principal: Option<Principal>,
}

/// The status and the body that a line's route answered with, or the line itself.
pub(super) struct LineOutcome {
    pub(super) status: u16,
    pub(super) body: Box<RawValue>,
    /// Whether the line was refused because it names an article or a location that is not there.
    pub(super) names_unknown: bool,
}

/// Kinds of problems that a line before may do away with.
const OF_UNKNOWN_NAMES: [&ProblemKind; 2] = [&kind::UNKNOWN_SKU, &kind::UNKNOWN_LOCATION];

/// What an answer says of its problem.
#[derive(Deserialize)]
struct ProblemType {
    r#type: String,
}

impl BulkLine {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        read_json(bytes)
    }

    /// What the line is about; lines about the same thing run in order, in whatever way its address is spelled.
    pub(super) fn lane(&self) -> String {
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        let segments = path.split('/').filter(|segment| !segment.is_empty()).take(2);
        let spelled: Vec<String> = segments
            .map(|segment| {
                let text = decoded(segment);
                Uuid::try_parse(&text).map_or(text, |id| id.to_string())
            })
            .collect();
        spelled.join("/")
    }

    /// Sends the line to its route.
    pub(super) async fn send(&self, router: Router, sender: LineSender) -> LineOutcome {
        let mut request = match self.request() {
            Ok(request) => request,
            Err(problem) => return LineOutcome::of(&problem),
        };
        if let Some(remote) = sender.remote {
            request.extensions_mut().insert(remote);
        }
        if let Some(principal) = sender.principal {
            request.extensions_mut().insert(principal);
        }
        request.extensions_mut().insert(FromBulkLine);
        let Ok(response) = router.oneshot(request).await;
        let status = response.status().as_u16();
        let broken = |detail: &str| LineOutcome::of(&Problem::new(&kind::INTERNAL, detail));
        match to_bytes(response.into_body(), usize::MAX).await {
            Ok(body) => match serde_json::from_slice::<Box<RawValue>>(&body) {
                Ok(body) => LineOutcome { status, names_unknown: names_unknown(status, &body), body },
                Err(_) => broken("the route did not answer with JSON"),
            },
            Err(_) => broken("the route's answer broke off"),
        }
    }

    fn request(&self) -> Result<Request<Body>, Problem> {
        let invalid =
            |field: &str, detail: String| invalid_body(vec![FieldError::new(&format!("/{field}"), detail)]);
        let method = match self.method.as_str() {
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            other => return Err(invalid("method", format!("is {other:?}, which is no command's method"))),
        };
        if !self.path.starts_with('/') {
            return Err(invalid("path", "does not begin with /: leave out scheme and host".to_owned()));
        }
        let mut request = Request::new(Body::from(
            self.body.as_ref().map_or_else(String::new, |body| body.get().to_owned()),
        ));
        *request.method_mut() = method;
        *request.uri_mut() =
            self.path.parse().map_err(|_| invalid("path", "is not a valid address".to_owned()))?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let given = [
            ("idempotency-key", "idempotency_key", &self.idempotency_key),
            ("if-match", "if_match", &self.if_match),
            ("x-daybook-actor", "actor", &self.actor),
            ("prefer", "prefer", &self.prefer),
        ];
        for (name, field, value) in given {
            if let Some(value) = value {
                let value = HeaderValue::from_str(value)
                    .map_err(|_| invalid(field, "must be visible ASCII".to_owned()))?;
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Ok(request)
    }
}

impl LineOutcome {
    /// A problem with the line itself.
    pub(super) fn of(problem: &Problem) -> Self {
        let body = problem.to_json("/commands").to_string();
        let body = RawValue::from_string(body).expect("problems are JSON");
        Self { status: problem.kind.status, body, names_unknown: false }
    }

    /// What is held until the client takes it.
    pub(super) fn bytes(&self) -> usize {
        self.body.get().len()
    }
}

fn names_unknown(status: u16, body: &RawValue) -> bool {
    let mut kinds = OF_UNKNOWN_NAMES.iter().filter(|kind| kind.status == status).peekable();
    if kinds.peek().is_none() {
        return false;
    }
    let Ok(ProblemType { r#type }) = serde_json::from_str(body.get()) else { return false };
    kinds.any(|kind| r#type.strip_prefix("/problems/") == Some(kind.name))
}

/// The segment with what is percent-encoded in it decoded, as the router hands it to a route.
fn decoded(segment: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(segment.len()), segment.as_bytes());
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lane(path: &str) -> String {
        BulkLine::read(json!({ "path": path }).to_string().as_bytes()).unwrap().lane()
    }

    #[test]
    fn one_thing_has_one_lane_however_it_is_spelled() {
        for path in
            ["/inventory/%4C1/receive", "/inventory/%4c%31/adjust", "//inventory//L1", "/inventory/L1?x=1"]
        {
            assert_eq!(lane(path), lane("/inventory/L1/receive"), "{path}");
        }
        let id = "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90";
        for spelled in
            [id.to_uppercase(), id.replace('-', ""), format!("urn:uuid:{id}"), format!("%7B{id}%7D")]
        {
            assert_eq!(lane(&format!("/carts/{spelled}/lines")), lane(&format!("/carts/{id}")), "{spelled}");
        }
        assert_ne!(lane("/inventory/L1"), lane("/inventory/l1"));
        assert_ne!(lane("/inventory/A%2FB"), lane("/inventory/A"));
    }
}
