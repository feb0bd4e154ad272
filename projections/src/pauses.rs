//! Before beginning again: how long to wait, and being told to stop meanwhile.

use std::time::Duration;
use tokio::{runtime::Handle, sync::watch, time::timeout};

/// Pauses that grow as it goes on failing.
pub(crate) struct Pauses {
    shortest: Duration,
    longest: Duration,
    /// To have worked this long counts as a success.
    success: Duration,
    next: Duration,
}

impl Pauses {
    pub(crate) const fn new(shortest: Duration, longest: Duration, success: Duration) -> Self {
        Self { shortest, longest, success, next: shortest }
    }

    /// The pause after having `worked` so long.
    pub(crate) fn after(&mut self, worked: Duration) -> Duration {
        let pause = if worked > self.success { self.shortest } else { self.next };
        self.next = (pause * 2).min(self.longest);
        pause
    }
}

/// Waits; whether it was told to stop meanwhile. Blocks.
pub(crate) fn stopped_within(runtime: &Handle, stop: &watch::Receiver<bool>, pause: Duration) -> bool {
    let mut stop = stop.clone();
    runtime.block_on(async { timeout(pause, stop.wait_for(|stop| *stop)).await.is_ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_begin_anew_after_a_success() {
        let second = Duration::from_secs(1);
        let mut pauses = Pauses::new(second, second * 3, second * 10);
        let failing: Vec<_> = (0..4).map(|_| pauses.after(second).as_secs()).collect();
        assert_eq!(failing, [1, 2, 3, 3]);
        assert_eq!([pauses.after(second * 11), pauses.after(second)], [second, second * 2]);
    }
}
