//! Reads pages of a [`Source`] before they are asked for, and gives them their handler's form on the way, so that reading
//! and handling may be two threads. Bounded by permits: a page holds one from before it is read until it is dropped.
//!
//! Single events that come now and then are handed on at once. Events that come in a stream are collected, so that a
//! handler which commits once a page commits seldom. What is behind is read in full pages without a pause.

use crate::{Page, Source};
use daybook_event_log::LogError;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};

/// How pages are read ahead.
#[derive(Debug, Clone, Copy)]
pub struct ReadAhead {
    /// At most so many pages are in memory, the one that is handled included.
    pub pages: usize,
    /// A page of so many events, or of half the bytes that it may have, is full: the next is read at once.
    pub full_events: usize,
    /// Between the beginnings of two reads, where the first page was not full.
    pub min_interval: Duration,
}

/// A page in its handler's form. Dropping it permits another one to be read.
#[derive(Debug)]
pub struct AheadPage<T> {
    pub content: T,
    _permit: OwnedSemaphorePermit,
}

impl ReadAhead {
    /// Hands the pages of `source` to `deliver`, in the form that `prepare` gives them, until the source is done or
    /// `deliver` answers false. Cancel-safe; called again after a failure, it goes on behind the last page delivered.
    ///
    /// # Errors
    /// What the log answers; [`LogError::Closed`] once nothing can come any more.
    pub async fn run<T>(
        self,
        source: &mut Source,
        mut prepare: impl FnMut(Page) -> T,
        mut deliver: impl FnMut(AheadPage<T>) -> bool,
    ) -> Result<(), LogError> {
        let permits = Arc::new(Semaphore::new(self.pages.max(1)));
        while !source.is_done() {
            let began = Instant::now();
            let permit = Arc::clone(&permits).acquire_owned().await.map_err(|_| LogError::Closed)?;
            let page = source.next().await?;
            let is_full = page.events.len() >= self.full_events || page.bytes() >= source.limits().bytes / 2;
            if !deliver(AheadPage { content: prepare(page), _permit: permit }) {
                return Ok(());
            }
            if !is_full {
                sleep(self.min_interval.saturating_sub(began.elapsed())).await;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::append;
    use daybook_event_log::{EventLog, MemoryLog, PageLimits, Position};
    use tokio::sync::mpsc;

    const INTERVAL: Duration = Duration::from_millis(100);
    const AHEAD: ReadAhead = ReadAhead { pages: 2, full_events: 4, min_interval: INTERVAL };

    struct Reading {
        log: Arc<dyn EventLog>,
        pages: mpsc::UnboundedReceiver<AheadPage<Vec<u64>>>,
        ended: tokio::task::JoinHandle<Result<(), LogError>>,
    }

    fn reading(log: &Arc<dyn EventLog>, until: Option<u64>) -> Reading {
        let (sender, pages) = mpsc::unbounded_channel();
        let limits = PageLimits { events: 4, bytes: usize::MAX };
        let mut source = Source::new(log.clone(), Position::ZERO, limits);
        if let Some(until) = until {
            source = source.until(Position::new(until));
        }
        let positions = |page: Page| page.events.iter().map(|event| event.position().get()).collect();
        let ended =
            tokio::spawn(
                async move { AHEAD.run(&mut source, positions, |page| sender.send(page).is_ok()).await },
            );
        Reading { log: log.clone(), pages, ended }
    }

    fn log() -> Arc<dyn EventLog> {
        Arc::new(MemoryLog::new())
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_pages_are_read_than_there_are_permits() {
        let log = log();
        append(&log, 40).await;
        let mut reading = reading(&log, None);
        // The clock is paused: it moves once nothing is left to do.
        sleep(INTERVAL).await;
        assert_eq!(reading.pages.len(), 2);
        let first = reading.pages.recv().await.unwrap();
        assert_eq!(first.content, [1, 2, 3, 4]);
        sleep(INTERVAL).await;
        assert_eq!(reading.pages.len(), 1, "the page being handled counts");
        drop(first);
        let mut seen = Vec::new();
        while seen.len() < 36 {
            seen.extend(reading.pages.recv().await.unwrap().content);
        }
        assert_eq!(seen, (5..=40).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn what_trickles_in_comes_at_once_and_what_streams_in_is_collected() {
        let log = log();
        let mut reading = reading(&log, None);
        sleep(INTERVAL).await;
        let began = Instant::now();
        append(&reading.log, 1).await;
        assert_eq!(reading.pages.recv().await.unwrap().content, [1]);
        assert_eq!(began.elapsed(), Duration::ZERO, "it waited long enough before");
        append(&reading.log, 1).await;
        assert_eq!(reading.pages.recv().await.unwrap().content, [2]);
        append(&reading.log, 3).await;
        assert_eq!(reading.pages.recv().await.unwrap().content, [3, 4, 5]);
        assert_eq!(began.elapsed(), INTERVAL, "the third page waits for the interval of the second");
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_last_page_of_a_bounded_source() {
        let log = log();
        append(&log, 10).await;
        let mut reading = reading(&log, Some(7));
        let mut seen = Vec::new();
        while let Some(page) = reading.pages.recv().await {
            seen.extend(page.content);
        }
        assert_eq!(seen, (1..=7).collect::<Vec<_>>());
        reading.ended.await.unwrap().unwrap();
    }
}
