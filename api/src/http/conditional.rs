//! Conditions (RFC 9110 §13): the entity tag of a resource is the version of its stream, `"v7"`.

use crate::problem::{Problem, kind};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use std::convert::Infallible;

/// The entity tag of `version`.
pub(crate) fn etag(version: u64) -> HeaderValue {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(version).as_bytes();
    let mut tag = [0_u8; 24];
    let end = 2 + digits.len();
    tag[..2].copy_from_slice(b"\"v");
    tag[2..end].copy_from_slice(digits);
    tag[end] = b'"';
    HeaderValue::from_bytes(&tag[..=end]).expect("digits and quotes are allowed in headers")
}

/// The entity tag of a view that may change without a new version: `"v7.4711"`, version and position. As
/// `If-Match` it means the version.
pub(crate) fn exact_etag(version: u64, changed_at: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"v{version}.{changed_at}\""))
        .expect("digits and quotes are allowed in headers")
}

fn version_of(tag: &str) -> Option<u64> {
    let tag = tag.strip_prefix("\"v")?.strip_suffix('"')?;
    tag.split_once('.').map_or(tag, |(version, _)| version).parse().ok()
}

/// The version that `If-Match` asks for; none where it is absent or `*`.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    match value.to_str().map(str::trim) {
        Ok("*") => Ok(None),
        Ok(tag) if version_of(tag).is_some() => Ok(version_of(tag)),
        _ => Err(Problem::new(
            &kind::INVALID_HEADER,
            "If-Match must be one entity tag as ETag gave it, for example \"v7\" with its quotes, or *",
        )
        .with("header", "If-Match")),
    }
}

/// The entity tags that a client holds already.
#[derive(Debug)]
pub(crate) struct IfNoneMatch(Option<HeaderValue>);

impl IfNoneMatch {
    /// The client holds nothing.
    pub(crate) const fn nothing() -> Self {
        Self(None)
    }

    /// Whether the client has this version already, so that 304 is the answer.
    pub(crate) fn has(&self, version: u64) -> bool {
        self.tags().any(|tag| tag == "*" || version_of(tag) == Some(version))
    }

    /// Whether the client has this very view already.
    pub(crate) fn has_exactly(&self, version: u64, changed_at: u64) -> bool {
        self.0.is_some() && {
            let exact = exact_etag(version, changed_at);
            self.tags().any(|tag| tag == "*" || tag.as_bytes() == exact.as_bytes())
        }
    }

    fn tags(&self) -> impl Iterator<Item = &str> {
        let tags = self.0.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
        tags.split(',').map(|tag| tag.trim().trim_start_matches("W/"))
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get(header::IF_NONE_MATCH).cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entity_tag_of_version_seven_is_v7_in_quotes() {
        assert_eq!(etag(7), "\"v7\"");
        assert_eq!(etag(u64::MAX), format!("\"v{}\"", u64::MAX));
    }

    #[test]
    fn a_list_of_weak_and_strong_tags_is_understood() {
        let held = IfNoneMatch(Some(HeaderValue::from_static("\"x\", W/\"v3\" , \"v5\"")));
        assert!(held.has(3) && held.has(5) && !held.has(4));
    }

    #[test]
    fn an_exact_tag_tells_views_of_one_version_apart_and_still_names_the_version() {
        let held = IfNoneMatch(Some(exact_etag(3, 90)));
        assert!(held.has_exactly(3, 90) && !held.has_exactly(3, 91));
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, exact_etag(3, 90));
        assert_eq!(if_match(&headers).unwrap(), Some(3));
    }
}
