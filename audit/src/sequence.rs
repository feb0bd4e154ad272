//! The order in which records stand, by the positions that they tell: which are missing, swapped, moved or repeated.
//!
//! One record that is out of place does not accuse those behind it: the records that follow one another as they should
//! are taken together as runs, and the longest order that these make is the one that the others are out of.

use crate::verify::Finding;
use std::collections::HashMap;

/// More runs are not looked at: then the records are so mixed up that single ones are not worth naming.
const MOST_RUNS: usize = 2_048;

/// Records that stand one after another with positions one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// Where the first of them stands, from 1.
    place: u64,
    /// The position that it tells.
    first: u64,
    count: u64,
}

/// What records there were, in their order.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    runs: Vec<Run>,
    places: u64,
    pub(crate) more: bool,
}

impl Run {
    fn last(&self) -> u64 {
        self.first + self.count - 1
    }
}

impl Sequence {
    /// The next record tells this position; none: it cannot be read, and is taken for what belongs there.
    pub(crate) fn take(&mut self, position: Option<u64>) {
        self.places += 1;
        let next = self.runs.last().map_or(1, |run| run.last() + 1);
        let position = position.unwrap_or(next);
        let full = self.runs.len() >= MOST_RUNS;
        match self.runs.last_mut() {
            Some(run) if position == next => run.count += 1,
            _ if full => self.more = true,
            _ => self.runs.push(Run { place: self.places, first: position, count: 1 }),
        }
    }

    /// Whether every record stood where it belongs.
    pub(crate) fn is_in_order(&self) -> bool {
        !self.more && self.runs.iter().all(|run| run.first == run.place) && self.runs.len() <= 1
    }

    /// What is out of order.
    pub(crate) fn findings(mut self) -> Vec<Finding> {
        let mut findings = self.put_swapped_back();
        let kept = self.longest_order();
        let mut out: Vec<Run> = Vec::new();
        let (mut missing, mut reached) = (Vec::new(), 0);
        let mut in_order = kept.into_iter().peekable();
        let mut before = 0;
        for (at, run) in self.runs.iter().enumerate() {
            if in_order.next_if_eq(&at).is_none() {
                out.push(Run { place: before, ..*run });
            } else {
                if run.first > reached + 1 {
                    missing.push((reached + 1, run.first - 1));
                } else if run.first <= reached {
                    let count = reached - run.first + 1;
                    out.push(Run { place: before, first: run.first, count });
                }
                reached = run.last();
            }
            before = run.last();
        }
        for Run { place: after, first, count } in out {
            let last = first + count - 1;
            if take_out(&mut missing, first, last) {
                findings.push(Finding::RecordsMoved { first, last, after });
            } else {
                findings.push(Finding::RecordsRepeated { first, last, after });
            }
        }
        findings.extend(missing.into_iter().map(|(first, last)| Finding::RecordsMissing { first, last }));
        findings
    }

    /// Runs that stand in each other's place are named, and then taken as if each stood in its own.
    fn put_swapped_back(&mut self) -> Vec<Finding> {
        let by_place: HashMap<u64, usize> =
            self.runs.iter().enumerate().map(|(at, run)| (run.place, at)).collect();
        let mut findings = Vec::new();
        for at in 0..self.runs.len() {
            let run = self.runs[at];
            let Some(&other) = by_place.get(&run.first).filter(|other| **other > at) else { continue };
            let there = self.runs[other];
            if there.first == run.place && there.count == run.count && run.first != run.place {
                let (first, second) = (run.place, run.first);
                findings.push(Finding::RecordsSwapped { first, second, count: run.count });
                (self.runs[at].first, self.runs[other].first) = (there.first, run.first);
            }
        }
        findings
    }

