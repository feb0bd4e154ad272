//! Counting by small numbers: one array slot per number, and a list of the slots used, so that neither
//! counting nor reading out nor clearing costs more than what was counted.

#[derive(Default)]
pub(super) struct FacetTally {
    counts: Vec<u32>,
    used: Vec<u32>,
}

impl FacetTally {
    /// Makes room for numbers below `end`.
    pub(super) fn prepare(&mut self, end: usize) {
        self.clear();
        if self.counts.len() < end {
            self.counts.resize(end, 0);
        }
    }

    /// Counts `id` as often as `weight` says; a number beyond the prepared ones is not counted.
    #[inline]
    pub(super) fn add(&mut self, id: u32, weight: u32) {
        if let Some(count) = self.counts.get_mut(id as usize) {
            if *count == 0 {
                self.used.push(id);
            }
            *count = count.saturating_add(weight);
        }
    }

    /// Everything counted, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.used.iter().map(|id| (*id, self.counts[*id as usize]))
    }

    pub(super) fn clear(&mut self) {
        for id in self.used.drain(..) {
            self.counts[id as usize] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_starts_from_zero_each_time() {
        let mut tally = FacetTally::default();
        for _ in 0..2 {
            tally.prepare(10);
            tally.add(3, 1);
            tally.add(3, 16);
            tally.add(99, 1);
            assert_eq!(tally.iter().collect::<Vec<_>>(), [(3, 17)]);
        }
    }
}
