//! The feed itself: reads the log in pages and writes each page as one chunk.

use super::{FeedForm, Filter};
use axum::body::Bytes;
use daybook_event_log::{EventLog, LogError, PageLimits, Position, RecordedEvent, cloud_event};
use daybook_subscriptions::Source;
use futures::Stream;
use std::{io, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// What is read at a time, and makes one chunk.
const PAGE: PageLimits = PageLimits { events: 512, bytes: 1 << 20 };
/// A following reader is sent something at least this often, so that broken connections are noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a reader asked for.
pub(super) struct Feed {
    pub from: u64,
    /// How many events at most; none: all.
    pub limit: Option<u64>,
    pub follow: bool,
    pub filter: Filter,
    pub form: FeedForm,
}

struct FeedState {
    source: Source,
    limit: u64,
    follow: bool,
    form: FeedForm,
    ends: CancellationToken,
}

/// Chunks of events until the end, the limit, or, for a following reader, until the server stops.
pub(super) fn run(
    log: Arc<dyn EventLog>,
    feed: Feed,
    ends: CancellationToken,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let Feed { from, limit, follow, filter, form } = feed;
    let before = Position::new(from.saturating_sub(1));
    let source = Source::new(log, before, PAGE).wanting(Arc::new(move |event| filter.wants(event)));
    let state = FeedState { source, limit: limit.unwrap_or(u64::MAX), follow, form, ends };
    futures::stream::try_unfold(state, |mut state| async move {
        Ok(state.chunk().await?.map(|chunk| (chunk, state)))
    })
}

impl FeedState {
    async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        let heartbeat = tokio::time::Instant::now() + HEARTBEAT;
        while self.limit > 0 && !self.ends.is_cancelled() {
            let page = if self.follow {
                tokio::select! {
                    () = self.ends.cancelled() => return Ok(None),
                    page = self.source.next() => match page {
                        Err(LogError::Closed) => return Ok(None),
                        page => page.map(Some),
                    },
                    () = tokio::time::sleep_until(heartbeat) => return Ok(Some(self.heartbeat())),
                }
            } else {
                self.source.now().await
            };
            let Some(page) = page.map_err(io::Error::other)? else { return Ok(None) };
            let chunk = self.write(&page.events)?;
            if !chunk.is_empty() {
                return Ok(Some(Bytes::from(chunk)));
            }
        }
        Ok(None)
    }

    fn write(&mut self, events: &[RecordedEvent]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        for event in events {
            if self.limit == 0 {
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

    /// Bytes that every reader skips.
    fn heartbeat(&self) -> Bytes {
        match self.form {
            FeedForm::JsonLines => Bytes::from_static(b"\n"),
            FeedForm::ServerSentEvents => Bytes::from_static(b": still here\n\n"),
        }
    }
}
