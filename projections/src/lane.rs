//! Several projections that take the same events and commit together; synchronous, without a thread or clock.
//!
//! A batch goes to each of them in turn. An event one of them cannot take interrupts only that one: what it
//! took before is committed, the event is parked, and it goes on after it.

use crate::{
    DeadLetter, Flush, ReadStore, StoreError,
    decoded::Decoded,
    member::{Interruption, Member},
    store::Checkpoint,
};
use std::{sync::Arc, time::Instant};

pub(crate) struct Lane {
    pub(crate) store: Arc<ReadStore>,
    pub(crate) members: Vec<Member>,
}

impl Lane {
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
            batch.commit()?;
            member.projection.committed();
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
        batch.commit()?;
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
        member: usize,
        applied: &[DeadLetter],
        still: Option<&DeadLetter>,
    ) -> Result<(), StoreError> {
        let mut batch = self.store.batch()?;
        let member = &mut self.members[member];
        member.flush(Checkpoint::default(), Flush::Now, &mut batch)?;
        for letter in applied {
            batch.release(&member.generation, letter);
        }
        if let Some(letter) = still {
            batch.park(&member.generation, letter);
        }
        batch.commit()?;
        member.projection.committed();
        Ok(())
    }

    /// Commits what waits in members' own stores.
    pub(crate) fn commit_waiting(&mut self, when: Flush) -> Result<(), StoreError> {
        if self.members.iter().any(Member::has_uncommitted) || when == Flush::Now {
            self.commit(Checkpoint::default(), when)?;
        }
        Ok(())
    }
}

pub(crate) fn checkpoint_at(event: &Decoded) -> Checkpoint {
    Checkpoint { position: event.record.position(), event_id: event.record.event_id() }
}
