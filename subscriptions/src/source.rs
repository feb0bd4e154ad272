//! Reads the log in order, first what is there, then what comes, without a gap and without a repetition. Pages are
//! bounded in events and in bytes. Does not handle events, and keeps no checkpoint: its owner says where to begin.

use daybook_event_log::{EventLog, LogError, PageLimits, Position, RecordedEvent};
use std::sync::Arc;
use tokio::sync::watch;

/// The limits that suit a follower which works on every event: a page takes a few MiB at most.
pub const PAGE: PageLimits = PageLimits { events: 4_096, bytes: 4 << 20 };

/// Which events a follower wants to see.
pub type Wants = Arc<dyn Fn(&RecordedEvent) -> bool + Send + Sync>;

/// Consecutive events, without those that are not wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The wanted ones, in order; may be none.
    pub events: Vec<RecordedEvent>,
    /// The first position the page stands for.
    pub first: Position,
    /// The last position the page stands for, wanted or not. A checkpoint goes here.
    pub last: Position,
}

/// Reads a log from a position on. See the module's head.
pub struct Source {
    log: Arc<dyn EventLog>,
    head: watch::Receiver<Position>,
    next: Position,
    /// Nothing behind it is read.
    until: Option<Position>,
    limits: PageLimits,
    wants: Option<Wants>,
}

impl Source {
    /// Reads `log` behind `checkpoint`, every event.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, checkpoint: Position, limits: PageLimits) -> Self {
        let (head, events) = (log.head(), limits.events.max(1));
        let limits = PageLimits { events, ..limits };
        Self { log, head, next: checkpoint.next(), until: None, limits, wants: None }
    }

    /// Reads nothing behind `last`: then it is done, and [`Source::next`] waits for ever.
    #[must_use]
    pub fn until(self, last: Position) -> Self {
        Self { until: Some(last), ..self }
    }

    /// Reads only what is wanted.
    #[must_use]
    pub fn wanting(self, wants: Wants) -> Self {
        Self { wants: Some(wants), ..self }
    }

    /// The next page; waits until there is one. Cancel-safe: a page that was not handed out is read again.
    ///
    /// # Errors
    /// What the log answers; [`LogError::Closed`] once nothing can come any more.
    pub async fn next(&mut self) -> Result<Page, LogError> {
        loop {
            if let Some(page) = self.now().await? {
                return Ok(page);
            }
            self.head.changed().await.map_err(|_| LogError::Closed)?;
        }
    }

    /// The next page if there is one by now. Cancel-safe.
    ///
    /// # Errors
    /// What the log answers.
    pub async fn now(&mut self) -> Result<Option<Page>, LogError> {
        let durable = *self.head.borrow_and_update();
        if durable < self.next || self.is_done() {
            return Ok(None);
        }
        let mut limits = self.limits;
        if let Some(until) = self.until {
            let left = until.get() - self.next.get() + 1;
            limits.events = limits.events.min(usize::try_from(left).unwrap_or(usize::MAX));
        }
        let mut events = self.log.read_page(self.next, limits).await?;
        let Some(last) = events.last().map(RecordedEvent::position) else { return Ok(None) };
        let first = std::mem::replace(&mut self.next, last.next());
        if let Some(wants) = &self.wants {
            events.retain(|event| wants(event));
        }
        Ok(Some(Page { events, first, last }))
    }

    /// The position behind the last one handed out.
    #[must_use]
    pub const fn next_position(&self) -> Position {
        self.next
    }

    /// Whether everything was handed out that it was told to read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.until.is_some_and(|until| self.next > until)
    }

    /// The bounds of a page.
    #[must_use]
    pub const fn limits(&self) -> PageLimits {
        self.limits
    }
}

impl Page {
    /// How many bytes the records have together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.as_bytes().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{append, append_sized, embedded};
    use daybook_event_log::MemoryLog;
    use futures::FutureExt;

    fn source(log: &Arc<dyn EventLog>, checkpoint: u64, limits: PageLimits) -> Source {
        Source::new(log.clone(), Position::new(checkpoint), limits)
    }

