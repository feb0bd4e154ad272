//! What a read model is to the runner: which events concern it, and what each of them changes.
//!
//! A projection turns events into rows, nothing else: it never reads the log, never keeps a checkpoint of its
//! own (unless it has a store of its own, as search has), and never causes anything outside its rows. So it
//! can be thrown away and filled again at any time.

use daybook_domain::{Event, Interests, MoneyError, Timestamp};
use daybook_event_log::{Position, RecordedEvent};
use daybook_read_store::{Checkpoint, RowKind, StoreError, Tx};
use std::fmt;

/// An event as projections see it: as recorded, and as the domain reads it. Decoded once for all of them.
#[derive(Debug, Clone, Copy)]
pub struct DecodedEvent<'a> {
    pub record: &'a RecordedEvent,
    pub event: &'a Event,
}

impl DecodedEvent<'_> {
    /// The event's number in the whole log.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.record.position().get()
    }

    /// The event's number within its stream.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.record.version().get()
    }

    #[must_use]
    pub fn occurred_at(&self) -> Timestamp {
        Timestamp::from_nanos(self.record.occurred_at_ns())
    }

    #[must_use]
    pub fn recorded_at(&self) -> Timestamp {
        Timestamp::from_nanos(self.record.recorded_at_ns())
    }
}

/// Why an event cannot be applied. All but [`ApplyError::Store`] park the event's stream.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// An earlier event should have made the row.
    #[error("there is no {what}; the event that makes it was never applied")]
    Missing { what: String },
    /// The event does not go with the row.
    #[error("{detail}")]
    Contradiction { detail: String },
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The read store itself failed: not this event's fault, so the runner stops instead of parking it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApplyError {
    /// There is no such row.
    #[must_use]
    pub fn missing(what: &str, id: impl fmt::Display) -> Self {
        Self::Missing { what: format!("{what} {id}") }
    }
}

/// Whether a projection with a store of its own may put off committing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// It decides itself when a commit is worth its price.
    WhenDue,
    /// Commit now: the runner stops, or somebody waits for a retry.
    Now,
}

/// Turns events into the rows of one read model.
///
/// Called from one thread, in log order, each event once, also across crashes. For a batch of events:
/// [`Projection::apply`] each, then [`Projection::flush`], then the commit, then [`Projection::committed`];
/// if anything fails before the commit, [`Projection::discard`].
pub trait Projection: Send + 'static {
    /// The read model's name, lower-case letters. Persisted.
    const NAME: &'static str;

    /// Which shape the rows have. Another number than the stored one starts a rebuild beside it.
    const VERSION: u32;

    /// What its rows are, by the first letter of their keys. A projection whose rows may be on a server declares
    /// all of them; one with a store of its own has none.
    const KINDS: &'static [RowKind] = &[];

    /// The events it is made of; others are neither decoded nor handed to it.
    const INTERESTS: Interests;

    /// Takes one event into the rows. On an error the whole batch is discarded and applied again without
    /// this event, so a half-applied event does no harm.
    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError>;

    /// Writes to `tx` what `apply` kept in memory; answers up to where the changes will be visible once `tx`
    /// is committed. Only a projection with a store of its own answers less than `up_to`; it is then asked
    /// again every few milliseconds, also without new events. An error stops the runner.
    fn flush(&mut self, up_to: Checkpoint, when: Flush, tx: &mut Tx<'_>) -> Result<Position, StoreError> {
        let _ = (when, tx);
        Ok(up_to.position)
    }

    /// The batch is in the store.
    fn committed(&mut self) {}

    /// The batch will not be committed: forget what was kept in memory since the last [`Projection::committed`].
    /// (A store of its own may keep what it has: the same events are applied to it again.)
    fn discard(&mut self) {}

    /// How far the projection's own store has got, asked once before the first event; None: the read store
    /// keeps the checkpoint. Events after it are applied again after a crash. What was made from another log, which has
    /// another event there, is thrown away and made again.
    fn own_checkpoint(&self) -> Option<Checkpoint> {
        None
    }

    /// From now on this one answers queries: at start, or when a rebuild has caught up.
    fn went_live(&mut self) {}
}
