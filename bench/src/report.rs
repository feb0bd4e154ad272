//! What a scenario reports: a few lines for people, one JSON line for scripts.

use crate::{
    machine::Machine,
    meter::Cost,
    trial::{Part, Trial},
};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The figures of one run of a scenario. Latencies are of the open loop where there is one.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Report {
    pub(crate) scenario: String,
    pub(crate) throughput_per_s: f64,
    /// What is counted, for example `orders`.
    pub(crate) unit: String,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) max_ms: f64,
    pub(crate) errors: u64,
    /// Whether everything acknowledged had been synced to disk.
    pub(crate) synced: bool,
    /// What the closed loop cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) peak: Option<Cost>,
    /// What the open loop cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paced: Option<Cost>,
    /// How long the whole scenario took, with making what it needs.
    pub(crate) took_s: f64,
    pub(crate) short: bool,
    pub(crate) commit: String,
    pub(crate) machine: Machine,
    /// Whatever else the scenario has to say.
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
}

impl Report {
    /// Throughput from the closed loop, latencies from the open one.
    pub(crate) fn new(unit: &str, synced: bool, trial: &Trial) -> Self {
        let Trial { peak, paced } = trial;
        let mut report = Self::bare(unit, synced, peak.measured.throughput());
        report.latencies(&paced.measured.latencies_us);
        report.count(peak);
        report.count(paced);
        report.add("open_loop_per_s", round(paced.measured.throughput()));
        report.add("peak_p50_ms", peak.measured.percentile_ms(50.0));
        report.add("peak_p99_ms", peak.measured.percentile_ms(99.0));
        (report.peak, report.paced) = (Some(peak.cost.clone()), Some(paced.cost.clone()));
        report
    }

    /// A report without latencies: they are zero until set.
    pub(crate) fn bare(unit: &str, synced: bool, throughput_per_s: f64) -> Self {
        Self {
            scenario: String::new(),
            throughput_per_s,
            unit: unit.to_owned(),
            p50_ms: 0.0,
            p99_ms: 0.0,
            p999_ms: 0.0,
            max_ms: 0.0,
            errors: 0,
            synced,
            peak: None,
            paced: None,
            took_s: 0.0,
            short: false,
            commit: crate::machine::commit(),
            machine: Machine::read(),
            more: Map::new(),
        }
    }

    pub(crate) fn latencies(&mut self, latencies_us: &Histogram<u64>) {
        let ms = |percentile| crate::load::percentile_ms(latencies_us, percentile);
        (self.p50_ms, self.p99_ms, self.p999_ms) = (ms(50.0), ms(99.0), ms(99.9));
        self.max_ms = latencies_us.max() as f64 / 1_000.0;
    }

    /// Takes over what went wrong; being refused counts as wrong where nothing was to be refused.
    pub(crate) fn count(&mut self, part: &Part) {
        self.errors += part.measured.errors + part.measured.refused;
        if part.measured.refused > 0 {
            self.add("refused", part.measured.refused);
        }
        if let Some(error) = &part.measured.first_error {
            self.add("first_error", error.as_str());
        }
    }

    pub(crate) fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.more.insert(name.to_owned(), value.into());
    }

    pub(crate) fn print(&self) {
        let Self { scenario, throughput_per_s: rate, unit, p50_ms, p99_ms, p999_ms, max_ms, errors, .. } =
            self;
        let synced = if self.synced { "   (synced)" } else { "" };
        println!(
            "{scenario:<18} {rate:>12.0} {unit}/s   p50 {p50_ms:.2} ms   p99 {p99_ms:.2} ms   p99.9 {p999_ms:.2} ms   \
             max {max_ms:.2} ms   errors {errors}{synced}   took {:.0} s",
            self.took_s
        );
        for (name, cost) in [("peak", &self.peak), ("paced", &self.paced)] {
            if let Some(cost) = cost {
                println!("    {name}: {cost}");
            }
        }
        for (name, value) in &self.more {
            println!("    {name}: {value}");
        }
    }
}

/// A rate without digits that mean nothing.
pub(crate) fn round(rate: f64) -> f64 {
    if rate >= 100.0 { rate.round() } else { (rate * 100.0).round() / 100.0 }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "server {:.2} cores ({:.0} µs/op) {} MiB, generator {:.2} cores ({:.0} µs/op)",
            self.server_cores,
            self.server_cpu_us_per_op,
            self.server_rss_mib,
            self.generator_cores,
            self.generator_cpu_us_per_op,
        )?;
        if self.fsyncs_per_s > 0.0 {
            write!(
                f,
                ", {:.0} fsyncs/s of {:.3} ms, {:.0} events/s",
                self.fsyncs_per_s, self.fsync_mean_ms, self.log_events_per_s
            )?;
        }
        Ok(())
    }
}
