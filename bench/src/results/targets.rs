//! What is aimed at, row by row, and which figure of which scenario answers.

use super::Runs;
use crate::report::Report;

/// One thing aimed at.
pub(super) struct Target {
    pub(super) what: &'static str,
    pub(super) scenario: &'static str,
    pub(super) figure: Figure,
    pub(super) aim: f64,
    pub(super) unit: &'static str,
}

/// Where the figure stands, and whether more of it is better.
#[derive(Clone, Copy)]
pub(super) enum Figure {
    Throughput,
    P99,
    P50,
    /// A number further down in the report, by its path.
    AtLeast(&'static str),
    AtMost(&'static str),
}

impl Target {
    const fn of(
        what: &'static str,
        scenario: &'static str,
        figure: Figure,
        aim: f64,
        unit: &'static str,
    ) -> Self {
        Self { what, scenario, figure, aim, unit }
    }

    /// The figure of one run; none if the scenario did not say.
    pub(super) fn value(&self, run: &Report) -> Option<f64> {
        match self.figure {
            Figure::Throughput => Some(run.throughput_per_s),
            Figure::P99 => Some(run.p99_ms),
            Figure::P50 => Some(run.p50_ms),
            Figure::AtLeast(path) | Figure::AtMost(path) => {
                let mut parts = path.split('.');
                let first = run.more.get(parts.next()?)?;
                parts.try_fold(first, |value, part| value.get(part))?.as_f64()
            }
        }
    }

    pub(super) fn is_met(&self, value: f64) -> bool {
        match self.figure {
            Figure::Throughput | Figure::AtLeast(_) => value >= self.aim,
            Figure::P99 | Figure::P50 | Figure::AtMost(_) => value < self.aim,
        }
    }

    pub(super) fn runs<'a>(&self, all: &'a [Runs]) -> Option<&'a Runs> {
        all.iter().find(|runs| runs.scenario == self.scenario)
    }

    pub(super) fn sign(&self) -> &'static str {
        if matches!(self.figure, Figure::Throughput | Figure::AtLeast(_)) { "≥" } else { "<" }
    }
}

pub(super) fn targets() -> Vec<Target> {
    use Figure::{AtLeast, AtMost, P50, P99, Throughput};
    vec![
        Target::of(
            "orders: cart with two lines, checkout, confirmed, durable and visible",
            "orders",
            Throughput,
            10_000.0,
            "/s",
        ),
        Target::of("… latency at 70 % of the peak", "orders", P99, 50.0, "ms p99"),
        Target::of("one hot SKU, sold = stock to the unit", "hot-sku", Throughput, 10_000.0, "/s"),
        Target::of("cart commands", "cart", Throughput, 30_000.0, "/s"),
        Target::of("log append, batched", "append", Throughput, 500_000.0, "events/s"),
        Target::of(
            "replay into all read models, per core",
            "replay",
            AtLeast("events_per_core_s"),
            1_000_000.0,
            "events/s",
        ),
        Target::of("product by id, 1 M products", "product", Throughput, 45_000.0, "/s"),
        Target::of("search, Zipf mix with facets, 1 M products", "search", Throughput, 20_000.0, "/s"),
        Target::of("… latency at 70 % of the peak", "search", P99, 30.0, "ms p99"),
        Target::of(
            "search without its cache, 1 M products, per core",
            "search-uncached",
            AtLeast("searches_per_core_s"),
            1_000.0,
            "/s",
        ),
        Target::of("commit to visible in read models, under load", "visibility", P99, 100.0, "ms p99"),
        Target::of(
            "commit to visible in search, under load",
            "visibility",
            AtMost("search_under_load.p99_ms"),
            1_000.0,
            "ms p99",
        ),
        Target::of("start on a log of 10 M events", "start", P50, 3_000.0, "ms"),
        Target::of("a year of a real retailer's trade imported", "import", AtMost("seconds"), 20.0, "s"),
        Target::of(
            "PostgreSQL: times cqrs-es + postgres-es, 256 clients",
            "postgres-baseline",
            AtLeast("ratio_256"),
            10.0,
            "×",
        ),
        Target::of("memory after the demo year", "import", AtMost("server_rss_mib"), 500.0, "MiB"),
        Target::of(
            "memory with 10 M events and 1 M products",
            "start",
            AtMost("server_rss_mib"),
            2_000.0,
            "MiB",
        ),
        Target::of("audit: records verified", "audit-verify", Throughput, 1_000_000.0, "records/s"),
    ]
}
