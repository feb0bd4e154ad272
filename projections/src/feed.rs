//! The thread that reads and decodes the log for a lane, ahead of the thread that applies.
//!
//! It batches by waiting: when events trickle in they are handed on at once, when they stream in it reads at
//! most once per pace, and when it is behind it reads full chunks without a pause.

use crate::{
    Steps,
    decoded::{Decoded, Reader},
};
use daybook_event_log::{LogError, Position};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

/// Decoded events, with the leave to be in memory.
pub(crate) struct Chunk {
    pub(crate) events: Vec<Decoded>,
    pub(crate) _leave: OwnedSemaphorePermit,
}

/// How a feed is to work.
pub(crate) struct FeedOptions {
    pub(crate) steps: Steps,
    /// Give way to other threads.
    pub(crate) background: bool,
    /// Stops it when true, or when its sender is gone.
    pub(crate) stop: watch::Receiver<bool>,
}

/// Chunks read ahead of the applying thread.
const AHEAD: usize = 2;
/// Before asking a log again that failed.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Starts a thread that hands chunks to `deliver` until stopped, until `deliver` answers false, or until the
/// log is closed.
pub(crate) fn spawn(
    name: String,
    reader: Reader,
    options: FeedOptions,
    deliver: impl FnMut(Chunk) -> bool + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let runtime = Handle::current();
    std::thread::Builder::new().name(name).spawn(move || {
        if options.background {
            daybook_event_log::lower_priority();
        }
        runtime.block_on(feed(reader, options, deliver));
    })
}

async fn feed(mut reader: Reader, mut options: FeedOptions, mut deliver: impl FnMut(Chunk) -> bool) {
    let leaves = Arc::new(Semaphore::new(AHEAD));
    let mut head = reader.log.head();
    loop {
        let began = Instant::now();
        let stopped = async { options.stop.wait_for(|stop| *stop).await.map(drop) };
        let chunk = tokio::select! {
            biased;
            _ = stopped => return,
            chunk = next(&mut reader, &mut head, &leaves) => chunk,
        };
        let full = match chunk {
            Ok(chunk) => {
                let full = chunk.events.len() >= options.steps.full;
                if !deliver(chunk) {
                    return;
                }
                full
            }
            Err(LogError::Closed) => return,
            Err(error) => {
                tracing::error!(%error, "the log cannot be read; read models stand still until it can");
                std::thread::sleep(RETRY_PAUSE);
                true
            }
        };
        if !full {
            std::thread::sleep(options.steps.pace.saturating_sub(began.elapsed()));
        }
    }
}

/// At least one event, and the leave to hold them.
async fn next(
    reader: &mut Reader,
    head: &mut watch::Receiver<Position>,
    leaves: &Arc<Semaphore>,
) -> Result<Chunk, LogError> {
    let leave = leaves.clone().acquire_owned().await.map_err(|_| LogError::Closed)?;
    loop {
        let durable = *head.borrow_and_update();
        if durable >= reader.next {
            let events = reader.read().await?;
            if !events.is_empty() {
                return Ok(Chunk { events, _leave: leave });
            }
        }
        head.changed().await.map_err(|_| LogError::Closed)?;
    }
}
