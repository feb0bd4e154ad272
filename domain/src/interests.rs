//! Sets of event kinds: what a process or a read model wants to see. Built from types at compile time, asked with
//! the number of a kind, so that an event that nobody wants is not even decoded.

use crate::{Decider, EventKind, EventSet as _};
use std::fmt;

/// How many aggregates a list may have.
const AGGREGATES: usize = 32;
/// Numbers for each aggregate, so that its events are one word of the set.
const KINDS: u16 = 64;
/// The last number of each aggregate: all event types that this program does not know.
const UNKNOWN: u8 = 63;

/// Number of an event kind. Not persisted: it follows from the order of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindIndex(u16);

impl KindIndex {
    /// Numbers are less than this, with `aggregates` in the list.
    #[must_use]
    pub const fn bound(aggregates: usize) -> usize {
        aggregates * KINDS as usize
    }

    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// # Panics
    /// At compile time, if there are more kinds than numbers.
    pub(crate) const fn new(aggregate: u8, place: u8) -> Self {
        assert!((aggregate as usize) < AGGREGATES, "the sets of event kinds are made for 32 aggregates");
        assert!(place < UNKNOWN, "the sets of event kinds are made for 63 events of an aggregate");
        Self(aggregate as u16 * KINDS + place as u16)
    }

    /// The number of all event types of an aggregate that this program does not know.
    pub(crate) const fn unknown(aggregate: u8) -> Self {
        Self(aggregate as u16 * KINDS + UNKNOWN as u16)
    }
}

/// A set of event kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Interests([u64; AGGREGATES]);

impl Interests {
    pub const NONE: Self = Self([0; AGGREGATES]);

    /// These kinds; types that this program does not know are not among them.
    #[must_use]
    pub const fn of(kinds: &[EventKind]) -> Self {
        let mut set = Self::NONE;
        let mut at = 0;
        while at < kinds.len() {
            let index = kinds[at].index().get();
            set.0[index / KINDS as usize] |= 1 << (index % KINDS as usize);
            at += 1;
        }
        set
    }

    /// All events of an aggregate, also those that this program does not know: they must not be passed over.
    #[must_use]
    pub const fn all_of<D: Decider>() -> Self {
        let mut set = Self::of(D::Event::KINDS);
        set.0[D::ORDINAL as usize] |= 1 << UNKNOWN;
        set
    }

    /// This set and the other one together.
    #[must_use]
    pub const fn and(mut self, other: Self) -> Self {
        let mut at = 0;
        while at < AGGREGATES {
            self.0[at] |= other.0[at];
            at += 1;
        }
        self
    }

    /// This set without those of the other one.
    #[must_use]
    pub const fn without(mut self, other: Self) -> Self {
        let mut at = 0;
        while at < AGGREGATES {
            self.0[at] &= !other.0[at];
            at += 1;
        }
        self
    }

    #[must_use]
    pub const fn contain(&self, kind: KindIndex) -> bool {
        self.0[kind.get() / KINDS as usize] & (1 << (kind.get() % KINDS as usize)) != 0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }
}

impl fmt::Debug for Interests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.iter().enumerate().filter(|(_, word)| **word != 0);
        f.debug_map().entries(words.map(|(aggregate, word)| (aggregate, format!("{word:#x}")))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        EventData as _,
        cart::{Cart, CartCreated, CartOrdered},
        order::{Order, OrderPlaced},
    };

    #[test]
    fn a_set_contains_what_it_is_made_of_and_nothing_else() {
        let set = Interests::of(&[CartCreated::KIND, OrderPlaced::KIND]);
        assert!(set.contain(CartCreated::KIND.index()) && set.contain(OrderPlaced::KIND.index()));
        assert!(!set.contain(CartOrdered::KIND.index()));
        assert!(!set.without(Interests::of(&[CartCreated::KIND])).contain(CartCreated::KIND.index()));
        assert!(Interests::NONE.is_empty() && !set.is_empty());
    }

    #[test]
    fn a_whole_aggregate_includes_the_types_of_newer_programs() {
        let newer = KindIndex::unknown(<Cart as crate::Listed>::ORDINAL);
        let whole = Interests::all_of::<Cart>();
        assert!(whole.contain(newer) && whole.contain(CartOrdered::KIND.index()));
        assert!(!whole.contain(OrderPlaced::KIND.index()));
        assert!(!Interests::of(<Cart as Decider>::Event::KINDS).contain(newer));
        assert!(whole.and(Interests::all_of::<Order>()).contain(OrderPlaced::KIND.index()));
    }
}
