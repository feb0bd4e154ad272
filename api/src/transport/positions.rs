//! Positions as strangers see them. A position is how many events a shop has had, and two of them say how many it had
//! between; that is nobody's business who asks from another machine. To them each position is another number, the same
//! each time and on each node, that serves as `min_position` and `as_of` and tells nothing else. On the server's own machine
//! positions are what they are, because the record has them too.
//!
//! The number is the position under a permutation of 52 bits (a Feistel network, so it can be undone) whose key follows from
//! the log's first event: every node of a shop has it, and only who may read the record.

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::Request,
    http::{HeaderValue, Uri, header, uri::PathAndQuery},
    response::Response,
};
use daybook_event_log::{EventLog, Position};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A half of a number.
const HALF_BITS: u32 = 26;
const HALF: u64 = (1 << HALF_BITS) - 1;
/// Four make a permutation that looks like chance; the others are for comfort.
const ROUNDS: u8 = 8;
/// Members of answers that are positions.
const MEMBERS: [&[u8]; 3] = [b"\"position\":", b"\"first_position\":", b"\"head\":"];
/// Parameters of queries that are positions.
const PARAMETERS: [&str; 2] = ["min_position", "as_of"];
const HEADER: &str = "x-daybook-position";

/// The key of a shop, once it has had an event.
pub(super) struct SealedPositions {
    log: Arc<dyn EventLog>,
    key: OnceCell<Seal>,
}

/// A permutation of the numbers below 2^52; zero stays zero.
#[derive(Clone, Copy)]
struct Seal([u8; 32]);

impl SealedPositions {
    pub(super) fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log, key: OnceCell::new() }
    }

    /// None before the first event, when there is no position to tell.
    async fn seal(&self) -> Option<Seal> {
        let made = self.key.get_or_try_init(|| async {
            let first = self.log.read_all(Position::new(1), 1).await.map_err(drop)?;
            let first = first.first().ok_or(())?;
            Ok::<_, ()>(Seal(
                Sha256::new()
                    .chain_update(b"daybook positions\0")
                    .chain_update(first.as_bytes())
                    .finalize()
                    .into(),
            ))
        });
        made.await.ok().copied()
    }

    /// The request of a stranger with the positions that are meant.
    pub(super) async fn open(&self, mut request: Request) -> Request {
        let query = request.uri().query().unwrap_or_default();
        if !PARAMETERS.iter().any(|name| query.contains(name)) {
            return request;
        }
        let Some(seal) = self.seal().await else { return request };
        let query = seal.opened(query);
        if let Ok(uri) = with_query(request.uri(), &query) {
            *request.uri_mut() = uri;
        }
        request
    }

    /// The answer to a stranger.
    pub(super) async fn close(&self, mut response: Response) -> Response {
        let Some(seal) = self.seal().await else { return response };
        let position = response.headers().get(HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
        if let Some(position) = position {
            response.headers_mut().insert(HEADER, HeaderValue::from(seal.close(position)));
        }
        let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let (is_json, is_lines) =
            media_type.map_or((false, false), |text| (text.ends_with("json"), text.ends_with("jsonl")));
        if is_lines {
            // Each outcome is a piece of its own.
            return response.map(|body| {
                Body::new(body.map_frame(move |frame| frame.map_data(|data| seal.closed(&data))))
            });
        }
        // The document is the program's, and the same for everybody.
        if !is_json
            || response.headers().contains_key(header::CONTENT_ENCODING)
            || response.body().size_hint().exact() == Some(0)
        {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        // The body is whole already, so this does not wait and does not fail.
        let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let closed = seal.closed(&bytes);
        if parts.headers.contains_key(header::CONTENT_LENGTH) {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(closed.len()));
        }
        Response::from_parts(parts, Body::from(closed))
    }
}

