//! The rows of one generation in the embedded store, for the projection that writes them and for queries.

use super::{
    merged_rows::{MergedRows, bounds},
    overlay::Overlay,
};
use crate::{Cursor, Entry, Page, Range, Row, RowKind, StoreError, Walk, schema};
use fjall::{Database, Keyspace, UserValue};
use std::{ops::Bound, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) struct EmbeddedRows {
    db: Database,
    keyspace: Keyspace,
    overlay: Arc<Overlay>,
    /// Permits for reading for queries.
    readers: Arc<Semaphore>,
}

impl EmbeddedRows {
    pub(super) fn new(
        db: Database,
        keyspace: Keyspace,
        overlay: Arc<Overlay>,
        readers: Arc<Semaphore>,
    ) -> Self {
        Self { db, keyspace, overlay, readers }
    }

    /// The permit to read for a query, beside the threads that ask.
    pub(crate) async fn may_read(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        self.readers.clone().acquire_owned().await.map_err(|_| StoreError::Closed)
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

    /// What memory has of the row under `key`: its value, or that it is gone. None: it may be in the database. Never waits
    /// for the disk.
    pub(crate) fn get_ahead(&self, key: &[u8]) -> Option<Option<UserValue>> {
        self.overlay.get(key)
    }

    /// The row under `key`. May block.
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

#[cfg(test)]
mod tests {
    use super::super::{EmbeddedStore, READERS};
    use crate::{Generation, GenerationId, GenerationRows, Row, RowKind, Tx, Writes, key};
    use futures::{FutureExt as _, future::join_all};
    use std::sync::Arc;

    const KINDS: [RowKind; 1] = [RowKind::records(b'r', "records")];

    fn write(store: &EmbeddedStore, generation: &Generation, id: &str, is_shown_only: bool) {
        let GenerationRows::Embedded(rows) = &generation.rows else { unreachable!("the store is embedded") };
        let (mut batch, mut writes) = (store.batch(), Writes::default());
        Tx::new(generation, &mut writes).put(key(b'r', &[id.as_bytes()]), b"{}".to_vec());
        batch.write(rows, &mut writes);
        if is_shown_only { batch.show() } else { batch.commit().unwrap() }
    }

    #[tokio::test]
    async fn what_may_need_the_disk_is_read_with_a_permit_and_what_is_in_memory_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(dir.path(), 1 << 20).unwrap();
        let id = GenerationId { version: 1, number: 1 };
        let generation = Arc::new(store.generation("m", id, &KINDS).unwrap());
        write(&store, &generation, "stored", false);
        write(&store, &generation, "shown", true);
        let taken = store.readers.clone().acquire_many_owned(READERS as u32).await.unwrap();

        assert!(generation.get(b"rshown").now_or_never().expect("it is in memory").unwrap().is_some());
        let make = |row: Row, _| Ok(row);
        assert!(generation.get(b"rstored").now_or_never().is_none());
        assert!(generation.get(b"rnothing").now_or_never().is_none());
        assert!(generation.led_by(b"rstored").now_or_never().is_none());
        assert!(generation.with_entries(b"rstored", b"r", make).now_or_never().is_none());

        // More than may read at a time, and one that gave up: all get their turn.
        let waiting: Vec<_> = (0..2 * READERS).map(|_| generation.get(b"rstored")).collect();
        drop(taken);
        assert!(join_all(waiting).await.into_iter().all(|row| row.unwrap().is_some()));
        assert!(generation.with_entries(b"rstored", b"r", make).await.unwrap().is_some());
    }
}
