//! What queries hand out: rows as stored (which is the JSON the API serves), and pages of them.

use crate::StoreError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use fjall::{Keyspace, Readable, Snapshot, UserKey, UserValue};
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
        crate::table::parse(b"(a row)", &self.0)
    }
}

impl From<Vec<u8>> for Row {
    fn from(json: Vec<u8>) -> Self {
        Self(json.into())
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
    pub(crate) fn empty() -> Self {
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

/// In which direction keys are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    Up,
    Down,
}

/// One row.
pub(crate) fn get(rows: &Keyspace, key: &[u8]) -> Result<Option<Row>, StoreError> {
    Ok(rows.get(key).map_err(StoreError::unavailable("reading a row"))?.map(Row))
}

/// Entries under `prefix` beyond `cursor`, until `take` has had enough and answers false.
pub(crate) fn walk(
    snapshot: &Snapshot,
    rows: &Keyspace,
    prefix: &[u8],
    cursor: Option<&Cursor>,
    walk: Walk,
    mut take: impl FnMut(&UserKey, UserValue) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    // A cursor from elsewhere must not lead out of the prefix.
    let cursor = cursor.map(|cursor| cursor.0.as_slice()).filter(|key| key.starts_with(prefix));
    let entries: Box<dyn Iterator<Item = fjall::Guard>> = match (walk, cursor) {
        (Walk::Up, None) => Box::new(snapshot.prefix(rows, prefix)),
        (Walk::Down, None) => Box::new(snapshot.prefix(rows, prefix).rev()),
        (Walk::Up, Some(key)) => {
            let beyond = (std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded);
            Box::new(snapshot.range::<&[u8], _>(rows, beyond))
        }
        (Walk::Down, Some(key)) => Box::new(snapshot.range::<&[u8], _>(rows, prefix..key).rev()),
    };
    for entry in entries {
        let (key, value) = entry.into_inner().map_err(StoreError::unavailable("reading rows"))?;
        if !key.starts_with(prefix) || !take(&key, value)? {
            break;
        }
    }
    Ok(())
}

/// A page of the rows under `prefix`; `row` says what stands for an entry (None: leave it out).
pub(crate) fn page(
    snapshot: &Snapshot,
    rows: &Keyspace,
    (prefix, cursor, direction): (&[u8], Option<&Cursor>, Walk),
    limit: usize,
    row: impl Fn(&UserKey, UserValue) -> Result<Option<Row>, StoreError>,
) -> Result<Page, StoreError> {
    let mut page = Page::empty();
    let (mut last, mut more) = (None, false);
    walk(snapshot, rows, prefix, cursor, direction, |key, value| {
        if page.rows.len() >= limit {
            more = true;
            return Ok(false);
        }
        if let Some(row) = row(key, value)? {
            page.rows.push(row);
            last = Some(key.to_vec());
        }
        Ok(true)
    })?;
    page.next = last.filter(|_| more).map(Cursor);
    Ok(page)
}

/// A row's value, for pages whose entries are the rows.
#[expect(clippy::unnecessary_wraps, reason = "the shape page() asks for")]
pub(crate) fn itself(_key: &UserKey, value: UserValue) -> Result<Option<Row>, StoreError> {
    Ok(Some(Row(value)))
}

/// The row that an index entry leads to.
pub(crate) fn at(snapshot: &Snapshot, rows: &Keyspace, key: &[u8]) -> Result<Option<Row>, StoreError> {
    Ok(snapshot.get(rows, key).map_err(StoreError::unavailable("reading a row"))?.map(Row))
}

/// A key: the letter of its table, then its parts.
pub(crate) fn key(table: u8, parts: &[&[u8]]) -> UserKey {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(table);
    for part in parts {
        key.extend_from_slice(part);
    }
    key.into()
}
