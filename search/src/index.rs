//! The read side: answers searches from the current view, out of memory where it can. Everything here is
//! synchronous and may be called from many threads; [`SearchIndex::cached`] never works for long.

use super::{
    SearchConfig, SearchError,
    bounded::Bounded,
    facets::facets,
    filter::Filters,
    flights::Flights,
    gather::{Gathered, gather},
    mixed,
    names::Names,
    pass::Counts,
    render,
    request::{CountMode, SearchRequest, Sort},
    response::{Matched, SearchAnswer, Suggestion, Total},
    suggest::suggest,
    view::{Hits, View},
    waiting::Waiting,
    words::{Analyzers, Words},
};
use bytes::Bytes;
use daybook_event_log::Position;
use parking_lot::RwLock;
use std::{cell::RefCell, sync::Arc};
use tantivy::{
    Term,
    query::{ConstScoreQuery, Query, TermQuery},
    schema::IndexRecordOption,
};
use tokio::sync::watch;

/// Totals are counted up to here unless exactness is asked for.
pub const TOTAL_CAP: u64 = 1_000;

/// So many products with all (or most) of the words are enough: two screens of a phone, and no page without an answer.
const ENOUGH: u64 = 24;

/// What was typed, and how many suggestions are wanted.
type Typed = (String, usize);

/// What a thread keeps between searches.
#[derive(Default)]
struct Scratch {
    counts: Counts,
    analyzers: Analyzers,
}

thread_local! {
    static DESK: RefCell<Scratch> = RefCell::default();
}

/// One filling of the search index, open for questions.
pub struct SearchIndex {
    view: RwLock<Arc<View>>,
    pub(super) names: RwLock<Names>,
    hits: Hits,
    answers: Bounded<Arc<[u8]>, (u64, Bytes)>,
    suggestions: Bounded<Typed, (u64, Arc<[Suggestion]>)>,
    flights: Flights,
    pub(super) visible: watch::Sender<Position>,
    pub(super) waiting: Waiting,
}

impl SearchIndex {
    pub(super) fn new(view: View, names: RwLock<Names>, config: &SearchConfig, visible: Position) -> Self {
        Self {
            view: RwLock::new(Arc::new(view)),
            names,
            hits: Hits::new(config.hit_cache_bytes),
            answers: Bounded::new(config.answer_cache_bytes),
            suggestions: Bounded::new(config.answer_cache_bytes / 16),
            flights: Flights::default(),
            visible: watch::Sender::new(visible),
            waiting: Waiting::default(),
        }
    }

