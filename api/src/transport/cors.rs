//! Cross-origin resource sharing (the Fetch standard): which web pages of other origins may read answers. The same that
//! may send commands (`--allowed-origins`); by default none.

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// Beside those that any page may send.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, idempotency-key, if-match, if-none-match, last-event-id, prefer, traceparent, x-daybook-actor, x-request-id",
);
/// Beside those that any page may read.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "etag, idempotent-replayed, location, retry-after, x-daybook-position, x-request-id",
);
/// How long a browser may remember what is allowed, in seconds.
const REMEMBERED_S: HeaderValue = HeaderValue::from_static("600");
/// In place of a list: every origin is allowed.
const ANY: &str = "*";

/// The origins that are allowed.
pub(crate) struct Cors {
    /// In lower case, with scheme.
    origins: Vec<String>,
}

impl Cors {
    pub(crate) fn new(origins: &[String]) -> Self {
        Self { origins: origins.iter().map(|origin| origin.trim().to_ascii_lowercase()).collect() }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        self.origins.iter().any(|allowed| *allowed == origin || allowed == ANY)
    }

    /// The answer to a browser that asks before it sends a page's request. None: it does not ask, or may not.
    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let asks = request.method() == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let allowed = headers.get(header::ORIGIN).filter(|origin| asks && self.allows(origin))?;
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_S);
        Some(response)
    }

    /// Lets the page that asked read the answer, if it may.
    pub(super) fn complete(&self, response: &mut Response, origin: Option<&HeaderValue>) {
        if self.origins.is_empty() {
            return;
        }
        response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
        let Some(origin) = origin.filter(|origin| self.allows(origin)) else { return };
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn allowed(cors: &Cors, origin: &'static str) -> Option<HeaderValue> {
        let mut response = StatusCode::OK.into_response();
        cors.complete(&mut response, Some(&HeaderValue::from_static(origin)));
        response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).cloned()
    }

    #[test]
    fn only_listed_origins_may_read_and_none_by_default() {
        let listed = Cors::new(&["https://Admin.example".to_owned()]);
        assert_eq!(allowed(&listed, "https://admin.example").unwrap(), "https://admin.example");
        for other in ["https://evil.example", "null", "https://admin.example.evil", "http://admin.example"] {
            assert_eq!(allowed(&listed, other), None, "{other}");
        }
        assert_eq!(allowed(&Cors::new(&[]), "https://admin.example"), None);
        assert!(allowed(&Cors::new(&[ANY.to_owned()]), "https://any.example").is_some());
    }

    #[test]
    fn a_browser_that_asks_beforehand_is_told_what_it_may_send() {
        let ask = |origin: &str| {
            let request = Request::options("/carts").header("origin", origin);
            request.header("access-control-request-method", "POST").body(Body::empty()).unwrap()
        };
        let cors = Cors::new(&["https://admin.example".to_owned()]);
        let answer = cors.preflight(&ask("https://admin.example")).unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let headers = answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
        assert!(headers.contains("idempotency-key"), "{headers}");
        assert!(cors.preflight(&ask("https://evil.example")).is_none());
        let options = Request::options("/carts").header("origin", "https://admin.example");
        assert!(cors.preflight(&options.body(Body::empty()).unwrap()).is_none(), "it asks for nothing");
    }
}