    /// Takes pages until `end`, checked to be without a gap and a repetition.
    async fn read_to(source: &mut Source, end: u64) -> Vec<Page> {
        let (mut pages, mut next) = (Vec::new(), source.next_position());
        while next.get() <= end {
            let page = source.next().await.unwrap();
            assert_eq!(page.first, next);
            assert!(page.last >= page.first);
            next = page.last.next();
            pages.push(page);
        }
        pages
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn past_and_present_come_once_and_in_order_while_others_append() {
        let folder = tempfile::tempdir().unwrap();
        for log in [Arc::new(MemoryLog::new()) as Arc<dyn EventLog>, embedded(folder.path())] {
            append(&log, 100).await;
            let mut source = source(&log, 10, PageLimits { events: 7, bytes: 2_000 });
            let writer = tokio::spawn({
                let log = log.clone();
                async move {
                    for _ in 0..50 {
                        append(&log, 3).await;
                    }
                }
            });
            let pages = read_to(&mut source, 250).await;
            writer.await.unwrap();
            let seen: Vec<u64> =
                pages.iter().flat_map(|page| &page.events).map(|event| event.position().get()).collect();
            assert_eq!(seen, (11..=250).collect::<Vec<_>>());
            assert!(source.next().now_or_never().is_none(), "there is nothing after the end");
        }
    }

    #[tokio::test]
    async fn a_page_is_bounded_in_bytes_and_one_huge_event_is_a_page_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let limits = PageLimits { events: 1_000, bytes: 10_000 };
        for log in [Arc::new(MemoryLog::new()) as Arc<dyn EventLog>, embedded(folder.path())] {
            append(&log, 100).await;
            append_sized(&log, 1 << 20).await;
            append(&log, 100).await;
            let pages = read_to(&mut source(&log, 0, limits), 201).await;
            let huge: Vec<&Page> = pages.iter().filter(|page| page.bytes() > limits.bytes).collect();
            assert_eq!(huge.len(), 1);
            assert_eq!((huge[0].first, huge[0].last), (Position::new(101), Position::new(101)));
            assert!(pages.len() < 20, "{} pages: the bound is not used", pages.len());
        }
    }

    #[tokio::test]
    async fn a_dropped_wait_loses_nothing() {
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
        let mut source = source(&log, 0, PageLimits { events: 2, bytes: usize::MAX });
        for round in 0..10_u64 {
            assert!(source.next().now_or_never().is_none());
            append(&log, 3).await;
            let pages = read_to(&mut source, 3 * (round + 1)).await;
            assert_eq!(pages.iter().map(|page| page.events.len()).sum::<usize>(), 3);
        }
    }

    #[tokio::test]
    async fn what_is_not_wanted_is_passed_over_and_still_counted() {
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
        append(&log, 10).await;
        let wants: Wants = Arc::new(|event| event.position().get().is_multiple_of(5));
        let mut source = source(&log, 0, PageLimits { events: 4, bytes: usize::MAX }).wanting(wants);
        let pages = read_to(&mut source, 10).await;
        let seen: Vec<_> = pages.iter().map(|page| (page.last.get(), page.events.len())).collect();
        assert_eq!(seen, [(4, 0), (8, 1), (10, 1)]);
        assert_eq!(source.now().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_bounded_source_hands_out_what_is_up_to_its_bound_and_no_more() {
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
        append(&log, 10).await;
        let limits = PageLimits { events: 3, bytes: usize::MAX };
        let mut source = source(&log, 0, limits).until(Position::new(7));
        let mut lasts = Vec::new();
        while let Some(page) = source.now().await.unwrap() {
            lasts.push(page.last.get());
        }
        assert_eq!(lasts, [3, 6, 7]);
        assert!(source.is_done() && source.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_closed_log_ends_the_source() {
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
        append(&log, 1).await;
        let mut source = source(&log, 0, PAGE);
        source.next().await.unwrap();
        log.close().await.unwrap();
        assert!(matches!(source.next().await, Err(LogError::Closed)));
    }
}
