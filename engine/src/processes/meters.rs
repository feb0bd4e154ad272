//! The processes' metrics.

use metrics::{Gauge, Histogram, gauge, histogram};
use std::time::Duration;

pub(super) struct Meters {
    lag: Gauge,
    reactions: Gauge,
    deadlines: Gauge,
    dead_letters: Gauge,
    gateway: Histogram,
}

impl Meters {
    pub(super) fn new() -> Self {
        Self {
            lag: gauge!("daybook_process_lag_events"),
            reactions: gauge!("daybook_process_reactions"),
            deadlines: gauge!("daybook_process_deadlines"),
            dead_letters: gauge!("daybook_process_dead_letters"),
            gateway: histogram!("daybook_gateway_call_seconds"),
        }
    }

    pub(super) fn progress(&self, lag: u64, reactions: usize, timers: usize, dead_letters: usize) {
        self.lag.set(lag as f64);
        self.reactions.set(reactions as f64);
        self.deadlines.set(timers as f64);
        self.dead_letters.set(dead_letters as f64);
    }

    pub(super) fn gateway_call(&self, took: Duration) {
        self.gateway.record(took.as_secs_f64());
    }
}
