//! Compression of answers as gzip (RFC 9110 §8.4), where the client takes it. Only whole bodies of a size that gains by it:
//! feeds and outcomes of many commands are sent as they come, because a compressor would hold them back.
//!
//! A compressed body is another representation and has another tag: `"v7.5c2f…-gzip"`. Conditions take both for the
//! same (`http/conditional.rs`).

use crate::http::coded_tag;
use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

const GZIP: &str = "gzip";
/// A smaller body fits into one packet anyway.
const LEAST_BYTES: u64 = 1_024;
/// Compressed beside the threads that serve connections, because it takes more than a millisecond.
const LARGE_BYTES: u64 = 64 << 10;
/// A larger body is sent as it is.
const MOST_BYTES: u64 = 16 << 20;

/// Whether the client takes gzip: it is named, or anything is, and not with `q=0`.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut any = false;
    for entry in lines.flat_map(|line| line.split(',')) {
        let mut parts = entry.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| {
            part.get(..2).filter(|name| name.eq_ignore_ascii_case("q=")).and_then(|_| part.get(2..))
        });
        let taken = weight.is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0));
        if coding.eq_ignore_ascii_case(GZIP) || coding.eq_ignore_ascii_case("x-gzip") {
            return taken;
        }
        if coding == "*" {
            any = taken;
        }
    }
    any
}

/// The bytes as gzip.
pub(super) fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), level);
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory can be written to")
}

/// Compresses the body, if there is a gain and the client takes it.
pub(super) async fn complete(mut response: Response, takes_gzip: bool) -> Response {
    let size = response.body().size_hint().exact().unwrap_or(0);
    if !may_be_compressed(&response) || !(LEAST_BYTES..=MOST_BYTES).contains(&size) {
        return response;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !takes_gzip {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The body is whole already, so this does not wait and does not fail.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let coded = if size > LARGE_BYTES {
        let large = bytes.clone();
        tokio::task::spawn_blocking(move || gzip(&large, Compression::fast())).await.ok()
    } else {
        Some(gzip(&bytes, Compression::fast()))
    };
    let Some(coded) = coded else { return Response::from_parts(parts, Body::from(bytes)) };
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(GZIP));
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(coded.len()));
    if let Some(tag) = parts.headers.get(header::ETAG).and_then(coded_tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    Response::from_parts(parts, Body::from(Bytes::from(coded)))
}

fn may_be_compressed(response: &Response) -> bool {
    let headers = response.headers();
    let is_whole = response.status() != StatusCode::PARTIAL_CONTENT
        && !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::CONTENT_RANGE);
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    is_whole
        && (media_type.ends_with("json")
            || media_type.ends_with("javascript")
            || media_type.ends_with("xml")
            || (media_type.starts_with("text/") && media_type != "text/event-stream"))
}

/// Says in a 304 which of the two representations the client holds.
pub(super) fn same_tag(response: &mut Response, takes_gzip: bool, held: Option<&HeaderValue>) {
    let coded = response.headers().get(header::ETAG).and_then(coded_tag);
    let holds = |tag: &HeaderValue| {
        let held = held.and_then(|held| held.to_str().ok()).unwrap_or_default();
        tag.to_str().is_ok_and(|tag| held.contains(tag))
    };
    if let Some(tag) = coded.filter(|tag| takes_gzip && holds(tag)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(text: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
        accepts_gzip(&headers)
    }

    #[test]
    fn gzip_is_sent_where_it_is_taken_only() {
        for taken in ["gzip", "GZip", "br, gzip;q=0.1", "*", "deflate, *;q=0.5", "x-gzip"] {
            assert!(takes(taken), "{taken}");
        }
        for not in ["", "identity", "br", "gzip;q=0", "*, gzip;q=0.0", "GZIP; Q=0", "gzip;q=x", "*;q=0"] {
            assert!(!takes(not), "{not}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn only_whole_texts_that_gain_by_it_are_compressed() {
        let response = |media_type: &str, bytes: usize| {
            let response = Response::builder().header("content-type", media_type).header("etag", "\"v1.a\"");
            response.body(Body::from("x".repeat(bytes))).unwrap()
        };
        let coded = complete(response("application/json", 5_000), true).await;
        assert_eq!(
            (&coded.headers()["content-encoding"], &coded.headers()["etag"]),
            (&HeaderValue::from_static("gzip"), &HeaderValue::from_static("\"v1.a-gzip\""))
        );
        assert_eq!(coded.headers()["vary"], "accept-encoding");
        for (media_type, bytes) in
            [("application/json", 500), ("image/png", 5_000), ("text/event-stream", 5_000)]
        {
            let plain = complete(response(media_type, bytes), true).await;
            assert!(!plain.headers().contains_key("content-encoding"), "{media_type} {bytes}");
        }
        let refused = complete(response("application/json", 5_000), false).await;
        assert!(!refused.headers().contains_key("content-encoding"));
        assert_eq!(refused.headers()["vary"], "accept-encoding", "a cache has to know that there is another");
    }
}
