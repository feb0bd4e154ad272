//! Reading the past and going on with the present, without a gap.

use crate::{EventLog, LogError, PageLimits, Position, RecordedEvent};
use std::sync::Arc;
use tokio::sync::watch;

/// The most bytes of records handed out at a time, so that large events do not fill the memory.
const BATCH_BYTES: usize = 8 << 20;

/// A reader that never ends: first what is there, then what comes.
pub struct Follow {
    log: Arc<dyn EventLog>,
    head: watch::Receiver<Position>,
    next: Position,
    limits: PageLimits,
}

/// Follows `log` after `checkpoint`, at most `batch` events, and 8 MiB unless one is larger, at a time.
#[must_use]
pub fn follow(log: Arc<dyn EventLog>, checkpoint: Position, batch: usize) -> Follow {
    let head = log.head();
    Follow {
        log,
        head,
        next: checkpoint.next(),
        limits: PageLimits { events: batch.max(1), bytes: BATCH_BYTES },
    }
}

impl Follow {
    /// The next events, at least one; waits until there are some. Cancel-safe: nothing is lost when
    /// the future is dropped.
    pub async fn next(&mut self) -> Result<Vec<RecordedEvent>, LogError> {
        loop {
            let durable = *self.head.borrow_and_update();
            if durable >= self.next {
                let events = self.log.read_page(self.next, self.limits).await?;
                if let Some(last) = events.last() {
                    self.next = last.position().next();
                    return Ok(events);
                }
            }
            self.head.changed().await.map_err(|_| LogError::Closed)?;
        }
    }

    /// The position after the last one handed out.
    #[must_use]
    pub fn next_position(&self) -> Position {
        self.next
    }
}
