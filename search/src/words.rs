//! The words of a search: which terms of the index each may stand for, and the queries made of them.
//! There is no query syntax: every character is either part of a word or a gap.

use super::{
    SearchError,
    at_least::{AtLeast, STEP, Steps},
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
/// only rank what the others found: this bounds the work of a query of frequent words.
const MAX_BROUGHT_IN: u64 = 50_000;

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

pub(super) struct Words {
    /// Per word the terms it may stand for, each with its boost; none if nothing resembles it.
    words: Vec<Vec<(Term, f32)>>,
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
        for (index, (stem, plain)) in pairs.into_iter().enumerate() {
            read.add(view, &stem, plain, index == last)?;
        }
        let code = Term::from_field_text(view.fields.code, q);
        if view.searcher.doc_freq(&code)? > 0 {
            read.code = Some(code);
        }
        Ok(read)
    }

    fn add(&mut self, view: &View, stem: &str, plain: String, is_last: bool) -> Result<(), SearchError> {
        let term = Term::from_field_text(view.fields.text, stem);
        let products = view.products_with(&term, typo::RARE_PRODUCTS + 1)?;
        let others = typo::alternatives(view, stem, products, is_last)?;
        let mut terms = Vec::new();
        if products > 0 {
            terms.push((term, 1.0));
        }
        for other in &others {
            terms.push((Term::from_field_text(view.fields.text, other), typo::BOOST));
        }
        if products == 0 {
            self.corrections.push(Correction { word: plain, taken_for: others });
        }
        self.words.push(terms);
        Ok(())
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many words the index has something for.
    pub(super) fn known(&self) -> usize {
        self.words.iter().filter(|terms| !terms.is_empty()).count()
    }

    /// Products with all words, narrowed down by `narrow`; None if there can be none.
    pub(super) fn all(&self, narrow: &[Box<dyn Query>]) -> Option<Box<dyn Query>> {
        if self.known() < self.words.len() {
            return None;
        }
        let mut clauses: Vec<(Occur, Box<dyn Query>)> =
            self.words.iter().map(|terms| (Occur::Must, any(terms))).collect();
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
        for terms in self.words.iter().filter(|terms| !terms.is_empty()) {
            let mut products = 0;
            for (term, _) in terms {
                products += view.searcher.doc_freq(term)?;
            }
            by_frequency.push((products, terms));
        }
        by_frequency.sort_by_key(|(products, _)| *products);
        let (mut words, mut looked_up, mut brought_in) = (Vec::new(), Vec::new(), 0);
        for (products, terms) in by_frequency {
            brought_in += products;
            if minimum > 1 || words.is_empty() || brought_in <= MAX_BROUGHT_IN {
                words.push(any(terms));
            } else {
                looked_up.push(any(terms));
            }
        }
        let steps = Steps { all: self.words.len(), most: self.most(), worth: STEP };
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

fn any(terms: &[(Term, f32)]) -> Box<dyn Query> {
    let term_query = |term: &Term| Box::new(TermQuery::new(term.clone(), IndexRecordOption::WithFreqs));
    match terms {
        [(term, _)] => term_query(term),
        terms => {
            let boosted = |(term, boost): &(Term, f32)| -> Box<dyn Query> {
                Box::new(BoostQuery::new(term_query(term), *boost))
            };
            Box::new(BooleanQuery::union(terms.iter().map(boosted).collect()))
        }
    }
}

fn narrowed(mut clauses: Vec<(Occur, Box<dyn Query>)>, narrow: &[Box<dyn Query>]) -> Box<dyn Query> {
    if clauses.len() == 1 && narrow.is_empty() {
        return clauses.remove(0).1;
    }
    clauses.extend(narrow.iter().map(|query| (Occur::Must, query.box_clone())));
    Box::new(BooleanQuery::new(clauses))
}
