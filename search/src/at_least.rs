//! A query for products that have at least so many of several words.
//!
//! Who has `minimum` of `n` words misses at most `n - minimum`, so has one of any `n - minimum + 1`: the rarest of them lead,
//! and the frequent words are only looked up where those are (the signature idea of Chaudhuri, Ganti, Kaushik, "A
//! Primitive Operator for Similarity Joins", 2006). A heap over all words would visit every product that has any.

use tantivy::{
    DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError,
    query::{EnableScoring, Explanation, Query, Scorer, Weight},
};

#[derive(Debug)]
pub(super) struct AtLeast {
    pub(super) minimum: usize,
    pub(super) words: Vec<Box<dyn Query>>,
}

impl Clone for AtLeast {
    fn clone(&self) -> Self {
        let words = self.words.iter().map(|word| word.box_clone()).collect();
        Self { minimum: self.minimum, words }
    }
}

impl Query for AtLeast {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let words = self.words.iter().map(|word| word.weight(scoring)).collect::<Result<_, _>>()?;
        Ok(Box::new(AtLeastWeight { minimum: self.minimum, words }))
    }
}

struct AtLeastWeight {
    minimum: usize,
    words: Vec<Box<dyn Weight>>,
}

impl Weight for AtLeastWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let scorers = self.words.iter().map(|word| word.scorer(reader, boost));
        Ok(Box::new(AtLeastScorer::new(scorers.collect::<Result<_, _>>()?, self.minimum)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("scores of several words are not explained".to_owned()))
    }
}

struct AtLeastScorer {
    minimum: usize,
    /// The rarest first.
    words: Vec<Box<dyn Scorer>>,
    /// So many of them lead: each match is a match of one of these.
    leads: usize,
    doc: DocId,
}

impl AtLeastScorer {
    fn new(mut words: Vec<Box<dyn Scorer>>, minimum: usize) -> Self {
        words.sort_by_key(|word| word.cost());
        let leads = (words.len() + 1).saturating_sub(minimum.max(1));
        let mut scorer = Self { minimum, words, leads, doc: TERMINATED };
        scorer.settle();
        scorer
    }

    /// Goes on from where the leading words are to the next product that has enough words.
    fn settle(&mut self) -> DocId {
        let (leads, others) = self.words.split_at_mut(self.leads);
        loop {
            let doc = leads.iter().map(|word| word.doc()).min().unwrap_or(TERMINATED);
            if doc == TERMINATED {
                break;
            }
            let mut has = leads.iter().filter(|word| word.doc() == doc).count();
            let mut left = others.len();
            for word in others.iter_mut() {
                if has >= self.minimum || has + left < self.minimum {
                    break;
                }
                has += usize::from(seek_forward(&mut **word, doc) == doc);
                left -= 1;
            }
            if has >= self.minimum {
                self.doc = doc;
                return doc;
            }
            for word in leads.iter_mut().filter(|word| word.doc() == doc) {
                word.advance();
            }
        }
        self.doc = TERMINATED;
        TERMINATED
    }
}

fn seek_forward(word: &mut dyn Scorer, doc: DocId) -> DocId {
    if word.doc() < doc { word.seek(doc) } else { word.doc() }
}

impl DocSet for AtLeastScorer {
    fn advance(&mut self) -> DocId {
        for word in self.words[..self.leads].iter_mut().filter(|word| word.doc() == self.doc) {
            word.advance();
        }
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        for word in &mut self.words[..self.leads] {
            seek_forward(&mut **word, target);
        }
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.words[..self.leads].iter().map(|word| word.size_hint()).fold(0, u32::saturating_add)
    }

    fn cost(&self) -> u64 {
        self.words[..self.leads].iter().map(|word| word.cost()).sum()
    }
}

impl Scorer for AtLeastScorer {
    fn score(&mut self) -> Score {
        let doc = self.doc;
        let has = self
            .words
            .iter_mut()
            .filter_map(|word| (seek_forward(&mut **word, doc) == doc).then(|| word.score()));
        has.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use tantivy::{
        DocAddress, Index, Term,
        collector::TopDocs,
        query::{BooleanQuery, Occur, TermQuery},
        schema::{IndexRecordOption, Schema, TEXT},
    };

    const WORDS: [&str; 6] = ["red", "white", "mug", "hanging", "heart", "holder"];

    /// Which of `WORDS` a product has.
    fn some_words() -> impl Strategy<Value = Vec<&'static str>> {
        proptest::sample::subsequence(&WORDS[..], 0..=WORDS.len())
    }

    fn found(index: &Index, query: &dyn Query) -> BTreeMap<DocAddress, f32> {
        let searcher = index.reader().unwrap().searcher();
        let found = searcher.search(query, &TopDocs::with_limit(1_000).order_by_score()).unwrap();
        found.into_iter().map(|(score, doc)| (doc, score)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
        #[test]
        fn finds_and_ranks_what_a_union_with_a_minimum_does(
            // Some frequent, so that they are sought; more than a block of postings.
            products in proptest::collection::vec(some_words(), 1..400),
            asked in proptest::sample::subsequence(&WORDS[..], 1..=WORDS.len()),
            minimum in 1..=WORDS.len(),
            narrowed: bool,
        ) {
            let mut schema = Schema::builder();
            let text = schema.add_text_field("text", TEXT);
            let index = Index::create_in_ram(schema.build());
            let mut writer = index.writer_with_num_threads(1, 15_000_000).unwrap();
            for (number, product) in products.iter().enumerate() {
                writer.add_document(tantivy::doc!(text => product.join(" "))).unwrap();
                if number == products.len() / 2 {
                    writer.commit().unwrap();
                }
            }
            writer.commit().unwrap();
            let term = |word: &&str| -> Box<dyn Query> {
                let term = Term::from_field_text(text, word);
                Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
            };
            let words: Vec<_> = asked.iter().map(term).collect();
            let clauses = asked.iter().map(|word| (Occur::Should, term(word))).collect();
            let theirs = BooleanQuery::with_minimum_required_clauses(clauses, minimum);
            let narrow = |query: Box<dyn Query>| -> Box<dyn Query> {
                if narrowed { Box::new(BooleanQuery::intersection(vec![query, term(&"mug")])) } else { query }
            };
            let ours = found(&index, &*narrow(Box::new(AtLeast { minimum, words })));
            let theirs = found(&index, &*narrow(Box::new(theirs)));
            prop_assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
            for (ours, theirs) in ours.values().zip(theirs.values()) {
                prop_assert!((ours - theirs).abs() < 1e-4, "{} and {}", ours, theirs);
            }
        }
    }
}
