//! An answer as it stands in the connection's buffer, and the little that is read of it.

use anyhow::{Context as _, bail};
use std::fmt;

/// Borrowed from the connection until its next request.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// How an operation ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As it should; the number tells kinds of operations apart, where a scenario has several (1 to 3; 0: one kind only).
    Done(usize),
    /// The server had too much to do and said so: 503.
    Refused,
}

/// A UUID as text, without an allocation.
#[derive(Clone, Copy)]
pub(crate) struct Id([u8; 36]);

impl Answer<'_> {
    /// Makes an unexpected status an error that shows the answer.
    pub(crate) fn expect(&self, wanted: &[u16], what: &str) -> anyhow::Result<()> {
        if wanted.contains(&self.status) {
            return Ok(());
        }
        bail!("{what}: {} {}", self.status, String::from_utf8_lossy(&self.body[..self.body.len().min(400)]))
    }

    /// Done if the status is one of those wanted, refused if the server has too much to do, else an error.
    pub(crate) fn outcome(&self, wanted: &[u16], what: &str) -> anyhow::Result<Outcome> {
        if self.status == 503 {
            return Ok(Outcome::Refused);
        }
        self.expect(wanted, what)?;
        Ok(Outcome::Done(0))
    }

    /// The id of what was made.
    pub(crate) fn id(&self) -> anyhow::Result<Id> {
        let value = after(self.body, b"\"id\":\"").and_then(|value| value.get(..36)?.try_into().ok());
        value.map(Id).with_context(|| format!("no id in {}", String::from_utf8_lossy(self.body)))
    }

    /// A number of a flat JSON answer, without parsing all of it.
    pub(crate) fn number(&self, name: &str) -> anyhow::Result<u64> {
        let digits = after(self.body, format!("\"{name}\":").as_bytes()).unwrap_or_default();
        let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
        let text = std::str::from_utf8(&digits[..end])?;
        text.parse().with_context(|| format!("no {name} in {}", String::from_utf8_lossy(self.body)))
    }

    pub(crate) fn json(&self) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::from_slice(self.body)?)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

fn after<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(name.len()).position(|window| window == name)?;
    Some(&text[at + name.len()..])
}

pub(super) struct Head {
    pub(super) status: u16,
    /// None: the body comes in chunks.
    pub(super) length: Option<usize>,
    pub(super) bytes: usize,
}

/// The head of an answer, once it is there whole; `searched` bytes are known not to hold its end.
pub(super) fn read_head(input: &[u8], searched: usize) -> anyhow::Result<Option<Head>> {
    let Some(end) = input[searched..].windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let bytes = searched + end + 4;
    let head = &input[..bytes];
    let status = std::str::from_utf8(head.get(9..12).unwrap_or_default())?;
    let status = status.parse().with_context(|| format!("{status:?} is no status"))?;
    let length = match header(head, "content-length") {
        Some(length) => Some(length.parse()?),
        None if status == 204 || status == 304 => Some(0),
        None if header(head, "transfer-encoding").is_some() => None,
        None => bail!("an answer of unknown length"),
    };
    Ok(Some(Head { status, length, bytes }))
}

/// The value of a header.
fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let value = line.get(name.len()..)?.strip_prefix(b":")?;
        line[..name.len()].eq_ignore_ascii_case(name.as_bytes()).then_some(())?;
        std::str::from_utf8(value.trim_ascii()).ok()
    })
}
