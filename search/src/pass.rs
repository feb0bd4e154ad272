//! One look at everything that matches: what is on the page, and how often each value occurs.
//!
//! The time goes into waiting for memory: products that match are far apart, and of each a few bytes are looked at. So
//! matches are collected, and each column is read for all of them in a loop of its own, whose reads do not depend on
//! each other: the processor fetches many at a time.

use super::{
    availability::Availability,
    columns::{NO_PRICE, PriceColumn, SegmentColumns},
    filter::{AVAILABILITY, BRAND, Filters, PRICE},
    mixed::{self, Mixed},
    price::RANGE_STARTS,
    request::{CountMode, SearchRequest, Sort},
    tally::FacetTally,
    top::{Candidate, Top},
    view::View,
};
use tantivy::fastfield::AliveBitSet;

/// Up to so many matches, every n-th product's attributes are counted, as n products. Attributes are most of a
/// pass' work (some 20 values a product, each a random access), so this bounds it at any size of the shop.
const SAMPLING: [(usize, u32); 3] = [(8_192, 1), (131_072, 16), (usize::MAX, 128)];
/// Matches looked at together.
const BLOCK: usize = 128;

/// What is counted; kept between searches for its memory.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) brands: FacetTally,
    pub(super) categories: FacetTally,
    pub(super) attributes: FacetTally,
    pub(super) prices: [u64; RANGE_STARTS.len()],
    /// By the number of each.
    pub(super) availability: [u64; Availability::ALL.len()],
    pub(super) estimated: bool,
    /// Attribute values of the products under the eye.
    values: Vec<u32>,
}

impl Counts {
    fn prepare(&mut self, view: &View) {
        self.brands.prepare(view.brand_end);
        self.categories.prepare(view.category_end);
        self.attributes.prepare(view.key_of.len());
        self.prices = [0; RANGE_STARTS.len()];
        self.availability = [0; Availability::ALL.len()];
        self.estimated = false;
    }
}

/// One segment, as the pass reads it.
pub(super) struct Segment<'a> {
    pub(super) number: u32,
    pub(super) columns: &'a SegmentColumns,
    pub(super) prices: Option<&'a PriceColumn>,
    pub(super) alive: Option<&'a AliveBitSet>,
}

impl Segment<'_> {
    fn price(&self, doc: u32) -> i64 {
        self.prices.map_or(NO_PRICE, |prices| prices.minor(doc))
    }
}

/// A match, and the filters that it fails.
struct Match {
    doc: u32,
    score: f32,
    failed: u32,
    /// Whether its variants differ and there are filters: each variant has to be looked at.
    is_mixed: bool,
}

