//! The one pass over everything that matches: finds the page's products and counts all facets.

use super::{
    SearchError,
    columns::{NO_PRICE, SegmentColumns},
    cursor::Cursor,
    filter::{BRAND, FIRST_ATTRIBUTE, Filters, PRICE, STOCK},
    price::{RANGE_STARTS, range_of},
    request::{CountMode, SearchRequest, Sort},
    tally::Tally,
    top::{Candidate, Rank, Top},
    view::View,
};
use tantivy::{
    columnar::StrColumn,
    fastfield::AliveBitSet,
    query::{EnableScoring, Query},
};

/// Up to so many matches, every n-th product's attributes are counted, as n products. Attributes are most of a
/// pass' work (some 20 values a product, each a random access), so this bounds it at any size of the shop.
const SAMPLING: [(u64, u32); 3] = [(8_192, 1), (131_072, 16), (u64::MAX, 128)];

/// What is counted; kept between searches for its memory.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) brands: Tally,
    pub(super) categories: Tally,
    pub(super) attributes: Tally,
    pub(super) prices: [u64; RANGE_STARTS.len()],
    /// Out of stock, in stock.
    pub(super) stock: [u64; 2],
    pub(super) estimated: bool,
}

impl Counts {
    fn prepare(&mut self, view: &View) {
        self.brands.prepare(view.brand_end);
        self.categories.prepare(view.category_end);
        self.attributes.prepare(view.key_of.len());
        self.prices = [0; RANGE_STARTS.len()];
        self.stock = [0; 2];
        self.estimated = false;
    }
}

/// What a pass found.
pub(super) struct Gathered {
    /// Matching the words and the category, whatever else was filtered by.
    pub(super) matched: u64,
    /// Found: matching everything.
    pub(super) found: u64,
    /// The page's products, best first.
    pub(super) page: Vec<Candidate>,
    /// Where the next page begins.
    pub(super) next: Option<Cursor>,
}

struct Pass<'a> {
    filters: &'a Filters,
    key_of: &'a [u32],
    counts: Option<&'a mut Counts>,
    sort: Sort,
    exact: bool,
    by_score: bool,
    top: Top,
    matched: u64,
    found: u64,
}

/// One segment, as the pass reads it.
struct Segment<'a> {
    number: u32,
    columns: &'a SegmentColumns,
    prices: Option<&'a [i64]>,
    alive: Option<&'a AliveBitSet>,
}

/// Runs over what `query` matches; everything, if there is none.
pub(super) fn gather(
    view: &View,
    request: &SearchRequest,
    filters: &Filters,
    query: Option<&dyn Query>,
    by_words: bool,
    mut counts: Option<&mut Counts>,
) -> Result<Gathered, SearchError> {
    let cursor = Cursor::of(request)?;
    let limit = request.limit.unwrap_or(1) as usize;
    let by_name = request.sort == Sort::Name;
    let by_score = by_words && request.sort == Sort::Relevance;
    let scoring = if by_score {
        EnableScoring::enabled_from_searcher(&view.searcher)
    } else {
        EnableScoring::disabled_from_searcher(&view.searcher)
    };
    let weight = query.map(|query| query.weight(scoring)).transpose()?;
    if let Some(counts) = counts.as_deref_mut() {
        counts.prepare(view);
    }
    let mut pass = Pass {
        filters,
        key_of: &view.key_of,
        counts,
        sort: request.sort,
        exact: request.count == CountMode::Exact,
        by_score,
        top: Top::new(limit + 1, cursor.as_ref().map(|cursor| cursor.rank)),
        matched: 0,
        found: 0,
    };
    let mut named: Vec<(Vec<u8>, Candidate)> = Vec::new();
    for (number, (reader, columns)) in
        (0_u32..).zip(view.searcher.segment_readers().iter().zip(&view.columns))
    {
        let prices = filters.currency.and_then(|currency| columns.prices.get(&currency)).map(Vec::as_slice);
        let segment = Segment { number, columns, prices, alive: reader.alive_bitset() };
        if by_name {
            pass.top.below = name_bound(columns, cursor.as_ref())?;
        }
        match &weight {
            None => (0..reader.max_doc()).for_each(|doc| pass.take(&segment, doc, 0.0)),
            Some(weight) if by_score => {
                weight.for_each(reader, &mut |doc, score| pass.take(&segment, doc, score))?;
            }
            Some(weight) => weight.for_each_no_score(reader, &mut |docs| {
                docs.iter().for_each(|doc| pass.take(&segment, *doc, 0.0));
            })?,
        }
        if by_name {
            for candidate in pass.top.drain() {
                named.push((name_of(columns, candidate.doc)?, candidate));
            }
        }
    }
    let (page, next) = if by_name { named_page(named, limit) } else { ranked_page(&mut pass.top, limit) };
    Ok(Gathered { matched: pass.matched, found: pass.found, page, next })
}

