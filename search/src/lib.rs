//! Which products fit these words and wishes? The search read model, on tantivy.
//!
//! ```text
//! product and inventory events ─> SearchProjection ─> Rows (fjall) ─> Writer (tantivy) ─> View ─> SearchIndex
//! ```
//!
//! Two stores, each with its own checkpoint, in one directory:
//!
//! - `rows/` holds what events add up to: each product's description, prices and status, each SKU's stock
//!   per location, and the ids of products whose index entry is out of date ("stale").
//! - `index/` holds the searchable form of published products and nothing that could not be made again from
//!   the rows.
//!
//! Invariants: the rows are never behind the index (they are synced first); a product whose entry differs
//! from its row is among the stale ids, which are written with the row and leave only after the index was
//! committed. So a crash at any moment costs indexing some products again, nothing else. A lost or damaged
//! index is made again from the rows; lost rows are made again from the log.
//!
//! The index is committed on a timer, not per event; stock events touch it only when a product's
//! availability flips. What it does not do: it keeps no drafts or archived products in the index, knows no
//! synonyms and no personal ranking.

mod as_of;
mod at_least;
mod availability;
mod bounded;
mod category;
mod columns;
mod cursor;
mod document;
mod error;
mod facets;
mod filter;
mod flights;
mod folding;
mod gather;
mod index;
mod joined;
mod mixed;
mod names;
mod offline_index;
mod parameters;
mod pass;
mod price;
mod projection;
mod render;
mod request;
mod response;
mod row;
mod rows;
mod schema;
mod suggest;
mod tally;
#[cfg(test)]
mod tests;
mod top;
mod typo;
mod variants;
mod view;
mod waiting;
mod words;
mod writer;

pub use as_of::as_of;
pub use availability::Availability;
pub use error::{SearchError, SearchIndexError};
pub use index::{SearchIndex, TOTAL_CAP};
pub use projection::SearchProjection;
pub use request::{
    AttributeFilter, CountMode, DEFAULT_LIMIT, MAX_LIMIT, MAX_QUERY_CHARS, MAX_QUERY_TERMS, RangeFilter,
    SearchRequest, Sort,
};
pub use response::{
    AttributeFacet, AttributeKind, AvailabilityCount, CategoryCount, Correction, Facets, Hit, Matched,
    PriceFacet, PriceRange, SearchAnswer, SearchPage, Suggestion, SuggestionKind, Total, ValueCount,
};

use daybook_projections::Definition;
use daybook_read_store::{Generation, StoreError};
use parking_lot::RwLock;
use std::sync::Arc;

/// How much memory the search may use, and how often it commits.
#[derive(Debug, Clone)]
pub struct SearchConfig {
    /// At least so long between commits, unless somebody waits for one.
    pub commit_interval_ms: u64,
    /// Buffer of the index writer; at least 15 MB.
    pub writer_memory_bytes: usize,
    /// Whole answers kept.
    pub answer_cache_bytes: usize,
    /// Hits kept, whichever answer they are in.
    pub hit_cache_bytes: usize,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            commit_interval_ms: 500,
            writer_memory_bytes: 48 << 20,
            answer_cache_bytes: 64 << 20,
            hit_cache_bytes: 64 << 20,
        }
    }
}

/// The search index that answers now; switched in one step when a rebuild has caught up.
#[derive(Clone, Default)]
pub struct Search(Arc<RwLock<Option<Arc<SearchIndex>>>>);

impl Search {
    /// The index to ask; None until the first filling is live.
    #[must_use]
    pub fn current(&self) -> Option<Arc<SearchIndex>> {
        self.0.read().clone()
    }

    fn switch_to(&self, index: Arc<SearchIndex>) {
        *self.0.write() = Some(index);
    }

    /// The projection that fills this search, for the runner.
    #[must_use]
    pub fn definition(&self, config: SearchConfig) -> Definition {
        let search = self.clone();
        let make = move |generation: &Arc<Generation>| {
            SearchProjection::open(generation.own_dir(), &config, search.clone()).map_err(StoreError::from)
        };
        Definition::new(make).apart()
    }
}

impl From<SearchIndexError> for StoreError {
    fn from(error: SearchIndexError) -> Self {
        Self::OwnStore { operation: "keeping the search index", detail: error.to_string() }
    }
}
