//! A segment's columns, unpacked once when the segment appears and shared by all later generations of the
//! index that still have it. Segments never change, so neither do these; deletions are the reader's business.

use super::{
    SearchIndexError,
    names::{NONE, Names},
    price,
    schema::{ATTRIBUTE, BRAND, CATEGORY, CREATED, IN_STOCK, NAME, PRICE},
};
use ahash::AHashMap;
use parking_lot::RwLock;
use tantivy::{SegmentReader, TantivyError, columnar::StrColumn, index::SegmentId};

/// A price column's value where there is no price.
pub(super) const NO_PRICE: i64 = -1;

pub(super) struct SegmentColumns {
    pub(super) segment: SegmentId,
    pub(super) brand: Vec<u32>,
    pub(super) category: Vec<u32>,
    pub(super) in_stock: Vec<bool>,
    pub(super) created: Vec<u64>,
    /// By currency code.
    pub(super) prices: AHashMap<u16, Vec<i64>>,
    attribute_starts: Vec<u32>,
    attributes: Vec<u32>,
    /// Rank of the name within this segment.
    pub(super) name: Vec<u32>,
    pub(super) names: Option<StrColumn>,
}

impl SegmentColumns {
    pub(super) fn read(segment: &SegmentReader, names: &RwLock<Names>) -> Result<Self, SearchIndexError> {
        let fast = segment.fast_fields();
        let max_doc = segment.max_doc();
        let single = |column: Option<StrColumn>, ids: &[u32]| -> Vec<u32> {
            let Some(column) = column else { return vec![NONE; max_doc as usize] };
            let id = |ord: u64| usize::try_from(ord).ok().and_then(|ord| ids.get(ord)).copied();
            (0..max_doc).map(|doc| column.ords().first(doc).and_then(id).unwrap_or(NONE)).collect()
        };
        let brand_column = fast.str(BRAND)?;
        let brand_ids =
            global_ids(brand_column.as_ref(), names, |names, text| names.brands.id(text), Names::add_brand)?;
        let category_column = fast.str(CATEGORY)?;
        let category_ids = global_ids(
            category_column.as_ref(),
            names,
            |names, text| names.categories.id(text),
            Names::add_category,
        )?;
        let attribute_column = fast.str(ATTRIBUTE)?;
        let attribute_ids = global_ids(
            attribute_column.as_ref(),
            names,
            |names, text| names.attribute_id(text),
            Names::add_attribute,
        )?;
        let mut attribute_starts = Vec::with_capacity(max_doc as usize + 1);
        let mut attributes = Vec::new();
        for doc in 0..max_doc {
            attribute_starts.push(offset(attributes.len())?);
            if let Some(column) = &attribute_column {
                let known = |ord: u64| attribute_ids.get(usize::try_from(ord).ok()?).copied();
                attributes.extend(column.ords().values_for_doc(doc).filter_map(known));
            }
        }
        attribute_starts.push(offset(attributes.len())?);
        attributes.shrink_to_fit();
        let name_column = fast.str(NAME)?;
        let name = |doc| name_column.as_ref().and_then(|column| column.ords().first(doc)).unwrap_or(0);
        let (created, stock) = (fast.u64(CREATED)?, fast.u64(IN_STOCK)?);
        Ok(Self {
            segment: segment.segment_id(),
            brand: single(brand_column, &brand_ids),
            category: single(category_column, &category_ids),
            in_stock: (0..max_doc).map(|doc| stock.first(doc) == Some(1)).collect(),
            created: (0..max_doc).map(|doc| created.first(doc).unwrap_or(0)).collect(),
            prices: prices(segment)?,
            attribute_starts,
            attributes,
            name: (0..max_doc).map(|doc| u32::try_from(name(doc)).unwrap_or(u32::MAX)).collect(),
            names: name_column,
        })
    }

    /// The attribute values of a product.
    pub(super) fn attributes(&self, doc: u32) -> &[u32] {
        let (start, end) = (self.attribute_starts[doc as usize], self.attribute_starts[doc as usize + 1]);
        &self.attributes[start as usize..end as usize]
    }
}

fn offset(length: usize) -> Result<u32, TantivyError> {
    u32::try_from(length)
        .map_err(|_| TantivyError::InternalError("a segment has 2^32 attribute values".to_owned()))
}

/// The global number of every rank in the column's dictionary. Searches read names meanwhile, so the names
/// are locked for writing only to add those that are new.
fn global_ids(
    column: Option<&StrColumn>,
    names: &RwLock<Names>,
    known: impl Fn(&Names, &str) -> Option<u32>,
    add: impl Fn(&mut Names, &str) -> u32,
) -> Result<Vec<u32>, SearchIndexError> {
    let Some(column) = column else { return Ok(Vec::new()) };
    let mut ids = Vec::with_capacity(column.dictionary().num_terms());
    let mut new = Vec::new();
    let mut stream = column.dictionary().stream()?;
    while stream.advance() {
        let text = String::from_utf8_lossy(stream.key());
        let id = known(&names.read(), &text);
        if id.is_none() {
            new.push((ids.len(), text.into_owned()));
        }
        ids.push(id.unwrap_or(NONE));
    }
    for (rank, text) in new {
        ids[rank] = add(&mut names.write(), &text);
    }
    Ok(ids)
}

fn prices(segment: &SegmentReader) -> Result<AHashMap<u16, Vec<i64>>, SearchIndexError> {
    let mut prices: AHashMap<u16, Vec<i64>> = AHashMap::new();
    let column = segment.fast_fields().u64(PRICE)?;
    for doc in 0..segment.max_doc() {
        for packed in column.values_for_doc(doc) {
            let (currency, minor) = price::unpack(packed);
            let column = prices.entry(currency).or_insert_with(|| vec![NO_PRICE; segment.max_doc() as usize]);
            column[doc as usize] = minor;
        }
    }
    Ok(prices)
}
