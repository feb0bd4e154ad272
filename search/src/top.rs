//! The best products of a page, in one order for all sorts: two numbers, larger first. The second is the
//! product's creation position, which no two products share, so the order is total and a cursor is exact.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Where a product stands in the order.
pub(super) type Rank = (u64, u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) rank: Rank,
    pub(super) segment: u32,
    pub(super) doc: u32,
}

/// Keeps the best `limit` candidates that come after a given rank.
pub(super) struct Top {
    heap: BinaryHeap<Reverse<Candidate>>,
    limit: usize,
    /// Only ranks below this one.
    pub(super) below: Option<Rank>,
}

impl Top {
    pub(super) fn new(limit: usize, below: Option<Rank>) -> Self {
        Self { heap: BinaryHeap::with_capacity(limit + 1), limit, below }
    }

    /// Whether a candidate can be kept whose rank begins with `first`.
    #[inline]
    pub(super) fn may_take(&self, first: u64) -> bool {
        self.below.is_none_or(|below| first <= below.0)
            && (self.heap.len() < self.limit || self.heap.peek().is_some_and(|worst| first >= worst.0.rank.0))
    }

    #[inline]
    pub(super) fn offer(&mut self, candidate: Candidate) {
        if self.below.is_some_and(|below| candidate.rank >= below) {
            return;
        }
        if self.heap.len() == self.limit {
            let worst = self.heap.peek().expect("the limit is at least one");
            if worst.0.rank >= candidate.rank {
                return;
            }
            self.heap.pop();
        }
        self.heap.push(Reverse(candidate));
    }

    /// What was kept, best first; none is left.
    pub(super) fn drain(&mut self) -> Vec<Candidate> {
        let mut all: Vec<_> = self.heap.drain().map(|Reverse(candidate)| candidate).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all
    }
}
