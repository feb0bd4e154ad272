//! Several projections that take the same events and commit together.
//!
//! Queries see a batch as soon as it is applied; it is written at once or, where it may wait, with later ones by a
//! thread of its own. With nothing to flush_interval a group is synchronous and needs no clock.
//! A batch goes to each of them in turn. An event one of them cannot take interrupts only that one: what it
//! took before is committed, the event is parked, and it goes on after it.

use crate::{
    DeadLetter, Flush,
    applier::{Applier, Interruption},
    decoded::DecodedRecord,
};
use daybook_read_store::{Batch, Checkpoint, ReadStore, StoreError};
use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

pub(crate) struct CommitGroup {
    pub(crate) store: Arc<ReadStore>,
    pub(crate) appliers: Vec<Applier>,
    /// How long rows that queries see may wait to be written.
    pub(crate) flush_interval: Duration,
    /// Rows that are shown and whose writing has not begun.
    shown: Option<Shown>,
    /// How the writing that is under way ends.
    writing: Option<mpsc::Receiver<Result<(), StoreError>>>,
}

/// Rows that are shown and whose writing has not begun.
#[derive(Clone, Copy)]
struct Shown {
    since: Instant,
    changes: usize,
    bytes: usize,
}

/// So many changes, or bytes of them, are written though they could wait: they are in memory.
const MOST_SHOWN: usize = 100_000;
const MOST_SHOWN_BYTES: usize = 32 << 20;
/// While what was shown before is still being written, no more than so many times as much is shown: then it is waited for.
const WHILE_WRITING: usize = 2;

impl Shown {
    fn is_more_than(&self, times: usize) -> bool {
        self.changes > MOST_SHOWN * times || self.bytes > MOST_SHOWN_BYTES * times
    }
}

impl CommitGroup {
    /// One that writes every batch at once.
    pub(crate) fn new(store: Arc<ReadStore>, appliers: Vec<Applier>) -> Self {
        Self { store, appliers, flush_interval: Duration::ZERO, shown: None, writing: None }
    }

    /// Applies a batch to all appliers and commits it.
    pub(crate) fn apply(&mut self, events: &[DecodedRecord]) -> Result<(), StoreError> {
        let Some(last) = events.last() else { return Ok(()) };
        for n in 0..self.appliers.len() {
            self.apply_to(n, events)?;
        }
        self.commit(checkpoint_at(last), Flush::WhenDue)
    }

    fn apply_to(&mut self, n: usize, events: &[DecodedRecord]) -> Result<(), StoreError> {
        let mut rest = events;
        loop {
            let applier = &mut self.appliers[n];
            let (at, error) = match applier.apply(rest) {
                Ok(()) => return Ok(()),
                Err(Interruption::Store(error)) => return Err(error),
                Err(Interruption::Poison(at, error)) => (at, error),
            };
            // The rows may be half changed: go back to the last commit, and take again what was good.
            applier.discard();
            let (good, bad) = rest.split_at(at);
            match applier.apply(good) {
                Ok(()) => {}
                Err(Interruption::Store(error)) => return Err(error),
                Err(Interruption::Poison(_, error)) => {
                    return Err(StoreError::Damaged { row: format!("{:?}", bad[0].record), detail: error });
                }
            }
            applier.park(&bad[0], Some(error));
            let mut batch = self.store.batch()?;
            applier.flush(checkpoint_at(&bad[0]), Flush::WhenDue, &mut batch)?;
            self.write(batch)?;
            self.appliers[n].projection.committed();
            rest = &bad[1..];
        }
    }

    /// Commits what the appliers flush_interval; they stand at `up_to` then.
    pub(crate) fn commit(&mut self, up_to: Checkpoint, when: Flush) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut batch = self.store.batch()?;
        for applier in &mut self.appliers {
            applier.flush(up_to, when, &mut batch)?;
        }
        let rows = batch.len();
        self.show_or_write(batch, when)?;
        for applier in &mut self.appliers {
            applier.projection.committed();
        }
        metrics::histogram!("daybook_projection_commit_seconds").record(began.elapsed().as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a histogram of row counts needs no 53 bits")]
        metrics::histogram!("daybook_projection_commit_rows").record(rows as f64);
        Ok(())
    }

