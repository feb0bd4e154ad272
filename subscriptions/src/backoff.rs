//! How long to wait before an operation that failed is tried again.
//!
//! [`BackoffLimits::pause`] is a pure function of the attempt and a seed, for callers that keep attempts as data
//! (timers). [`Backoff`] counts the attempts of one task. Neither reads a clock or draws a random number, so a
//! simulation that passes the same seeds sees the same pauses. Sleeping is the caller's part.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Bounds of the pauses, and how long a success lasts that begins them anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackoffLimits {
    /// The first pause, before jitter.
    pub shortest: Duration,
    /// No pause is longer.
    pub longest: Duration,
    /// A task that worked at least this long before it failed begins again with the shortest pause.
    pub good_while: Duration,
}

impl BackoffLimits {
    /// 20 ms to 30 s; ten seconds of work count as a success.
    pub const DEFAULT: Self = Self {
        shortest: Duration::from_millis(20),
        longest: Duration::from_secs(30),
        good_while: Duration::from_secs(10),
    };

    /// The same with another longest pause.
    #[must_use]
    pub const fn up_to(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// The pause after `attempt` failures in a row, counted from 0. It doubles with each attempt, and a quarter of it
    /// depends on `seed`, so that callers that failed together do not come back together.
    #[must_use]
    pub fn pause(&self, attempt: u32, seed: u64) -> Duration {
        let doubled = self.shortest.saturating_mul(2_u32.saturating_pow(attempt)).min(self.longest);
        let quarter = u64::try_from(doubled.as_nanos() / 4).unwrap_or(u64::MAX);
        doubled - Duration::from_nanos(mix(seed ^ u64::from(attempt)) % quarter.max(1))
    }
}

impl Default for BackoffLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The failures in a row of one task.
#[derive(Debug, Clone)]
pub struct Backoff {
    limits: BackoffLimits,
    seed: u64,
    attempt: u32,
}

impl Backoff {
    /// No failures yet. Tasks with different seeds pause for different times.
    #[must_use]
    pub const fn new(limits: BackoffLimits, seed: u64) -> Self {
        Self { limits, seed, attempt: 0 }
    }

    /// The pause after a failure that came when the task had `worked` so long.
    pub fn after(&mut self, worked: Duration) -> Duration {
        if worked >= self.limits.good_while {
            self.attempt = 0;
        }
        let pause = self.limits.pause(self.attempt, self.seed);
        self.attempt = self.attempt.saturating_add(1);
        pause
    }

    /// The pause after a failure that came at once.
    pub fn pause(&mut self) -> Duration {
        self.after(Duration::ZERO)
    }

    /// Counts what came before as a success.
    pub const fn reset(&mut self) {
        self.attempt = 0;
    }

    /// Failures in a row so far.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempt
    }
}

/// A seed by chance, for callers outside a [`Supervisor`](crate::Supervisor): nodes that failed together do not come back
/// together.
#[must_use]
pub fn random_seed() -> u64 {
    RandomState::new().hash_one(0)
}

/// Spreads a number over all 64 bits: the output function of SplitMix64.
const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LIMITS: BackoffLimits = BackoffLimits {
        shortest: SECOND,
        longest: Duration::from_secs(5),
        good_while: Duration::from_secs(10),
    };

    fn in_bounds(pause: Duration, nominal: Duration) -> bool {
        pause > nominal * 3 / 4 - Duration::from_nanos(1) && pause <= nominal
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(LIMITS, 7);
        for nominal in [1, 2, 4, 5, 5] {
            let pause = backoff.pause();
            assert!(in_bounds(pause, SECOND * nominal), "{pause:?} for {nominal} s");
        }
        assert!(in_bounds(LIMITS.pause(u32::MAX, 7), LIMITS.longest));
    }

    #[test]
    fn a_good_while_of_work_begins_the_pauses_anew() {
        let mut backoff = Backoff::new(LIMITS, 7);
        let pauses: Vec<_> = (0..3).map(|_| backoff.pause()).collect();
        assert!(pauses[2] > pauses[0] * 2, "{pauses:?}");
        assert_eq!(backoff.after(LIMITS.good_while), pauses[0]);
        assert_eq!(backoff.after(LIMITS.good_while - Duration::from_nanos(1)), pauses[1]);
        backoff.reset();
        assert_eq!(backoff.pause(), pauses[0]);
    }

    #[test]
    fn the_same_seed_gives_the_same_pauses_and_others_give_others() {
        let pauses = |seed| {
            let mut backoff = Backoff::new(BackoffLimits::DEFAULT, seed);
            (0..20).map(|_| backoff.pause()).collect::<Vec<_>>()
        };
        assert_eq!(pauses(1), pauses(1));
        assert!(pauses(1).iter().zip(pauses(2)).all(|(one, other)| *one != other));
    }
}