    pub(super) fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read())
    }

    pub(super) fn show(&self, view: View) {
        *self.view.write() = Arc::new(view);
    }

    /// Everything up to here is taken into account by a search that begins now.
    #[must_use]
    pub fn position(&self) -> Position {
        *self.visible.borrow()
    }

    /// Resolves when searches see everything up to `position`; brings the next commit forward. The caller
    /// sets the time limit.
    pub async fn wait_for(&self, position: Position) {
        let _waiter = self.waiting.enter(position.get());
        let mut visible = self.visible.subscribe();
        // The sender lives in self, so waiting cannot fail.
        let _ = visible.wait_for(|visible| *visible >= position).await;
    }

    /// How many products can be found.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.view().searcher.num_docs()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answer if it is at hand: a few microseconds, never more. Requests that would be refused have none.
    #[must_use]
    pub fn cached(&self, request: &SearchRequest) -> Option<SearchAnswer> {
        let request = request.check().ok()?;
        let position = self.position();
        let (number, body) = self.answers.get(&key_of(&request))?;
        if number != self.view.read().number {
            return None;
        }
        metrics::counter!("daybook_search_answers_total", "from" => "cache").increment(1);
        Some(SearchAnswer { body, position })
    }

    /// Answers a request. Takes microseconds to milliseconds of processor time: not for an async thread.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let request = request.check()?;
        // Read before the view, so that it never promises more than the view has.
        let position = self.position();
        let view = self.view();
        let key = key_of(&request);
        if let Some((number, body)) = self.answers.get(&key)
            && number == view.number
        {
            return Ok(SearchAnswer { body, position });
        }
        self.flights.share((view.number, Arc::clone(&key)), || {
            let body = DESK.with_borrow_mut(|desk| self.answer(&view, &request, desk))?;
            self.answers.insert(Arc::clone(&key), (view.number, body.clone()), key.len() + body.len());
            metrics::counter!("daybook_search_answers_total", "from" => "index").increment(1);
            Ok(SearchAnswer { body, position })
        })
    }

    /// At most `limit` (at most 20) continuations of what was typed, the most frequent first.
    pub fn suggest(&self, typed: &str, limit: usize) -> Result<Arc<[Suggestion]>, SearchError> {
        let limit = limit.clamp(1, 20);
        let view = self.view();
        let key = (typed.to_lowercase(), limit);
        if let Some((number, suggestions)) = self.suggestions.get(&key)
            && number == view.number
        {
            return Ok(suggestions);
        }
        let suggestions: Arc<[Suggestion]> = suggest(&view, &key.0, limit)?.into();
        let bytes = key.0.len() + suggestions.iter().map(|one| one.text.len() + 64).sum::<usize>();
        self.suggestions.insert(key, (view.number, Arc::clone(&suggestions)), bytes);
        Ok(suggestions)
    }

    fn answer(&self, view: &View, request: &SearchRequest, desk: &mut Scratch) -> Result<Bytes, SearchError> {
        let filters = Filters::new(request, &self.names.read(), view.key_of.len());
        let counts = (!request.no_facets).then_some(&mut desk.counts);
        let (gathered, matched) = find(view, request, &filters, counts, &mut desk.analyzers)?;
        let mut hits = Vec::with_capacity(gathered.page.len());
        for candidate in &gathered.page {
            let hit = self.hits.get(view, candidate.segment, candidate.doc)?;
            let columns = &view.columns[candidate.segment as usize];
            hits.push(match mixed::matching(&filters, columns, candidate.doc) {
                Some(variants) => render::with_matched_skus(&hit, &variants)?,
                None => hit,
            });
        }
        let facets =
            (!request.no_facets).then(|| facets(&desk.counts, view, &self.names.read(), &filters, request));
        let exact = request.count == CountMode::Exact || gathered.found <= TOTAL_CAP;
        let value = if exact { gathered.found } else { TOTAL_CAP };
        let total = Total { value, exact };
        Ok(render::page(request, total, &matched, &hits, gathered.next.as_ref(), facets.as_ref()))
    }
}

/// Products with all words; ordered by relevance and fewer than [`ENOUGH`], filled up with those that have most of the
/// words, and these with those that have any. Another order begins with the first product, so it is never filled up.
fn find(
    view: &View,
    request: &SearchRequest,
    filters: &Filters,
    mut counts: Option<&mut Counts>,
    analyzers: &mut Analyzers,
) -> Result<(Gathered, Matched), SearchError> {
    let mut run = |query: Option<&dyn Query>, by_words: bool| {
        gather(view, request, filters, query, by_words, counts.as_deref_mut())
    };
    let narrow = narrowing(view, request, filters);
    if request.q.is_empty() {
        let query = narrow.first().map(|query| &**query);
        let matched = Matched { all_words: true, corrections: Vec::new() };
        return Ok((run(query, false)?, matched));
    }
    let words = Words::read(view, &request.q, analyzers)?;
    let corrections = words.corrections.clone();
    let enough = if request.sort == Sort::Relevance { ENOUGH } else { 1 };
    let mut all_words = false;
    if let Some(query) = words.all(&narrow).filter(|_| !words.is_empty()) {
        let gathered = run(Some(&*query), true)?;
        all_words = gathered.matched > 0;
        if gathered.matched >= enough || (all_words && words.len() == 1) {
            return Ok((gathered, Matched { all_words, corrections }));
        }
    }
    let mut minimum = words.most();
    if minimum == words.len() {
        minimum = 1;
    }
    let mut gathered = run(Some(&*words.some(view, minimum.max(1), &narrow)?), true)?;
    if gathered.matched < enough && minimum > 1 {
        gathered = run(Some(&*words.some(view, 1, &narrow)?), true)?;
    }
    Ok((gathered, Matched { all_words, corrections }))
}

/// The category is looked up, not filtered: its facet never counts outside the chosen node.
fn narrowing(view: &View, request: &SearchRequest, filters: &Filters) -> Vec<Box<dyn Query>> {
    if request.category.is_empty() {
        return Vec::new();
    }
    let term = Term::from_field_text(view.fields.filter, &format!("c{}", filters.category));
    let query = TermQuery::new(term, IndexRecordOption::Basic);
    vec![Box::new(ConstScoreQuery::new(Box::new(query), 0.0))]
}

fn key_of(request: &SearchRequest) -> Arc<[u8]> {
    serde_json::to_vec(request).expect("requests have text keys only").into()
}
