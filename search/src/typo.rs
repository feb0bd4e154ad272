//! What else a word may stand for when (almost) nothing is called so: words one letter off, two for long
//! ones. Letters are compared with the whole words of titles, and with stems for words that only stand elsewhere; there the
//! first letter is taken as right, which keeps the walk through the larger dictionary short. The last word may also be
//! half typed: what it is the beginning of goes before errors. Codes are never corrected: another code is another thing.

use super::{SearchError, schema::words_of, view::View};
use ahash::AHashMap;
use tantivy::{Term, query::FuzzyTermQuery, termdict::TermDictionary, tokenizer::TextAnalyzer};

/// What an alternative's score counts against the word itself.
pub(super) const BOOST: f32 = 0.3;
/// Alternatives per word.
const MAX_ALTERNATIVES: usize = 4;
const MIN_CHARS_FOR_ONE_EDIT: usize = 4;
const MIN_CHARS_FOR_TWO_EDITS: usize = 8;
const MIN_CHARS_FOR_PREFIX: usize = 3;
/// Dictionary entries looked at when completing a word.
const MAX_COMPLETIONS: usize = 2_000;
/// A word of so few products may be a typing error in them, if a neighbour is so much more frequent.
pub(super) const RARE_PRODUCTS: u64 = 2;
const FREQUENT_FACTOR: u64 = 10;

/// Terms that `stem`, which `products` have, may stand for as well, the likeliest first.
pub(super) fn alternatives(
    view: &View,
    stem: &str,
    plain: &str,
    products: u64,
    is_last: bool,
    stems: &mut TextAnalyzer,
) -> Result<Vec<String>, SearchError> {
    let chars = stem.chars().count();
    let is_code = stem.chars().any(|c| c.is_ascii_digit());
    if products > RARE_PRODUCTS || (products > 0 && is_code) {
        return Ok(Vec::new());
    }
    let mut found = AHashMap::new();
    if products == 0 && is_last && chars >= MIN_CHARS_FOR_PREFIX {
        completions(view, stem, &mut found)?;
    }
    if found.is_empty() && !is_code && chars >= MIN_CHARS_FOR_ONE_EDIT {
        found = within(view, stem, plain, 1, stems)?;
    }
    if products > 0 {
        found.retain(|_, frequency| *frequency >= products * FREQUENT_FACTOR);
    } else if found.is_empty() && !is_code && chars >= MIN_CHARS_FOR_TWO_EDITS {
        found = within(view, stem, plain, 2, stems)?;
    }
    found.remove(stem);
    let mut ranked: Vec<(String, u64)> = found.into_iter().collect();
    ranked.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(ranked.into_iter().take(MAX_ALTERNATIVES).map(|(term, _)| term).collect())
}

/// Terms within `edits` of what was typed, and how many products have them.
fn within(
    view: &View,
    stem: &str,
    plain: &str,
    edits: u8,
    stems: &mut TextAnalyzer,
) -> Result<AHashMap<String, u64>, SearchError> {
    let mut found = AHashMap::new();
    let Some(first) = stem.chars().next() else { return Ok(found) };
    let automaton =
        FuzzyTermQuery::new(Term::from_field_text(view.fields.text, stem), edits, true).automaton()?;
    let (from, to) = (first.to_string(), after(&first.to_string()));
    for segment in view.searcher.segment_readers() {
        let index = segment.inverted_index(view.fields.text)?;
        let mut stream = index.terms().search(&automaton).ge(&from).lt(&to).into_stream()?;
        while stream.advance() {
            add(&mut found, stream.key(), stream.value().doc_freq);
        }
    }
    for (word, frequency) in whole_words_within(view, plain, edits)? {
        for stem in words_of(stems, &word) {
            let known = found.entry(stem).or_default();
            *known = frequency.max(*known);
        }
    }
    keep_living(view, &mut found)?;
    Ok(found)
}

/// Words of titles within `edits` of `plain`, and how many products have them. Pairs of words are entries too, and are no
/// word's misspelling.
fn whole_words_within(view: &View, plain: &str, edits: u8) -> Result<AHashMap<String, u64>, SearchError> {
    let mut found = AHashMap::new();
    let word = Term::from_field_text(view.fields.suggest, &format!("w{plain}"));
    let automaton = FuzzyTermQuery::new(word, edits, true).automaton()?;
    for segment in view.searcher.segment_readers() {
        let index = segment.inverted_index(view.fields.suggest)?;
        let mut stream = index.terms().search(&automaton).ge("w").lt("x").into_stream()?;
        while stream.advance() {
            if !stream.key().contains(&b' ') {
                add(&mut found, &stream.key()[1..], stream.value().doc_freq);
            }
        }
    }
    Ok(found)
}

fn completions(view: &View, stem: &str, found: &mut AHashMap<String, u64>) -> Result<(), SearchError> {
    for segment in view.searcher.segment_readers() {
        let index = segment.inverted_index(view.fields.text)?;
        each_with_prefix(index.terms(), stem, MAX_COMPLETIONS, |term, frequency| {
            add(found, term, frequency);
        })?;
    }
    keep_living(view, found)
}

/// Forgets terms that only products have which are gone.
fn keep_living(view: &View, found: &mut AHashMap<String, u64>) -> Result<(), SearchError> {
    if view.searcher.segment_readers().iter().all(|segment| segment.alive_bitset().is_none()) {
        return Ok(());
    }
    let mut gone = Vec::new();
    for term in found.keys() {
        if view.products_with(&Term::from_field_text(view.fields.text, term), 1)? == 0 {
            gone.push(term.clone());
        }
    }
    for term in gone {
        found.remove(&term);
    }
    Ok(())
}

/// Calls `visit` with the terms that begin with `prefix` and their document frequencies; at most `limit`.
pub(super) fn each_with_prefix(
    terms: &TermDictionary,
    prefix: &str,
    limit: usize,
    mut visit: impl FnMut(&[u8], u32),
) -> Result<(), SearchError> {
    let mut stream = terms.range().ge(prefix).lt(after(prefix)).into_stream()?;
    for _ in 0..limit {
        if !stream.advance() {
            break;
        }
        visit(stream.key(), stream.value().doc_freq);
    }
    Ok(())
}

/// The least text after all that begin with `prefix`: no character is encoded with this byte.
fn after(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    end.push(0xff);
    end
}

fn add(found: &mut AHashMap<String, u64>, term: &[u8], frequency: u32) {
    if let Ok(term) = std::str::from_utf8(term) {
        *found.entry(term.to_owned()).or_default() += u64::from(frequency);
    }
}
