//! The feed itself: reads the log in pages and writes each page as one chunk. A reader that takes nothing has one page
//! read for it and no more, and so many pages are read at a time, whoever asks.

use super::{FeedForm, Filter};
use crate::edge::{Client, ClientPermit};
use axum::body::Bytes;
use daybook_event_log::{EventLog, LogError, PageLimits, Position, RecordedEvent, cloud_event};
use daybook_subscriptions::{Page, Source};
use futures::Stream;
use std::{future::pending, io, sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// What is read at a time, and makes one chunk.
const PAGE: PageLimits = PageLimits { events: 512, bytes: 256 << 10 };
/// A following reader is sent something at least this often, so that broken connections are noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a reader asked for.
pub(super) struct Feed {
    pub from: u64,
    /// How many events at most; none: all.
    pub limit: Option<u64>,
    /// The last position that is looked at; none: the end, or none at all for a following reader.
    pub until: Option<u64>,
    pub follow: bool,
    pub filter: Filter,
    pub form: FeedForm,
}

/// What a feed holds while it lasts, and what ends it.
pub(super) struct FeedPlace {
    pub place: ClientPermit,
    /// Permits for reading a page.
    pub readers: Arc<Semaphore>,
    pub client: Option<Client>,
    pub stopping: CancellationToken,
}

struct FeedState {
    source: Source,
    limit: u64,
    until: Position,
    follow: bool,
    is_filtered: bool,
    form: FeedForm,
    readers: Arc<Semaphore>,
    client: Option<Client>,
    stopping: CancellationToken,
    _place: ClientPermit,
}

/// Chunks of events until the end, the limit, or, for a following reader, until it leaves or the server stops.
pub(super) fn run(
    log: Arc<dyn EventLog>,
    feed: Feed,
    held: FeedPlace,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let Feed { from, limit, until, follow, filter, form } = feed;
    let before = Position::new(from.saturating_sub(1));
    let is_filtered = !filter.is_empty();
    let source = Source::new(log, before, PAGE).wanting(Arc::new(move |event| filter.wants(event)));
    let (limit, until) = (limit.unwrap_or(u64::MAX), Position::new(until.unwrap_or(u64::MAX)));
    let FeedPlace { place, readers, client, stopping } = held;
    let state = FeedState {
        source,
        limit,
        until,
        follow,
        is_filtered,
        form,
        readers,
        client,
        stopping,
        _place: place,
    };
    futures::stream::try_unfold(state, |mut state| async move {
        Ok(state.chunk().await?.map(|chunk| (chunk, state)))
    })
}

impl FeedState {
    async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        let heartbeat = Instant::now() + HEARTBEAT;
        while self.limit > 0 && self.source.next_position() <= self.until {
            let (client, stopping) = (self.client.clone(), self.stopping.clone());
            let follow = self.follow;
            let page = tokio::select! {
                biased;
                () = stopping.cancelled() => return Ok(None),
                () = left(client.as_ref()), if follow => return Ok(None),
                () = sleep_until(heartbeat), if follow => return Ok(Some(self.heartbeat())),
                page = self.page() => match page {
                    Err(LogError::Closed) if follow => return Ok(None),
                    page => page.map_err(io::Error::other)?,
                },
            };
            let Some(page) = page else { return Ok(None) };
            let chunk = self.write(&page.events)?;
            if !chunk.is_empty() {
                return Ok(Some(Bytes::from(chunk)));
            }
        }
        Ok(None)
    }

    /// The next page; a following reader waits for it.
    async fn page(&mut self) -> Result<Option<Page>, LogError> {
        {
            let _permit = self.readers.acquire().await.map_err(|_| LogError::Closed)?;
            let page = self.source.now().await?;
            if page.is_some() || !self.follow {
                return Ok(page);
            }
        }
        // What is new is short, and in memory.
        self.source.next().await.map(Some)
    }

    fn write(&mut self, events: &[RecordedEvent]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        for event in events {
            if self.limit == 0 || event.position() > self.until {
                break;
            }
            self.limit -= 1;
            match self.form {
                FeedForm::JsonLines => {
                    cloud_event::write(event, &mut out).map_err(io::Error::other)?;
                    out.push(b'\n');
                }
                FeedForm::ServerSentEvents => {
                    out.extend_from_slice(
                        format!("id: {}\nevent: {}\ndata: ", event.position(), event.event_type()).as_bytes(),
                    );
                    cloud_event::write(event, &mut out).map_err(io::Error::other)?;
                    out.extend_from_slice(b"\n\n");
                }
            }
        }
        Ok(out)
    }

    /// How far has been looked, so that a reader whom nothing concerned for long goes on from there. It is no event:
    /// Server-Sent Events have an id also without one; a JSON line of it has a position as events have, and nothing else. A
    /// reader without a filter has been sent all that was looked at, and gets an empty line.
    fn heartbeat(&self) -> Bytes {
        let looked_at = self.source.next_position().get().saturating_sub(1);
        match self.form {
            FeedForm::JsonLines if self.is_filtered => {
                Bytes::from(format!("{{\"position\":\"{looked_at}\"}}\n"))
            }
            FeedForm::JsonLines => Bytes::from_static(b"\n"),
            FeedForm::ServerSentEvents => Bytes::from(format!(": still here\nid: {looked_at}\n\n")),
        }
    }
}

/// Resolves when the reader has closed its side.
async fn left(client: Option<&Client>) {
    match client {
        Some(client) => client.left().await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::ClientBudget;
    use daybook_event_log::MemoryLog;
    use futures::StreamExt;

    /// The first that a follower from position 5 is told when nothing concerns it.
    async fn first_told(filter: Filter, form: FeedForm) -> Bytes {
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
        let held = FeedPlace {
            place: ClientBudget::new(1, 1).take().unwrap(),
            readers: Arc::new(Semaphore::new(1)),
            client: None,
            stopping: CancellationToken::new(),
        };
        let stopping = held.stopping.clone();
        let feed = Feed { from: 5, limit: None, until: None, follow: true, filter, form };
        let mut chunks = Box::pin(run(log, feed, held));
        let chunk = chunks.next().await.unwrap().unwrap();
        stopping.cancel();
        assert!(chunks.next().await.is_none());
        chunk
    }

    #[tokio::test(start_paused = true)]
    async fn a_follower_is_told_now_and_then_how_far_was_looked_for_it() {
        let of_orders = || Filter::of_types(&["OrderPlaced"]);
        for filter in [Filter::default(), of_orders()] {
            let told = first_told(filter, FeedForm::ServerSentEvents).await;
            assert_eq!(told, ": still here\nid: 4\n\n");
        }
        assert_eq!(first_told(of_orders(), FeedForm::JsonLines).await, "{\"position\":\"4\"}\n");
        assert_eq!(first_told(Filter::default(), FeedForm::JsonLines).await, "\n");
    }
}
