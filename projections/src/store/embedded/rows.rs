//! The rows of one generation in the embedded store, for the projection that writes them and for queries.

use super::super::kind;
use crate::{
    Cursor, Kind, Page, Row, StoreError,
    row::{Entry, Range, Walk},
};
use fjall::{Database, Keyspace, Readable, Snapshot, UserKey, UserValue};

pub(crate) struct Rows {
    db: Database,
    keyspace: Keyspace,
}

impl Rows {
    pub(super) fn new(db: Database, keyspace: Keyspace) -> Self {
        Self { db, keyspace }
    }

    pub(super) fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    pub(super) fn name(&self) -> &str {
        self.keyspace.name()
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<UserValue>, StoreError> {
        self.keyspace.get(key).map_err(StoreError::unavailable("reading a row"))
    }

    /// The row that the entry under `key` leads to.
    pub(crate) fn led_by(&self, kinds: &[Kind], key: &[u8]) -> Result<Option<Row>, StoreError> {
        let snapshot = self.db.snapshot();
        let Some(value) = self.at(&snapshot, key)? else { return Ok(None) };
        match kind::led_to_key(kinds, key, &value) {
            Some(key) => Ok(self.at(&snapshot, &key)?.map(Row::from)),
            None => Err(StoreError::damaged(key, "it leads nowhere")),
        }
    }

    /// The row under `key` and the entries under `prefix`, as of one moment.
    pub(crate) fn with_entries(
        &self,
        key: &[u8],
        prefix: &[u8],
    ) -> Result<Option<(Row, Vec<Entry>)>, StoreError> {
        let snapshot = self.db.snapshot();
        let Some(row) = self.at(&snapshot, key)? else { return Ok(None) };
        let mut entries = Vec::new();
        let range = Range { prefix, cursor: None, walk: Walk::Up };
        self.walk(&snapshot, range, |key, value| {
            entries.push((key.to_vec(), value.into()));
            Ok(true)
        })?;
        Ok(Some((row.into(), entries)))
    }

    /// A page of what `range` leads to or, where its entries lead nowhere, of the entries.
    pub(crate) fn page(&self, kinds: &[Kind], range: Range<'_>, limit: usize) -> Result<Page, StoreError> {
        let snapshot = self.db.snapshot();
        let mut page = Page::empty();
        let (mut last, mut more) = (None, false);
        self.walk(&snapshot, range, |key, value| {
            if page.rows.len() >= limit {
                more = true;
                return Ok(false);
            }
            let row = match kind::led_to_key(kinds, key, &value) {
                Some(key) => self.at(&snapshot, &key)?,
                None => Some(value),
            };
            if let Some(row) = row {
                page.rows.push(row.into());
                last = Some(key.to_vec());
            }
            Ok(true)
        })?;
        page.next = last.filter(|_| more).map(Cursor::at);
        Ok(page)
    }

    /// Up to `limit` keys from `from` to before `to`.
    pub(crate) fn keys(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let entries = self.keyspace.range(from..to).take(limit);
        let key =
            |entry: fjall::Guard| Ok(entry.key().map_err(StoreError::unavailable("reading rows"))?.to_vec());
        entries.map(key).collect()
    }

    /// Everything, by key.
    pub(crate) fn all(&self) -> Result<Vec<Entry>, StoreError> {
        let rows = self.db.snapshot().iter(&self.keyspace);
        let rows = rows.map(|row| {
            let (key, value) = row.into_inner().map_err(StoreError::unavailable("reading rows"))?;
            Ok((key.to_vec(), value.into()))
        });
        rows.collect()
    }

    fn at(&self, snapshot: &Snapshot, key: &[u8]) -> Result<Option<UserValue>, StoreError> {
        snapshot.get(&self.keyspace, key).map_err(StoreError::unavailable("reading a row"))
    }

    /// The entries of `range`, until `take` has had enough and answers false.
    fn walk(
        &self,
        snapshot: &Snapshot,
        range: Range<'_>,
        mut take: impl FnMut(&UserKey, UserValue) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let (rows, prefix) = (&self.keyspace, range.prefix);
        let entries: Box<dyn Iterator<Item = fjall::Guard>> = match (range.walk, range.beyond()) {
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
}
