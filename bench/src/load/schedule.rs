//! When operations are due in an open loop, and who does them. A clock thread ticks several thousand times a
//! second (the runtime's own timers are only good to a millisecond); at each tick as many idle connections are
//! woken as operations have become due. What cannot be begun in time waits, and its waiting counts.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

const TICK: Duration = Duration::from_micros(200);

/// So many operations a second for so long, one stretch after the other.
#[derive(Debug, Clone)]
pub(crate) struct Schedule(Vec<(f64, Duration)>);

impl Schedule {
    pub(crate) fn steady(rate: f64, duration: Duration) -> Self {
        Self(vec![(rate, duration)])
    }

    pub(crate) fn of(stretches: Vec<(f64, Duration)>) -> Self {
        Self(stretches)
    }

    pub(crate) fn duration(&self) -> Duration {
        self.0.iter().map(|(_, duration)| *duration).sum()
    }

    /// How many are due after `elapsed`.
    fn due(&self, elapsed: Duration) -> u64 {
        let mut left = elapsed;
        let mut due = 0.0;
        for (rate, duration) in &self.0 {
            due += rate * left.min(*duration).as_secs_f64();
            left = left.saturating_sub(*duration);
        }
        due as u64
    }

    /// When operation `number` (from 0) is due, after the start.
    fn time_of(&self, number: u64) -> Duration {
        let (mut left, mut before) = (number as f64, Duration::ZERO);
        for (rate, duration) in &self.0 {
            let holds = rate * duration.as_secs_f64();
            if left < holds {
                return before + Duration::from_secs_f64(left / rate);
            }
            left -= holds;
            before += *duration;
        }
        before
    }
}

/// Hands operations to connections as they become due.
pub(super) struct Desk {
    schedule: Schedule,
    start: Instant,
    issued: Cell<u64>,
    taken: Cell<u64>,
    closed: Cell<bool>,
    idle: RefCell<Vec<Waker>>,
}

impl Desk {
    pub(super) fn new(schedule: Schedule, start: Instant) -> Self {
        let (issued, taken) = (Cell::new(0), Cell::new(0));
        Self { schedule, start, issued, taken, closed: Cell::new(false), idle: RefCell::default() }
    }

    /// The next operation and when it was due; none when there will be no more.
    pub(super) async fn next(&self) -> Option<(u64, Instant)> {
        poll_fn(|context| {
            let number = self.taken.get();
            if number < self.issued.get() {
                self.taken.set(number + 1);
                return Poll::Ready(Some((number, self.start + self.schedule.time_of(number))));
            }
            if self.closed.get() {
                return Poll::Ready(None);
            }
            self.idle.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Issues operations until the schedule ends.
    pub(super) async fn issue(&self) {
        let clock = Clock::start();
        let end = self.schedule.duration();
        loop {
            let elapsed = self.start.elapsed();
            let due = self.schedule.due(elapsed.min(end));
            let new = due.saturating_sub(self.issued.get());
            self.issued.set(due);
            if elapsed >= end {
                self.closed.set(true);
            }
            self.wake(usize::try_from(new).unwrap_or(usize::MAX));
            if self.closed.get() {
                return;
            }
            clock.tick.notified().await;
        }
    }

    /// Wakes as many of those who wait, or all of them at the end.
    fn wake(&self, new: usize) {
        let mut idle = self.idle.borrow_mut();
        let kept = if self.closed.get() { 0 } else { idle.len().saturating_sub(new) };
        idle.drain(kept..).for_each(Waker::wake);
    }
}

/// A thread that ticks until dropped.
struct Clock {
    tick: Arc<Notify>,
    stop: Arc<AtomicBool>,
}

impl Clock {
    fn start() -> Self {
        let clock = Self { tick: Arc::default(), stop: Arc::default() };
        let (tick, stop) = (clock.tick.clone(), clock.stop.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                tick.notify_one();
            }
        });
        clock
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_due_once_and_in_its_stretch() {
        let second = Duration::from_secs(1);
        let schedule = Schedule::of(vec![(100.0, second), (1_000.0, second), (10.0, 2 * second)]);
        assert_eq!(schedule.duration(), 4 * second);
        assert_eq!([0, 1, 2, 4].map(|n| schedule.due(n * second)), [0, 100, 1_100, 1_120]);
        assert_eq!(schedule.time_of(50), Duration::from_millis(500));
        assert_eq!(schedule.time_of(600), Duration::from_millis(1_500));
        assert_eq!(schedule.time_of(1_110), Duration::from_secs(3));
    }
}