pub(super) struct Pass<'a> {
    filters: &'a Filters,
    key_of: &'a [u32],
    counts: Option<&'a mut Counts>,
    sort: Sort,
    exact: bool,
    by_score: bool,
    pub(super) top: Top,
    waiting: Vec<Match>,
    /// Matching the words and the category, whatever else was filtered by.
    pub(super) matched: usize,
    /// Matching everything.
    pub(super) found: usize,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        view: &'a View,
        request: &SearchRequest,
        by_score: bool,
        filters: &'a Filters,
        mut counts: Option<&'a mut Counts>,
        top: Top,
    ) -> Self {
        if let Some(counts) = counts.as_deref_mut() {
            counts.prepare(view);
        }
        Self {
            filters,
            key_of: &view.key_of,
            counts,
            sort: request.sort,
            exact: request.count == CountMode::Exact,
            by_score,
            top,
            waiting: Vec::with_capacity(BLOCK),
            matched: 0,
            found: 0,
        }
    }

    #[inline]
    pub(super) fn take(&mut self, segment: &Segment<'_>, doc: u32, score: f32) {
        if segment.alive.is_some_and(|alive| alive.is_deleted(doc)) {
            return;
        }
        self.waiting.push(Match { doc, score, failed: 0, is_mixed: false });
        if self.waiting.len() == BLOCK {
            self.look(segment);
        }
    }

    /// Looks at all that was taken. Has to be called before another segment's turn.
    pub(super) fn look(&mut self, segment: &Segment<'_>) {
        if !self.filters.are_none() {
            for one in &mut self.waiting {
                one.is_mixed = segment.columns.traits(one.doc).is_mixed;
                one.failed = if one.is_mixed {
                    mixed::failed(self.filters, segment.columns, one.doc)
                } else {
                    self.filters.failed(segment.columns, one.doc, || segment.price(one.doc))
                };
            }
        }
        self.rank(segment);
        self.count(segment);
        self.matched += self.waiting.len();
        self.waiting.clear();
    }

    fn rank(&mut self, segment: &Segment<'_>) {
        for one in self.waiting.iter().filter(|one| one.failed == 0) {
            self.found += 1;
            let first = self.first(segment, one);
            if self.top.may_take(first) {
                let rank = (first, segment.columns.created[one.doc as usize]);
                self.top.offer(Candidate { rank, segment: segment.number, doc: one.doc });
            }
        }
    }

    /// The first number of its rank. For most products it decides that they are not on the page.
    #[inline]
    fn first(&self, segment: &Segment<'_>, one: &Match) -> u64 {
        let price = || match one.is_mixed {
            true => mixed::lowest_price(self.filters, segment.columns, one.doc),
            false => segment.price(one.doc),
        };
        match self.sort {
            Sort::Relevance if self.by_score => u64::from(one.score.max(0.0).to_bits()),
            Sort::Relevance | Sort::Newest => segment.columns.created[one.doc as usize],
            Sort::PriceAsc | Sort::PriceDesc if price() == NO_PRICE => 0,
            Sort::PriceAsc => u64::MAX - price().unsigned_abs(),
            Sort::PriceDesc => price().unsigned_abs() + 1,
            Sort::Name => u64::MAX - u64::from(segment.columns.name[one.doc as usize]),
        }
    }

    /// Counts products that fail no filter, or only that of the facet which is counted.
    fn count(&mut self, segment: &Segment<'_>) {
        let Some(counts) = self.counts.as_deref_mut() else { return };
        for one in &self.waiting {
            let traits = segment.columns.traits(one.doc);
            if traits.is_mixed {
                let mixed = Mixed::of(self.filters, segment.columns, one.doc);
                mixed.count(counts, traits);
                continue;
            }
            if one.failed & !BRAND == 0 {
                counts.brands.add(traits.brand, 1);
            }
            if one.failed & !AVAILABILITY == 0 {
                counts.availability[traits.availability as usize] += 1;
            }
            if one.failed == 0 {
                counts.categories.add(traits.category, 1);
            }
        }
        if let Some(prices) = segment.prices {
            let alike = |one: &&Match| one.failed & !PRICE == 0 && !segment.columns.traits(one.doc).is_mixed;
            for one in self.waiting.iter().filter(alike) {
                if let Some(range) = prices.range(one.doc) {
                    counts.prices[range] += 1;
                }
            }
        }
        self.count_attributes(segment);
    }

    fn count_attributes(&mut self, segment: &Segment<'_>) {
        let Some(counts) = self.counts.as_deref_mut() else { return };
        // A block is of one weight: what it begins with decides.
        let weight = if self.exact { 1 } else { weight_at(self.matched + 1) };
        counts.estimated |= weight > 1;
        let every = weight as usize;
        let sampled = self.waiting.iter().skip(every - 1 - self.matched % every).step_by(every);
        counts.values.clear();
        for one in sampled {
            let values = segment.columns.attributes(one.doc);
            if one.is_mixed {
                mixed::values(self.filters, segment.columns, one.doc, self.key_of, &mut counts.values);
            } else if one.failed == 0 {
                counts.values.extend_from_slice(values);
            } else if let Some(key) = self.filters.only_key(one.failed) {
                let of_key = |id: &&u32| self.key_of.get(**id as usize) == Some(&key);
                counts.values.extend(values.iter().filter(of_key));
            }
        }
        for id in &counts.values {
            counts.attributes.add(*id, weight);
        }
    }
}

fn weight_at(matched: usize) -> u32 {
    SAMPLING.iter().find(|(up_to, _)| matched <= *up_to).map_or(1, |(_, weight)| *weight)
}
