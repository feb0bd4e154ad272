//! One generation of one read model: its version, its rows, its place. A rebuild makes the next one beside it.
//!
//! Queries ask here. On the embedded store a row that is in memory, ahead of the database, is given at once. Everything
//! else may have to wait for the disk: it is read beside the threads that ask, so much at a time. On a server each is one
//! statement. Either way all it reads is as of one moment.

use crate::{Entry, Page, Range, Row, RowKind, StoreError, embedded, postgres};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, sync::Arc};

/// Which shape, and which generation of that shape. Persisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationId {
    /// The projection's version.
    pub version: u32,
    /// Counts the read model's generations, from 1.
    pub number: u64,
}

/// The rows of one generation.
pub struct Generation {
    pub(crate) name: &'static str,
    pub(crate) id: GenerationId,
    pub(crate) kinds: &'static [RowKind],
    pub(crate) rows: GenerationRows,
    pub(crate) own_dir: PathBuf,
}

/// Where the rows are.
pub(crate) enum GenerationRows {
    Embedded(embedded::EmbeddedRows),
    Postgres(postgres::PostgresRows),
}

impl Generation {
    /// The read model's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    #[must_use]
    pub fn id(&self) -> GenerationId {
        self.id
    }

    /// A directory for a store of the projection's own, not yet made; removed with the generation.
    #[must_use]
    pub fn own_dir(&self) -> &PathBuf {
        &self.own_dir
    }

    /// The row under `key`.
    pub async fn get(self: &Arc<Self>, key: &[u8]) -> Result<Option<Row>, StoreError> {
        match &self.rows {
            GenerationRows::Embedded(rows) => {
                if let Some(known) = rows.get_ahead(key) {
                    return Ok(known.map(Row::from));
                }
                let key = key.to_vec();
                self.beside(move |rows, _| Ok(rows.get(&key)?.map(Row::from))).await
            }
            // Boxed, so that answering from the disk does not carry this around.
            GenerationRows::Postgres(rows) => Box::pin(rows.get(key)).await,
        }
    }

    /// The row that the entry under `key` leads to.
    pub async fn led_by(self: &Arc<Self>, key: &[u8]) -> Result<Option<Row>, StoreError> {
        match &self.rows {
            GenerationRows::Embedded(_) => {
                let key = key.to_vec();
                self.beside(move |rows, kinds| rows.led_by(kinds, &key)).await
            }
            GenerationRows::Postgres(rows) => Box::pin(rows.led_by(key)).await,
        }
    }

    /// What `make` makes of the row under `key` and the entries under `prefix`, which are as of one moment. There may be
    /// many, so `make` too runs beside the threads that ask.
    pub async fn with_entries<M>(
        self: &Arc<Self>,
        key: &[u8],
        prefix: &[u8],
        make: M,
    ) -> Result<Option<Row>, StoreError>
    where
        M: FnOnce(Row, Vec<Entry>) -> Result<Row, StoreError> + Send + 'static,
    {
        match &self.rows {
            GenerationRows::Embedded(_) => {
                let (key, prefix) = (key.to_vec(), prefix.to_vec());
                self.beside(move |rows, _| {
                    rows.with_entries(&key, &prefix)?.map(|(row, entries)| make(row, entries)).transpose()
                })
                .await
            }
            GenerationRows::Postgres(rows) => {
                let Some((row, entries)) = Box::pin(rows.with_entries(key, prefix)).await? else {
                    return Ok(None);
                };
                blocking(move || make(row, entries)).await.map(Some)
            }
        }
    }

    /// A page of the rows that the entries in `range` lead to, or of the entries where they lead nowhere.
    pub async fn page(self: &Arc<Self>, range: Range<'_>, limit: usize) -> Result<Page, StoreError> {
        match &self.rows {
            GenerationRows::Embedded(_) => {
                let (prefix, cursor, walk) = (range.prefix.to_vec(), range.cursor.cloned(), range.walk);
                self.beside(move |rows, kinds| {
                    rows.page(kinds, Range { prefix: &prefix, cursor: cursor.as_ref(), walk }, limit)
                })
                .await
            }
            GenerationRows::Postgres(rows) => Box::pin(rows.page(range, limit)).await,
        }
    }

    /// Up to `limit` keys from `from` to before `to`, of one kind.
    pub async fn keys(
        self: &Arc<Self>,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        match &self.rows {
            GenerationRows::Embedded(_) => {
                let (from, to) = (from.to_vec(), to.to_vec());
                self.beside(move |rows, _| rows.keys(&from, &to, limit)).await
            }
            GenerationRows::Postgres(rows) => Box::pin(rows.keys(from, to, limit)).await,
        }
    }

    /// Reads the embedded store beside the threads that serve connections. Whoever does not wait for it any more frees its
    /// place in the queue; what has begun goes on to its end, and counts until then.
    async fn beside<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&embedded::EmbeddedRows, &'static [RowKind]) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let GenerationRows::Embedded(rows) = &self.rows else { return Err(crate::foreign(self)) };
        let permit = rows.may_read().await?;
        let generation = self.clone();
        blocking(move || {
            let _permit = permit;
            match &generation.rows {
                GenerationRows::Embedded(rows) => read(rows, generation.kinds),
                GenerationRows::Postgres(_) => Err(crate::foreign(&generation)),
            }
        })
        .await
    }

    /// Everything, by key. May block.
    pub fn all(&self) -> Result<Vec<Entry>, StoreError> {
        match &self.rows {
            GenerationRows::Embedded(rows) => rows.all(),
            GenerationRows::Postgres(rows) => rows.all(),
        }
    }
}

/// Runs `work` where it may block; here, where there is no runtime whose threads must not.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.unwrap_or(Err(StoreError::Closed)),
        Err(_) => work(),
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{} generation {}", self.name, self.id.version, self.id.number)
    }
}

/// The generation that answers queries; switched in one step when a rebuild has caught up.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<RwLock<LiveState>>);

#[derive(Debug, Default)]
struct LiveState {
    generation: Option<Arc<Generation>>,
    /// Why there is none, where that is not because the read model was never filled.
    error: Option<StoreError>,
}

impl Live {
    /// The one that answers now; None until the read model was first filled.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Generation>> {
        self.0.read().generation.clone()
    }

    /// The same, for queries: it is an error if none can be known.
    pub fn asked(&self) -> Result<Option<Arc<Generation>>, StoreError> {
        let state = self.0.read();
        match (&state.generation, &state.error) {
            (None, Some(error)) => Err(error.clone()),
            (generation, _) => Ok(generation.clone()),
        }
    }

    pub fn switch_to(&self, generation: Arc<Generation>) -> Option<Arc<Generation>> {
        let mut state = self.0.write();
        state.error = None;
        state.generation.replace(generation)
    }

    /// There is none that may answer.
    pub fn switch_off(&self, error: Option<StoreError>) {
        *self.0.write() = LiveState { generation: None, error };
    }
}
