//! Where the time comes from: outside, as an argument, so that a test or a simulation decides what time it is.
//!
//! This is business time only. Waiting (deadlines of requests, back-off) uses tokio's clock, which tests pause.

use daybook_domain::Timestamp;
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_nanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct SettableClock {
    now_ns: AtomicI64,
}

impl SettableClock {
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now_ns: AtomicI64::new(now.as_nanos()) }
    }

    pub fn set(&self, now: Timestamp) {
        self.now_ns.store(now.as_nanos(), Ordering::Relaxed);
    }

    pub fn advance(&self, by: Duration) {
        self.set(self.now().after(by));
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.now_ns.load(Ordering::Relaxed))
    }
}
