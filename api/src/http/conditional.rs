//! Conditions (RFC 9110 §13): the entity tag of a resource is the version of its stream, `"v7"`.

use crate::{
    describe::{DescribeInput, Description, Parameter, text},
    problem::{Problem, kind},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
};
use serde_json::json;
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

/// What a command asks of the resource before it is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    /// `If-Match: *`
    Exists,
    /// `If-Match: "v7"`; zero is `If-None-Match: *`, so that only something new is made.
    Version(u64),
}

/// The condition in the headers of a command.
pub(super) fn condition(headers: &HeaderMap) -> Result<Condition, Problem> {
    let refused =
        |header: &str, detail: &str| Err(Problem::new(&kind::INVALID_HEADER, detail).with("header", header));
    match (the_only(headers, &header::IF_MATCH)?, the_only(headers, &header::IF_NONE_MATCH)?) {
        (None, None) => Ok(Condition::None),
        (Some(value), None) => match value.to_str().map(str::trim) {
            Ok("*") => Ok(Condition::Exists),
            Ok(tag) => match version_of(tag) {
                Some(version) => Ok(Condition::Version(version)),
                None => refused("If-Match", IF_MATCH),
            },
            Err(_) => refused("If-Match", IF_MATCH),
        },
        (None, Some(value)) if value.as_bytes().trim_ascii() == b"*" => Ok(Condition::Version(0)),
        (None, Some(_)) => refused(
            "If-None-Match",
            "If-None-Match of a command can only be *: make it only if it is not there",
        ),
        (Some(_), Some(_)) => {
            refused("If-None-Match", "If-Match and If-None-Match contradict each other; give one of them")
        }
    }
}

const IF_MATCH: &str =
    "If-Match must be one strong entity tag as ETag gave it, for example \"v7\" with its quotes, or *";

/// The header's value, if it is there; a problem if it is there more than once, since only one of them could count.
pub(super) fn the_only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Problem> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        let detail = format!("{name} is given more than once; once is allowed");
        return Err(Problem::new(&kind::INVALID_HEADER, detail).with("header", name.as_str()));
    }
    Ok(first)
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

impl DescribeInput for IfNoneMatch {
    fn describe(to: &mut Description) {
        to.parameters.push(Parameter::header(
            "If-None-Match",
            "Entity tags that the client holds; 304 if one of them is current.",
            text(),
            json!("\"v7\""),
        ));
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
        assert_eq!(condition(&headers).unwrap(), Condition::Version(3));
    }

    #[test]
    fn a_condition_is_understood_or_refused_but_never_ignored() {
        let read = |lines: &[(HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(name, HeaderValue::from_static(value));
            }
            condition(&headers)
        };
        let (matches, none_matches) = (header::IF_MATCH, header::IF_NONE_MATCH);
        assert_eq!(read(&[]).unwrap(), Condition::None);
        assert_eq!(read(&[(matches.clone(), "*")]).unwrap(), Condition::Exists);
        assert_eq!(read(&[(none_matches.clone(), "*")]).unwrap(), Condition::Version(0));
        for refused in [
            &[(matches.clone(), "W/\"v7\"")][..],
            &[(matches.clone(), "\"v7\", \"v8\"")],
            &[(matches.clone(), "v7")],
            &[(matches.clone(), "\"v7\""), (matches.clone(), "\"v8\"")],
            &[(none_matches.clone(), "\"v7\"")],
            &[(matches, "*"), (none_matches, "*")],
        ] {
            assert!(read(refused).is_err(), "{refused:?}");
        }
    }
}
