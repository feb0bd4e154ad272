//! The feed itself: reads the log in batches and writes each batch as one chunk.

use super::{FeedForm, Filter};
use axum::body::Bytes;
use daybook_event_log::{EventLog, Position, RecordedEvent, cloud_event};
use futures::Stream;
use std::{io, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Events read at a time.
const BATCH: usize = 512;
/// A following reader hears something at least this often, so that broken connections are noticed.
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

struct State {
    log: Arc<dyn EventLog>,
    feed: Feed,
    next: Position,
    left: u64,
    ends: CancellationToken,
}

/// Chunks of events until the end, the limit, or, for a following reader, until the server stops.
pub(super) fn run(
    log: Arc<dyn EventLog>,
    feed: Feed,
    ends: CancellationToken,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let (next, left) = (Position::new(feed.from), feed.limit.unwrap_or(u64::MAX));
    futures::stream::try_unfold(State { log, feed, next, left, ends }, |mut state| async move {
        Ok(state.chunk().await?.map(|chunk| (chunk, state)))
    })
}

impl State {
    async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        let mut head = self.log.head();
        while self.left > 0 && !self.ends.is_cancelled() {
            let durable = *head.borrow_and_update();
            if self.next > durable {
                if !self.feed.follow {
                    return Ok(None);
                }
                tokio::select! {
                    () = self.ends.cancelled() => return Ok(None),
                    changed = head.changed() => if changed.is_err() { return Ok(None) },
                    () = tokio::time::sleep(HEARTBEAT) => return Ok(Some(self.heartbeat())),
                }
                continue;
            }
            let events = self.log.read_all(self.next, BATCH).await.map_err(io::Error::other)?;
            let Some(last) = events.last() else { continue };
            self.next = last.position().next();
            let chunk = self.write(&events)?;
            if !chunk.is_empty() {
                return Ok(Some(Bytes::from(chunk)));
            }
        }
        Ok(None)
    }

    fn write(&mut self, events: &[RecordedEvent]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        for event in events {
            if self.left == 0 {
                break;
            }
            if !self.feed.filter.wants(event) {
                continue;
            }
            self.left -= 1;
            match self.feed.form {
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

    /// Nothing, said in a way that every reader skips.
    fn heartbeat(&self) -> Bytes {
        match self.feed.form {
            FeedForm::JsonLines => Bytes::from_static(b"\n"),
            FeedForm::ServerSentEvents => Bytes::from_static(b": still here\n\n"),
        }
    }
}
