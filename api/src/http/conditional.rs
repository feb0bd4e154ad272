//! Conditions (RFC 9110 §13), of two kinds that a tag keeps apart.
//!
//! - `If-Match` of a command asks for the **version** of the resource's stream: `"v7"`, as a receipt's `ETag` and the
//!   `version` of every view have it. What a view shows beside its stream (availability, prices, a payment) does not
//!   count, because it is no part of what the command decides on.
//! - `If-None-Match` of a query asks whether the client has this very **body**: `"v7.5c2f…"`, the version and a digest of
//!   all that is sent. So a 304 never keeps a client on old contents, from however many sources a body is joined.
//!
//! A query's tag given as `If-Match` means its version, so that a client can send back whichever tag it has.

use crate::{
    describe::{DescribeInput, Description, Parameter, text},
    problem::{Problem, kind},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::convert::Infallible;

/// The tag of a version, as commands answer with it and ask for it.
pub(crate) fn version_tag(version: u64) -> HeaderValue {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(version).as_bytes();
    let mut tag = [0_u8; 24];
    let end = 2 + digits.len();
    tag[..2].copy_from_slice(b"\"v");
    tag[2..end].copy_from_slice(digits);
    tag[end] = b'"';
    HeaderValue::from_bytes(&tag[..=end]).expect("digits and quotes are allowed in headers")
}

/// The tag of a body that shows `version`. The digest is the same on every node and after every restart.
pub(crate) fn body_tag(version: u64, body: &[u8]) -> HeaderValue {
    let digest = Sha256::digest(body);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    HeaderValue::from_str(&format!("\"v{version}.{:016x}\"", u64::from_be_bytes(first)))
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
pub(crate) struct IfNoneMatch(Vec<HeaderValue>);

impl IfNoneMatch {
    /// Whether the client has the body with this tag already, so that 304 is the answer. Compared weakly, as the
    /// standard asks: the same body in another content coding is the same.
    pub(crate) fn has(&self, tag: &HeaderValue) -> bool {
        self.tags().any(|held| held == "*" || uncoded(held).as_bytes() == uncoded_bytes(tag))
    }

    fn tags(&self) -> impl Iterator<Item = &str> {
        let lines = self.0.iter().filter_map(|value| value.to_str().ok());
        lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().trim_start_matches("W/"))
    }
}

/// What a tag ends with where the body is compressed; see `transport/compression.rs`.
const CODED: &str = "-gzip\"";

/// The tag of the same body, compressed.
pub(crate) fn coded_tag(tag: &HeaderValue) -> Option<HeaderValue> {
    let begin = tag.to_str().ok()?.strip_suffix('"')?;
    HeaderValue::from_str(&format!("{begin}{CODED}")).ok()
}

/// A tag without its mark of compression and without its last quote.
fn uncoded(tag: &str) -> &str {
    tag.strip_suffix(CODED).or_else(|| tag.strip_suffix('"')).unwrap_or(tag)
}

fn uncoded_bytes(tag: &HeaderValue) -> &[u8] {
    uncoded(tag.to_str().unwrap_or_default()).as_bytes()
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect()))
    }
}

impl DescribeInput for IfNoneMatch {
    fn describe(to: &mut Description) {
        to.parameters.push(Parameter::header(
            "If-None-Match",
            "Entity tags that the client holds; 304 if one of them is of the body that would be sent.",
            text(),
            Value::Null,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_version_seven_is_v7_in_quotes() {
        assert_eq!(version_tag(7), "\"v7\"");
        assert_eq!(version_tag(u64::MAX), format!("\"v{}\"", u64::MAX));
    }

    #[test]
    fn lists_of_weak_strong_and_compressed_tags_are_understood_in_as_many_lines_as_come() {
        let tag = |text: &str| HeaderValue::from_str(text).unwrap();
        let held = IfNoneMatch(vec![tag("\"x\", W/\"v3.aa\" , \"v5.bb-gzip\""), tag("\"v9.cc\"")]);
        for known in ["\"v3.aa\"", "\"v5.bb\"", "\"v9.cc\"", "\"v9.cc-gzip\""] {
            assert!(held.has(&tag(known)), "{known}");
        }
        for unknown in ["\"v3\"", "\"v5.cc\"", "\"v4.aa\""] {
            assert!(!held.has(&tag(unknown)), "{unknown}");
        }
        assert!(IfNoneMatch(vec![tag("*")]).has(&tag("\"v1.dd\"")));
        assert!(!IfNoneMatch(Vec::new()).has(&tag("\"v1.dd\"")));
    }

    #[test]
    fn a_body_s_tag_tells_bodies_of_one_version_apart_and_still_names_the_version() {
        assert_ne!(body_tag(3, b"{}"), body_tag(3, b"[]"));
        assert_eq!(body_tag(3, b"{}"), "\"v3.44136fa355b3678a\"", "the first bytes of SHA-256, for ever");
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, body_tag(3, b"{}"));
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