    /// The runs that together have the most records in rising order.
    fn longest_order(&self) -> Vec<usize> {
        // For each run: most records in an order that ends with it, and the run before it in that order.
        let mut best: Vec<(u64, Option<usize>)> = Vec::with_capacity(self.runs.len());
        for (at, run) in self.runs.iter().enumerate() {
            let mut most = (run.count, None);
            for (before, (records, _)) in best.iter().enumerate().take(at) {
                let end = self.runs[before].last();
                if end < run.last() {
                    let records = records + run.last() - end.max(run.first - 1);
                    if records > most.0 {
                        most = (records, Some(before));
                    }
                }
            }
            best.push(most);
        }
        let mut at = (0..best.len()).max_by_key(|at| best[*at].0);
        let mut order = Vec::new();
        while let Some(run) = at {
            order.push(run);
            at = best[run].1;
        }
        order.reverse();
        order
    }
}

/// Takes a range out of those that are missing; false if it is not missing as a whole.
fn take_out(missing: &mut Vec<(u64, u64)>, first: u64, last: u64) -> bool {
    let Some(at) = missing.iter().position(|(from, to)| *from <= first && last <= *to) else { return false };
    let (from, to) = missing.remove(at);
    let rest = [(from, first.saturating_sub(1)), (last + 1, to)];
    missing.splice(at..at, rest.into_iter().filter(|(from, to)| from <= to));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(positions: impl IntoIterator<Item = u64>) -> Vec<Finding> {
        let mut sequence = Sequence::default();
        positions.into_iter().for_each(|position| sequence.take(Some(position)));
        assert!(!sequence.more);
        sequence.findings()
    }

    fn of(change: impl FnOnce(&mut Vec<u64>)) -> Vec<Finding> {
        let mut positions: Vec<u64> = (1..=600).collect();
        change(&mut positions);
        findings(positions)
    }

    #[test]
    fn records_in_order_are_not_accused() {
        assert_eq!(of(|_| {}), []);
    }

    #[test]
    fn two_records_that_were_swapped_accuse_only_those_two() {
        for (a, b) in [(20, 21), (0, 599), (99, 300)] {
            let (first, second) = (a as u64 + 1, b as u64 + 1);
            let swapped = Finding::RecordsSwapped { first, second, count: 1 };
            assert_eq!(of(|records| records.swap(a, b)), [swapped]);
        }
    }

    #[test]
    fn two_stretches_that_were_swapped_are_one_finding() {
        let swap = |records: &mut Vec<u64>| (0..10).for_each(|at| records.swap(100 + at, 300 + at));
        assert_eq!(of(swap), [Finding::RecordsSwapped { first: 101, second: 301, count: 10 }]);
    }

    #[test]
    fn what_is_missing_moved_or_repeated_is_named_and_nothing_else() {
        let missing = of(|records| drop(records.drain(99..=101)));
        assert_eq!(missing, [Finding::RecordsMissing { first: 100, last: 102 }]);
        let moved = of(|records| {
            let one = records.remove(9);
            records.insert(499, one);
        });
        assert_eq!(moved, [Finding::RecordsMoved { first: 10, last: 10, after: 500 }]);
        let repeated = of(|records| records.insert(50, 11));
        assert_eq!(repeated, [Finding::RecordsRepeated { first: 11, last: 11, after: 50 }]);
        let twice = of(|records| records.insert(50, 50));
        assert_eq!(twice, [Finding::RecordsRepeated { first: 50, last: 50, after: 50 }]);
        let both = of(|records| {
            records.swap(400, 410);
            records.remove(99);
        });
        assert!(both.contains(&Finding::RecordsMissing { first: 100, last: 100 }), "{both:?}");
        let named = |finding: &Finding| match finding {
            Finding::RecordsMoved { first, last, .. } => (*first, *last),
            Finding::RecordsMissing { first, last } => (*first, *last),
            other => panic!("{other:?}"),
        };
        let accused: Vec<_> = both.iter().map(named).collect();
        assert!(accused.iter().all(|one| [(100, 100), (401, 401), (411, 411)].contains(one)), "{both:?}");
    }
}
