//! What may be chosen about an embedded log. The defaults suit a shop on one machine.

use crate::LogError;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How an embedded log is kept. Sizes may differ from one run to the next.
#[derive(Clone)]
pub struct EmbeddedOptions {
    /// Size of each new segment file in bytes, between 4 KiB and 2 GiB. It bounds what a start has to
    /// scan, what one group may take, and the memory of the index of the newest events.
    pub segment_bytes: usize,
    /// The most bytes one event's payload may have.
    pub max_payload_bytes: usize,
    /// A group commit is handed to the disk when it has grown to this many bytes, even if more waits.
    pub max_batch_bytes: usize,
    /// How long a busy log waits after a group commit for the next to grow. Whoever appends waits that much longer
    /// for the disk; in return there are fewer syncs, and followers are woken for more events at a time. A log that
    /// few append to never waits.
    pub gather: Duration,
    /// How many bytes of the newest events are kept in memory for readers near the head.
    pub recent_bytes: usize,
    /// Compress full segments, behind everybody's back. Makes the log one of format 2.
    pub compress: bool,
    /// How long to wait before trying again to prepare a segment on a full disk.
    pub retry_full_after: Duration,
    /// Prepare segments and write indexes on the writer's thread, at fixed points, instead of behind
    /// its back: slower, but a run on a simulated disk then repeats exactly.
    pub inline_maintenance: bool,
    /// The wall clock in ns since the Unix epoch. A clock that runs backwards is held still.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 128 << 20,
            max_payload_bytes: 4 << 20,
            max_batch_bytes: 4 << 20,
            gather: Duration::ZERO,
            recent_bytes: 32 << 20,
            compress: true,
            retry_full_after: Duration::from_millis(200),
            inline_maintenance: false,
            clock: Arc::new(wall_clock_ns),
        }
    }
}

impl EmbeddedOptions {
    /// For tests: segments of 1 MiB, so that a log costs little to make.
    #[must_use]
    pub fn small() -> Self {
        Self {
            segment_bytes: 1 << 20,
            max_payload_bytes: 512 << 10,
            recent_bytes: 1 << 20,
            ..Self::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), LogError> {
        if (4 << 10..=2 << 30).contains(&self.segment_bytes) && self.segment_bytes.is_multiple_of(8) {
            return Ok(());
        }
        Err(LogError::Unavailable {
            operation: "opening the log".to_owned(),
            detail: format!(
                "segments of {} bytes were asked for; 4 KiB to 2 GiB, in multiples of 8, are possible",
                self.segment_bytes
            ),
        })
    }
}

fn wall_clock_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

impl fmt::Debug for EmbeddedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedOptions")
            .field("segment_bytes", &self.segment_bytes)
            .field("max_payload_bytes", &self.max_payload_bytes)
            .field("max_batch_bytes", &self.max_batch_bytes)
            .field("gather", &self.gather)
            .field("recent_bytes", &self.recent_bytes)
            .field("compress", &self.compress)
            .field("retry_full_after", &self.retry_full_after)
            .field("inline_maintenance", &self.inline_maintenance)
            .finish_non_exhaustive()
    }
}