impl Seal {
    fn close(self, position: u64) -> u64 {
        if position == 0 || position >> (2 * HALF_BITS) != 0 {
            return position;
        }
        let (mut left, mut right) = (position >> HALF_BITS, position & HALF);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.mixed(round, right));
        }
        left << HALF_BITS | right
    }

    fn open(self, closed: u64) -> u64 {
        if closed == 0 || closed >> (2 * HALF_BITS) != 0 {
            return closed;
        }
        let (mut left, mut right) = (closed >> HALF_BITS, closed & HALF);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.mixed(round, left), left);
        }
        left << HALF_BITS | right
    }

    fn mixed(self, round: u8, half: u64) -> u64 {
        let digest = Sha256::new()
            .chain_update(self.0)
            .chain_update([round])
            .chain_update(half.to_le_bytes())
            .finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        u64::from_le_bytes(first) & HALF
    }

    /// The JSON with other numbers for positions. Quotes within texts are escaped, so a member's name is found only where it
    /// is one.
    fn closed(self, json: &Bytes) -> Bytes {
        let mut written = Vec::with_capacity(json.len() + 64);
        let mut rest: &[u8] = json;
        while let Some(at) = rest.iter().position(|byte| *byte == b'"') {
            let name = MEMBERS.iter().find(|name| rest[at..].starts_with(name));
            let end = at + name.map_or(1, |name| name.len());
            written.extend_from_slice(&rest[..end]);
            rest = &rest[end..];
            if name.is_none() {
                continue;
            }
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = std::str::from_utf8(&rest[..digits]).ok().and_then(|digits| digits.parse().ok());
            if let Some(number) = number {
                written.extend_from_slice(self.close(number).to_string().as_bytes());
                rest = &rest[digits..];
            }
        }
        written.extend_from_slice(rest);
        Bytes::from(written)
    }

    fn opened(self, query: &str) -> String {
        let opened = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) if PARAMETERS.contains(&name) => {
                let position =
                    value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok()).flatten();
                position.map_or_else(|| pair.to_owned(), |position| format!("{name}={}", self.open(position)))
            }
            _ => pair.to_owned(),
        });
        opened.collect::<Vec<_>>().join("&")
    }
}

fn with_query(uri: &Uri, query: &str) -> Result<Uri, axum::http::Error> {
    let mut parts = uri.clone().into_parts();
    let path = PathAndQuery::try_from(format!("{}?{query}", uri.path())).map_err(axum::http::Error::from)?;
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).map_err(axum::http::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: Seal = Seal([7; 32]);

    #[test]
    fn every_position_has_a_number_of_its_own_that_leads_back_to_it() {
        let mut seen = std::collections::BTreeSet::new();
        for position in (0..2_000).chain([1 << 40, (1 << 52) - 1]) {
            let closed = SEAL.close(position);
            assert!(closed < 1 << 53, "{closed} is kept exactly by every program");
            assert!(seen.insert(closed), "{position}");
            assert_eq!(SEAL.open(closed), position);
        }
        let near =
            (1..1_000).filter(|position| SEAL.close(*position).abs_diff(SEAL.close(position + 1)) < 1 << 32);
        assert!(near.count() < 10, "neighbours lie near each other");
        assert_ne!(SEAL.close(1), Seal([8; 32]).close(1));
    }

    #[test]
    fn positions_in_answers_and_queries_are_others_and_nothing_else_is() {
        let json = Bytes::from(
            r#"{"title":"\"position\":5","position":5,"a":[{"position":6,"head":7,"version":8}]}"#,
        );
        let (five, six, seven) = (SEAL.close(5), SEAL.close(6), SEAL.close(7));
        let expected = format!(
            r#"{{"title":"\"position\":5","position":{five},"a":[{{"position":{six},"head":{seven},"version":8}}]}}"#
        );
        assert_eq!(SEAL.closed(&json), expected);
        assert_eq!(
            SEAL.opened(&format!("q=5&min_position={five}&as_of=2026-11-22T10:00:00Z")),
            "q=5&min_position=5&as_of=2026-11-22T10:00:00Z"
        );
        assert_eq!(SEAL.opened(&format!("as_of={six}&wait_ms=1")), "as_of=6&wait_ms=1");
    }
}