    /// Commits the events of a parked stream that could be applied after all, and why the next one could not.
    pub(crate) fn commit_retried(
        &mut self,
        at: usize,
        applied: &[DeadLetter],
        still: Option<&DeadLetter>,
    ) -> Result<(), StoreError> {
        let mut batch = self.store.batch()?;
        let applier = &mut self.appliers[at];
        applier.flush(Checkpoint::default(), Flush::Now, &mut batch)?;
        for letter in applied {
            batch.release(&applier.generation, &letter.stream, letter.position);
        }
        if let Some(letter) = still {
            batch.park(&applier.generation, &letter.to_row());
        }
        self.write(batch)?;
        self.appliers[at].projection.committed();
        Ok(())
    }

    /// Lets queries see a batch of all appliers, and writes it now or with later ones.
    fn show_or_write(&mut self, batch: Batch, when: Flush) -> Result<(), StoreError> {
        let may_wait = when == Flush::WhenDue && !self.flush_interval.is_zero();
        let batch = match if may_wait { batch.deferrable() } else { Err(batch) } {
            Ok(batch) => batch,
            Err(batch) => {
                self.shown = None;
                return self.write(batch);
            }
        };
        if batch.is_empty() && self.shown.is_none() {
            return Ok(());
        }
        let shown = self.shown.get_or_insert(Shown { since: Instant::now(), changes: 0, bytes: 0 });
        (shown.changes, shown.bytes) = (shown.changes + batch.len(), shown.bytes + batch.bytes());
        let is_too_much = shown.is_more_than(WHILE_WRITING);
        if !self.is_due() {
            batch.show();
            return Ok(());
        }
        if !self.has_written()? {
            if is_too_much {
                self.shown = None;
                return self.write(batch.into());
            }
            batch.show();
            return Ok(());
        }
        self.shown = None;
        let pending = batch.begin_write();
        let (told, ending) = mpsc::channel();
        // In a thread of its own, so that the next events need not wait. It is started twice a second at most.
        let write = move || {
            // The group may be gone; then what was not written is applied again.
            let _ = told.send(pending.write());
        };
        let begun = std::thread::Builder::new().name("read-models-write".to_owned()).spawn(write);
        begun.map_err(|error| StoreError::Unavailable {
            operation: "starting to write rows",
            detail: error.to_string(),
        })?;
        self.writing = Some(ending);
        Ok(())
    }

    /// Writes a batch, and what was shown before of the same appliers, after what is being written.
    fn write(&mut self, batch: Batch) -> Result<(), StoreError> {
        if let Some(ending) = self.writing.take() {
            ending.recv().unwrap_or(Err(StoreError::Closed))?;
        }
        batch.commit()
    }

    /// Whether no writing is under way.
    fn has_written(&mut self) -> Result<bool, StoreError> {
        match self.writing.as_ref().map(mpsc::Receiver::try_recv) {
            Some(Err(mpsc::TryRecvError::Empty)) => return Ok(false),
            Some(Err(mpsc::TryRecvError::Disconnected)) => return Err(StoreError::Closed),
            Some(Ok(written)) => written?,
            None => {}
        }
        self.writing = None;
        Ok(true)
    }

    fn is_due(&self) -> bool {
        self.shown.is_some_and(|shown| shown.since.elapsed() >= self.flush_interval || shown.is_more_than(1))
    }

    /// Rows are shown that are not known to be written.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.shown.is_some() || self.writing.is_some()
    }

    /// Commits what waits in appliers' own stores, and what is due to be written.
    pub(crate) fn commit_waiting(&mut self, when: Flush) -> Result<(), StoreError> {
        self.has_written()?;
        if self.is_due() || self.appliers.iter().any(Applier::has_uncommitted) || when == Flush::Now {
            self.commit(Checkpoint::default(), when)?;
        }
        Ok(())
    }
}

pub(crate) fn checkpoint_at(event: &DecodedRecord) -> Checkpoint {
    Checkpoint { position: event.record.position(), event_id: event.record.event_id() }
}
