//! A small deterministic source of choices (SplitMix64, Steele et al. 2014), so that a seed repeats a run; with
//! values that often meet each other or lie at the edges of what their types can hold.

use super::{gbp, place, pounds, units};
use crate::{LocationId, Money, Quantity};

/// A source of choices.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `end`, without `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % end as u64).expect("below a usize")
    }

    pub fn units(&mut self, from: u32, to: u32) -> u32 {
        from + u32::try_from(self.below((to - from + 1) as usize)).expect("below a u32")
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }

    /// Few, so that they meet.
    pub fn few(&mut self) -> u128 {
        self.units(1, 2).into()
    }

    pub fn name(&mut self) -> &'static str {
        ["mug", "lamp"][self.below(2)]
    }

    pub fn location(&mut self) -> LocationId {
        place(["leeds", "york"][self.below(2)])
    }

    pub fn quantity(&mut self) -> Quantity {
        units([1, 2, 7, 999_999][self.below(4)])
    }

    pub fn count(&mut self) -> u32 {
        [0, 1, 9, 999_999, 1_000_000, u32::MAX][self.below(6)]
    }

    pub fn wide(&mut self) -> i64 {
        [0, 1, -1, 499, -20, 999_999, -999_999, i64::MAX, i64::MAX / 2, i64::MIN][self.below(10)]
    }

    pub fn amount(&mut self) -> Money {
        if self.one_in(3) { Money::new(self.wide(), pounds()) } else { gbp(self.units(0, 2_000).into()) }
    }

    pub fn perhaps<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(2).then(|| make(self))
    }

    pub fn several<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| make(self)).collect()
    }
}
