//! The thread that reads and decodes the log for a group, ahead of the thread that applies.
//!
//! It batches by waiting: when events trickle in they are handed on at once, when they stream in it reads at
//! most once per interval, and when it is behind it reads full pages without a pause.

use crate::{
    FollowLimits, RunnerError,
    failure::FailureCell,
    reader::{DecodedRecord, Reader},
};
use daybook_event_log::{LogError, Position};
use daybook_subscriptions::CancellationToken;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

/// Decoded events, with the permit to be in memory.
pub(crate) struct EventPage {
    pub(crate) events: Vec<DecodedRecord>,
    pub(crate) _permit: OwnedSemaphorePermit,
}

/// How a feed is to work.
pub(crate) struct FeedOptions {
    pub(crate) limits: FollowLimits,
    /// Give way to other threads.
    pub(crate) background: bool,
    /// Stops it.
    pub(crate) stop: CancellationToken,
    /// Where it leaves why it ended without being told to.
    pub(crate) failure: FailureCell,
}

/// Chunks read ahead of the applying thread.
const AHEAD: usize = 2;
/// Before asking a log again that failed.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Starts a thread that hands pages to `deliver` until stopped or until `deliver` answers false. A log that is closed is
/// a failure.
pub(crate) fn spawn(
    name: String,
    reader: Reader,
    options: FeedOptions,
    deliver: impl FnMut(EventPage) -> bool + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let runtime = Handle::current();
    std::thread::Builder::new().name(name.clone()).spawn(move || {
        if options.background {
            daybook_event_log::lower_priority();
        }
        let failure = options.failure.clone();
        failure.watch(&name, || runtime.block_on(feed(reader, options, deliver)));
    })
}

async fn feed(
    mut reader: Reader,
    options: FeedOptions,
    mut deliver: impl FnMut(EventPage) -> bool,
) -> Result<(), RunnerError> {
    let permits = Arc::new(Semaphore::new(AHEAD));
    let mut head = reader.log.head();
    loop {
        let began = Instant::now();
        let page = tokio::select! {
            biased;
            () = options.stop.cancelled() => return Ok(()),
            page = next(&mut reader, &mut head, &permits) => page,
        };
        let full = match page {
            Ok(page) => {
                let full = reader.was_full();
                if !deliver(page) {
                    return Ok(());
                }
                full
            }
            Err(error @ LogError::Closed) => return Err(error.into()),
            Err(error) => {
                tracing::error!(%error, "the log cannot be read; read models stand still until it can");
                std::thread::sleep(RETRY_PAUSE);
                true
            }
        };
        if !full {
            std::thread::sleep(options.limits.min_interval.saturating_sub(began.elapsed()));
        }
    }
}

/// At least one event, and the permit to flush_interval them.
async fn next(
    reader: &mut Reader,
    head: &mut watch::Receiver<Position>,
    permits: &Arc<Semaphore>,
) -> Result<EventPage, LogError> {
    let permit = permits.clone().acquire_owned().await.map_err(|_| LogError::Closed)?;
    loop {
        let durable = *head.borrow_and_update();
        if durable >= reader.next {
            let events = reader.read().await?;
            if !events.is_empty() {
                return Ok(EventPage { events, _permit: permit });
            }
        }
        head.changed().await.map_err(|_| LogError::Closed)?;
    }
}