impl Pass<'_> {
    #[inline]
    fn take(&mut self, segment: &Segment<'_>, doc: u32, score: f32) {
        if segment.alive.is_some_and(|alive| alive.is_deleted(doc)) {
            return;
        }
        self.matched += 1;
        let columns = segment.columns;
        let price = segment.prices.map_or(NO_PRICE, |prices| prices[doc as usize]);
        let failed = self.filters.failed(columns, doc, price);
        if failed == 0 {
            self.found += 1;
            let rank = self.rank(columns, doc, price, score);
            self.top.offer(Candidate { rank, segment: segment.number, doc });
        }
        if failed & failed.wrapping_sub(1) == 0 {
            self.count(columns, doc, price, failed);
        }
    }

    fn rank(&self, columns: &SegmentColumns, doc: u32, price: i64, score: f32) -> Rank {
        let created = columns.created[doc as usize];
        let first = match self.sort {
            Sort::Relevance if self.by_score => u64::from(score.max(0.0).to_bits()),
            Sort::Relevance | Sort::Newest => created,
            Sort::PriceAsc if price == NO_PRICE => 0,
            Sort::PriceAsc => u64::MAX - price.unsigned_abs(),
            Sort::PriceDesc if price == NO_PRICE => 0,
            Sort::PriceDesc => price.unsigned_abs() + 1,
            Sort::Name => u64::MAX - u64::from(columns.name[doc as usize]),
        };
        (first, created)
    }

    /// Counts a product that fails no filter, or only the one of the bit `failed`.
    #[inline]
    fn count(&mut self, columns: &SegmentColumns, doc: u32, price: i64, failed: u32) {
        let Some(counts) = self.counts.as_deref_mut() else { return };
        if failed & !BRAND == 0 {
            counts.brands.add(columns.brand[doc as usize], 1);
        }
        if failed & !PRICE == 0 && price != NO_PRICE {
            counts.prices[range_of(price)] += 1;
        }
        if failed & !STOCK == 0 {
            counts.stock[usize::from(columns.in_stock[doc as usize])] += 1;
        }
        if failed == 0 {
            counts.categories.add(columns.category[doc as usize], 1);
        }
        if failed != 0 && failed < FIRST_ATTRIBUTE {
            return;
        }
        let weight = if self.exact { 1 } else { weight_at(self.matched) };
        if weight > 1 {
            counts.estimated = true;
            if !self.matched.is_multiple_of(u64::from(weight)) {
                return;
            }
        }
        if failed == 0 {
            columns.attributes(doc).iter().for_each(|id| counts.attributes.add(*id, weight));
        } else {
            let bit = failed.trailing_zeros() - FIRST_ATTRIBUTE.trailing_zeros();
            let key = self.filters.keys[bit as usize];
            for id in columns.attributes(doc) {
                if self.key_of.get(*id as usize) == Some(&key) {
                    counts.attributes.add(*id, weight);
                }
            }
        }
    }
}

fn weight_at(matched: u64) -> u32 {
    SAMPLING.iter().find(|(up_to, _)| matched <= *up_to).map_or(1, |(_, weight)| *weight)
}

fn ranked_page(top: &mut Top, limit: usize) -> (Vec<Candidate>, Option<Cursor>) {
    let mut page = top.drain();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map(|last| Cursor { rank: last.rank, name: Vec::new() });
    (page, next)
}

/// Ranks by name hold within a segment only; between segments the names themselves decide.
fn named_page(mut named: Vec<(Vec<u8>, Candidate)>, limit: usize) -> (Vec<Candidate>, Option<Cursor>) {
    named.sort_unstable_by(|(a, first), (b, second)| a.cmp(b).then(second.rank.1.cmp(&first.rank.1)));
    let more = named.len() > limit;
    named.truncate(limit);
    let next = named.last().filter(|_| more);
    let next = next.map(|(name, last)| Cursor { rank: (0, last.rank.1), name: name.clone() });
    (named.into_iter().map(|(_, candidate)| candidate).collect(), next)
}

fn name_of(columns: &SegmentColumns, doc: u32) -> Result<Vec<u8>, SearchError> {
    let mut name = Vec::new();
    if let Some(names) = &columns.names {
        names.dictionary().ord_to_term(u64::from(columns.name[doc as usize]), &mut name)?;
    }
    Ok(name)
}

/// The rank in this segment that the page must stay below to come after the cursor.
fn name_bound(columns: &SegmentColumns, cursor: Option<&Cursor>) -> Result<Option<Rank>, SearchError> {
    let (Some(cursor), Some(names)) = (cursor, &columns.names) else { return Ok(None) };
    let ord = first_at_or_after(names, &cursor.name)?;
    let mut at = Vec::new();
    let same = names.dictionary().ord_to_term(ord, &mut at)? && at == cursor.name;
    let below = if same { cursor.rank.1 } else { u64::MAX };
    Ok(Some((u64::MAX - ord, below)))
}

fn first_at_or_after(names: &StrColumn, name: &[u8]) -> Result<u64, SearchError> {
    let dictionary = names.dictionary();
    let (mut low, mut high) = (0, dictionary.num_terms() as u64);
    let mut term = Vec::new();
    while low < high {
        let middle = low + (high - low) / 2;
        dictionary.ord_to_term(middle, &mut term)?;
        if term.as_slice() < name { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}
