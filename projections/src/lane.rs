//! Several projections that take the same events and commit together.
//!
//! Queries see a batch as soon as it is applied; it is written at once or, where it may wait, with later ones by a
//! thread of its own. With nothing to hold a lane is synchronous and needs no clock.
//! A batch goes to each of them in turn. An event one of them cannot take interrupts only that one: what it
//! took before is committed, the event is parked, and it goes on after it.

use crate::{
    DeadLetter, Flush,
    decoded::Decoded,
    member::{Interruption, Member},
};
use daybook_read_store::{Batch, Checkpoint, ReadStore, StoreError};
use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

pub(crate) struct Lane {
    pub(crate) store: Arc<ReadStore>,
    pub(crate) members: Vec<Member>,
    /// How long rows that queries see may wait to be written.
    pub(crate) hold: Duration,
    /// Since when rows are shown that nobody has begun to write, and how many changes that was.
    shown: Option<(Instant, usize)>,
    /// How the writing that is under way ends.
    writing: Option<mpsc::Receiver<Result<(), StoreError>>>,
}

/// So many changes are written though they could wait: they are in memory.
const MOST_SHOWN: usize = 100_000;

impl Lane {
    /// One that writes every batch at once.
    pub(crate) fn new(store: Arc<ReadStore>, members: Vec<Member>) -> Self {
        Self { store, members, hold: Duration::ZERO, shown: None, writing: None }
    }

    /// Applies a batch to all members and commits it.
    pub(crate) fn apply(&mut self, events: &[Decoded]) -> Result<(), StoreError> {
        let Some(last) = events.last() else { return Ok(()) };
        for n in 0..self.members.len() {
            self.apply_to(n, events)?;
        }
        self.commit(checkpoint_at(last), Flush::WhenDue)
    }

    fn apply_to(&mut self, n: usize, events: &[Decoded]) -> Result<(), StoreError> {
        let mut rest = events;
        loop {
            let member = &mut self.members[n];
            let (at, error) = match member.apply(rest) {
                Ok(()) => return Ok(()),
                Err(Interruption::Store(error)) => return Err(error),
                Err(Interruption::Poison(at, error)) => (at, error),
            };
            // The rows may be half changed: go back to the last commit, and take again what was good.
            member.discard();
            let (good, bad) = rest.split_at(at);
            match member.apply(good) {
                Ok(()) => {}
                Err(Interruption::Store(error)) => return Err(error),
                Err(Interruption::Poison(_, error)) => {
                    return Err(StoreError::Damaged { row: format!("{:?}", bad[0].record), detail: error });
                }
            }
            member.park(&bad[0], Some(error));
            let mut batch = self.store.batch()?;
            member.flush(checkpoint_at(&bad[0]), Flush::WhenDue, &mut batch)?;
            self.write(batch)?;
            self.members[n].projection.committed();
            rest = &bad[1..];
        }
    }

    /// Commits what the members hold; they stand at `up_to` then.
    pub(crate) fn commit(&mut self, up_to: Checkpoint, when: Flush) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut batch = self.store.batch()?;
        for member in &mut self.members {
            member.flush(up_to, when, &mut batch)?;
        }
        let rows = batch.len();
        self.show_or_write(batch, when)?;
        for member in &mut self.members {
            member.projection.committed();
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
        let member = &mut self.members[at];
        member.flush(Checkpoint::default(), Flush::Now, &mut batch)?;
        for letter in applied {
            batch.release(&member.generation, &letter.stream, letter.position);
        }
        if let Some(letter) = still {
            batch.park(&member.generation, &letter.to_row());
        }
        self.write(batch)?;
        self.members[at].projection.committed();
        Ok(())
    }

    /// Lets queries see a batch of all members, and writes it now or with later ones.
    fn show_or_write(&mut self, batch: Batch, when: Flush) -> Result<(), StoreError> {
        let may_wait = when == Flush::WhenDue && !self.hold.is_zero();
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
        let changes = batch.len();
        let (since, before) = *self.shown.get_or_insert((Instant::now(), 0));
        self.shown = Some((since, before + changes));
        if !self.is_due() || !self.has_written()? {
            batch.show();
            return Ok(());
        }
        self.shown = None;
        let leaving = batch.leave();
        let (told, ending) = mpsc::channel();
        // Behind the back of this thread, so that the next events need not wait. A few times a second a thread
        // may well be started for it.
        let write = move || {
            // Nobody is told where the lane is gone; then what was not written is applied again.
            let _ = told.send(leaving.write());
        };
        let begun = std::thread::Builder::new().name("read-models-write".to_owned()).spawn(write);
        begun.map_err(|error| StoreError::Unavailable {
            operation: "starting to write rows",
            detail: error.to_string(),
        })?;
        self.writing = Some(ending);
        Ok(())
    }

    /// Writes a batch, and what was shown before of the same members, after what is being written.
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
        self.shown.is_some_and(|(since, changes)| since.elapsed() >= self.hold || changes > MOST_SHOWN)
    }

    /// Rows are shown that are not known to be written.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.shown.is_some() || self.writing.is_some()
    }

    /// Commits what waits in members' own stores, and what is due to be written.
    pub(crate) fn commit_waiting(&mut self, when: Flush) -> Result<(), StoreError> {
        self.has_written()?;
        if self.is_due() || self.members.iter().any(Member::has_uncommitted) || when == Flush::Now {
            self.commit(Checkpoint::default(), when)?;
        }
        Ok(())
    }
}

pub(crate) fn checkpoint_at(event: &Decoded) -> Checkpoint {
    Checkpoint { position: event.record.position(), event_id: event.record.event_id() }
}
