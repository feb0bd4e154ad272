//! Headers that every answer has: what a browser may make of it, and who may keep it for how long.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// Where the page to try the interface is.
const DOCS: &str = "/docs";
/// The page runs its own scripts and asks this server only. (Its styles are set by its scripts.)
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
);
/// Answers are data: if a browser shows one as a page, nothing in it runs.
const DATA_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// What changes with a new version of the program only.
const OF_THE_PROGRAM: HeaderValue = HeaderValue::from_static("public, max-age=3600");
/// What has a tag may be kept by the client, and asked for again with it. What it shows may be personal.
const WITH_A_TAG: HeaderValue = HeaderValue::from_static("private, no-cache");
/// What is current for a moment, or was done just now.
const OF_THE_MOMENT: HeaderValue = HeaderValue::from_static("no-store");

/// Adds what is not there yet.
pub(super) fn complete(response: &mut Response, path: &str, is_safe: bool) {
    let is_of_docs = path == DOCS || path.starts_with("/docs/");
    let is_of_the_program = is_of_docs || path.starts_with("/problems/");
    let status = response.status();
    let is_answer = status.is_success() || status == StatusCode::NOT_MODIFIED;
    let has_tag = response.headers().contains_key(header::ETAG);
    let kept = match (is_safe && is_answer, is_of_the_program, has_tag) {
        (true, true, _) => OF_THE_PROGRAM,
        (true, false, true) => WITH_A_TAG,
        _ => OF_THE_MOMENT,
    };
    let policy = if is_of_docs { DOCS_POLICY } else { DATA_POLICY };
    let mut add = |name: HeaderName, value: HeaderValue| {
        response.headers_mut().entry(name).or_insert(value);
    };
    add(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    add(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    add(header::CONTENT_SECURITY_POLICY, policy);
    add(header::CACHE_CONTROL, kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn what_is_personal_or_of_the_moment_is_not_kept_by_others() {
        let kept = |status: u16, tag: Option<&str>, path: &str, is_safe: bool| {
            let mut response = Response::builder().status(status);
            if let Some(tag) = tag {
                response = response.header("etag", tag);
            }
            let mut response = response.body(Body::empty()).unwrap();
            complete(&mut response, path, is_safe);
            response.headers()["cache-control"].to_str().unwrap().to_owned()
        };
        assert_eq!(kept(200, Some("\"v1.a\""), "/orders/1", true), "private, no-cache");
        assert_eq!(kept(304, Some("\"v1.a\""), "/orders/1", true), "private, no-cache");
        assert_eq!(kept(200, None, "/orders", true), "no-store");
        assert_eq!(kept(200, Some("\"v1\""), "/orders/1/ship", false), "no-store");
        assert_eq!(kept(404, None, "/problems/nothing", true), "no-store");
        assert_eq!(kept(200, None, "/problems/conflict", true), "public, max-age=3600");
        assert_eq!(kept(200, None, "/docsx", true), "no-store");
    }
}
