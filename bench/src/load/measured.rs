//! What a run of load showed.

use super::answer::Outcome;
use hdrhistogram::Histogram;
use std::time::Duration;

/// Kinds of operations that a scenario may tell apart.
pub(crate) const KINDS: usize = 3;
/// The length of a timeline's steps.
pub(crate) const STEP: Duration = Duration::from_millis(250);

pub(crate) struct Measured {
    pub(crate) operations: u64,
    /// Told by the server that it had too much to do.
    pub(crate) refused: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) seconds: f64,
    /// Latencies of operations that were done, in microseconds.
    pub(crate) latencies_us: Histogram<u64>,
    pub(crate) kinds_us: [Histogram<u64>; KINDS],
    /// How long it took to be refused.
    pub(crate) refusals_us: Histogram<u64>,
    /// By the time when operations were due; `completed` by when they were.
    pub(crate) timeline: Vec<Step>,
}

/// What became of the operations that were due within one step of time.
#[derive(Default, Clone)]
pub(crate) struct Step {
    pub(crate) done: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
    /// How many were done in this step of time, whenever they were due.
    pub(crate) completed: u64,
    /// Latencies of those done.
    pub(crate) latencies_us: Vec<u32>,
}

/// Good to three digits up to two minutes.
pub(crate) fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_max(120_000_000, 3)?)
}

pub(crate) fn percentile_ms(latencies_us: &Histogram<u64>, percentile: f64) -> f64 {
    latencies_us.value_at_percentile(percentile) as f64 / 1_000.0
}

impl Measured {
    pub(super) fn new(seconds: f64) -> anyhow::Result<Self> {
        Ok(Self {
            operations: 0,
            refused: 0,
            errors: 0,
            first_error: None,
            seconds,
            latencies_us: histogram()?,
            kinds_us: [histogram()?, histogram()?, histogram()?],
            refusals_us: histogram()?,
            timeline: Vec::new(),
        })
    }

    pub(super) fn record(&mut self, outcome: anyhow::Result<Outcome>, latency: Duration) {
        let latency_us = latency.as_micros() as u64;
        match outcome {
            Ok(Outcome::Done(kind)) => {
                self.operations += 1;
                self.latencies_us.saturating_record(latency_us);
                if kind > 0 {
                    self.kinds_us[kind - 1].saturating_record(latency_us);
                }
            }
            Ok(Outcome::Refused) => {
                self.refused += 1;
                self.refusals_us.saturating_record(latency_us);
            }
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }

    /// Also notes it in the timeline, `due` after the start.
    pub(super) fn note(&mut self, outcome: &anyhow::Result<Outcome>, due: Duration, latency: Duration) {
        let step_at = |time: Duration| (time.as_millis() / STEP.as_millis()) as usize;
        let (at, completed_at) = (step_at(due), step_at(due + latency));
        if self.timeline.len() <= completed_at {
            self.timeline.resize(completed_at + 1, Step::default());
        }
        let step = &mut self.timeline[at];
        match outcome {
            Ok(Outcome::Done(_)) => {
                step.done += 1;
                step.latencies_us.push(latency.as_micros() as u32);
                self.timeline[completed_at].completed += 1;
            }
            Ok(Outcome::Refused) => step.refused += 1,
            Err(_) => step.failed += 1,
        }
    }

    pub(crate) fn throughput(&self) -> f64 {
        self.operations as f64 / self.seconds
    }

    pub(crate) fn percentile_ms(&self, percentile: f64) -> f64 {
        percentile_ms(&self.latencies_us, percentile)
    }
}
