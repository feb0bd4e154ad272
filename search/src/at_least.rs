//! A query for products that have at least so many of several words.
//!
//! Who has `minimum` of `n` words misses at most `n - minimum`, so has one of any `n - minimum + 1`: the rarest of them lead,
//! and the frequent words are only looked up where those are (the signature idea of Chaudhuri, Ganti, Kaushik, "A
//! Primitive Operator for Similarity Joins", 2006). A heap over all words would visit every product that has any.
//!
//! Products with all words rank above those with most of them, and these above the rest, whatever the words weigh.

use tantivy::{
    DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError,
    query::{EnableScoring, Explanation, Query, Scorer, Weight},
};

/// What a step up is worth: more than a query's words and a code can score together.
pub(super) const STEP: Score = 2_048.0;

/// So many words are a step, each worth `worth`.
#[derive(Debug, Clone, Copy)]
pub(super) struct WordSteps {
    pub(super) all: usize,
    pub(super) most: usize,
    pub(super) worth: Score,
}

impl WordSteps {
    fn of(self, has: usize) -> Score {
        let steps = [self.most, self.all].into_iter().filter(|step| has >= *step).count();
        self.worth * steps as Score
    }
}

#[derive(Debug)]
pub(super) struct AtLeast {
    pub(super) minimum: usize,
    pub(super) words: Vec<Box<dyn Query>>,
    /// Words that bring in no product. They only count in products that the others brought in.
    pub(super) looked_up: Vec<Box<dyn Query>>,
    pub(super) steps: WordSteps,
}

impl Clone for AtLeast {
    fn clone(&self) -> Self {
        let copy = |words: &[Box<dyn Query>]| words.iter().map(|word| word.box_clone()).collect();
        Self { words: copy(&self.words), looked_up: copy(&self.looked_up), ..*self }
    }
}

impl Query for AtLeast {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let weights = |words: &[Box<dyn Query>]| {
            words.iter().map(|word| word.weight(scoring)).collect::<tantivy::Result<Vec<_>>>()
        };
        Ok(Box::new(AtLeastWeight {
            minimum: self.minimum,
            words: weights(&self.words)?,
            looked_up: weights(&self.looked_up)?,
            steps: self.steps,
        }))
    }
}

struct AtLeastWeight {
    minimum: usize,
    words: Vec<Box<dyn Weight>>,
    looked_up: Vec<Box<dyn Weight>>,
    steps: WordSteps,
}

impl Weight for AtLeastWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let scorers = |words: &[Box<dyn Weight>]| {
            words.iter().map(|word| word.scorer(reader, boost)).collect::<tantivy::Result<Vec<_>>>()
        };
        let (words, looked_up) = (scorers(&self.words)?, scorers(&self.looked_up)?);
        Ok(Box::new(AtLeastScorer::new(words, looked_up, self.minimum, self.steps)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("scores of several words are not explained".to_owned()))
    }
}

struct AtLeastScorer {
    minimum: usize,
    steps: WordSteps,
    /// The rarest first; at the end those that are only looked up.
    words: Vec<Box<dyn Scorer>>,
    /// So many of them lead: each match is a match of one of these.
    leads: usize,
    doc: DocId,
}

impl AtLeastScorer {
    fn new(
        mut words: Vec<Box<dyn Scorer>>,
        looked_up: Vec<Box<dyn Scorer>>,
        minimum: usize,
        steps: WordSteps,
    ) -> Self {
        words.sort_by_key(|word| word.cost());
        let leads = (words.len() + 1).saturating_sub(minimum.max(1));
        words.extend(looked_up);
        let mut scorer = Self { minimum, steps, words, leads, doc: TERMINATED };
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
        let (mut has, mut score) = (0, 0.0);
        for word in &mut self.words {
            if seek_forward(&mut **word, doc) == doc {
                has += 1;
                score += word.score();
            }
        }
        score + self.steps.of(has)
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

    #[test]
    fn more_words_go_before_heavier_ones_and_looked_up_words_bring_in_nothing() {
        let mut schema = Schema::builder();
        let text = schema.add_text_field("text", TEXT);
        let index = Index::create_in_ram(schema.build());
        let mut writer = index.writer_with_num_threads(1, 15_000_000).unwrap();
        for product in ["heart heart heart", "red mug and many more words that make it long", "mug", "red"] {
            writer.add_document(tantivy::doc!(text => product)).unwrap();
        }
        writer.commit().unwrap();
        let term = |word: &str| -> Box<dyn Query> {
            Box::new(TermQuery::new(Term::from_field_text(text, word), IndexRecordOption::WithFreqs))
        };
        let query = AtLeast {
            minimum: 1,
            words: vec![term("heart"), term("mug")],
            looked_up: vec![term("red")],
            steps: WordSteps { all: 3, most: 2, worth: STEP },
        };
        let searcher = index.reader().unwrap().searcher();
        let found = searcher.search(&query, &TopDocs::with_limit(9).order_by_score()).unwrap();
        let found: Vec<(u32, bool)> = found.iter().map(|(score, doc)| (doc.doc_id, *score >= STEP)).collect();
        assert_eq!(found, [(1, true), (0, false), (2, false)]);
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
            let steps = WordSteps { all: 1, most: 1, worth: 0.0 };
            let ours = AtLeast { minimum, words, looked_up: Vec::new(), steps };
            let ours = found(&index, &*narrow(Box::new(ours)));
            let theirs = found(&index, &*narrow(Box::new(theirs)));
            prop_assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
            for (ours, theirs) in ours.values().zip(theirs.values()) {
                prop_assert!((ours - theirs).abs() < 1e-4, "{} and {}", ours, theirs);
            }
        }
    }
}
