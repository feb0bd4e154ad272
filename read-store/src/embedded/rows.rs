//! The rows of one generation in the embedded store, for the projection that writes them and for queries.

use super::{
    merged_rows::{MergedRows, bounds},
    overlay::Overlay,
};
use crate::{Cursor, Entry, Page, Range, Row, RowKind, StoreError, Walk, schema};
use fjall::{Database, Keyspace, UserValue};
use std::{ops::Bound, sync::Arc};

pub(crate) struct EmbeddedRows {
    db: Database,
    keyspace: Keyspace,
    overlay: Arc<Overlay>,
}

impl EmbeddedRows {
    pub(super) fn new(db: Database, keyspace: Keyspace, overlay: Arc<Overlay>) -> Self {
        Self { db, keyspace, overlay }
    }

    pub(super) fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    pub(super) fn overlay(&self) -> &Arc<Overlay> {
        &self.overlay
    }

    pub(super) fn name(&self) -> &str {
        self.keyspace.name()
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<UserValue>, StoreError> {
        match self.overlay.get(key) {
            Some(known) => Ok(known),
            None => self.keyspace.get(key).map_err(StoreError::unavailable("reading a row")),
        }
    }

    /// The row that the entry under `key` leads to.
    pub(crate) fn led_by(&self, kinds: &[RowKind], key: &[u8]) -> Result<Option<Row>, StoreError> {
        let view = self.merged();
        let Some(value) = view.get(key)? else { return Ok(None) };
        match schema::led_to_key(kinds, key, &value) {
            Some(key) => Ok(view.get(&key)?.map(Row::from)),
            None => Err(StoreError::damaged(key, "it leads nowhere")),
        }
    }

    /// The row under `key` and the entries under `prefix`, as of one moment.
    pub(crate) fn with_entries(
        &self,
        key: &[u8],
        prefix: &[u8],
    ) -> Result<Option<(Row, Vec<Entry>)>, StoreError> {
        let view = self.merged();
        let Some(row) = view.get(key)? else { return Ok(None) };
        let range = Range { prefix, cursor: None, walk: Walk::Up };
        let entries = view.rows(bounds(range), Walk::Up).map(|entry| {
            let (key, value) = entry?;
            Ok((key.to_vec(), value.into()))
        });
        Ok(Some((row.into(), entries.collect::<Result<_, StoreError>>()?)))
    }

    /// A page of what `range` leads to or, where its entries lead nowhere, of the entries.
    pub(crate) fn page(&self, kinds: &[RowKind], range: Range<'_>, limit: usize) -> Result<Page, StoreError> {
        let view = self.merged();
        let mut page = Page::empty();
        let (mut last, mut more) = (None, false);
        for entry in view.rows(bounds(range), range.walk) {
            let (key, value) = entry?;
            if page.rows.len() >= limit {
                more = true;
                break;
            }
            let row = match schema::led_to_key(kinds, &key, &value) {
                Some(key) => view.get(&key)?,
                None => Some(value),
            };
            if let Some(row) = row {
                page.rows.push(row.into());
                last = Some(key.to_vec());
            }
        }
        page.next = last.filter(|_| more).map(Cursor::at);
        Ok(page)
    }

    /// Up to `limit` keys from `from` to before `to`.
    pub(crate) fn keys(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let within = (Bound::Included(from.to_vec()), Bound::Excluded(to.to_vec()));
        let view = self.merged();
        view.rows(within, Walk::Up).take(limit).map(|entry| Ok(entry?.0.to_vec())).collect()
    }

    /// Everything, by key.
    pub(crate) fn all(&self) -> Result<Vec<Entry>, StoreError> {
        let view = self.merged();
        let rows = view.rows((Bound::Unbounded, Bound::Unbounded), Walk::Up).map(|entry| {
            let (key, value) = entry?;
            Ok((key.to_vec(), value.into()))
        });
        rows.collect()
    }

    fn merged(&self) -> MergedRows<'_> {
        let (ahead, snapshot) = self.overlay.with(|| self.db.snapshot());
        MergedRows { ahead, snapshot, keyspace: &self.keyspace }
    }
}
