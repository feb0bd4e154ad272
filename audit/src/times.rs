//! When the records say that they were written down and that they happened. Both are claims of the shop's clock: a
//! signature proves that they were not changed since, not that they were true.

use daybook_event_log::RecordedEvent;
use serde::Serialize;

/// A record that was written down so much later than it happened is told as such.
const LATE_NS: i64 = 86_400_000_000_000;
/// More stretches are only counted.
const MOST_LISTED: usize = 100;

/// The times that the records claim, in ns since the Unix epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClaimedTimes {
    /// When the first and the last record were written down.
    pub recorded: Option<(i64, i64)>,
    /// The earliest and the latest time at which something happened.
    pub occurred: Option<(i64, i64)>,
    /// Records that were written down more than a day after what they tell.
    pub backdated_records: u64,
    /// Where these stand, as stretches of the log.
    pub backdated: Vec<Backdated>,
    /// The first record that says it was written down before the one in front of it.
    pub clock_went_back_at: Option<u64>,
}

/// Records one after another that tell of what happened more than a day before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backdated {
    pub first: u64,
    pub last: u64,
    /// The earliest time that they tell of.
    pub earliest_ns: i64,
    /// When the first of them was written down.
    pub recorded_ns: i64,
}

impl ClaimedTimes {
    /// Looks at the next record.
    pub fn take(&mut self, event: &RecordedEvent) {
        let (recorded, occurred) = (event.recorded_at_ns(), event.occurred_at_ns());
        let position = event.position().get();
        match &mut self.recorded {
            Some((_, last)) => {
                if recorded < *last {
                    self.clock_went_back_at.get_or_insert(position);
                }
                *last = recorded;
            }
            none => *none = Some((recorded, recorded)),
        }
        let (earliest, latest) = self.occurred.get_or_insert((occurred, occurred));
        (*earliest, *latest) = ((*earliest).min(occurred), (*latest).max(occurred));
        if recorded.saturating_sub(occurred) > LATE_NS {
            self.backdated(position, occurred, recorded);
        }
    }

    fn backdated(&mut self, position: u64, occurred: i64, recorded: i64) {
        self.backdated_records += 1;
        let full = self.backdated.len() >= MOST_LISTED;
        match self.backdated.last_mut() {
            Some(stretch) if position == stretch.last + 1 => {
                stretch.last = position;
                stretch.earliest_ns = stretch.earliest_ns.min(occurred);
            }
            _ if !full => self.backdated.push(Backdated {
                first: position,
                last: position,
                earliest_ns: occurred,
                recorded_ns: recorded,
            }),
            _ => {}
        }
    }
}
