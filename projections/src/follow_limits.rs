//! How much of the log is taken at a time. Small limits show a change soon; large ones write a row once that many events
//! change.

use daybook_event_log::PageLimits;
use daybook_read_store::ReadStore;
use daybook_subscriptions::ReadAhead;
use std::time::Duration;

/// Pages in memory at a time, the one that is applied included.
const PAGES_AHEAD: usize = 2;

/// How read models follow a log.
#[derive(Debug, Clone, Copy)]
pub struct FollowLimits {
    /// Under load, events are collected at least this long between two commits. An idle read model takes an event
    /// at once.
    pub min_interval: Duration,
    /// How long rows that queries see already may wait to be written, where that can be: the longer, the fewer times
    /// is one written that keeps changing, and the more events a start after a crash has to apply again.
    pub flush_interval: Duration,
    /// At most this many bytes are read at a time (but one event at least), …
    pub bytes: usize,
    /// … and at most this many events.
    pub events: usize,
    /// So many events mean that there are more, and that the next are read at once.
    pub full: usize,
}

impl FollowLimits {
    /// For rows that queries read.
    pub const SERVING: Self = Self {
        min_interval: Duration::from_millis(5),
        flush_interval: Duration::from_millis(500),
        bytes: 2 << 20,
        events: 4_096,
        full: 1_024,
    };
    /// For rows that no query reads yet: an import, a rebuild, a replay. A page takes some 70 MiB of memory.
    pub const FILLING: Self = Self {
        min_interval: Duration::from_millis(250),
        flush_interval: Duration::ZERO,
        bytes: 16 << 20,
        events: 32_768,
        full: 16_384,
    };

    /// The limits for rows of `store` that no query reads yet. On a server a page is one statement, to be
    /// kept short.
    pub(crate) fn filling(store: &ReadStore) -> Self {
        if store.is_on_a_server() { Self::SERVING.on_a_server() } else { Self::FILLING }
    }

    /// The bounds of a page.
    pub(crate) const fn page(self) -> PageLimits {
        PageLimits { events: self.events, bytes: self.bytes }
    }

    /// How pages are read ahead of the thread that applies them.
    pub(crate) const fn ahead(self) -> ReadAhead {
        ReadAhead { pages: PAGES_AHEAD, full_events: self.full, min_interval: self.min_interval }
    }

    /// The same where every step is a statement to a server: fifty a second are enough for it.
    pub(crate) fn on_a_server(self) -> Self {
        Self { min_interval: self.min_interval.max(Duration::from_millis(20)), ..self }
    }
}
