//! Reading the past and going on with the present, without a gap.

use crate::{EventLog, LogError, Position, RecordedEvent};
use std::sync::Arc;
use tokio::sync::watch;

/// A reader that never ends: first what is there, then what comes.
pub struct Follow {
    log: Arc<dyn EventLog>,
    head: watch::Receiver<Position>,
    next: Position,
    batch: usize,
}

/// Follows `log` after `checkpoint`, at most `batch` events at a time.
#[must_use]
pub fn follow(log: Arc<dyn EventLog>, checkpoint: Position, batch: usize) -> Follow {
    let head = log.head();
    Follow { log, head, next: checkpoint.next(), batch: batch.max(1) }
}

impl Follow {
    /// The next events, at least one; waits until there are some. Cancel-safe: nothing is lost when
    /// the future is dropped.
    pub async fn next(&mut self) -> Result<Vec<RecordedEvent>, LogError> {
        loop {
            let durable = *self.head.borrow_and_update();
            if durable >= self.next {
                let events = self.log.read_all(self.next, self.batch).await?;
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
