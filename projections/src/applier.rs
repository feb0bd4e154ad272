//! One projection at work on one generation: skips what it has, parks what it cannot take, keeps the rest
//! for the commit.

use crate::{
    ApplyError, DeadLetter, DecodedEvent, Definition, Flush, decoded::DecodedRecord, definition::Applying,
    failure::panic_text,
};
use daybook_event_log::{Position, in_background};
use daybook_read_store::{Batch, Checkpoint, Generation, ParkedStreams, ReadStore, StoreError, Tx, Writes};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

pub(crate) struct Applier {
    pub(crate) definition: Definition,
    pub(crate) generation: Arc<Generation>,
    pub(crate) projection: Box<dyn Applying>,
    /// Where the rows stand, parked events included.
    pub(crate) checkpoint: Checkpoint,
    /// Up to where queries see the changes.
    pub(crate) visible: Position,
    pub(crate) parked: ParkedStreams,
    pub(crate) writes: Writes,
    /// What this batch parks, to be committed with it.
    letters: Vec<DeadLetter>,
    own_store: bool,
}

/// Why applying a batch was interrupted.
pub(crate) enum Interruption {
    /// The event at this place of the batch cannot be applied.
    Poison(usize, String),
    Store(StoreError),
}

impl Applier {
    /// A projection at work on `generation`, from where that stands.
    pub(crate) fn new(
        definition: Definition,
        generation: Arc<Generation>,
        store: &ReadStore,
    ) -> Result<Self, StoreError> {
        let projection = match definition.apart {
            true => in_background(|| (definition.make)(&generation))?,
            false => (definition.make)(&generation)?,
        };
        let mut checkpoint = store.checkpoint(&generation)?;
        let own = projection.own_checkpoint();
        checkpoint = own.unwrap_or(checkpoint);
        let parked = store.parked(&generation, checkpoint.position.get())?;
        let visible = checkpoint.position;
        let (writes, letters, own_store) = (Writes::default(), Vec::new(), own.is_some());
        Ok(Self {
            definition,
            generation,
            projection,
            checkpoint,
            visible,
            parked,
            writes,
            letters,
            own_store,
        })
    }

    /// Applies those events that it does not have yet.
    pub(crate) fn apply(&mut self, events: &[DecodedRecord]) -> Result<(), Interruption> {
        for (n, decoded) in events.iter().enumerate() {
            let record = &decoded.record;
            if record.position() <= self.checkpoint.position {
                continue;
            }
            let Some(event) = &decoded.event else { continue };
            if !decoded.is_in(&self.definition.interests) {
                continue;
            }
            if !self.parked.is_empty() && self.parked.contains_key(record.stream()) {
                self.park(decoded, None);
                continue;
            }
            match event {
                Ok(event) => self.apply_one(&DecodedEvent { record, event }, n)?,
                Err(error) => return Err(Interruption::Poison(n, error.to_string())),
            }
        }
        Ok(())
    }

    pub(crate) fn apply_one(&mut self, event: &DecodedEvent<'_>, n: usize) -> Result<(), Interruption> {
        let mut tx = Tx::new(&self.generation, &mut self.writes);
        let applied = catch_unwind(AssertUnwindSafe(|| self.projection.apply(event, &mut tx)));
        match applied {
            Ok(Ok(())) => Ok(()),
            Ok(Err(ApplyError::Store(error))) if error.is_of_surroundings() => {
                Err(Interruption::Store(error))
            }
            Ok(Err(error)) => Err(Interruption::Poison(n, error.to_string())),
            Err(panic) => {
                let name = self.definition.name;
                metrics::counter!("daybook_projection_panics_total", "projection" => name).increment(1);
                Err(Interruption::Poison(n, format!("panicked: {}", panic_text(&*panic))))
            }
        }
    }

    /// Puts an event aside; `error` says why, none that it waits behind another.
    pub(crate) fn park(&mut self, decoded: &DecodedRecord, error: Option<String>) {
        let letter = DeadLetter::new(self.definition.name, &decoded.record, error);
        let letter = letter.of_newer_program(decoded.is_of_newer_program());
        if let Some(error) = &letter.error {
            tracing::warn!(projection = letter.projection, stream = letter.stream, position = letter.position, %error,
                "an event cannot be applied; its stream is parked for this read model");
            metrics::counter!("daybook_projection_poison_events_total", "projection" => self.definition.name)
                .increment(1);
        }
        *self.parked.entry(letter.stream.clone()).or_insert(0) += 1;
        self.letters.push(letter);
    }

    /// Hands everything of this batch to `batch`, checkpoint included; answers up to where it will be visible.
    pub(crate) fn flush(
        &mut self,
        up_to: Checkpoint,
        when: Flush,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let up_to = if up_to.position > self.checkpoint.position { up_to } else { self.checkpoint };
        let mut tx = Tx::new(&self.generation, &mut self.writes);
        self.visible = self.projection.flush(up_to, when, &mut tx)?;
        batch.write(&self.generation, &mut self.writes)?;
        for letter in self.letters.drain(..) {
            batch.park(&self.generation, &letter.to_row());
        }
        if up_to.position > self.checkpoint.position && !self.own_store {
            batch.reach(&self.generation, up_to);
        }
        self.checkpoint = up_to;
        Ok(())
    }

    /// Forgets what was applied since the last commit.
    pub(crate) fn discard(&mut self) {
        self.projection.discard();
        self.writes.clear();
        for letter in self.letters.drain(..) {
            if let Some(count) = self.parked.get_mut(&letter.stream) {
                *count -= 1;
                if *count == 0 {
                    self.parked.remove(&letter.stream);
                }
            }
        }
    }

    /// Changes wait in a store of its own for their commit.
    pub(crate) fn has_uncommitted(&self) -> bool {
        self.visible < self.checkpoint.position
    }

    /// Applies events that waited, in order.
    pub(crate) fn retry(&mut self, waiting: &[DecodedRecord]) -> Result<(), Interruption> {
        for (n, decoded) in waiting.iter().enumerate() {
            match &decoded.event {
                Some(Ok(event)) => {
                    self.apply_one(&DecodedEvent { record: &decoded.record, event }, n)?;
                }
                Some(Err(error)) => return Err(Interruption::Poison(n, error.to_string())),
                None => {}
            }
        }
        Ok(())
    }
}
