//! The words of a search: which terms of the index each may stand for, and the queries made of them.
//! There is no query syntax: every character is either part of a word or a gap.

use super::{
    SearchError,
    at_least::{AtLeast, STEP, WordSteps},
    joined::{barcode_word, parted, together},
    request::MAX_QUERY_TERMS,
    response::Correction,
    schema::{analyzer, plain_analyzer, words_of},
    typo,
    view::View,
};
use std::collections::HashSet;
use tantivy::{
    Term,
    query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery},
    schema::IndexRecordOption,
    tokenizer::TextAnalyzer,
};

/// Left out if other words remain: they tell products apart no more than gaps do (Lucene's English list).
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];
/// A SKU typed in full comes first.
const CODE_BOOST: f32 = 20.0;
/// Where any word is enough, so many products at most are brought in by more than the rarest word. More frequent words
/// only rank what the others found: this bounds the work of a query of frequent words, and what only a frequent word brings
/// in is hardly ever what was meant (judged queries rank better with 100 than with 2,000 or 50,000).
const MAX_BROUGHT_IN: u64 = 100;

/// Makes words of texts; costly to make, so each thread keeps one.
pub(super) struct Analyzers {
    stems: TextAnalyzer,
    plain: TextAnalyzer,
}

impl Default for Analyzers {
    fn default() -> Self {
        Self { stems: analyzer(), plain: plain_analyzer() }
    }
}

/// What one word may stand for; nothing, if nothing resembles it.
#[derive(Default)]
struct Word {
    /// Each with its boost.
    terms: Vec<(Term, f32)>,
    /// The word, written apart: products have both.
    apart: Vec<Term>,
}

pub(super) struct Words {
    words: Vec<Word>,
    code: Option<Term>,
    pub(super) corrections: Vec<Correction>,
}

impl Words {
    pub(super) fn read(view: &View, q: &str, analyzers: &mut Analyzers) -> Result<Self, SearchError> {
        let stems = words_of(&mut analyzers.stems, q);
        let plain = words_of(&mut analyzers.plain, q);
        if stems.len() > MAX_QUERY_TERMS {
            return Err(SearchError::TooManyTerms { terms: stems.len(), max: MAX_QUERY_TERMS });
        }
        let mut pairs: Vec<(String, String)> = stems.into_iter().zip(plain).collect();
        let is_stop_word = |word: &str| STOP_WORDS.contains(&word);
        if pairs.iter().any(|(_, plain)| !is_stop_word(plain)) {
            pairs.retain(|(_, plain)| !is_stop_word(plain));
        }
        let mut seen = HashSet::new();
        pairs.retain(|(stem, _)| seen.insert(stem.clone()));
        let mut read = Self { words: Vec::new(), code: None, corrections: Vec::new() };
        let last = pairs.len().saturating_sub(1);
        // The joined word of each pair of neighbours, if products have it.
        let mut joined: Vec<Option<Term>> = vec![None];
        for pair in pairs.windows(2) {
            joined.push(known_together(view, &pair[0].1, &pair[1].1, &mut analyzers.stems)?);
        }
        joined.push(None);
        for (index, (stem, plain)) in pairs.into_iter().enumerate() {
            let joined = joined[index..=index + 1].iter().flatten().cloned().collect();
            read.add(view, &stem, plain, index == last, joined, &mut analyzers.stems)?;
        }
        let code = Term::from_field_text(view.fields.code, q);
        if view.searcher.doc_freq(&code)? > 0 {
            read.code = Some(code);
        }
        Ok(read)
    }

