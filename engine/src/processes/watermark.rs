//! Which events the processes have seen, and which are still being reacted to.
//!
//! Events arrive nearly in order: each shard's in its own. `through` is the position up to which all were
//! seen; what came early stands in a window behind it.

use daybook_event_log::Position;
use std::collections::{BTreeMap, VecDeque};

#[derive(Default)]
pub(crate) struct Watermark {
    /// All events up to here were seen.
    through: u64,
    /// Whether `through + 1`, `through + 2`, … were seen. The first, if any, was not.
    ahead: VecDeque<bool>,
    /// Events whose reactions are not finished, with their number.
    open: BTreeMap<u64, u32>,
}

impl Watermark {
    /// Begins after `through`.
    pub(crate) fn after(through: Position) -> Self {
        Self { through: through.get(), ..Self::default() }
    }

    /// All events up to here were seen.
    pub(crate) const fn through(&self) -> Position {
        Position::new(self.through)
    }

    /// All events up to here were seen and reacted to, and nothing is left to do about them.
    pub(crate) fn finished(&self) -> Position {
        Position::new(
            self.open.first_key_value().map_or(self.through, |(first, _)| first - 1).min(self.through),
        )
    }

    /// Notes that the event was seen; false if it had been before.
    pub(crate) fn see(&mut self, position: Position) -> bool {
        let Some(index) = position.get().checked_sub(self.through + 1) else { return false };
        if index == 0 && self.ahead.is_empty() {
            self.through += 1;
            return true;
        }
        let index = usize::try_from(index).expect("a window of positions fits in memory");
        if index >= self.ahead.len() {
            self.ahead.resize(index + 1, false);
        }
        if std::mem::replace(&mut self.ahead[index], true) {
            return false;
        }
        while self.ahead.front() == Some(&true) {
            self.ahead.pop_front();
            self.through += 1;
        }
        true
    }

    /// A reaction to the event begins.
    pub(crate) fn open(&mut self, position: Position) {
        *self.open.entry(position.get()).or_insert(0) += 1;
    }

    /// A reaction to the event is finished.
    pub(crate) fn close(&mut self, position: Position) {
        if let std::collections::btree_map::Entry::Occupied(mut count) = self.open.entry(position.get()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// The events up to `through` that are still being reacted to.
    pub(crate) fn unfinished(&self) -> Vec<Position> {
        self.open.range(..=self.through).map(|(position, _)| Position::new(*position)).collect()
    }

    #[cfg(test)]
    fn window(&self) -> usize {
        self.ahead.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_only_over_what_was_seen_and_finished() {
        let mut watermark = Watermark::after(Position::new(10));
        assert!(watermark.see(Position::new(12)));
        assert!(!watermark.see(Position::new(12)), "seen before");
        assert!(!watermark.see(Position::new(10)), "before the beginning");
        assert_eq!(watermark.through(), Position::new(10));
        watermark.open(Position::new(11));
        assert!(watermark.see(Position::new(11)));
        assert_eq!(watermark.through(), Position::new(12));
        assert_eq!(watermark.finished(), Position::new(10));
        assert_eq!(watermark.unfinished(), [Position::new(11)]);
        watermark.close(Position::new(11));
        assert_eq!(watermark.finished(), Position::new(12));
        assert_eq!(watermark.window(), 0);
    }

    #[test]
    fn any_order_of_arrival_ends_in_the_same_place() {
        for seed in 0..50_u64 {
            let mut positions: Vec<u64> = (1..=64).collect();
            let mut random = seed;
            for at in (1..positions.len()).rev() {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                positions.swap(at, (random >> 33) as usize % (at + 1));
            }
            let mut watermark = Watermark::after(Position::ZERO);
            for position in positions {
                assert!(watermark.see(Position::new(position)));
            }
            assert_eq!(watermark.through(), Position::new(64), "seed {seed}");
            assert_eq!(watermark.window(), 0);
        }
    }
}
