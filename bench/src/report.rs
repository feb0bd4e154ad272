//! What a scenario reports: a table row for people, one JSON line for scripts.

use crate::{load::Measured, machine::Machine};
use serde::Serialize;
use serde_json::{Map, Value};

/// The figures of one scenario. Latencies are of the open loop where there is one.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) scenario: &'static str,
    pub(crate) throughput_per_s: f64,
    /// What is counted, for example `orders`.
    pub(crate) unit: &'static str,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) max_ms: f64,
    pub(crate) errors: u64,
    /// Whether everything acknowledged had been synced to disk.
    pub(crate) synced: bool,
    pub(crate) commit: String,
    pub(crate) machine: Machine,
    /// Whatever else the scenario has to say.
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
}

impl Report {
    /// Throughput from `peak` (closed loop), latencies from `paced` (open loop).
    pub(crate) fn new(
        scenario: &'static str,
        unit: &'static str,
        synced: bool,
        peak: &Measured,
        paced: &Measured,
    ) -> Self {
        let mut report = Self::bare(scenario, unit, synced, peak.throughput());
        report.p50_ms = paced.percentile_ms(50.0);
        report.p99_ms = paced.percentile_ms(99.0);
        report.p999_ms = paced.percentile_ms(99.9);
        report.max_ms = paced.latencies_us.max() as f64 / 1_000.0;
        report.errors = peak.errors + paced.errors;
        report.add("open_loop_per_s", paced.throughput());
        report.add("peak_p99_ms", peak.percentile_ms(99.0));
        if let Some(error) = peak.first_error.as_ref().or(paced.first_error.as_ref()) {
            report.add("first_error", error.as_str());
        }
        report
    }

    /// A report without latencies: they are zero until set.
    pub(crate) fn bare(
        scenario: &'static str,
        unit: &'static str,
        synced: bool,
        throughput_per_s: f64,
    ) -> Self {
        Self {
            scenario,
            throughput_per_s,
            unit,
            p50_ms: 0.0,
            p99_ms: 0.0,
            p999_ms: 0.0,
            max_ms: 0.0,
            errors: 0,
            synced,
            commit: crate::machine::commit(),
            machine: Machine::read(),
            more: Map::new(),
        }
    }

    pub(crate) fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.more.insert(name.to_owned(), value.into());
    }

    pub(crate) fn print(&self, json: bool) {
        println!(
            "{:<18} {:>12.0} {}/s   p50 {:.2} ms   p99 {:.2} ms   p99.9 {:.2} ms   max {:.2} ms   errors {}{}",
            self.scenario,
            self.throughput_per_s,
            self.unit,
            self.p50_ms,
            self.p99_ms,
            self.p999_ms,
            self.max_ms,
            self.errors,
            if self.synced { "   (synced)" } else { "" },
        );
        for (name, value) in &self.more {
            println!("    {name}: {value}");
        }
        if json {
            println!(
                "{}",
                serde_json::to_string(self).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
            );
        }
    }
}
