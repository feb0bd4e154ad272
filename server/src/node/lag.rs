//! How far each read model is behind the log, and since when it stands still: what keeps a node from being ready though
//! everything seems to work. Looked at once a second; nothing is measured here while a request waits.

use daybook_projections::ProjectionReport;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How far read models may be behind while the node is ready.
#[derive(Debug, Clone, Copy)]
pub struct LagLimits {
    /// So many events.
    pub events: u64,
    /// A read model that has events to apply may stand still for so long.
    pub still: Duration,
}

impl Default for LagLimits {
    fn default() -> Self {
        Self { events: 100_000, still: Duration::from_secs(30) }
    }
}

/// Since when each read model has stood at which position, with events to apply.
pub(crate) struct LagWatch {
    limits: LagLimits,
    standing: Mutex<HashMap<&'static str, (u64, Instant)>>,
}

impl LagWatch {
    pub(crate) fn new(limits: LagLimits) -> Self {
        Self { limits, standing: Mutex::default() }
    }

    /// Takes note of where the read models are at `now`.
    pub(crate) fn look(&self, reports: &[ProjectionReport], now: Instant) {
        let mut standing = self.standing.lock();
        for report in reports {
            if report.lag_events == 0 {
                standing.remove(report.name);
            } else if standing.get(report.name).is_none_or(|(position, _)| *position != report.position) {
                standing.insert(report.name, (report.position, now));
            }
        }
    }

    /// The read models that are too far behind, in a sentence each.
    pub(crate) fn behind(&self, reports: &[ProjectionReport], now: Instant) -> Vec<String> {
        let standing = self.standing.lock();
        let sentence = |report: &ProjectionReport| {
            let (name, lag, bound) = (report.name, report.lag_events, self.limits.events);
            if lag > bound {
                return Some(format!(
                    "the read model {name} is {lag} events behind the log, more than {bound}"
                ));
            }
            let (position, since) =
                standing.get(name).filter(|(position, _)| *position == report.position)?;
            let still = now.saturating_duration_since(*since);
            (lag > 0 && still >= self.limits.still).then(|| {
                let seconds = still.as_secs();
                format!("the read model {name} has stood at position {position} for {seconds} s, {lag} events behind the log")
            })
        };
        reports.iter().filter_map(sentence).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_subscriptions::Status;

    const LIMITS: LagLimits = LagLimits { events: 100, still: Duration::from_secs(30) };

    fn at(position: u64, head: u64) -> [ProjectionReport; 1] {
        let lag_events = head - position;
        [ProjectionReport { name: "search", status: Status::Running, position, lag_events, dead_letters: 0 }]
    }

    #[test]
    fn a_read_model_far_behind_is_named_however_fast_it_moves() {
        let watch = LagWatch::new(LIMITS);
        let now = Instant::now();
        assert!(watch.behind(&at(900, 1_000), now).is_empty());
        let said = watch.behind(&at(899, 1_000), now);
        assert_eq!(said, ["the read model search is 101 events behind the log, more than 100"]);
    }

    #[test]
    fn one_that_stands_still_with_events_to_apply_is_named_after_a_while() {
        let (watch, began) = (LagWatch::new(LIMITS), Instant::now());
        let after = |seconds| began + Duration::from_secs(seconds);
        // It had nothing to do for an hour: that is no standing still.
        watch.look(&at(10, 10), began);
        watch.look(&at(10, 11), after(3_600));
        assert!(watch.behind(&at(10, 11), after(3_629)).is_empty());
        let said = watch.behind(&at(10, 12), after(3_631));
        assert_eq!(
            said,
            ["the read model search has stood at position 10 for 31 s, 2 events behind the log"]
        );
        // It moves, slowly.
        watch.look(&at(11, 50), after(3_640));
        assert!(watch.behind(&at(11, 50), after(3_660)).is_empty());
        watch.look(&at(50, 50), after(3_700));
        assert!(watch.behind(&at(50, 50), after(9_999)).is_empty());
    }
}
