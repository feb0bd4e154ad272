//! Answers to what never became a request: problems, written out as a whole HTTP answer.

use crate::problem::{MEDIA_TYPE, Problem, ProblemKind, kind};

/// The empty answers that hyper gives to what it cannot read, and what they mean. The routes' own answers with these
/// codes always have a body.
const EMPTY: &[(&[u8], &ProblemKind, &str)] = &[
    (b"HTTP/1.1 400 ", &kind::NOT_HTTP, "the server could not read a request from what was sent"),
    (b"HTTP/1.1 431 ", &kind::HEAD_TOO_LARGE, "the request's address and headers are too many or too large"),
];

/// The problem to send in place of `answer`, if that is one of hyper's empty refusals.
pub(super) fn in_place_of(answer: &[u8]) -> Option<Vec<u8>> {
    if !answer.starts_with(b"HTTP/1.1 4") {
        return None;
    }
    let (_, kind, detail) = EMPTY.iter().find(|(begin, ..)| answer.starts_with(begin))?;
    let empty = answer.windows(19).any(|window| window.eq_ignore_ascii_case(b"content-length: 0\r\n"));
    let alone =
        answer.ends_with(b"\r\n\r\n") && !answer[..answer.len() - 4].windows(4).any(|w| w == b"\r\n\r\n");
    (empty && alone).then(|| written(&Problem::new(kind, *detail)))
}

/// The problem as an answer after which the connection is closed.
pub(super) fn written(problem: &Problem) -> Vec<u8> {
    let status = problem.status();
    let body = problem.to_json("/").to_string();
    let mut answer = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\nconnection: close\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
    );
    if status.is_server_error() {
        answer.push_str("retry-after: 1\r\n");
    }
    answer.push_str("\r\n");
    answer.push_str(&body);
    answer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_refusal_becomes_a_problem_and_nothing_else_is_touched() {
        let empty = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let sent = String::from_utf8(in_place_of(empty).unwrap()).unwrap();
        assert!(sent.starts_with("HTTP/1.1 431 ") && sent.contains("/problems/head-too-large"), "{sent}");
        let (head, body) = sent.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{sent}");
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 20\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert!(in_place_of(other).is_none(), "{}", String::from_utf8_lossy(other));
        }
    }
}