    fn add(
        &mut self,
        view: &View,
        stem: &str,
        plain: String,
        is_last: bool,
        joined: Vec<Term>,
        stems: &mut TextAnalyzer,
    ) -> Result<(), SearchError> {
        let text = |word: &str| Term::from_field_text(view.fields.text, word);
        let term = text(stem);
        let products = view.products_with(&term, typo::RARE_PRODUCTS + 1)?;
        let mut word = Word::default();
        if products > 0 {
            word.terms.push((term, 1.0));
        }
        word.terms.extend(joined.into_iter().map(|term| (term, 1.0)));
        if let Some(barcode) = barcode_word(&plain).map(|barcode| text(&barcode))
            && view.products_with(&barcode, 1)? > 0
        {
            word.terms.push((barcode, 1.0));
        }
        if products <= typo::RARE_PRODUCTS
            && let Some((first, second)) = parted(view, &plain)?
        {
            word.apart = [&first, &second]
                .iter()
                .flat_map(|part| words_of(stems, part))
                .map(|part| text(&part))
                .collect();
            if word.terms.is_empty() {
                let taken_for = vec![format!("{first} {second}")];
                self.corrections.push(Correction { word: plain, taken_for });
            }
        } else if products > 0 || word.terms.is_empty() {
            let others = typo::alternatives(view, stem, &plain, products, is_last, stems)?;
            word.terms.extend(others.iter().map(|other| (text(other), typo::BOOST)));
            if products == 0 {
                self.corrections.push(Correction { word: plain, taken_for: others });
            }
        }
        self.words.push(word);
        Ok(())
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many words the index has something for.
    pub(super) fn known(&self) -> usize {
        self.words.iter().filter(|word| !word.is_empty()).count()
    }

    /// Products with all words, narrowed down by `narrow`; None if there can be none.
    pub(super) fn all(&self, narrow: &[Box<dyn Query>]) -> Option<Box<dyn Query>> {
        if self.known() < self.words.len() {
            return None;
        }
        let mut clauses: Vec<(Occur, Box<dyn Query>)> =
            self.words.iter().map(|word| (Occur::Must, word.query())).collect();
        self.add_code(&mut clauses);
        Some(narrowed(clauses, narrow))
    }

    /// So many words are most of those that the index has something for.
    pub(super) fn most(&self) -> usize {
        (self.known() * 2).div_ceil(3)
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// Products with at least `minimum` of the words. Those with all words come first, then those with most.
    pub(super) fn some(
        &self,
        view: &View,
        minimum: usize,
        narrow: &[Box<dyn Query>],
    ) -> Result<Box<dyn Query>, SearchError> {
        let mut by_frequency = Vec::new();
        for word in self.words.iter().filter(|word| !word.is_empty()) {
            by_frequency.push((word.products(view)?, word));
        }
        by_frequency.sort_by_key(|(products, _)| *products);
        let (mut words, mut looked_up, mut brought_in) = (Vec::new(), Vec::new(), 0);
        for (products, word) in by_frequency {
            brought_in += products;
            if minimum > 1 || words.is_empty() || brought_in <= MAX_BROUGHT_IN {
                words.push(word.query());
            } else {
                looked_up.push(word.query());
            }
        }
        let steps = WordSteps { all: self.words.len(), most: self.most(), worth: STEP };
        let some: Box<dyn Query> = Box::new(AtLeast { minimum, words, looked_up, steps });
        let mut clauses = vec![(Occur::Must, some)];
        self.add_code(&mut clauses);
        Ok(narrowed(clauses, narrow))
    }

    fn add_code(&self, clauses: &mut Vec<(Occur, Box<dyn Query>)>) {
        if let Some(code) = &self.code {
            let query = Box::new(TermQuery::new(code.clone(), IndexRecordOption::Basic));
            clauses.push((Occur::Should, Box::new(BoostQuery::new(query, CODE_BOOST))));
        }
    }
}

impl Word {
    fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.apart.is_empty()
    }

    /// At most so many products have it.
    fn products(&self, view: &View) -> Result<u64, SearchError> {
        let mut products = 0;
        for (term, _) in &self.terms {
            products += view.searcher.doc_freq(term)?;
        }
        let mut apart = None;
        for term in &self.apart {
            let with = view.searcher.doc_freq(term)?;
            apart = Some(apart.map_or(with, |before: u64| before.min(with)));
        }
        Ok(products + apart.unwrap_or(0))
    }

    fn query(&self) -> Box<dyn Query> {
        let term_query = |term: &Term| -> Box<dyn Query> {
            Box::new(TermQuery::new(term.clone(), IndexRecordOption::WithFreqs))
        };
        if let ([(term, _)], true) = (self.terms.as_slice(), self.apart.is_empty()) {
            return term_query(term);
        }
        let boosted = |(term, boost): &(Term, f32)| -> Box<dyn Query> {
            Box::new(BoostQuery::new(term_query(term), *boost))
        };
        let mut any: Vec<_> = self.terms.iter().map(boosted).collect();
        if !self.apart.is_empty() {
            any.push(Box::new(BooleanQuery::intersection(self.apart.iter().map(term_query).collect())));
        }
        Box::new(BooleanQuery::union(any))
    }
}

/// The term of two neighbours written together, if products have it.
fn known_together(
    view: &View,
    first: &str,
    second: &str,
    stems: &mut TextAnalyzer,
) -> Result<Option<Term>, SearchError> {
    let Some(word) = together(first, second) else { return Ok(None) };
    let words = words_of(stems, &word);
    let [stem] = words.as_slice() else { return Ok(None) };
    let term = Term::from_field_text(view.fields.text, stem);
    Ok((view.products_with(&term, 1)? > 0).then_some(term))
}

fn narrowed(mut clauses: Vec<(Occur, Box<dyn Query>)>, narrow: &[Box<dyn Query>]) -> Box<dyn Query> {
    if clauses.len() == 1 && narrow.is_empty() {
        return clauses.remove(0).1;
    }
    clauses.extend(narrow.iter().map(|query| (Occur::Must, query.box_clone())));
    Box::new(BooleanQuery::new(clauses))
}
