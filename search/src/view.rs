//! One state of the index, as searches see it: a searcher with its columns. Never changed, only replaced;
//! a search that began on one view ends on it.

use super::{
    SearchError, SearchIndexError, bounded::Bounded, columns::SegmentColumns, names::Names, schema::Fields,
};
use bytes::Bytes;
use parking_lot::RwLock;
use std::sync::Arc;
use tantivy::{
    DocAddress, DocSet as _, Searcher, TERMINATED, TantivyDocument, Term,
    index::SegmentId,
    schema::{Field, IndexRecordOption, Value},
};

pub(super) struct View {
    /// Counts views, so that answers of an older one are told apart.
    pub(super) number: u64,
    pub(super) fields: Fields,
    pub(super) searcher: Searcher,
    /// One per segment of the searcher, in its order.
    pub(super) columns: Vec<Arc<SegmentColumns>>,
    /// Attribute key number by attribute value number.
    pub(super) key_of: Arc<Vec<u32>>,
    /// Brand and category numbers are below these.
    pub(super) brand_end: usize,
    pub(super) category_end: usize,
}

impl View {
    /// Takes over the columns of segments that `before` had too, and reads the others.
    pub(super) fn next(
        before: Option<&Self>,
        searcher: Searcher,
        fields: Fields,
        names: &RwLock<Names>,
    ) -> Result<Self, SearchIndexError> {
        let known = |segment: SegmentId| {
            before?.columns.iter().find(|columns| columns.segment == segment).map(Arc::clone)
        };
        let mut columns = Vec::new();
        for segment in searcher.segment_readers() {
            columns.push(match known(segment.segment_id()) {
                Some(columns) => columns,
                None => Arc::new(SegmentColumns::read(segment, names)?),
            });
        }
        let mut names = names.write();
        Ok(Self {
            number: before.map_or(1, |view| view.number + 1),
            fields,
            searcher,
            columns,
            key_of: names.key_of(),
            brand_end: names.brands.end(),
            category_end: names.categories.end(),
        })
    }

    /// How many products have the word, counted no further than to `enough`. The dictionary counts products that are gone,
    /// too, until the index is tidied up; what a word stands for must not depend on that.
    pub(super) fn products_with(&self, word: &Term, enough: u64) -> Result<u64, SearchError> {
        let mut products = 0;
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.text)?;
            let Some(entry) = index.get_term_info(word)? else { continue };
            let Some(alive) = segment.alive_bitset() else {
                products += u64::from(entry.doc_freq);
                continue;
            };
            let mut postings = index.read_postings_from_terminfo(&entry, IndexRecordOption::Basic)?;
            while products < enough && postings.doc() != TERMINATED {
                products += u64::from(alive.is_alive(postings.doc()));
                postings.advance();
            }
        }
        Ok(products.min(enough))
    }
}

/// Hits as JSON, kept by where they stand; segments never change, so a kept hit is never wrong.
pub(super) struct Hits {
    kept: Bounded<(SegmentId, u32), Bytes>,
}

impl Hits {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { kept: Bounded::new(max_bytes) }
    }

    pub(super) fn get(&self, view: &View, segment: u32, doc: u32) -> Result<Bytes, SearchError> {
        let key = (view.columns[segment as usize].segment, doc);
        if let Some(hit) = self.kept.get(&key) {
            return Ok(hit);
        }
        let document: TantivyDocument = view.searcher.doc(DocAddress::new(segment, doc))?;
        let hit = stored(&document, view.fields.hit)?;
        self.kept.insert(key, hit.clone(), hit.len());
        Ok(hit)
    }
}

fn stored(document: &TantivyDocument, field: Field) -> Result<Bytes, SearchError> {
    document
        .get_first(field)
        .and_then(|value| value.as_bytes().map(Bytes::copy_from_slice))
        .ok_or_else(|| SearchError::Index("a product has no stored hit".to_owned()))
}
