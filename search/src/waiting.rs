//! Who waits for which position, so that a commit is brought forward for those it would satisfy and for
//! nobody else.

use parking_lot::Mutex;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Waiting {
    positions: Mutex<BTreeMap<u64, usize>>,
}

/// Somebody waits while this lives, also if they give up.
pub(super) struct Waiter<'a> {
    waiting: &'a Waiting,
    position: u64,
}

impl Waiting {
    pub(super) fn enter(&self, position: u64) -> Waiter<'_> {
        *self.positions.lock().entry(position).or_default() += 1;
        Waiter { waiting: self, position }
    }

    /// Whether somebody waits for a position after `visible` and up to `applied`.
    pub(super) fn is_between(&self, visible: u64, applied: u64) -> bool {
        visible < applied && self.positions.lock().range(visible + 1..=applied).next().is_some()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut positions = self.waiting.positions.lock();
        if let Some(count) = positions.get_mut(&self.position) {
            *count -= 1;
            if *count == 0 {
                positions.remove(&self.position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_a_commit_would_satisfy_bring_it_forward() {
        let waiting = Waiting::default();
        let far = waiting.enter(u64::MAX);
        assert!(!waiting.is_between(3, 9));
        let (near, also_near) = (waiting.enter(5), waiting.enter(5));
        assert!(waiting.is_between(3, 9) && waiting.is_between(4, 5) && !waiting.is_between(5, 9));
        drop(near);
        assert!(waiting.is_between(3, 9));
        drop((also_near, far));
        assert!(!waiting.is_between(3, 9) && waiting.positions.lock().is_empty());
    }
}
