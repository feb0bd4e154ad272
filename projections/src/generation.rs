//! One filling of one read model: its version, its rows, its place. A rebuild makes the next one beside it.

use fjall::{Database, Keyspace, Snapshot};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, sync::Arc};

/// Which shape, and which filling of that shape. Persisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationId {
    /// The projection's version.
    pub version: u32,
    /// Counts the read model's fillings, from 1.
    pub number: u64,
}

/// The rows of one filling.
pub struct Generation {
    pub(crate) name: &'static str,
    pub(crate) id: GenerationId,
    pub(crate) db: Database,
    pub(crate) keyspace: Keyspace,
    pub(crate) own_dir: PathBuf,
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

    /// The rows, for queries.
    #[must_use]
    pub fn rows(&self) -> &Keyspace {
        &self.keyspace
    }

    /// All rows as they are now, for queries that read several.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.db.snapshot()
    }

    /// A directory for a store of the projection's own, not yet made; removed with the generation.
    #[must_use]
    pub fn own_dir(&self) -> &PathBuf {
        &self.own_dir
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{} filling {}", self.name, self.id.version, self.id.number)
    }
}

/// The generation that answers queries; switched in one step when a rebuild has caught up.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<RwLock<Option<Arc<Generation>>>>);

impl Live {
    /// The one that answers now; None until the read model was first filled.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Generation>> {
        self.0.read().clone()
    }

    pub(crate) fn switch_to(&self, generation: Arc<Generation>) -> Option<Arc<Generation>> {
        self.0.write().replace(generation)
    }
}
