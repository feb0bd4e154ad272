//! What a half-typed search may become: brands and words (or pairs of words) of titles that begin so, by how
//! many products have them.

use super::{
    SearchError,
    request::MAX_QUERY_CHARS,
    response::{Suggestion, SuggestionKind},
    schema::{plain_analyzer, whole_words_of},
    typo::each_with_prefix,
    view::View,
};
use ahash::AHashMap;
use std::{cmp::Reverse, collections::BinaryHeap};

/// Dictionary entries looked at per segment; only one-letter prefixes of a large shop have more.
const MAX_SCANNED: usize = 20_000;
const KEPT_PER_SEGMENT: usize = 100;

pub(super) fn suggest(view: &View, typed: &str, limit: usize) -> Result<Vec<Suggestion>, SearchError> {
    let chars = typed.chars().count();
    if chars > MAX_QUERY_CHARS {
        return Err(SearchError::QueryTooLong { chars, max: MAX_QUERY_CHARS });
    }
    let words = whole_words_of(&mut plain_analyzer(), typed);
    let ends_in_gap = typed.ends_with(char::is_whitespace);
    let mut suggestions = Vec::new();
    let brand_prefix = words.join(" ");
    if brand_prefix.is_empty() {
        return Ok(suggestions);
    }
    for (text, count) in starting_with(view, 'b', &brand_prefix, limit.div_ceil(3))? {
        let text = text.split_once('\u{1}').map_or(text.as_str(), |(_, brand)| brand).to_owned();
        suggestions.push(Suggestion { text, kind: SuggestionKind::Brand, count });
    }
    // The last two words are looked up as a pair; what stands before them is kept as it is.
    let kept = words.len().saturating_sub(if ends_in_gap { 1 } else { 2 });
    let (before, typed) = words.split_at(kept);
    let mut prefix = typed.join(" ");
    if ends_in_gap {
        prefix.push(' ');
    }
    for (text, count) in starting_with(view, 'w', &prefix, limit)? {
        let text = before.iter().map(String::as_str).chain([text.as_str()]).collect::<Vec<_>>().join(" ");
        let is_known = suggestions.iter().any(|known: &Suggestion| known.text.eq_ignore_ascii_case(&text));
        if suggestions.len() < limit && !is_known {
            suggestions.push(Suggestion { text, kind: SuggestionKind::Words, count });
        }
    }
    Ok(suggestions)
}

/// The `limit` most frequent entries of a kind that begin with `prefix`.
fn starting_with(
    view: &View,
    kind: char,
    prefix: &str,
    limit: usize,
) -> Result<Vec<(String, u64)>, SearchError> {
    let prefix = format!("{kind}{prefix}");
    let mut found: AHashMap<String, u64> = AHashMap::new();
    for segment in view.searcher.segment_readers() {
        let index = segment.inverted_index(view.fields.suggest)?;
        // Each segment's most frequent ones, so that texts are only kept of what may be shown.
        let mut best: BinaryHeap<Reverse<(u32, Vec<u8>)>> = BinaryHeap::new();
        each_with_prefix(index.terms(), &prefix, MAX_SCANNED, |term, frequency| {
            if best.len() >= KEPT_PER_SEGMENT {
                if best.peek().is_some_and(|Reverse((least, _))| *least >= frequency) {
                    return;
                }
                best.pop();
            }
            best.push(Reverse((frequency, term.to_vec())));
        })?;
        for Reverse((frequency, term)) in best {
            if let Ok(text) = String::from_utf8(term) {
                *found.entry(text).or_default() += u64::from(frequency);
            }
        }
    }
    let mut found: Vec<(String, u64)> = found.into_iter().collect();
    let order = |entry: &(String, u64)| (Reverse(entry.1), entry.0.len(), entry.0.clone());
    if found.len() > limit {
        found.select_nth_unstable_by_key(limit, order);
        found.truncate(limit);
    }
    found.sort_by_cached_key(order);
    for (text, _) in &mut found {
        text.remove(0);
    }
    Ok(found)
}
