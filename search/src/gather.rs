//! Runs a pass over everything that matches, segment by segment, and makes a page of what it found.

use super::{
    SearchError,
    columns::SegmentColumns,
    cursor::Cursor,
    filter::Filters,
    pass::{Counts, Pass, Segment},
    request::{SearchRequest, Sort},
    top::{Candidate, Rank, Top},
    view::View,
};
use tantivy::{
    columnar::StrColumn,
    query::{EnableScoring, Query},
};

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

/// Runs over what `query` matches; everything, if there is none.
pub(super) fn gather(
    view: &View,
    request: &SearchRequest,
    filters: &Filters,
    query: Option<&dyn Query>,
    by_words: bool,
    counts: Option<&mut Counts>,
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
    let top = Top::new(limit + 1, cursor.as_ref().map(|cursor| cursor.rank));
    let mut pass = Pass::new(view, request, by_score, filters, counts, top);
    let mut named: Vec<(Vec<u8>, Candidate)> = Vec::new();
    for (number, (reader, columns)) in
        (0_u32..).zip(view.searcher.segment_readers().iter().zip(&view.columns))
    {
        let prices = filters.currency.and_then(|currency| columns.prices.get(&currency));
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
        pass.look(&segment);
        if by_name {
            for candidate in pass.top.drain() {
                named.push((name_of(columns, candidate.doc)?, candidate));
            }
        }
    }
    let (page, next) = if by_name { named_page(named, limit) } else { ranked_page(&mut pass.top, limit) };
    Ok(Gathered { matched: pass.matched as u64, found: pass.found as u64, page, next })
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
