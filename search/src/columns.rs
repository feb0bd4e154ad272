//! A segment's columns, unpacked once when the segment appears and shared by all later generations of the
//! index that still have it. Segments never change, so neither do these; deletions are the reader's business.

use super::{
    SearchIndexError,
    availability::Availability,
    names::{NONE, Names},
    price::{self, RANGE_STARTS, range_of},
    schema::{ATTRIBUTE, AVAILABILITY, BRAND, CATEGORY, CREATED, NAME, PRICE},
    variants::VariantColumn,
};
use ahash::AHashMap;
use parking_lot::RwLock;
use tantivy::{SegmentReader, TantivyError, columnar::StrColumn, index::SegmentId};

/// A price column's value where there is no price.
pub(super) const NO_PRICE: i64 = -1;
const NO_RANGE: u8 = u8::MAX;
const _: () = assert!(RANGE_STARTS.len() < NO_RANGE as usize);

pub(super) struct SegmentColumns {
    pub(super) segment: SegmentId,
    /// One per product, and one more, where the attributes end.
    traits: Vec<Traits>,
    pub(super) created: Vec<u64>,
    /// By currency code.
    pub(super) prices: AHashMap<u16, PriceColumn>,
    attributes: Vec<u32>,
    pub(super) variants: VariantColumn,
    /// Rank of the name within this segment.
    pub(super) name: Vec<u32>,
    pub(super) names: Option<StrColumn>,
}

/// What every match is counted by. Kept together, as a pass goes from one place in memory to the next far away, and
/// waits for each.
pub(super) struct Traits {
    pub(super) brand: u32,
    pub(super) category: u32,
    attributes_start: u32,
    /// The best of its variants.
    pub(super) availability: Availability,
    /// Whether its variants differ, so that each has to be looked at.
    pub(super) is_mixed: bool,
}

/// The prices in one currency.
pub(super) struct PriceColumn {
    minor: Vec<i64>,
    /// The range that each is in: most searches only count these, and a byte a product stays in the cache.
    range: Vec<u8>,
}

impl PriceColumn {
    /// In minor units; [`NO_PRICE`] if there is none.
    #[inline]
    pub(super) fn minor(&self, doc: u32) -> i64 {
        self.minor[doc as usize]
    }

    /// None if there is no price.
    #[inline]
    pub(super) fn range(&self, doc: u32) -> Option<usize> {
        Some(self.range[doc as usize]).filter(|range| *range != NO_RANGE).map(usize::from)
    }
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
        let (brands, categories) = (single(brand_column, &brand_ids), single(category_column, &category_ids));
        let (created, stock) = (fast.u64(CREATED)?, fast.u64(AVAILABILITY)?);
        let variants = VariantColumn::read(segment)?;
        let mut traits = Vec::with_capacity(max_doc as usize + 1);
        let mut attributes = Vec::new();
        for (doc, (brand, category)) in (0..max_doc).zip(brands.into_iter().zip(categories)) {
            let availability = Availability::of_number(stock.first(doc).unwrap_or(0));
            let (attributes_start, is_mixed) = (offset(attributes.len())?, variants.has(doc));
            traits.push(Traits { brand, category, attributes_start, availability, is_mixed });
            if let Some(column) = &attribute_column {
                let known = |ord: u64| attribute_ids.get(usize::try_from(ord).ok()?).copied();
                attributes.extend(column.ords().values_for_doc(doc).filter_map(known));
            }
        }
        let attributes_start = offset(attributes.len())?;
        let availability = Availability::default();
        traits.push(Traits { brand: NONE, category: NONE, attributes_start, availability, is_mixed: false });
        attributes.shrink_to_fit();
        let name_column = fast.str(NAME)?;
        let name = |doc| name_column.as_ref().and_then(|column| column.ords().first(doc)).unwrap_or(0);
        Ok(Self {
            segment: segment.segment_id(),
            traits,
            created: (0..max_doc).map(|doc| created.first(doc).unwrap_or(0)).collect(),
            prices: prices(segment)?,
            attributes,
            variants,
            name: (0..max_doc).map(|doc| u32::try_from(name(doc)).unwrap_or(u32::MAX)).collect(),
            names: name_column,
        })
    }

    #[inline]
    pub(super) fn traits(&self, doc: u32) -> &Traits {
        &self.traits[doc as usize]
    }

    /// The attribute values of a product.
    #[inline]
    pub(super) fn attributes(&self, doc: u32) -> &[u32] {
        let (this, next) = (&self.traits[doc as usize], &self.traits[doc as usize + 1]);
        &self.attributes[this.attributes_start as usize..next.attributes_start as usize]
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

fn prices(segment: &SegmentReader) -> Result<AHashMap<u16, PriceColumn>, SearchIndexError> {
    let mut prices: AHashMap<u16, PriceColumn> = AHashMap::new();
    let column = segment.fast_fields().u64(PRICE)?;
    let docs = segment.max_doc() as usize;
    for doc in 0..segment.max_doc() {
        for packed in column.values_for_doc(doc) {
            let (currency, minor) = price::unpack(packed);
            let column = prices
                .entry(currency)
                .or_insert_with(|| PriceColumn { minor: vec![NO_PRICE; docs], range: vec![NO_RANGE; docs] });
            column.minor[doc as usize] = minor;
            column.range[doc as usize] = u8::try_from(range_of(minor)).unwrap_or(NO_RANGE);
        }
    }
    Ok(prices)
}
