//! A budget of memory for what is read of requests and not yet worked on, so that many clients with large bodies, or
//! one with many large lines, cannot take all memory. What counts is what is held, not what was declared. Up to 64 KiB
//! are not counted: there are no more of them than connections.

use crate::problem::{Problem, kind};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Up to this size nothing is counted; beyond it the budget is taken in steps of this size.
const STEP_KIB: usize = 64;
/// For all bodies together.
const BODIES_KIB: usize = 256 << 10;
/// For the lines of all bulk requests together.
const LINES_KIB: usize = 128 << 10;

pub(crate) struct BodyBudget {
    bodies: Arc<Semaphore>,
    lines: Arc<Semaphore>,
}

impl Default for BodyBudget {
    fn default() -> Self {
        Self { bodies: Arc::new(Semaphore::new(BODIES_KIB)), lines: Arc::new(Semaphore::new(LINES_KIB)) }
    }
}

impl BodyBudget {
    /// For one body, of which nothing has arrived yet.
    pub(crate) fn body(&self) -> HeldBytes {
        HeldBytes { budget: self.bodies.clone(), permit: None }
    }

    /// For one line of a bulk request, of which nothing has arrived yet.
    pub(crate) fn line(&self) -> HeldBytes {
        HeldBytes { budget: self.lines.clone(), permit: None }
    }
}

/// The part of a budget that something holds, until it is dropped.
pub(crate) struct HeldBytes {
    budget: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl HeldBytes {
    /// Makes room for `bytes` in all; a problem if the budget is used up.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let wanted = bytes.div_ceil(STEP_KIB << 10).saturating_sub(1) * STEP_KIB;
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(more) = wanted.checked_sub(held).filter(|more| *more > 0) else { return Ok(()) };
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let more = self.budget.clone().try_acquire_many_owned(more).map_err(|_| {
            Problem::new(&kind::OVERLOADED, "too many large bodies are being read").retry_after(1)
        })?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            permit => *permit = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_are_as_many_as_there_is_room_for_and_small_ones_always_fit() {
        let budget = BodyBudget::default();
        let held_with = |bytes: usize| {
            let mut held = budget.body();
            held.grow_to(bytes).map(|()| held)
        };
        // What is declared and has not arrived takes no room, and neither does what is small.
        let slow: Vec<_> = (0..10_000).map(|_| held_with(64 << 10).unwrap()).collect();
        let large: Vec<_> = (0..273).map(|_| held_with(1 << 20).unwrap()).collect();
        let refused = held_with(1 << 20).map(drop).unwrap_err();
        assert_eq!(refused.kind.name, "overloaded");
        assert!(held_with(64 << 10).is_ok());
        drop((slow, large));
        let mut growing = held_with(100 << 10).unwrap();
        growing.grow_to(200 << 10).unwrap();
        growing.grow_to(50 << 10).unwrap();
        drop(growing);
        assert_eq!(budget.bodies.available_permits(), BODIES_KIB);
    }
}
