//! The rows of one generation on the server: which tables they are in, and how a row goes in and comes out.
//!
//! ```text
//! views    view_id text, version bigint, payload json      the layout of postgres-es
//! entries  key bytea, whole bytea, view_id text            whole: where the key is longer than an index takes
//! records  key bytea, whole bytea, payload json
//! ```

use super::{Shared, key};
use crate::{GenerationId, IdForm, Row, RowContent, RowKind, StoreError, schema};
use fjall::UserValue;
use std::sync::{Arc, atomic::AtomicI64};

pub(crate) struct PostgresRows {
    pub(super) shared: Arc<Shared>,
    pub(super) name: &'static str,
    pub(super) id: GenerationId,
    pub(super) kinds: &'static [RowKind],
    /// How many commits the projector of this process knows of.
    pub(super) revision: Arc<AtomicI64>,
}

/// The name of a table of one generation.
pub(super) fn table(kind: &RowKind, id: GenerationId) -> String {
    format!("daybook_read.{}_v{}_{}", kind.table, id.version, id.number)
}

/// What makes it.
pub(super) fn make(kind: &RowKind, id: GenerationId) -> String {
    let columns = match kind.holds {
        RowContent::Views(_) => {
            "view_id text COLLATE \"C\" PRIMARY KEY, version bigint NOT NULL CHECK (version >= 0), payload json NOT NULL"
        }
        RowContent::Leads(..) => "key bytea PRIMARY KEY, whole bytea, view_id text COLLATE \"C\" NOT NULL",
        RowContent::Records => "key bytea PRIMARY KEY, whole bytea, payload json NOT NULL",
    };
    // Views are written again and again: room in each page keeps a new version beside the old one.
    let room = if matches!(kind.holds, RowContent::Views(_)) { " WITH (fillfactor = 80)" } else { "" };
    format!("CREATE TABLE {} ({columns}){room}", table(kind, id))
}

impl PostgresRows {
    pub(super) fn table(&self, kind: &RowKind) -> String {
        table(kind, self.id)
    }

    /// The kind of a row, and the rest of its key.
    pub(super) fn kind<'a>(&self, whole_key: &'a [u8]) -> Result<(&'static RowKind, &'a [u8]), StoreError> {
        match (schema::of(self.kinds, whole_key), whole_key) {
            (Some(kind), [_, rest @ ..]) => Ok((kind, rest)),
            _ => Err(StoreError::damaged(
                whole_key,
                format_args!("{} declares no kind of rows with this letter", self.name),
            )),
        }
    }

    /// What the ids of the views under `letter` look like.
    pub(super) fn ids(&self, letter: u8) -> Result<(&'static RowKind, IdForm), StoreError> {
        let (kind, _) = self.kind(&[letter])?;
        match kind.holds {
            RowContent::Views(id) => Ok((kind, id)),
            _ => Err(StoreError::damaged(&[letter], "an entry can lead only to a view")),
        }
    }

    /// The row under `key`, for the projection. Blocks.
    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<UserValue>, StoreError> {
        let (shared, find) = (self.shared.clone(), self.find(key)?);
        self.shared.bridge.wait(async move { Ok(find.once(&shared.writing).await?.map(UserValue::from)) })
    }

    /// Everything, by key. Blocks.
    pub(crate) fn all(&self) -> Result<Vec<(Vec<u8>, Row)>, StoreError> {
        let (shared, mut scans) = (self.shared.clone(), Vec::new());
        for kind in self.kinds {
            scans.push(self.scan(kind)?);
        }
        self.shared.bridge.wait(async move {
            let mut all = Vec::new();
            for scan in scans {
                all.extend(scan.once(&shared.writing).await?);
            }
            all.sort_by(|a, b| a.0.cmp(&b.0));
            Ok(all)
        })
    }

    /// A whole key of `kind` from its `view_id`.
    pub(super) fn key_of(kind: &RowKind, id: IdForm, view_id: &str) -> Result<Vec<u8>, StoreError> {
        Ok([&[kind.letter][..], &key::id_bytes(id, view_id)?].concat())
    }
}
