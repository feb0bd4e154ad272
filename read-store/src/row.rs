//! What queries hand out: rows as stored (which is the JSON the API serves), and pages of them.

use crate::StoreError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use fjall::{UserKey, UserValue};
use serde::de::DeserializeOwned;

/// A row as stored: one JSON object. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(UserValue);

impl Row {
    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.0
    }

    /// The JSON text, shared, not copied.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self.0)
    }

    /// The row as the value it was written from.
    pub fn parse<V: DeserializeOwned>(&self) -> Result<V, StoreError> {
        parse(b"(a row)", &self.0)
    }
}

impl From<Vec<u8>> for Row {
    fn from(json: Vec<u8>) -> Self {
        Self(json.into())
    }
}

impl From<UserValue> for Row {
    fn from(json: UserValue) -> Self {
        Self(json)
    }
}

impl AsRef<[u8]> for Row {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Some of many rows, and where the next ones begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<Row>,
    /// Ask for the next page with this; none: there are no more.
    pub next: Option<Cursor>,
}

impl Page {
    pub fn empty() -> Self {
        Self { rows: Vec::new(), next: None }
    }
}

/// Where a page begins. Opaque to clients, stable across restarts and rebuilds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

/// A text that is not a cursor this shop handed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a cursor from an earlier page; leave it out to begin at the first page")]
pub struct InvalidCursor {
    pub text: String,
}

impl Cursor {
    /// Reads what [`Cursor`] displays as.
    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        let key = URL_SAFE_NO_PAD.decode(text).ok().filter(|key| !key.is_empty() && key.len() < 1024);
        key.map(Self).ok_or_else(|| InvalidCursor { text: text.chars().take(80).collect() })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl Cursor {
    /// Begins after the entry under `key`.
    pub fn at(key: Vec<u8>) -> Self {
        Self(key)
    }
}

/// In which direction keys are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    Up,
    Down,
}

/// A row with its key.
pub type Entry = (Vec<u8>, Row);

/// Entries to be read in the order of their keys.
#[derive(Debug, Clone, Copy)]
pub struct Range<'a> {
    pub prefix: &'a [u8],
    pub cursor: Option<&'a Cursor>,
    pub walk: Walk,
}

impl Range<'_> {
    /// The key after which to begin. A cursor from elsewhere must not lead out of the prefix.
    pub fn beyond(&self) -> Option<&[u8]> {
        self.cursor.map(|cursor| cursor.0.as_slice()).filter(|key| key.starts_with(self.prefix))
    }
}

/// The stream version that a view shows. Every view ends with `"version":…,"position":…}`, so it need not be
/// parsed.
#[must_use]
pub fn version_of(json: &[u8]) -> u64 {
    const NAME: &[u8] = b"\"version\":";
    let tail = &json[json.len().saturating_sub(80)..];
    let Some(at) = tail.windows(NAME.len()).rposition(|window| window == NAME) else { return 0 };
    tail[at + NAME.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

/// A key: the letter of its table, then its parts.
pub fn key(table: u8, parts: &[&[u8]]) -> UserKey {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(table);
    for part in parts {
        key.extend_from_slice(part);
    }
    key.into()
}

/// Reads a row as the value it was written from.
pub fn parse<V: DeserializeOwned>(key: &[u8], row: &UserValue) -> Result<V, StoreError> {
    serde_json::from_slice(row).map_err(|error| StoreError::damaged(key, error))
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn the_version_is_read_from_the_end_of_a_row() {
        assert_eq!(version_of(br#"{"title":"\"version\":9","version":42,"position":4711}"#), 42);
        assert_eq!(version_of(b"{}"), 0);
    }
}
