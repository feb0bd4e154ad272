//! A budget of memory for request bodies that are read and not yet worked on, so that many clients with large bodies, or
//! one with many large lines, cannot take all memory. Bodies up to 64 KiB are not counted: there are no more of them
//! than connections.

use crate::problem::{Problem, kind};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Bodies up to this size are not counted.
const SMALL_BYTES: u64 = 64 << 10;
/// For all larger bodies together, in KiB.
const BODIES_KIB: usize = 256 << 10;
/// For the lines of all bulk requests together, in KiB.
const LINES_KIB: usize = 128 << 10;

pub(crate) struct BodyBudget {
    bodies: Semaphore,
    lines: Arc<Semaphore>,
}

impl Default for BodyBudget {
    fn default() -> Self {
        Self { bodies: Semaphore::new(BODIES_KIB), lines: Arc::new(Semaphore::new(LINES_KIB)) }
    }
}

impl BodyBudget {
    /// A permit for one body, if it needs one; a problem if the budget is used up. A body without a declared length
    /// counts as the longest.
    pub(crate) fn for_body(
        &self,
        declared: Option<u64>,
        limit: usize,
    ) -> Result<Option<SemaphorePermit<'_>>, Problem> {
        let bytes = declared.unwrap_or(limit as u64).min(limit as u64);
        if bytes <= SMALL_BYTES {
            return Ok(None);
        }
        self.bodies.try_acquire_many(kib(bytes, BODIES_KIB)).map(Some).map_err(|_| {
            Problem::new(&kind::OVERLOADED, "too many large bodies are being read").retry_after(1)
        })
    }

    /// A permit for one line of a bulk request, waited for. None only when the server is gone.
    pub(crate) async fn for_line(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        self.lines.clone().acquire_many_owned(kib(bytes as u64, LINES_KIB)).await.ok()
    }
}

fn kib(bytes: u64, most: usize) -> u32 {
    let kib = usize::try_from(bytes.div_ceil(1 << 10)).unwrap_or(most);
    u32::try_from(kib.clamp(1, most)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_are_as_many_as_there_is_room_for_and_small_ones_always_fit() {
        let (budget, limit) = (BodyBudget::default(), 1 << 20);
        let held: Vec<_> = (0..256).map(|_| budget.for_body(None, limit).unwrap()).collect();
        assert!(held.iter().all(Option::is_some));
        assert_eq!(budget.for_body(Some(1 << 20), limit).unwrap_err().kind.name, "overloaded");
        assert!(budget.for_body(Some(500), limit).unwrap().is_none());
        drop(held);
        assert!(budget.for_body(Some(1 << 20), limit).unwrap().is_some());
    }
}
